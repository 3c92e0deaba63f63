//! What the engine's tests share: files, engines, and peers that follow a script on a real socket.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

pub mod queue_model;
pub mod turnstile;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use quintet::{Engine, Event, EventKind, Listener, Settings, UploadRequest};
use quintet_tcp::TcpConnect;
use tempfile::TempDir;

/// Longest wait for something that must happen: reaching it is a failure, not a measurement.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub fn engine() -> Engine {
    engine_with(Settings::default())
}

pub fn engine_with(settings: Settings) -> Engine {
    Engine::builder(TcpConnect::new())
        .settings(settings)
        .start()
        .expect("a thread")
}

/// The default settings, changed.
pub fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings::default();
    change(&mut settings);
    settings
}

/// A directory with files.
pub struct Files(TempDir);

impl Files {
    pub fn new() -> Self {
        Self(TempDir::new().expect("a temporary directory"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file of `len` bytes that do not repeat in any power of two.
    pub fn file(&self, name: &str, len: usize) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content(len)).expect("room for a file");
        path
    }

    /// A file that is all hole.
    pub fn sparse(&self, name: &str, len: u64) -> PathBuf {
        let path = self.path(name);
        std::fs::File::create(&path)
            .and_then(|file| file.set_len(len))
            .expect("a sparse file");
        path
    }
}

pub fn content(len: usize) -> Vec<u8> {
    const PERIOD: usize = 251;
    let mut bytes = (0..PERIOD as u8)
        .collect::<Vec<u8>>()
        .repeat(len.div_ceil(PERIOD));
    bytes.truncate(len);
    bytes
}

/// Accepts connections and follows `script` for each, on a thread of its own.
pub struct Peer {
    pub addr: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Peer {
    /// `script` gets the connection and its number, from 0.
    pub fn start(script: impl Fn(Conversation, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("bound");
        let connections = Arc::new(AtomicUsize::new(0));
        let (count, script) = (connections.clone(), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let script = script.clone();
                thread::spawn(move || script(Conversation(stream), number));
            }
        });
        Self { addr, connections }
    }

    pub fn url(&self) -> String {
        format!("http://{}/up", self.addr)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// One connection as the peer sees it.
pub struct Conversation(pub TcpStream);

impl Conversation {
    /// Reads up to and with the empty line that ends the request head.
    pub fn head(&mut self) -> String {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match self.0.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => break,
            }
        }
        String::from_utf8(head).expect("a head in UTF-8")
    }

    /// Reads `len` bytes, or as many as come.
    pub fn read(&mut self, len: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = (&mut self.0).take(len).read_to_end(&mut bytes);
        bytes
    }

    /// Reads and drops everything until the other side ends. Returns how much that was.
    pub fn drain(&mut self) -> u64 {
        let mut buf = vec![0; 1 << 16];
        let mut total = 0;
        while let Ok(read @ 1..) = self.0.read(&mut buf) {
            total += read as u64;
        }
        total
    }

    /// Reads a whole request: its head and the body that its Content-Length promises.
    pub fn request(&mut self) -> (String, Vec<u8>) {
        let head = self.head();
        let body = self.read(content_length(&head).unwrap_or(0));
        (head, body)
    }

    /// Writes, and tells whether the other side is still there.
    pub fn say(&mut self, text: &str) -> bool {
        self.0.write_all(text.as_bytes()).is_ok()
    }

    /// Closes so that the other side gets a reset.
    pub fn reset(self) {
        let linger = socket2::SockRef::from(&self.0).set_linger(Some(Duration::ZERO));
        linger.expect("a TCP socket");
    }
}

pub fn content_length(head: &str) -> Option<u64> {
    header(head, "content-length")?.parse().ok()
}

pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let value = values.next()?.1.trim();
    assert!(values.next().is_none(), "{name} stands twice in {head}");
    Some(value)
}

pub const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Keeps every event, and lets a test wait for one.
#[derive(Default)]
pub struct Recorder {
    events: Mutex<Vec<Event>>,
    heard: std::sync::Condvar,
}

impl Listener for Recorder {
    fn on_event(&self, event: &Event) {
        self.events.lock().unwrap().push(event.clone());
        self.heard.notify_all();
    }
}

impl Recorder {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// Names of the events of one upload, in order, repeats of progress as one.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self
            .events()
            .iter()
            .map(|event| name(&event.kind))
            .collect();
        names.dedup();
        names
    }

    /// Blocks until an event of this name was heard.
    pub fn wait_for(&self, wanted: &str) {
        let missing = |events: &mut Vec<Event>| !events.iter().any(|e| name(&e.kind) == wanted);
        let waited = self
            .heard
            .wait_timeout_while(self.events.lock().unwrap(), PATIENCE, missing)
            .unwrap();
        assert!(
            !waited.1.timed_out(),
            "no {wanted} among {:?}",
            self.names()
        );
    }

    /// Checks the rules that hold for every upload's events.
    pub fn check(&self) {
        let events = self.events();
        let done = events
            .iter()
            .filter(|event| name(&event.kind) == "done")
            .count();
        assert_eq!(done, 1, "{:?}", self.names());
        assert_eq!(self.names().last(), Some(&"done"));
        let mut last = 0;
        let mut full = 0;
        for event in &events {
            if let EventKind::Progress(progress) = event.kind {
                assert!(
                    progress.sent > last,
                    "progress must rise: {progress:?} after {last}"
                );
                assert!(progress.sent <= progress.total);
                assert!(progress.acked.is_none_or(|acked| acked <= progress.sent));
                last = progress.sent;
                full += usize::from(progress.percent() == 100);
            }
        }
        assert!(full <= 1, "100 percent was told twice");
        assert!(
            events.windows(2).all(|pair| pair[0].at <= pair[1].at),
            "stamps must not fall"
        );
    }
}

pub fn name(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Queued { .. } => "queued",
        EventKind::Admitted => "admitted",
        EventKind::Started { .. } => "started",
        EventKind::Resolved => "resolved",
        EventKind::Connected => "connected",
        EventKind::Secured => "secured",
        EventKind::HeadSent { .. } => "head sent",
        EventKind::Progress(_) => "progress",
        EventKind::BodySent { .. } => "body sent",
        EventKind::Redirected { .. } => "redirected",
        EventKind::HeadersReceived { .. } => "headers received",
        EventKind::Retrying { .. } => "retrying",
        EventKind::Paused => "paused",
        EventKind::Resumed => "resumed",
        EventKind::Done(_) => "done",
        EventKind::AfterSuccessFailed { .. } => "after success failed",
        _ => "unknown",
    }
}

/// A request whose events a recorder keeps.
pub fn recorded(url: &str, path: &PathBuf) -> (UploadRequest, Arc<Recorder>) {
    let recorder = Recorder::new();
    (
        UploadRequest::new(url, path, "file").listener(recorder.clone()),
        recorder,
    )
}

/// Waits until `condition` holds.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A gate that a script waits at until the test opens it.
pub fn gate() -> (mpsc::Sender<()>, Arc<Mutex<mpsc::Receiver<()>>>) {
    let (open, wait) = mpsc::channel();
    (open, Arc::new(Mutex::new(wait)))
}

pub fn pass(gate: &Mutex<mpsc::Receiver<()>>) {
    let _ = gate.lock().unwrap().recv_timeout(PATIENCE);
}

/// Descriptors that this process holds now.
#[cfg(target_os = "linux")]
pub fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("procfs").count()
}
