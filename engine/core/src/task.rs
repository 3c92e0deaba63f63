//! The caller's side of an upload: its task, its events as a stream, and the state they share with the engine.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix::Addr;
use futures_core::Stream;

use crate::engine::{Front, Inner};
use crate::error::{Error, ErrorKind, Phase};
use crate::event::{Event, EventKind, Listener};
use crate::scheduler::{Abort, Scheduler};
use crate::{Outcome, Timings, Trace, UploadId};

/// An upload that was asked for. Dropping it does not abort the upload.
///
/// It is a future of the [`Outcome`]; [`wait`](Self::wait) blocks for it instead. Both may be asked again.
pub struct UploadTask {
    shared: Arc<Shared>,
    scheduler: Addr<Scheduler>,
    /// An engine lives as long as a handle or a task of it.
    _engine: Option<Arc<Inner>>,
}

impl UploadTask {
    pub(crate) fn new(
        shared: Arc<Shared>,
        scheduler: Addr<Scheduler>,
        engine: Option<Arc<Inner>>,
    ) -> Self {
        Self {
            shared,
            scheduler,
            _engine: engine,
        }
    }

    /// Which upload this is, within its engine.
    pub fn id(&self) -> UploadId {
        self.shared.id
    }

    /// The trace that its outcome and its request's headers carry.
    pub fn trace(&self) -> &Trace {
        &self.shared.trace
    }

    /// Names of given headers that were ignored because the engine owns them.
    pub fn ignored_headers(&self) -> &[String] {
        &self.shared.ignored_headers
    }

    /// Aborts the upload, in any state; from any thread, also from inside a listener. The outcome is then
    /// [`ErrorKind::Aborted`], never a success. Returns whether it took effect: not after the end, and not twice.
    ///
    /// An upload aborted after its body was sent may still have been kept by the server.
    pub fn abort(&self) -> bool {
        let accepted = self.shared.decide_abort();
        if accepted {
            self.scheduler.do_send(Abort(self.shared.id));
        }
        accepted
    }

    /// The outcome, if it is over.
    pub fn outcome(&self) -> Option<Arc<Outcome>> {
        self.shared.state().outcome.clone()
    }

    /// Blocks until it is over.
    ///
    /// # Panics
    /// On the engine's own thread (inside a listener, or beside an engine that was started in the current
    /// actix system), where waiting could never end.
    pub fn wait(&self) -> Arc<Outcome> {
        self.shared.front.refuse_to_block("UploadTask::wait");
        let mut state = self.shared.state();
        loop {
            match &state.outcome {
                Some(outcome) => return outcome.clone(),
                None => {
                    let waited = self.shared.ended.wait(state);
                    // Nothing panics while the lock is held, so it cannot be poisoned.
                    state = waited.unwrap_or_else(|poisoned| poisoned.into_inner());
                }
            }
        }
    }

    /// Events from now on. To hear every one, give the request a listener of [`event_stream`] instead.
    pub fn events(&self) -> EventStream {
        let (listener, stream) = event_stream();
        let mut state = self.shared.state();
        match &state.outcome {
            Some(_) => stream.queue.lock().ended = true,
            None => state.late.push(listener),
        }
        stream
    }
}

impl Future for UploadTask {
    type Output = Arc<Outcome>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.shared.state();
        match &state.outcome {
            Some(outcome) => Poll::Ready(outcome.clone()),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for UploadTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadTask")
            .field("id", &self.shared.id)
            .field("trace", &self.shared.trace)
            .finish_non_exhaustive()
    }
}

/// A listener, and the stream of what it hears.
///
/// The stream ends after [`EventKind::Done`]. It holds at most one progress event that was not yet taken (the
/// latest replaces the one before), so a reader that falls behind costs a few events for each request of the
/// upload, not memory without bound.
pub fn event_stream() -> (Arc<dyn Listener>, EventStream) {
    let queue = Arc::new(EventQueue::default());
    (queue.clone(), EventStream { queue })
}

/// Events of uploads as a stream: see [`event_stream`] and [`UploadTask::events`].
pub struct EventStream {
    queue: Arc<EventQueue>,
}

