//! A transport whose connections are the host's: its callbacks as [`Connect`] and [`Connection`].

use std::ffi::CString;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use quintet_transport::{
    Connect, ConnectError, ConnectErrorKind, ConnectFuture, Connection, Host, Info, SecurityError,
    Step, Target, Watch,
};

use crate::abi;
use crate::callbacks::{HostConnection, TransportCalls};
use crate::handles::{self, Held};

/// For https it is asked itself if it secures, else TLS stands above.
pub(crate) struct OwnTransport {
    calls: Arc<TransportCalls>,
}

impl OwnTransport {
    pub(crate) fn new(calls: TransportCalls) -> Self {
        Self {
            calls: Arc::new(calls),
        }
    }
}

impl Connect for OwnTransport {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            if target.secure && !self.calls.secures() {
                let why = "the host's transport does not secure connections";
                return Err(ConnectError::new(ConnectErrorKind::Unsupported, why));
            }
            let mut connection = OwnConnection::new(self.calls.clone())?;
            let host = host_text(&target.host);
            poll_fn(|cx| connection.poll_connect(cx, &host, target)).await?;
            watch.reached(Step::Connected);
            if target.secure {
                watch.reached(Step::Secured);
            }
            Ok(Box::new(connection) as _)
        })
    }
}

/// Without the brackets of an IPv6 address: as resolvers take it.
fn host_text(host: &Host) -> CString {
    let text = match host {
        Host::Name(name) => name.clone(),
        Host::Ip(ip) => ip.to_string(),
    };
    // No URL has a NUL in its host.
    CString::new(text).unwrap_or_default()
}

/// Who waits for a connection: the last that connected or wrote, and the last that read. They stay after a wake, which
/// may come too early.
#[derive(Default)]
pub(crate) struct Wakers {
    waiting: Mutex<[Option<Waker>; 2]>,
}

/// Places in [`Wakers`].
const WRITING: usize = 0;
const READING: usize = 1;

impl Wakers {
    pub(crate) fn wake(&self) {
        // Cloned, so that nothing is called under the lock.
        let waiting = self.waiting().clone();
        waiting.iter().flatten().for_each(Waker::wake_by_ref);
    }

    /// Before the host is asked: it may wake before it has answered.
    fn wait(&self, place: usize, cx: &Context<'_>) {
        let slot = &mut self.waiting()[place];
        match slot {
            Some(waker) => waker.clone_from(cx.waker()),
            None => *slot = Some(cx.waker().clone()),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, [Option<Waker>; 2]> {
        // Nothing panics while the lock is held, so it cannot be poisoned.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct OwnConnection {
    calls: Arc<TransportCalls>,
    connection: HostConnection,
    wakers: Arc<Wakers>,
    /// The handle of `wakers`.
    waker: u64,
    moved: u64,
}

impl OwnConnection {
    fn new(calls: Arc<TransportCalls>) -> Result<Self, ConnectError> {
        let wakers = Arc::new(Wakers::default());
        let waker = handles::insert(Held::Waker(wakers.clone()))
            .map_err(|failure| ConnectError::new(ConnectErrorKind::Refused, failure.says))?;
        Ok(Self {
            calls,
            connection: HostConnection::none(),
            wakers,
            waker,
            moved: 0,
        })
    }

    fn poll_connect(
        &mut self,
        cx: &Context<'_>,
        host: &CString,
        target: &Target,
    ) -> Poll<Result<(), ConnectError>> {
        use ConnectErrorKind as Kind;
        self.wakers.wait(WRITING, cx);
        let (port, secure, waker) = (target.port, target.secure, self.waker);
        let answer = self
            .calls
            .connect(host, port, secure, waker, &mut self.connection);
        let (kind, why) = match answer {
            abi::QUINTET_OK => return Poll::Ready(Ok(())),
            abi::QUINTET_PENDING => return Poll::Pending,
            abi::QUINTET_NOT_RESOLVED => (Kind::NotResolved, "the name has no address".into()),
            abi::QUINTET_NO_ROUTE => (Kind::NoRoute, "there is no way there".into()),
            abi::QUINTET_INSECURE => (Kind::Tls, "it could not be secured".into()),
            abi::QUINTET_FORBIDDEN => (Kind::Forbidden, "it is not allowed".into()),
            abi::QUINTET_UNSUPPORTED => (Kind::Unsupported, "it has no such connections".into()),
            abi::QUINTET_REFUSED | abi::QUINTET_RESET => (Kind::Refused, "nobody took it".into()),
            other => (Kind::Refused, format!("it answered {other}")),
        };
        let why = format!("the host's transport: {why}");
        Poll::Ready(Err(ConnectError::new(kind, why)))
    }

    /// The bytes that an answer says, no more than `most`.
    fn moved(&mut self, answer: i64, least: i64, most: usize) -> Poll<io::Result<usize>> {
        let bytes = match usize::try_from(answer) {
            Ok(bytes) if bytes <= most && answer >= least => bytes,
            Ok(_) => {
                let why = format!("the host's transport says {answer} bytes of {most}");
                return Poll::Ready(Err(io::Error::other(why)));
            }
            Err(_) => return trouble(answer),
        };
        self.moved += bytes as u64;
        Poll::Ready(Ok(bytes))
    }
}

impl Connection for OwnConnection {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.wakers.wait(WRITING, cx);
        let answer = self.calls.write(&self.connection, buf);
        self.moved(answer, 1, buf.len())
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.wakers.wait(READING, cx);
        let answer = self.calls.read(&self.connection, buf);
        self.moved(answer, 0, buf.len())
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wakers.wait(WRITING, cx);
        match self.calls.finish(&self.connection) {
            abi::QUINTET_OK => Poll::Ready(Ok(())),
            other => trouble(other.into()),
        }
    }

    fn info(&self) -> Info {
        let mut info = Info::default();
        info.moved = self.moved;
        info
    }
}

impl Drop for OwnConnection {
    fn drop(&mut self) {
        drop(handles::remove(self.waker));
        self.calls.close(&mut self.connection);
    }
}

/// What a negative answer means.
fn trouble<T>(answer: i64) -> Poll<io::Result<T>> {
    let kind = match i32::try_from(answer) {
        Ok(abi::QUINTET_PENDING) => return Poll::Pending,
        Ok(abi::QUINTET_INSECURE) => {
            let error = SecurityError::io("the host's transport: not secure any more");
            return Poll::Ready(Err(error));
        }
        Ok(abi::QUINTET_TRUNCATED) => io::ErrorKind::UnexpectedEof,
        _ => io::ErrorKind::ConnectionReset,
    };
    let why = format!("the host's transport answered {answer}");
    Poll::Ready(Err(io::Error::new(kind, why)))
}
