//! The duty to end an upload, and the state that its holder shares with the caller's task.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::Waker;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Phase};
use crate::event::{Event, EventKind, Listener, tell};
use crate::front::Front;
use crate::planted;
use crate::reins::{Hand, Reins};
use crate::{Outcome, Timings, Trace, UploadId};

/// What an upload's task shares with the engine.
pub(crate) struct Shared {
    pub(crate) id: UploadId,
    pub(crate) trace: Trace,
    pub(crate) front: Arc<Front>,
    /// Half the size of a `Duration`, for each that waits, and enough for five centuries.
    queued_at_nanos: u64,
    pub(crate) ignored_headers: Box<[String]>,
    listener: Option<Arc<dyn Listener>>,
    /// Whether anyone began to listen after the call.
    pub(crate) heard_late: AtomicBool,
    decision: AtomicU8,
    pub(crate) reins: Reins,
    state: Mutex<State>,
    pub(crate) ended: Condvar,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) outcome: Option<Arc<Outcome>>,
    pub(crate) waker: Option<Waker>,
    /// A thread waits: only then is a system call spent on waking it.
    pub(crate) is_waited_for: bool,
    /// Who began to listen after the call. A slice, because every queued upload has room for it.
    pub(crate) late: Box<[Arc<dyn Listener>]>,
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
        listener: Option<Arc<dyn Listener>>,
    ) -> Self {
        Self {
            id,
            trace,
            queued_at_nanos: u64::try_from(front.clock.now().as_nanos()).unwrap_or(u64::MAX),
            front,
            ignored_headers: ignored_headers.into(),
            listener,
            heard_late: AtomicBool::new(false),
            decision: AtomicU8::new(OPEN),
            reins: Reins::default(),
            state: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    /// Holds it back for this hand, or no longer. Tells whether that changed anything.
    pub(crate) fn hold(&self, hand: Hand, held: bool) -> bool {
        self.reins.hold(&self.front.holding, hand, held)
    }

    /// Most bytes of its body in a second, 0 for any number.
    pub(crate) fn set_rate_max(&self, bytes_per_second: u64) {
        self.reins
            .set_rate_max(&self.front.holding, bytes_per_second);
    }

    pub(crate) fn queued_at(&self) -> Duration {
        Duration::from_nanos(self.queued_at_nanos)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held, so it cannot be poisoned.
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Whether an abort was in time.
    pub(crate) fn decide_abort(&self) -> bool {
        self.decision
            .compare_exchange(OPEN, ABORTED, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
            || planted::is("abort-after-the-end")
    }

    pub(crate) fn is_aborted(&self) -> bool {
        self.decision.load(Ordering::Acquire) == ABORTED
    }

    /// Whether neither an abort nor the end was decided.
    pub(crate) fn is_open(&self) -> bool {
        self.decision.load(Ordering::Acquire) == OPEN
    }

    /// Whether anyone listens now.
    pub(crate) fn is_heard(&self) -> bool {
        !self.front.listeners.is_empty()
            || self.listener.is_some()
            || self.heard_late.load(Ordering::Acquire)
    }

    /// Tells every listener, the engine's first. How many of the late ones were told.
    pub(crate) fn emit(&self, at: Duration, kind: EventKind) -> usize {
        if !self.is_heard() {
            return 0;
        }
        self.tell(&Event {
            id: self.id,
            at,
            kind,
        })
    }

    /// As [`emit`](Self::emit), of something that happens now.
    pub(crate) fn emit_now(&self, kind: EventKind) {
        if self.is_heard() {
            self.emit(self.front.clock.now(), kind);
        }
    }

    fn tell(&self, event: &Event) -> usize {
        for listener in &self.front.listeners {
            tell(&**listener, event);
        }
        if let Some(listener) = &self.listener {
            tell(&**listener, event);
        }
        if !self.heard_late.load(Ordering::Acquire) {
            return 0;
        }
        // Cloned, so that a listener may ask for events of this very task.
        let late = self.state().late.clone();
        late.iter().for_each(|listener| tell(&**listener, event));
        late.len()
    }

    /// The outcome of an upload that never became active.
    fn unstarted(&self, error: Error, phase: Phase) -> Arc<Outcome> {
        let done = Some(self.front.clock.now());
        Arc::new(Outcome {
            id: self.id,
            trace: self.trace,
            result: Err(error),
            phase,
            bytes_sent: 0,
            bytes_acked: None,
            bytes_total: 0,
            timings: Timings {
                queued: self.queued_at(),
                done,
                ..Timings::default()
            },
            attempts: 0,
            may_retry: true,
            destination: None,
            peer: None,
            wire_bytes_sent: 0,
            wire_bytes_received: 0,
        })
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
    pub(crate) fn end(mut self, outcome: Arc<Outcome>) {
        if let Some(shared) = self.0.take() {
            Self::pay(&shared, outcome);
        }
    }

    fn pay(shared: &Shared, mut outcome: Arc<Outcome>) {
        let before = shared.decision.swap(ENDED, Ordering::AcqRel);
        if before == ABORTED && !outcome.is_aborted() {
            // Nobody else has it yet: nothing is copied.
            Arc::make_mut(&mut outcome).result = Err(Error::new(ErrorKind::Aborted));
        }
        let at = outcome.timings.done.unwrap_or_default();
        if let (Ok(response), true) = (&outcome.result, shared.is_heard()) {
            let (status, headers) = (response.status, response.headers.clone());
            shared.emit(at, EventKind::HeadersReceived { status, headers });
        }
        let mut told = shared.emit(at, EventKind::Done(outcome.clone()));
        if planted::is("told-twice") && outcome.is_aborted() {
            shared.emit(at, EventKind::Done(outcome.clone()));
        }
        if planted::is("event-after-the-end") && outcome.stopped_early() {
            shared.emit(at, EventKind::BodySent { whole: false });
        }
        let mut state = shared.state();
        // Those who asked for events while others were told of the end.
        while let Some(listener) = state.late.get(told).cloned() {
            drop(state);
            let (id, kind) = (shared.id, EventKind::Done(outcome.clone()));
            tell(&*listener, &Event { id, at, kind });
            told += 1;
            state = shared.state();
        }
        state.outcome = Some(outcome);
        state.late = Box::default();
        let (waker, is_waited_for) = (state.waker.take(), state.is_waited_for);
        drop(state);
        if is_waited_for {
            shared.ended.notify_all();
        }
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
