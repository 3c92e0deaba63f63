//! A request's body as it comes in.

use crate::problem::Problem;
use crate::upload::Shared;
use axum::body::HttpBody as _;
use bytes::Bytes;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// A body that has this much ready still lets the other connections have their turn after it.
const TURN_BYTES: usize = 256 * 1024;

/// Pieces, counted, with a bound on the time between two of them.
pub(crate) struct Body {
    inner: axum::body::Body,
    bytes: Arc<AtomicU64>,
    shared: Arc<Shared>,
    idle: Pin<Box<Sleep>>,
    broken: Option<Problem>,
    turn: usize,
}

impl Body {
    /// `bytes` is what it counts into.
    pub(crate) fn new(inner: axum::body::Body, shared: Arc<Shared>, bytes: Arc<AtomicU64>) -> Self {
        let idle = Box::pin(tokio::time::sleep(shared.settings.idle));
        Self {
            inner,
            bytes,
            shared,
            idle,
            broken: None,
            turn: 0,
        }
    }

    /// The next piece, or `None` at the end.
    pub(crate) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Problem>> {
        if self.turn >= TURN_BYTES {
            self.turn = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            let text = match Pin::new(&mut self.inner).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers say nothing to us.
                    let Ok(piece) = frame.into_data() else {
                        continue;
                    };
                    self.turn += piece.len();
                    self.bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
                    self.shared.counters.upload_read(piece.len() as u64);
                    let deadline = tokio::time::Instant::now() + self.limit();
                    self.idle.as_mut().reset(deadline);
                    return Poll::Ready(Ok(Some(piece)));
                }
                Poll::Ready(None) => return Poll::Ready(Ok(None)),
                Poll::Ready(Some(Err(error))) => format!("the body broke off: {error}"),
                Poll::Pending => match self.idle.as_mut().poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(()) => format!("the body stood still for {:?}", self.limit()),
                },
            };
            let problem = Problem::bad_request(text);
            self.broken = Some(problem.clone());
            return Poll::Ready(Err(problem));
        }
    }

    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Problem> {
        poll_fn(|cx| self.poll_piece(cx)).await
    }

    /// Reads on until the body has brought so many bytes, or ended.
    pub(crate) async fn read_until(&mut self, bytes: u64) -> Result<(), Problem> {
        while self.bytes.load(Ordering::Relaxed) < bytes && self.piece().await?.is_some() {}
        Ok(())
    }

    /// What it broke off with, if it did.
    pub(crate) fn broken(&self) -> Option<Problem> {
        self.broken.clone()
    }

    fn limit(&self) -> Duration {
        self.shared.settings.idle
    }
}
