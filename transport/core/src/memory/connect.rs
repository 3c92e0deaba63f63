//! [`MemoryConnect`]: every connection gets a peer that this program wrote, and no socket.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use super::{Memory, pair};
use crate::{
    Connect, ConnectError, ConnectErrorKind, ConnectFuture, Connection, Info, Step, Target, Watch,
};

/// Connects every target to a peer in memory: a future that a closure makes from the far end.
///
/// The future runs inside the calls of its connection, so it needs no runtime and no thread, and it is dropped
/// with the connection. When it ends, the far end is dropped. Each direction holds at most `capacity` bytes. A
/// secure target is refused as [`ConnectErrorKind::Unsupported`]; TLS may go over it.
///
/// ```
/// use quintet_transport::memory::MemoryConnect;
/// use quintet_transport::{Connect, Connection, Host, Target, Unwatched};
/// use std::future::poll_fn;
/// use std::task::{Context, Poll, Waker};
///
/// let echo = MemoryConnect::new(1024, |_target, mut far| async move {
///     let mut buf = [0; 16];
///     let read = poll_fn(|cx| far.poll_read(cx, &mut buf)).await.unwrap();
///     poll_fn(|cx| far.poll_write(cx, &buf[..read])).await.unwrap();
/// });
/// let target = Target { secure: false, host: Host::Name("echo.test".into()), port: 80 };
/// let mut cx = Context::from_waker(Waker::noop());
/// let Poll::Ready(Ok(mut near)) = echo.connect(&target, &Unwatched).as_mut().poll(&mut cx) else { panic!() };
/// assert!(matches!(near.poll_write(&mut cx, b"hello"), Poll::Ready(Ok(5))));
/// assert!(matches!(near.poll_read(&mut cx, &mut [0; 16]), Poll::Ready(Ok(5))));
/// ```
pub struct MemoryConnect<P> {
    capacity: usize,
    peer: P,
}

impl<P, F> MemoryConnect<P>
where
    P: Fn(Target, Memory) -> F + Send + Sync,
    F: Future<Output = ()> + 'static,
{
    /// `peer` is called once for each connection, with the far end. Panics if `capacity` is 0.
    pub fn new(capacity: usize, peer: P) -> Self {
        assert!(
            capacity > 0,
            "a pipe without capacity can never move a byte"
        );
        Self { capacity, peer }
    }
}

impl<P> fmt::Debug for MemoryConnect<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryConnect")
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

impl<P, F> Connect for MemoryConnect<P>
where
    P: Fn(Target, Memory) -> F + Send + Sync,
    F: Future<Output = ()> + 'static,
{
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            if target.secure {
                let why = "memory is a plain transport; wrap it in quintet_tls::TlsConnect";
                return Err(ConnectError::new(ConnectErrorKind::Unsupported, why));
            }
            let (near, far) = pair(self.capacity);
            let peer = Peer {
                future: Some(Box::pin((self.peer)(target.clone(), far))),
                alert: Arc::default(),
            };
            peer.alert.due.store(true, Ordering::Release);
            watch.reached(Step::Connected);
            Ok(Box::new(Attended { near, peer }) as _)
        })
    }
}

/// The near end, and the peer that runs while it waits.
struct Attended {
    near: Memory,
    peer: Peer,
}

struct Peer {
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    alert: Arc<Alert>,
}

/// Whoever waits on the near end; woken when the peer can go on.
#[derive(Default)]
struct Alert {
    due: AtomicBool,
    writer: Mutex<Option<Waker>>,
    reader: Mutex<Option<Waker>>,
}

impl Wake for Alert {
    fn wake(self: Arc<Self>) {
        self.due.store(true, Ordering::Release);
        for side in [&self.writer, &self.reader] {
            let waiting = side.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(waker) = waiting {
                waker.wake();
            }
        }
    }
}

impl Peer {
    /// Gives the peer a turn if it can use one. Tells whether it had one.
    fn turn(&mut self) -> bool {
        let Some(future) = &mut self.future else {
            return false;
        };
        if !self.alert.due.swap(false, Ordering::AcqRel) {
            return false;
        }
        let waker = self.alert.clone().into();
        if future
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
        {
            self.future = None;
        }
        true
    }
}

/// Makes the call; if it must wait, the peer has a turn and the call is made again.
fn attended<T>(
    near: &mut Memory,
    peer: &mut Peer,
    waiting: fn(&Alert) -> &Mutex<Option<Waker>>,
    cx: &mut Context<'_>,
    mut call: impl FnMut(&mut Memory, &mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    let first = call(near, cx);
    if first.is_ready() {
        return first;
    }
    *waiting(&peer.alert)
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
    match peer.turn() {
        true => call(near, cx),
        false => Poll::Pending,
    }
}

impl Connection for Attended {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let Self { near, peer } = self;
        attended(
            near,
            peer,
            |alert| &alert.writer,
            cx,
            |near, cx| near.poll_write(cx, buf),
        )
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let Self { near, peer } = self;
        attended(
            near,
            peer,
            |alert| &alert.reader,
            cx,
            |near, cx| near.poll_read(cx, buf),
        )
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.near.poll_close(cx)
    }

    fn info(&self) -> Info {
        self.near.info()
    }
}
