//! What is counted: ways of asking an engine for uploads.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use quintet::{
    Engine, EngineBuilder, Event, EventKind, Listener, Settings, UploadRequest, UploadTask,
};
use quintet_latency::Latency;
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};

use crate::counting::allocated;
use crate::threads::threads;

/// How many uploads the caller itself keeps going, where it does.
const IN_FLIGHT: usize = 5;
/// Name of the file part.
const PART: &str = "file";
/// The one other part.
const FIELD: (&str, &str) = ("album", "spring");

/// Uploads `n` times and prints, each on a line with its name, what the program used from its first instruction on.
pub(crate) fn run(
    workload: &str,
    n: usize,
    port: &str,
    file: &str,
    certificate: Option<&str>,
) -> Result<(), Box<dyn Error>> {
    let scheme = if certificate.is_some() {
        "https"
    } else {
        "http"
    };
    // As a program would that uploads much to one address: the texts are shared.
    let url: Arc<str> = format!("{scheme}://127.0.0.1:{port}/upload").into();
    let name: Arc<str> = PART.into();
    let request = || UploadRequest::new(url.clone(), file, name.clone()).field(FIELD.0, FIELD.1);
    // Kept, so that what is counted does not end with a shutdown.
    let (_engine, _tasks) = match workload {
        "queue" => queue(start(certificate)?, n, request)?,
        "window" => window(start(certificate)?, n, request)?,
        "chain" | "heard" => chain(
            start_with(certificate)?,
            n,
            [url.clone(), name.clone(), file.into()],
            workload == "heard",
        )?,
        "parked" => parked(n, request)?,
        _ => {
            let known = "queue, window, chain, heard or parked";
            return Err(format!("no workload {workload:?}: {known}").into());
        }
    };
    let (allocated, threads) = (allocated(), threads()?);
    println!("allocations {}", allocated.calls);
    println!("allocated-bytes {}", allocated.bytes);
    // The caller's own text is not what an upload costs.
    let text: usize = [file, FIELD.0, FIELD.1].map(str::len).iter().sum();
    println!(
        "live-bytes {}",
        allocated.live.saturating_sub((n * text) as u64)
    );
    println!("context-switches {}", threads.switches);
    println!("threads {}", threads.count);
    Ok(())
}

/// What stays until the figures are taken.
type Kept = (Engine, Vec<UploadTask>);

fn start(certificate: Option<&str>) -> Result<Engine, Box<dyn Error>> {
    Ok(start_with(certificate)?.start()?)
}

fn start_with(certificate: Option<&str>) -> Result<EngineBuilder, Box<dyn Error>> {
    let Some(certificate) = certificate else {
        return Ok(Engine::builder(TcpConnect::new()));
    };
    let trusted = TlsSettings::only_given_roots().add_root_pem(&std::fs::read(certificate)?)?;
    Ok(Engine::builder(TlsConnect::new(
        TcpConnect::new(),
        trusted,
    )?))
}

/// Hands over every upload at once and waits for all: five are active, the engine has the queue. The last is waited for
/// first, so that the caller sleeps once.
fn queue(
    engine: Engine,
    n: usize,
    request: impl Fn() -> UploadRequest,
) -> Result<Kept, Box<dyn Error>> {
    let mut tasks = Vec::with_capacity(n);
    tasks.extend((0..n).map(|_| engine.upload(request())));
    tasks.iter().rev().try_for_each(succeed)?;
    Ok((engine, tasks))
}

/// Keeps five uploads going and asks for the next when the oldest is over: the caller sleeps and is woken each time.
fn window(
    engine: Engine,
    n: usize,
    request: impl Fn() -> UploadRequest,
) -> Result<Kept, Box<dyn Error>> {
    let mut tasks = VecDeque::with_capacity(IN_FLIGHT);
    for _ in 0..n {
        if tasks.len() == IN_FLIGHT {
            tasks.pop_front().as_ref().map_or(Ok(()), succeed)?;
        }
        tasks.push_back(engine.upload(request()));
    }
    tasks.iter().try_for_each(succeed)?;
    Ok((engine, tasks.into()))
}

