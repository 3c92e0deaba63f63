//! What is measured, each in a process of its own: uploads by a Rust program, and by a script.

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::{Duration, Instant};

use quintet::{Engine, Event, EventKind, Listener, UploadRequest};
use quintet_quickjs::{Api, Shell, ShellSettings};
use quintet_tcp::TcpConnect;
use rustix::time::{ClockId, clock_gettime};

const IN_FLIGHT: usize = 5;

/// For one upload: the documentation's own call, but for what it prints.
pub(crate) const ONE: &str = "
    tt.uploadFile({ url, filePath, name: 'file', success(res) {}, fail(res) { throw new Error(res.errMsg) } });
";

/// For many; `left` is how many.
const MANY: &str = "
    let most = 0;
    const next = () => {
        if (left-- <= 0) return;
        const task = tt.uploadFile({
            url, filePath, name: 'file', formData: { album: 'spring' },
            success(res) { if (res.statusCode !== 200) throw new Error(res.statusCode) },
            fail(res) { throw new Error(res.errMsg) },
            complete: next,
        });
        task.onProgressUpdate((res) => { most = Math.max(most, res.totalBytesSent) });
    };
    for (let at = 0; at < 5; at++) next();
";

/// One upload, from nothing.
pub(crate) fn one(kind: &str, url: &str, file: &str) -> Result<(), Box<dyn Error>> {
    let engine = Engine::start(TcpConnect::new())?;
    if kind == "quickjs" {
        return script(&engine, url, file, 1, ONE);
    }
    let outcome = engine.upload(UploadRequest::new(url, file, "file")).wait();
    match outcome.status() {
        Some(200) => Ok(()),
        _ => Err(outcome.err_msg().into()),
    }
}

/// So many, five at a time; prints what they took in microseconds each: CPU, and wall.
pub(crate) fn many(
    kind: &str,
    uploads: usize,
    url: &str,
    file: &str,
) -> Result<(), Box<dyn Error>> {
    let engine = Engine::start(TcpConnect::new())?;
    let run = |uploads| match kind {
        "quickjs" => script(&engine, url, file, uploads, MANY),
        _ => chain(&engine, url, file, uploads),
    };
    // Connections, pages, and the first run of all code.
    run(1000)?;
    let (began, before) = (Instant::now(), cpu());
    run(uploads)?;
    let each = |time: Duration| time.as_secs_f64() * 1e6 / uploads as f64;
    println!("{} {}", each(cpu() - before), each(began.elapsed()));
    Ok(())
}

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}

fn script(
    engine: &Engine,
    url: &str,
    file: &str,
    uploads: usize,
    script: &str,
) -> Result<(), Box<dyn Error>> {
    let mut settings = ShellSettings::default();
    settings.print = Box::new(|_, line| println!("{line}"));
    let mut shell = Shell::new(settings)?;
    shell.open(Api::tt(engine.clone()))?;
    shell.context().with(|ctx| {
        let globals = ctx.globals();
        globals.set("url", url)?;
        globals.set("filePath", file)?;
        globals.set("left", uploads)
    })?;
    match shell.run("script.js", script).uncaught {
        0 => Ok(()),
        _ => Err("the script failed".into()),
    }
}

/// The end of one upload asks for the next, on the engine's thread.
struct Chain {
    engine: Engine,
    request: UploadRequest,
    left: AtomicUsize,
    /// Those that did not end. Who waits is woken once, by the last.
    unended: AtomicUsize,
    /// The longest body that progress told of, as the script has it.
    most: Mutex<u64>,
    this: OnceLock<std::sync::Weak<Chain>>,
    ended: mpsc::Sender<Result<(), String>>,
}

fn chain(engine: &Engine, url: &str, file: &str, uploads: usize) -> Result<(), Box<dyn Error>> {
    let (ended, wait) = mpsc::channel();
    let links = Arc::new(Chain {
        engine: engine.clone(),
        request: UploadRequest::new(url, file, "file").field("album", "spring"),
        left: AtomicUsize::new(uploads),
        unended: AtomicUsize::new(uploads),
        most: Mutex::default(),
        this: OnceLock::new(),
        ended,
    });
    let _ = links.this.set(Arc::downgrade(&links));
    (0..IN_FLIGHT).for_each(|_| links.ask());
    Ok(wait.recv()??)
}

impl Chain {
    fn ask(&self) {
        let one_less = |left: usize| left.checked_sub(1);
        let left = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        let this = self.this.get().and_then(std::sync::Weak::upgrade);
        if let (Ok(_), Some(this)) = (left, this) {
            self.engine.upload(self.request.clone().listener(this));
        }
    }
}

impl Listener for Chain {
    fn on_event(&self, event: &Event) {
        match &event.kind {
            EventKind::Progress(progress) => {
                if let Ok(mut most) = self.most.lock() {
                    *most = progress.sent.max(*most);
                }
            }
            EventKind::Done(outcome) => {
                self.ask();
                let is_last = self.unended.fetch_sub(1, Ordering::Relaxed) == 1;
                let _ = match outcome.status() {
                    Some(200) if is_last => self.ended.send(Ok(())),
                    Some(200) => Ok(()),
                    _ => self.ended.send(Err(outcome.err_msg())),
                };
            }
            _ => {}
        }
    }
}
