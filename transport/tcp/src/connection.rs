//! A connected socket as a [`Connection`]: the one implementation under TCP and Unix sockets.

use std::fs::File;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use quintet_transport::{Connection, FileSend, Info, Tcp};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::platform;

/// A socket and what has gone through it. Holds no buffer of its own.
pub(crate) struct SocketConnection<S> {
    socket: S,
    send_files: bool,
    /// The host has SIGPIPE ignored: no call needs to hold it back.
    sigpipe_ignored: bool,
    written: u64,
    read: u64,
    closed: bool,
    /// Asked once at the beginning: a socket that was reset no longer knows its peer.
    peer: Option<SocketAddr>,
    local: Option<SocketAddr>,
}

impl<S: Socket> SocketConnection<S> {
    /// Over `socket`, connected already; `send_files` as in [`TcpConnect`](crate::TcpConnect).
    pub(crate) fn new(socket: S, send_files: bool) -> Self {
        let (peer, local) = socket.addresses();
        Self {
            socket,
            send_files,
            sigpipe_ignored: platform::sigpipe_is_ignored(),
            written: 0,
            read: 0,
            closed: false,
            peer,
            local,
        }
    }
}

impl<S: Socket> Connection for SocketConnection<S> {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let raises = S::WRITES_RAISE_SIGPIPE && !self.sigpipe_ignored;
        let write = || Pin::new(&mut self.socket).poll_write(cx, buf);
        let taken = ready!(quietly(raises, write))?;
        self.written += taken as u64;
        Poll::Ready(Ok(taken))
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let write = || Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        let taken = ready!(quietly(!self.sigpipe_ignored, write))?;
        self.written += taken as u64;
        Poll::Ready(Ok(taken))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buf))?;
        let given = buf.filled().len();
        self.read += given as u64;
        Poll::Ready(Ok(given))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.closed {
            ready!(Pin::new(&mut self.socket).poll_shutdown(cx))?;
            self.closed = true;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        file: &File,
        offset: u64,
        len: u64,
    ) -> Poll<io::Result<FileSend>> {
        if !self.send_files {
            return Poll::Ready(Ok(FileSend::Declined));
        }
        loop {
            ready!(self.socket.poll_writable(cx))?;
            match self
                .socket
                .try_send_file(file, offset, len, self.sigpipe_ignored)
            {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(sent) => {
                    if let FileSend::Sent(bytes) = sent {
                        self.written += bytes;
                    }
                    return Poll::Ready(Ok(sent));
                }
            }
        }
    }

    fn info(&self) -> Info {
        let told = self.socket.told();
        // The system counts the FIN too, once it is confirmed.
        let acked = told.map(|(acked, _)| acked.min(self.written));
        let mut info = Info::default();
        info.tcp = told.map(|(_, tcp)| tcp);
        info.peer = self.peer;
        info.local = self.local;
        info.acked = acked;
        info.moved = self.written + self.read + acked.unwrap_or(0);
        info
    }
}

fn quietly(
    raises: bool,
    write: impl FnOnce() -> Poll<io::Result<usize>>,
) -> Poll<io::Result<usize>> {
    match raises {
        true => platform::without_sigpipe(write),
        false => write(),
    }
}

/// What the streams of the runtime have in common, which it has no trait for.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin {
    /// The standard library writes one buffer to it without MSG_NOSIGNAL, as it writes several to any socket.
    const WRITES_RAISE_SIGPIPE: bool;

    /// Ready when a write may go through; registers the waker otherwise.
    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// One attempt. `WouldBlock` clears the readiness, so that the next `poll_writable` waits.
    fn try_send_file(
        &self,
        file: &File,
        offset: u64,
        len: u64,
        sigpipe_ignored: bool,
    ) -> io::Result<FileSend>;

    /// Bytes that the peer has confirmed, and what else the system tells of its TCP.
    fn told(&self) -> Option<(u64, Tcp)>;

    /// Peer and local address, if it has such.
    fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>);
}

impl Socket for TcpStream {
    const WRITES_RAISE_SIGPIPE: bool = false;

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_ready(cx)
    }

    fn try_send_file(
        &self,
        file: &File,
        offset: u64,
        len: u64,
        sigpipe_ignored: bool,
    ) -> io::Result<FileSend> {
        self.try_io(Interest::WRITABLE, || {
            platform::send_file(self, file, offset, len, sigpipe_ignored)
        })
    }

    fn told(&self) -> Option<(u64, Tcp)> {
        platform::told(self)
    }

    fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        (self.peer_addr().ok(), self.local_addr().ok())
    }
}