/// Keeps five uploads going: the end of one asks for the next, on the engine's thread, as a callback does. If it is
/// `heard`, each upload has a listener of its own and every phase goes into histograms.
fn chain(
    mut builder: EngineBuilder,
    n: usize,
    texts: [Arc<str>; 3],
    heard: bool,
) -> Result<Kept, Box<dyn Error>> {
    let (ended, wait) = mpsc::channel();
    if heard {
        builder = builder.listener(Arc::new(Latency::new()));
    }
    let links = Arc::new(Chain {
        heard: heard.then(Arc::default),
        engine: Mutex::new(None),
        texts,
        left: AtomicUsize::new(n),
        unended: AtomicUsize::new(n),
        ended,
    });
    let engine = builder.listener(links.clone()).start()?;
    *links.engine.lock().map_err(|_| "a listener broke off")? = Some(engine.clone());
    (0..IN_FLIGHT).for_each(|_| links.ask());
    wait.recv()?.map_err(String::from)?;
    links
        .engine
        .lock()
        .map_err(|_| "a listener broke off")?
        .take();
    Ok((engine, Vec::new()))
}

struct Chain {
    /// How many events the uploads' own listeners were told of, where they have one.
    heard: Option<Arc<AtomicUsize>>,
    engine: Mutex<Option<Engine>>,
    /// URL, name of the part, path of the file.
    texts: [Arc<str>; 3],
    left: AtomicUsize,
    unended: AtomicUsize,
    ended: mpsc::Sender<Result<(), &'static str>>,
}

impl Chain {
    fn ask(&self) {
        let one_less = |left: usize| left.checked_sub(1);
        let left = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        if let (Ok(engine), Ok(_)) = (self.engine.lock(), left) {
            let [url, name, file] = &self.texts;
            let mut request = UploadRequest::new(url.clone(), &**file, name.clone());
            if let Some(heard) = &self.heard {
                let heard = heard.clone();
                request = request.listener(Arc::new(move |_: &Event| {
                    heard.fetch_add(1, Ordering::Relaxed);
                }));
            }
            if let Some(engine) = &*engine {
                engine.upload(request.field(FIELD.0, FIELD.1));
            }
        }
    }
}

impl Listener for Chain {
    fn on_event(&self, event: &Event) {
        if let EventKind::Done(outcome) = &event.kind {
            if outcome.status() != Some(200) {
                let _ = self.ended.send(Err("the peer did not answer with 200"));
            }
            self.ask();
            if self.unended.fetch_sub(1, Ordering::Relaxed) == 1 {
                let _ = self.ended.send(Ok(()));
            }
        }
    }
}

/// Queues `n` uploads in an engine without slots.
fn parked(n: usize, request: impl Fn() -> UploadRequest) -> Result<Kept, Box<dyn Error>> {
    let mut settings = Settings::default();
    settings.active_max = 0;
    let engine = Engine::builder(TcpConnect::new())
        .settings(settings)
        .start()?;
    let mut tasks = Vec::with_capacity(n);
    tasks.extend((1..n).map(|_| engine.upload(request())));
    // The engine takes calls in their order: when the last is queued, all are.
    let (queued, wait) = mpsc::channel();
    let listener = Arc::new(move |event: &Event| {
        if let EventKind::Queued { .. } = event.kind {
            let _ = queued.send(());
        }
    });
    tasks.push(engine.upload(request().listener(listener)));
    wait.recv()?;
    Ok((engine, tasks))
}

fn succeed(task: &UploadTask) -> Result<(), Box<dyn Error>> {
    match &task.wait().result {
        Ok(response) if response.status == 200 => Ok(()),
        Ok(response) => Err(format!("the peer answered {}", response.status).into()),
        Err(error) => Err(format!("{error} ({})", error.detail()).into()),
    }
}