impl EventStream {
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

/// What an upload's task shares with the engine.
pub(crate) struct Shared {
    pub(crate) id: UploadId,
    pub(crate) trace: Trace,
    pub(crate) front: Arc<Front>,
    pub(crate) queued_at: Duration,
    ignored_headers: Vec<String>,
    listeners: Vec<Arc<dyn Listener>>,
    decision: AtomicU8,
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    outcome: Option<Arc<Outcome>>,
    waker: Option<Waker>,
    late: Vec<Arc<dyn Listener>>,
}

/// The first of these wins: an accepted abort is never followed by success, nor an end by an abort.
const OPEN: u8 = 0;
const ABORTED: u8 = 1;
const ENDED: u8 = 2;

impl Shared {
    pub(crate) fn new(
        id: UploadId,
        trace: Trace,
        front: Arc<Front>,
        ignored_headers: Vec<String>,
        listeners: Vec<Arc<dyn Listener>>,
    ) -> Self {
        Self {
            id,
            trace,
            queued_at: front.clock.now(),
            front,
            ignored_headers,
            listeners,
            decision: AtomicU8::new(OPEN),
            state: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held, so it cannot be poisoned.
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn decide_abort(&self) -> bool {
        self.decision
            .compare_exchange(OPEN, ABORTED, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    pub(crate) fn is_aborted(&self) -> bool {
        self.decision.load(Ordering::Acquire) == ABORTED
    }

    /// Whether anyone listens now.
    pub(crate) fn is_heard(&self) -> bool {
        !self.front.listeners.is_empty()
            || !self.listeners.is_empty()
            || !self.state().late.is_empty()
    }

    /// Tells every listener, the engine's first.
    pub(crate) fn emit(&self, kind: EventKind) {
        if self.is_heard() {
            self.tell(&Event {
                id: self.id,
                at: self.front.clock.now(),
                kind,
            });
        }
    }

    fn tell(&self, event: &Event) {
        // Cloned, so that a listener may ask for events of this very task.
        let late = self.state().late.clone();
        for listener in self
            .front
            .listeners
            .iter()
            .chain(&self.listeners)
            .chain(&late)
        {
            // A listener's panic is its own: the upload and the other listeners go on.
            let _ = catch_unwind(AssertUnwindSafe(|| listener.on_event(event)));
        }
    }

    /// The outcome of an upload that never became active.
    fn unstarted(&self, error: Error, phase: Phase) -> Outcome {
        let done = Some(self.front.clock.now());
        Outcome {
            id: self.id,
            trace: self.trace.clone(),
            result: Err(error),
            phase,
            bytes_sent: 0,
            bytes_acked: None,
            bytes_total: 0,
            timings: Timings {
                queued: self.queued_at,
                done,
                ..Timings::default()
            },
            may_retry: true,
        }
    }
}

/// The duty to end an upload: held by whoever has it, paid exactly once.
pub(crate) struct Ticket(Option<Arc<Shared>>);

impl Ticket {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(Some(shared))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        // Only `end` and `drop` take it, and both consume the ticket.
        self.0.as_ref().expect("a ticket that was not used")
    }

    /// Ends an upload that never became active.
    pub(crate) fn refuse(self, error: Error, phase: Phase) {
        let outcome = self.shared().unstarted(error, phase);
        self.end(outcome);
    }

    /// Ends the upload: listeners first, then the task.
    pub(crate) fn end(mut self, outcome: Outcome) {
        if let Some(shared) = self.0.take() {
            Self::pay(&shared, outcome);
        }
    }

    fn pay(shared: &Shared, mut outcome: Outcome) {
        let before = shared.decision.swap(ENDED, Ordering::AcqRel);
        if before == ABORTED && !outcome.is_aborted() {
            outcome.result = Err(Error::new(ErrorKind::Aborted));
        }
        let outcome = Arc::new(outcome);
        if let Ok(response) = &outcome.result {
            let (status, headers) = (response.status, response.headers.clone());
            shared.emit(EventKind::HeadersReceived { status, headers });
        }
        shared.emit(EventKind::Done(outcome.clone()));
        let mut state = shared.state();
        state.outcome = Some(outcome);
        state.late.clear();
        let waker = state.waker.take();
        drop(state);
        shared.ended.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Ticket {
    /// A ticket is dropped unpaid only when its engine is gone; the caller is told all the same.
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            let outcome = shared.unstarted(Error::new(ErrorKind::ShutDown), Phase::Queue);
            Self::pay(&shared, outcome);
        }
    }
}
