//! An engine on a clock that stands still while anyone has something to do, and jumps when nobody has: peers and files
//! are in memory, so a test of hours takes milliseconds and comes out the same each time.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{io, task};

use quintet::{Engine, EngineBuilder, FileError, Files, Opened, Settings, Source, SourceState};
use quintet_transport::memory::{Memory, pair};
use quintet_transport::{Connect, ConnectFuture, Connection, Step, Target, Watch};
use tokio::time::Instant;

/// Runs a test in simulated time.
pub fn simulated<F: Future>(test: F) -> F::Output {
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().start_paused(true);
        runtime.build().expect("a runtime")
    };
    actix::System::with_tokio_rt(runtime).block_on(test)
}

type Script = dyn Fn(End, usize) -> Pin<Box<dyn Future<Output = ()>>> + Send + Sync;

/// Connects to a peer that follows a script, through pipes that hold `capacity` bytes each.
#[derive(Clone)]
pub struct Network {
    script: Arc<Script>,
    capacity: usize,
    connections: Arc<AtomicUsize>,
}

impl Network {
    /// `script` gets the connection and its number, from 0.
    pub fn new<F: Future<Output = ()> + 'static>(
        capacity: usize,
        script: impl Fn(End, usize) -> F + Send + Sync + 'static,
    ) -> Self {
        Self {
            script: Arc::new(move |end, number| Box::pin(script(end, number))),
            capacity,
            connections: Arc::default(),
        }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// An engine over it, whose every file has `file_len` bytes.
    pub fn engine(&self, file_len: usize, settings: Settings) -> Engine {
        self.builder(file_len, settings).start_in_current_system()
    }

    pub fn builder(&self, file_len: usize, settings: Settings) -> EngineBuilder {
        Engine::builder(self.clone())
            .files(SameFile::new(file_len))
            .settings(settings)
    }
}

impl Connect for Network {
    fn connect<'a>(&'a self, _: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            watch.reached(Step::Resolved);
            watch.reached(Step::Connected);
            let (near, far) = pair(self.capacity);
            let number = self.connections.fetch_add(1, Ordering::SeqCst);
            actix::spawn((self.script)(End(far), number));
            Ok(Box::new(near) as _)
        })
    }
}

/// One connection as the peer sees it. Dropping it closes it.
pub struct End(Memory);

impl End {
    async fn some(&mut self, buf: &mut [u8]) -> usize {
        poll_fn(|cx| self.0.poll_read(cx, buf))
            .await
            .unwrap_or_default()
    }

    /// Reads up to and with the empty line that ends the request head.
    pub async fn head(&mut self) -> String {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && self.some(&mut byte).await == 1 {
            head.push(byte[0]);
        }
        String::from_utf8(head).expect("a head in UTF-8")
    }

    /// Reads `len` bytes, or as many as come.
    pub async fn read(&mut self, len: u64) -> Vec<u8> {
        let mut bytes = vec![0; len as usize];
        let mut read = 0;
        while read < bytes.len() {
            match self.some(&mut bytes[read..]).await {
                0 => break,
                more => read += more,
            }
        }
        bytes.truncate(read);
        bytes
    }

    /// Reads a body of `len` bytes and tells when each piece came.
    pub async fn timed(&mut self, len: u64) -> Vec<(Instant, u64)> {
        let mut pieces = Vec::new();
        let mut buf = vec![0; 1 << 20];
        let mut left = len;
        while left > 0 {
            let most = buf.len().min(left as usize);
            match self.some(&mut buf[..most]).await as u64 {
                0 => break,
                more => {
                    left -= more;
                    pieces.push((Instant::now(), more));
                }
            }
        }
        pieces
    }

    /// Reads a whole request: its head and the body that its Content-Length promises.
    pub async fn request(&mut self) -> (String, Vec<u8>) {
        let head = self.head().await;
        let length = super::support::content_length(&head).unwrap_or(0);
        let body = self.read(length).await;
        (head, body)
    }

    /// Whether the other side has written anything that was not read.
    pub fn is_silent(&mut self) -> bool {
        let mut cx = task::Context::from_waker(task::Waker::noop());
        self.0.poll_read(&mut cx, &mut [0]).is_pending()
    }

    pub async fn say(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match poll_fn(|cx| self.0.poll_write(cx, rest)).await {
                Ok(written) => rest = &rest[written..],
                Err(_) => break,
            }
        }
    }
}

/// Passes so much simulated time.
pub async fn pass_time(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Whatever the path: a file of this content.
pub struct SameFile {
    bytes: Arc<[u8]>,
    repeats: bool,
}

impl SameFile {
    pub fn new(len: usize) -> Self {
        Self {
            bytes: super::support::content(len).into(),
            repeats: true,
        }
    }

    /// One that says that it can be read but once.
    pub fn once(len: usize) -> Self {
        Self {
            repeats: false,
            ..Self::new(len)
        }
    }
}

impl Files for SameFile {
    fn check(&self, _: &Path) -> Result<(), FileError> {
        Ok(())
    }

    fn open(&self, _: &Path) -> Result<Opened, FileError> {
        let source = InMemory(self.bytes.clone(), self.repeats);
        Ok(Opened {
            state: source.state()?,
            source: Box::new(source),
        })
    }
}

struct InMemory(Arc<[u8]>, bool);

impl Source for InMemory {
    fn state(&self) -> io::Result<SourceState> {
        Ok(SourceState {
            len: self.0.len() as u64,
            modified: None,
        })
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = &self.0[self.0.len().min(offset as usize)..];
        let read = rest.len().min(buf.len());
        buf[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn reads_again(&self) -> bool {
        self.1
    }
}
