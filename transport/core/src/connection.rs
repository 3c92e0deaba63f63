//! A byte stream to a peer, and what it can tell about itself.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// A byte stream to a peer: ordered, reliable, both ways at once.
///
/// Every `poll_` call follows [`std::future::Future::poll`]: `Pending` means that the waker of
/// `cx` will be woken when a new call can do more; spurious wake-ups are allowed. Reading and writing
/// each remember the waker of their own last call. Dropping a connection closes it at once, with
/// nothing more written.
pub trait Connection {
    /// Takes bytes from the front of `buf` and returns how many; at least one unless `buf` is empty.
    ///
    /// Bytes count as taken when the layer below has them for good, not when they are copied into a
    /// buffer of this layer: what a caller reports as sent is the sum of these returns. After `Pending`
    /// or a partial return, the caller must go on with the same bytes (the rest of `buf`, more may
    /// follow): TLS may already have sealed them.
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>>;

    /// As [`poll_write`](Self::poll_write), from several buffers in order. By default takes from the
    /// first one that is not empty.
    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bufs
            .iter()
            .find(|buf| !buf.is_empty())
            .map_or(&[][..], |buf| &**buf);
        self.poll_write(cx, first)
    }

    /// Fills the front of `buf` and returns how many bytes; 0 (for a `buf` that is not empty) is the
    /// peer's orderly end, and stays so. On a secured connection an end without the closing alert is the
    /// error [`io::ErrorKind::UnexpectedEof`], never 0.
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Ends the writing side in the transport's orderly way (TCP: FIN; TLS: close_notify, then the
    /// layer below). Reading goes on. Calling it again after it was ready is allowed and ready.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Sends up to `len` bytes of `file` from `offset` without passing them through user space.
    ///
    /// [`FileSend::Declined`] (the default) means that nothing was taken and that the caller must read and
    /// [`poll_write`](Self::poll_write) this range itself; a connection may decline some calls and take
    /// others. [`FileSend::Sent`]`(0)` means that the file ends at or before `offset`. A call may take
    /// less than `len` so that other uploads on the thread get their turn.
    fn poll_send_file(
        &mut self,
        _cx: &mut Context<'_>,
        _file: &File,
        _offset: u64,
        _len: u64,
    ) -> Poll<io::Result<FileSend>> {
        Poll::Ready(Ok(FileSend::Declined))
    }

    /// What is known about this connection now. May cost a system call; the engine asks at progress
    /// events, timer ends and phase ends, never per chunk.
    fn info(&self) -> Info;
}

impl<C: Connection + ?Sized> Connection for Box<C> {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        (**self).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        (**self).poll_write_vectored(cx, bufs)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        (**self).poll_read(cx, buf)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_close(cx)
    }

    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        file: &File,
        offset: u64,
        len: u64,
    ) -> Poll<io::Result<FileSend>> {
        (**self).poll_send_file(cx, file, offset, len)
    }

    fn info(&self) -> Info {
        (**self).info()
    }
}

/// The first `bytes` bytes of `bufs`, which hold at least as many.
pub(crate) fn front<'a>(bufs: &'a [IoSlice<'_>], mut bytes: usize) -> Vec<IoSlice<'a>> {
    let part = |buf: &'a IoSlice<'_>| {
        let part = &buf[..bytes.min(buf.len())];
        bytes -= part.len();
        IoSlice::new(part)
    };
    bufs.iter().map(part).collect()
}

/// What became of a file range offered to [`Connection::poll_send_file`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSend {
    /// Not taken: read it and write it.
    Declined,
    /// This many bytes were taken; 0 means that the file ends here.
    Sent(u64),
}

/// What a connection knows about itself. Every count is since the connection was made and never falls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// The address that was dialled, if there is one (Unix sockets and memory have none).
    pub peer: Option<SocketAddr>,
    /// The address used on this side.
    pub local: Option<SocketAddr>,
    /// Of the bytes that this connection has taken for writing, how many the peer's kernel has confirmed: a
    /// lower bound, and never more than were taken. `None` where the system does not tell.
    pub acked: Option<u64>,
    /// Bytes that the lowest layer has handed to the system or got acknowledged, in one sum: not a quantity
    /// to show, but if it has not changed between two looks, nothing has moved. Layers pass it through.
    pub moved: u64,
    /// Present where the system tells of the TCP beneath.
    pub tcp: Option<Tcp>,
    /// Present on a secured connection.
    pub secured: Option<Secured>,
    /// Present on a connection through a proxy. The same for as long as the connection lives.
    pub via: Option<Via>,
}

/// What the system tells of the TCP beneath a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tcp {
    /// The round trip time, smoothed.
    pub round_trip: Duration,
    /// Segments that were sent again.
    pub retransmitted: u32,
}

impl Tcp {
    /// Describes a TCP.
    pub fn new(round_trip: Duration, retransmitted: u32) -> Self {
        Self {
            round_trip,
            retransmitted,
        }
    }
}

/// What the proxy of a connection does with its bytes, and what follows from that for an HTTP request.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Via {
    /// It passes them on as they are: the request is for the origin, and no `Proxy-Authorization` belongs in it.
    Tunnel,
    /// It reads each request and makes it to the origin itself: the request's target must be the absolute URL
    /// (RFC 9112, section 3.2.2).
    Forward {
        /// The value of the request's `Proxy-Authorization`, if the proxy's settings have one. Visible ASCII and spaces.
        authorization: Option<Arc<str>>,
    },
}

impl fmt::Debug for Via {
    /// Without the authorization, which is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tunnel => "Tunnel",
            Self::Forward { .. } => "Forward",
        })
    }
}

/// How a connection is secured.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Secured {
    /// `TLSv1.2` or `TLSv1.3`.
    pub protocol: &'static str,
    /// The cipher suite by its IANA name, empty if unknown.
    pub cipher: String,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
}

impl Secured {
    /// Describes a secured connection.
    pub fn new(protocol: &'static str, cipher: impl Into<String>, resumed: bool) -> Self {
        Self {
            protocol,
            cipher: cipher.into(),
            resumed,
        }
    }
}

/// The cause inside an [`io::Error`] when the securing layer, not the network, broke the connection: a fatal
/// alert after the handshake (TLS 1.3 refuses a missing client certificate only then), or a record
/// that does not decrypt.
#[derive(Debug)]
pub struct SecurityError(pub Box<dyn Error + Send + Sync>);

impl SecurityError {
    /// Wraps a cause so that [`SecurityError::is_in`] finds it.
    pub fn io(cause: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, Self(cause.into()))
    }

    /// Whether `error` came from the securing layer.
    pub fn is_in(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

impl fmt::Display for SecurityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for SecurityError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
