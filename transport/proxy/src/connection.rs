//! A connection through a proxy: the one below it, less what was said to the proxy.

use std::fs::File;
use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use quintet_transport::{Connection, FileSend, Info, Via};

use crate::talk::Talk;

pub(crate) struct Proxied {
    inner: Box<dyn Connection>,
    /// What came in the same read as the proxy's answer: the target's first bytes. Empty once it is read.
    early: Vec<u8>,
    /// How much of it has been read.
    early_read: usize,
    /// Bytes that the proxy was sent: no caller's.
    asked_bytes: u64,
    via: Via,
}

impl Proxied {
    pub(crate) fn new(talk: Talk, early: Vec<u8>, via: Via) -> Self {
        Self {
            inner: talk.connection,
            early,
            early_read: 0,
            asked_bytes: talk.written,
            via,
        }
    }
}

impl Connection for Proxied {
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
        let early = &self.early[self.early_read..];
        if early.is_empty() {
            return self.inner.poll_read(cx, buf);
        }
        let read = early.len().min(buf.len());
        buf[..read].copy_from_slice(&early[..read]);
        self.early_read += read;
        if self.early_read == self.early.len() {
            (self.early, self.early_read) = (Vec::new(), 0);
        }
        Poll::Ready(Ok(read))
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
        let mut info = self.inner.info();
        info.acked = info
            .acked
            .map(|acked| acked.saturating_sub(self.asked_bytes));
        // What secures the way to the proxy does not secure the way to the target.
        info.secured = None;
        info.via = Some(self.via.clone());
        info
    }
}
