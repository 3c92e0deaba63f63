//! Unix sockets: every target goes to one path.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::task::{Context, Poll};

use quintet_transport::{
    Connect, ConnectError, ConnectErrorKind, ConnectFuture, FileSend, Step, Target, Tcp, Watch,
};
use tokio::io::Interest;
use tokio::net::UnixStream;

use crate::connect::refuse_secure;
use crate::connection::{Socket, SocketConnection};
use crate::platform;

/// Connects every target to the Unix socket at one path; the target's host and port stay what they are in
/// the request head.
///
/// No name is resolved and no address dialled, so [`Watch::permit`] is not asked: who sets the path has
/// decided. A path that cannot be connected to is [`ConnectErrorKind::Refused`] with the system's error; a
/// secure target is [`ConnectErrorKind::Unsupported`] (`quintet_tls::TlsConnect` may go over this one). The
/// connections know no addresses and no acknowledgements.
#[derive(Clone, Debug)]
pub struct UnixConnect {
    path: PathBuf,
    send_files: bool,
}

impl UnixConnect {
    /// Connects to the socket at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            send_files: true,
        }
    }

    /// As [`TcpConnect::send_files`](crate::TcpConnect::send_files).
    #[must_use]
    pub fn send_files(mut self, yes: bool) -> Self {
        self.send_files = yes;
        self
    }
}

impl Connect for UnixConnect {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            refuse_secure(target)?;
            // There is no name to resolve: what comes now is the connecting.
            watch.reached(Step::Resolved);
            let stream = UnixStream::connect(&self.path)
                .await
                .map_err(|error| ConnectError::new(ConnectErrorKind::Refused, error))?;
            watch.reached(Step::Connected);
            Ok(Box::new(SocketConnection::new(stream, self.send_files)) as _)
        })
    }
}

impl Socket for UnixStream {
    const WRITES_RAISE_SIGPIPE: bool = true;

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
        None
    }

    fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        (None, None)
    }
}
