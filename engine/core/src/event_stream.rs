//! Events of uploads as a stream.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use crate::event::{Event, EventKind, Listener};

/// A listener, and the stream of what it hears.
///
/// The stream ends after [`EventKind::Done`]. It holds at most one progress event that was not yet taken (the
/// latest replaces the one before), so a reader that falls behind costs a few events for each request of the
/// upload, not memory without bound.
pub fn event_stream() -> (Arc<dyn Listener>, EventStream) {
    let queue = Arc::new(EventQueue::default());
    (queue.clone(), EventStream { queue })
}

/// Events of uploads as a stream: see [`event_stream`] and [`UploadTask::events`](crate::UploadTask::events).
pub struct EventStream {
    queue: Arc<EventQueue>,
}

impl EventStream {
    /// A stream of an upload that is over.
    pub(crate) fn ended() -> Self {
        let stream = event_stream().1;
        stream.queue.lock().ended = true;
        stream
    }

    /// The next event, `None` after the last.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for EventStream {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut queued = self.queue.lock();
        match queued.events.pop_front() {
            Some(event) => Poll::Ready(Some(event)),
            None if queued.ended => Poll::Ready(None),
            None => {
                queued.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct EventQueue(Mutex<QueuedEvents>);

#[derive(Default)]
struct QueuedEvents {
    events: VecDeque<Event>,
    ended: bool,
    waker: Option<Waker>,
}

impl EventQueue {
    fn lock(&self) -> MutexGuard<'_, QueuedEvents> {
        // Nothing panics while the lock is held, so it cannot be poisoned.
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Listener for EventQueue {
    fn on_event(&self, event: &Event) {
        let mut queued = self.lock();
        let is_progress = |event: &Event| matches!(event.kind, EventKind::Progress(_));
        match queued.events.back_mut() {
            Some(last) if is_progress(last) && is_progress(event) && last.id == event.id => {
                *last = event.clone();
            }
            _ => queued.events.push_back(event.clone()),
        }
        queued.ended |= matches!(event.kind, EventKind::Done(_));
        let waker = queued.waker.take();
        drop(queued);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
