//! A stream that is read no faster than so many bytes a second.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// Reads in pieces of at most a twentieth of a second's worth, and waits after each as long as it
/// was worth. Writing is not touched.
pub(crate) struct Throttle<S> {
    inner: S,
    pace: Option<Pace>,
}

struct Pace {
    bytes_per_second: u64,
    piece: Box<[u8]>,
    wait: Pin<Box<Sleep>>,
}

impl<S> Throttle<S> {
    /// `None` reads as fast as it comes. The rate is at least 1.
    pub(crate) fn new(inner: S, bytes_per_second: Option<u64>) -> Self {
        let pace = bytes_per_second.map(|bytes_per_second| Pace {
            bytes_per_second,
            piece: vec![0; (bytes_per_second / 20).clamp(1, 64 * 1024) as usize].into(),
            wait: Box::pin(sleep_until(Instant::now())),
        });
        Self { inner, pace }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Throttle<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(pace) = &mut this.pace else {
            return Pin::new(&mut this.inner).poll_read(cx, buf);
        };
        ready!(pace.wait.as_mut().poll(cx));
        let room = pace.piece.len().min(buf.remaining());
        let mut piece = ReadBuf::new(&mut pace.piece[..room]);
        ready!(Pin::new(&mut this.inner).poll_read(cx, &mut piece))?;
        let read = piece.filled();
        buf.put_slice(read);
        let worth = Duration::from_secs_f64(read.len() as f64 / pace.bytes_per_second as f64);
        // From the last deadline, so that a late wake-up does not slow the whole; but a pause of
        // the sender earns at most one piece.
        let now = Instant::now();
        let from = pace
            .wait
            .deadline()
            .max(now.checked_sub(worth).unwrap_or(now));
        pace.wait.as_mut().reset(from + worth);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Throttle<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
