//! [`TraceConnect`]: records what another transport's connections do.

use std::fmt;
use std::io;
use std::io::IoSlice;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::mask::{Mask, SECRET_HEADERS};
use super::{Entry, Happened, Trace};
use crate::{Clock, Connect, ConnectFuture, Connection, Info, Target, Watch};

/// What a [`TraceConnect`] keeps at most between two [`TraceConnect::take`]s: 16 MiB, each entry and each connection
/// counted with 64 bytes besides its own. What comes after is left out.
pub const RECORD_BYTES_MAX: usize = 16 << 20;

/// What an entry costs besides its bytes.
const ENTRY_BYTES: usize = 64;

/// Makes connections by another transport and records what goes over them.
///
/// A connect that fails leaves no trace. Clones share what is recorded.
#[derive(Clone)]
pub struct TraceConnect<C> {
    inner: C,
    clock: Arc<dyn Clock>,
    secret: Arc<[String]>,
    store: Arc<Mutex<Store>>,
}

#[derive(Default)]
struct Store {
    traces: Vec<Trace>,
    /// Counted up with every `take`, so that a connection knows whether its trace is still here.
    generation: u64,
    bytes: usize,
}

impl<C: Connect> TraceConnect<C> {
    /// Over `inner`, stamped by `clock`.
    pub fn new(inner: C, clock: impl Clock + 'static) -> Self {
        Self {
            inner,
            clock: Arc::new(clock),
            secret: SECRET_HEADERS.map(String::from).into(),
            store: Arc::default(),
        }
    }

    /// Masks the values of these headers too, whatever their case.
    #[must_use]
    pub fn secret_headers<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        let names = names.into_iter();
        let names = names.map(|name| name.as_ref().to_ascii_lowercase());
        self.secret = self.secret.iter().cloned().chain(names).collect();
        self
    }

    /// Hands over what was recorded, in the order in which the connections were made, and forgets it. A connection that goes
    /// on after that is recorded no more.
    pub fn take(&self) -> Vec<Trace> {
        let mut store = lock(&self.store);
        store.generation += 1;
        store.bytes = 0;
        std::mem::take(&mut store.traces)
    }
}

fn lock(store: &Mutex<Store>) -> std::sync::MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C: fmt::Debug> fmt::Debug for TraceConnect<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceConnect")
            .field("inner", &self.inner)
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}

impl<C: Connect> Connect for TraceConnect<C> {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            let inner = self.inner.connect(target, watch).await?;
            let mask = || Mask::new(self.secret.clone());
            Ok(Box::new(Traced {
                inner,
                recorder: Recorder::begin(self, target),
                sent: mask(),
                received: mask(),
                closed: false,
                ended: false,
            }) as _)
        })
    }
}

/// The place of one connection in the store.
struct Recorder {
    clock: Arc<dyn Clock>,
    began: Duration,
    store: Arc<Mutex<Store>>,
    /// None if there was no room.
    place: Option<(u64, usize)>,
}

impl Recorder {
    fn begin<C>(connect: &TraceConnect<C>, target: &Target) -> Self {
        let mut store = lock(&connect.store);
        let target = target.to_string();
        let bytes = store.bytes + ENTRY_BYTES + target.len();
        let place = (bytes <= RECORD_BYTES_MAX).then(|| {
            store.bytes = bytes;
            store.traces.push(Trace {
                target,
                entries: Vec::new(),
            });
            (store.generation, store.traces.len() - 1)
        });
        Self {
            clock: connect.clock.clone(),
            began: connect.clock.now(),
            store: connect.store.clone(),
            place,
        }
    }

    fn add(&mut self, what: Happened) {
        let Some((generation, place)) = self.place else {
            return;
        };
        let at = self.clock.now().saturating_sub(self.began);
        let mut store = lock(&self.store);
        let own = match &what {
            Happened::Sent(bytes) | Happened::Received(bytes) => bytes.len(),
            _ => 0,
        };
        let bytes = store.bytes + ENTRY_BYTES + own;
        let full = bytes > RECORD_BYTES_MAX;
        if generation != store.generation || full {
            self.place = None;
        }
        if generation != store.generation {
            return;
        }
        let what = match full {
            true => Happened::LeftOut,
            false => what,
        };
        if !full {
            store.bytes = bytes;
        }
        if let Some(trace) = store.traces.get_mut(place) {
            trace.entries.push(Entry { at, what });
        }
    }
}

struct Traced {
    inner: Box<dyn Connection>,
    recorder: Recorder,
    sent: Mask,
    received: Mask,
    closed: bool,
    ended: bool,
}

impl Traced {
    fn wrote(&mut self, bufs: &[IoSlice<'_>], taken: usize) {
        let mut bytes = Vec::with_capacity(taken);
        for buf in bufs {
            bytes.extend(&buf[..buf.len().min(taken - bytes.len())]);
        }
        self.sent.apply(&mut bytes);
        if !bytes.is_empty() {
            self.recorder.add(Happened::Sent(bytes));
        }
    }

    fn failed<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            self.recorder.add(Happened::Failed(error.kind()));
        }
        result
    }
}

impl Connection for Traced {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(self.inner.poll_write(cx, buf));
        let taken = self.failed(result)?;
        self.wrote(&[IoSlice::new(buf)], taken);
        Poll::Ready(Ok(taken))
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(self.inner.poll_write_vectored(cx, bufs));
        let taken = self.failed(result)?;
        self.wrote(bufs, taken);
        Poll::Ready(Ok(taken))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let result = ready!(self.inner.poll_read(cx, buf));
        let given = self.failed(result)?;
        if given > 0 {
            let mut bytes = buf[..given].to_vec();
            self.received.apply(&mut bytes);
            self.recorder.add(Happened::Received(bytes));
        } else if !buf.is_empty() && !std::mem::replace(&mut self.ended, true) {
            self.recorder.add(Happened::Ended);
        }
        Poll::Ready(Ok(given))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(self.inner.poll_close(cx));
        self.failed(result)?;
        if !std::mem::replace(&mut self.closed, true) {
            self.recorder.add(Happened::Closed);
        }
        Poll::Ready(Ok(()))
    }

    fn info(&self) -> Info {
        self.inner.info()
    }
}
