//! A transport, files and randomness of which one call fails, the n-th of its kind. All others work, those after it too: so
//! it shows if anybody goes on with what has failed.
#![allow(unreachable_pub, reason = "the tests' own")]

use std::fs::File;
use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use quintet::{FileError, Files, LocalFiles, Opened, Random, Source, SourceState, SystemRandom};
use quintet_transport::{
    Connect, ConnectError, ConnectErrorKind, ConnectFuture, Connection, FileSend, Info, Target,
    Watch,
};

/// Every call by which the engine asks for something that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Connect,
    Tunnel,
    Write,
    WriteVectored,
    SendFile,
    Read,
    Close,
    FileCheck,
    FileOpen,
    FileState,
    FileRead,
    Random,
}

impl Call {
    pub const ALL: [Self; 12] = [
        Self::Connect,
        Self::Tunnel,
        Self::Write,
        Self::WriteVectored,
        Self::SendFile,
        Self::Read,
        Self::Close,
        Self::FileCheck,
        Self::FileOpen,
        Self::FileState,
        Self::FileRead,
        Self::Random,
    ];
}

/// Which call fails, and whether it has.
#[derive(Clone, Default)]
pub struct Breaker(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// And how many of its kind come before it.
    fails: Option<(Call, u64)>,
    struck: bool,
    offered_after: usize,
}

impl Breaker {
    /// Lets the `nth` of these calls fail, counted from now on and from 1.
    pub fn arm(&self, call: Call, nth: u64) {
        *self.state() = State {
            fails: Some((call, nth - 1)),
            ..State::default()
        };
    }

    /// Lets nothing fail from now on. Tells whether the call has come.
    pub fn disarm(&self) -> bool {
        let mut state = self.state();
        state.fails = None;
        state.struck
    }

    /// The most bytes that a connection was offered at once after a call of it had failed.
    pub fn offered_after(&self) -> usize {
        self.state().offered_after
    }

    fn strikes(&self, call: Call) -> bool {
        let mut state = self.state();
        let Some((_, before)) = state.fails.as_mut().filter(|fails| fails.0 == call) else {
            return false;
        };
        if *before > 0 {
            *before -= 1;
            return false;
        }
        state.fails = None;
        state.struck = true;
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a disk says that is broken.
fn unreadable() -> io::Error {
    io::Error::other("input/output error")
}

pub struct FailingConnect<C>(pub C, pub Breaker);

impl<C: Connect> FailingConnect<C> {
    fn refused(&self, call: Call) -> Result<(), ConnectError> {
        match self.1.strikes(call) {
            true => {
                let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
                Err(ConnectError::new(ConnectErrorKind::Refused, refused))
            }
            false => Ok(()),
        }
    }

    fn over(&self, inner: Box<dyn Connection>) -> Box<dyn Connection> {
        Box::new(FailingConnection {
            inner,
            breaker: self.1.clone(),
            has_failed: false,
        })
    }
}

impl<C: Connect> Connect for FailingConnect<C> {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            self.refused(Call::Connect)?;
            Ok(self.over(self.0.connect(target, watch).await?))
        })
    }

    fn tunnel<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            self.refused(Call::Tunnel)?;
            Ok(self.over(self.0.tunnel(target, watch).await?))
        })
    }
}

struct FailingConnection {
    inner: Box<dyn Connection>,
    breaker: Breaker,
    has_failed: bool,
}

impl FailingConnection {
    fn asked(&mut self, call: Call, offered: usize) -> io::Result<()> {
        if self.has_failed {
            let mut state = self.breaker.state();
            state.offered_after = state.offered_after.max(offered);
        }
        if self.breaker.strikes(call) {
            self.has_failed = true;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl Connection for FailingConnection {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.asked(Call::Write, buf.len())?;
        self.inner.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.asked(Call::WriteVectored, bufs.iter().map(|buf| buf.len()).sum())?;
        self.inner.poll_write_vectored(cx, bufs)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.asked(Call::Read, 0)?;
        match self.inner.poll_read(cx, buf) {
            // After a failed write its reader waits for the peer's last words, and a peer that still listens has none.
            Poll::Pending if self.has_failed => {
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            read => read,
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.asked(Call::Close, 0)?;
        self.inner.poll_close(cx)
    }

    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        file: &File,
        offset: u64,
        len: u64,
    ) -> Poll<io::Result<FileSend>> {
        self.asked(Call::SendFile, len as usize)?;
        self.inner.poll_send_file(cx, file, offset, len)
    }

    fn info(&self) -> Info {
        self.inner.info()
    }
}

/// Any file of the system.
pub struct FailingFiles(pub Breaker);

impl Files for FailingFiles {
    fn check(&self, path: &Path) -> Result<(), FileError> {
        match self.0.strikes(Call::FileCheck) {
            true => Err(unreadable().into()),
            false => LocalFiles::anywhere().check(path),
        }
    }

    fn open(&self, path: &Path) -> Result<Opened, FileError> {
        if self.0.strikes(Call::FileOpen) {
            return Err(unreadable().into());
        }
        let opened = LocalFiles::anywhere().open(path)?;
        Ok(Opened {
            source: Box::new(FailingSource(opened.source, self.0.clone())),
            state: opened.state,
        })
    }
}

struct FailingSource(Box<dyn Source>, Breaker);

impl FailingSource {
    fn asked(&self, call: Call) -> io::Result<()> {
        match self.1.strikes(call) {
            true => Err(unreadable()),
            false => Ok(()),
        }
    }
}

impl Source for FailingSource {
    fn state(&self) -> io::Result<SourceState> {
        self.asked(Call::FileState)?;
        self.0.state()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.asked(Call::FileRead)?;
        self.0.read_at(buf, offset)
    }

    fn poll_read_at(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        offset: u64,
    ) -> Poll<io::Result<usize>> {
        self.asked(Call::FileRead)?;
        self.0.poll_read_at(cx, buf, offset)
    }

    fn poll_cached(&self, cx: &mut Context<'_>, offset: u64, len: u64) -> Poll<()> {
        self.0.poll_cached(cx, offset, len)
    }

    fn file(&self) -> Option<&File> {
        self.0.file()
    }
}

pub struct FailingRandom(pub Breaker);

impl Random for FailingRandom {
    fn bytes(&self) -> io::Result<[u8; 16]> {
        match self.0.strikes(Call::Random) {
            true => Err(io::Error::other("no randomness")),
            false => SystemRandom::default().bytes(),
        }
    }
}
