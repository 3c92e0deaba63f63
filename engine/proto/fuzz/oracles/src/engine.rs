//! An engine whose files are in memory, whose policy keeps what it was asked, and whose transport keeps where it should
//! have gone and goes nowhere.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use quintet::{Engine, FileError, Files, HostPolicy, Opened, Source, SourceState};
use quintet_transport::{Connect, ConnectError, ConnectErrorKind, ConnectFuture, Target, Watch};
use url::Url;

/// Length of every file.
pub(crate) const FILE_BYTES: u64 = 5;

/// What an engine was asked from outside.
#[derive(Clone, Default)]
pub(crate) struct Asked(Arc<Mutex<(Vec<Url>, Vec<Target>)>>);

impl Asked {
    /// The URLs that the policy was asked for and the targets of the dials since the last time.
    pub(crate) fn take(&self) -> (Vec<Url>, Vec<Target>) {
        std::mem::take(&mut *self.0.lock().expect("nobody panics with it"))
    }
}

impl Connect for Asked {
    fn connect<'a>(&'a self, target: &'a Target, _watch: &'a dyn Watch) -> ConnectFuture<'a> {
        self.0
            .lock()
            .expect("nobody panics with it")
            .1
            .push(target.clone());
        let refused = ConnectError::new(ConnectErrorKind::Refused, "nobody listens");
        Box::pin(std::future::ready(Err(refused)))
    }
}

impl HostPolicy for Asked {
    fn permits_url(&self, url: &Url) -> bool {
        self.0
            .lock()
            .expect("nobody panics with it")
            .0
            .push(url.clone());
        true
    }
}

impl Files for Asked {
    fn check(&self, _path: &Path) -> Result<(), FileError> {
        Ok(())
    }

    fn open(&self, _path: &Path) -> Result<Opened, FileError> {
        let source = Box::new(Zeros);
        let state = source.state()?;
        Ok(Opened { source, state })
    }
}

struct Zeros;

impl Source for Zeros {
    fn state(&self) -> io::Result<SourceState> {
        Ok(SourceState {
            len: FILE_BYTES,
            modified: None,
        })
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = FILE_BYTES.saturating_sub(offset).min(buf.len() as u64) as usize;
        buf[..left].fill(0);
        Ok(left)
    }
}

/// One engine, made when it is first needed, for one oracle at a time.
pub(crate) struct Bench(OnceLock<Mutex<Made>>);

pub(crate) struct Made {
    pub(crate) engine: Engine,
    pub(crate) asked: Asked,
}

impl Bench {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    pub(crate) fn with<R>(&self, check: impl FnOnce(&Made) -> R) -> R {
        let made = self.0.get_or_init(|| Mutex::new(Made::new()));
        check(
            &made
                .lock()
                .expect("what an earlier input found is told already"),
        )
    }
}

impl Made {
    fn new() -> Self {
        let asked = Asked::default();
        let engine = Engine::builder(asked.clone())
            .files(asked.clone())
            .policy(asked.clone())
            .start()
            .expect("a thread");
        Self { engine, asked }
    }
}
