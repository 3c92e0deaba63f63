//! What the system tells of the clients' TCP connections, looked at when each of them ends.

use std::fs::File;
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use hdrhistogram::Histogram;
use quintet_transport::{Connect, ConnectFuture, Connection, FileSend, Info, Target, Watch};

use crate::histogram::{empty, record};
use crate::meter::lock;

/// Sums over connections that have ended.
pub(crate) struct TcpSums {
    pub(crate) connections: u64,
    pub(crate) retransmitted: u64,
    /// The smoothed round trip time of each, at its end.
    pub(crate) round_trips: Histogram<u64>,
}

impl TcpSums {
    pub(crate) fn new() -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            connections: 0,
            retransmitted: 0,
            round_trips: empty(),
        }))
    }

    fn count(&mut self, info: &Info) {
        if let Some(tcp) = info.tcp {
            self.connections += 1;
            self.retransmitted += u64::from(tcp.retransmitted);
            record(&mut self.round_trips, tcp.round_trip);
        }
    }
}

/// A transport whose connections are looked at when they end. It changes nothing on the way.
pub(crate) struct Observed {
    pub(crate) connect: Arc<dyn Connect>,
    pub(crate) sums: Arc<Mutex<TcpSums>>,
}

impl Observed {
    fn observed<'a>(&'a self, connecting: ConnectFuture<'a>) -> ConnectFuture<'a> {
        Box::pin(async move {
            let (inner, sums) = (connecting.await?, self.sums.clone());
            Ok(Box::new(Seen { inner, sums }) as _)
        })
    }
}

impl Connect for Observed {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        self.observed(self.connect.connect(target, watch))
    }

    fn tunnel<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        self.observed(self.connect.tunnel(target, watch))
    }
}

struct Seen {
    inner: Box<dyn Connection>,
    sums: Arc<Mutex<TcpSums>>,
}

impl Drop for Seen {
    fn drop(&mut self) {
        lock(&self.sums).count(&self.inner.info());
    }
}

impl Connection for Seen {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.inner.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.inner.poll_write_vectored(cx, bufs)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.inner.poll_read(cx, buf)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_close(cx)
    }

    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        file: &File,
        offset: u64,
        len: u64,
    ) -> Poll<io::Result<FileSend>> {
        self.inner.poll_send_file(cx, file, offset, len)
    }

    fn info(&self) -> Info {
        self.inner.info()
    }
}
