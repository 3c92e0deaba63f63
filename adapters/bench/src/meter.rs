//! Hears every upload of the bench, on its engine's thread, and counts it.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quintet::{Clock, Event, EventKind, Listener, Outcome};

use crate::records::{Ended, Records};

/// The time that is measured, by the clock of the engines. Its beginning is told once the clients are ready, its end may
/// not be known before it is there.
pub(crate) struct Window {
    from_nanos: AtomicU64,
    to_nanos: AtomicU64,
}

impl Window {
    fn unknown() -> Self {
        Self {
            from_nanos: AtomicU64::new(u64::MAX),
            to_nanos: AtomicU64::new(u64::MAX),
        }
    }

    /// It will be from here to there.
    pub(crate) fn set(&self, from: Duration, to: Option<Duration>) {
        self.from_nanos.store(nanos(from), Ordering::Release);
        let to = to.map_or(u64::MAX, nanos);
        self.to_nanos.store(to, Ordering::Release);
    }

    pub(crate) fn from(&self) -> Duration {
        Duration::from_nanos(self.from_nanos.load(Ordering::Acquire))
    }

    pub(crate) fn to(&self) -> Option<Duration> {
        match self.to_nanos.load(Ordering::Acquire) {
            u64::MAX => None,
            to => Some(Duration::from_nanos(to)),
        }
    }

    /// It ends here, if it has not ended before.
    pub(crate) fn end(&self, at: Duration) {
        self.to_nanos.fetch_min(nanos(at), Ordering::AcqRel);
    }

    pub(crate) fn holds(&self, at: Duration) -> bool {
        at >= self.from() && nanos(at) < self.to_nanos.load(Ordering::Acquire)
    }
}

/// Five centuries fit.
fn nanos(at: Duration) -> u64 {
    u64::try_from(at.as_nanos()).unwrap_or(u64::MAX)
}

/// What all clients tell of themselves together.
pub(crate) struct Board {
    pub(crate) window: Window,
    pub(crate) clock: Arc<dyn Clock>,
    /// Begun and not ended.
    pub(crate) under_way: AtomicI64,
    /// Of these, those with a slot.
    pub(crate) active: AtomicI64,
    pub(crate) begun: AtomicU64,
    /// When the last upload ended so far.
    last_end_nanos: AtomicU64,
    /// Who still begins uploads.
    beginners: AtomicUsize,
    /// Nobody has an upload left to begin.
    spent: AtomicBool,
    stopped: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Board {
    pub(crate) fn new(clock: Arc<dyn Clock>, beginners: usize) -> Self {
        Self {
            window: Window::unknown(),
            clock,
            under_way: AtomicI64::new(0),
            active: AtomicI64::new(0),
            begun: AtomicU64::new(0),
            last_end_nanos: AtomicU64::new(0),
            beginners: AtomicUsize::new(beginners),
            spent: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            lock: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Nobody is to begin anything any more.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.tell();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// One of those who begin uploads has begun its last.
    pub(crate) fn has_begun_all(&self) {
        self.beginners.fetch_sub(1, Ordering::AcqRel);
        self.tell();
    }

    /// The last upload that was asked for has been begun.
    pub(crate) fn has_begun_last(&self) {
        self.spent.store(true, Ordering::Release);
        self.tell();
    }

    /// Nothing more will be begun.
    pub(crate) fn all_begun(&self) -> bool {
        self.spent.load(Ordering::Acquire) || self.nobody_begins()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.nobody_begins() && self.under_way.load(Ordering::Acquire) == 0
    }

    fn nobody_begins(&self) -> bool {
        self.beginners.load(Ordering::Acquire) == 0
    }

    pub(crate) fn last_end(&self) -> Duration {
        Duration::from_nanos(self.last_end_nanos.load(Ordering::Acquire))
    }

    /// Waits until then, or until something has changed that ends a wait: a stop, or the end.
    pub(crate) fn wait_until(&self, at: Duration, wakes: impl Fn(&Self) -> bool) {
        let mut guard = lock(&self.lock);
        loop {
            let left = at.saturating_sub(self.clock.now());
            if left.is_zero() || wakes(self) {
                return;
            }
            let waited = self.changed.wait_timeout(guard, left);
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Under the lock, so that nobody looks just before and waits just after.
    fn tell(&self) {
        let _guard = lock(&self.lock);
        self.changed.notify_all();
    }

    fn ended(&self, at: Duration) {
        self.last_end_nanos.fetch_max(nanos(at), Ordering::AcqRel);
        if self.under_way.fetch_sub(1, Ordering::AcqRel) == 1 && self.nobody_begins() {
            self.tell();
        }
    }
}

/// Where some of the clients count.
pub(crate) struct Meter {
    pub(crate) board: Arc<Board>,
    /// Body bytes taken by transports as they go, of all and of those in the window.
    pub(crate) sent: AtomicU64,
    pub(crate) sent_in_window: AtomicU64,
    records: Mutex<Records>,
}

impl Meter {
    pub(crate) fn new(board: Arc<Board>) -> Self {
        Self {
            board,
            sent: AtomicU64::new(0),
            sent_in_window: AtomicU64::new(0),
            records: Mutex::new(Records::new()),
        }
    }

    /// What hears an upload that was due at `intended`; it counts as begun.
    pub(crate) fn begins(self: &Arc<Self>, intended: Duration) -> Arc<dyn Listener> {
        self.board.begun.fetch_add(1, Ordering::AcqRel);
        self.board.under_way.fetch_add(1, Ordering::AcqRel);
        Arc::new(Heard {
            meter: self.clone(),
            intended,
            measured: self.board.window.holds(intended),
            admitted: AtomicBool::new(false),
            sent: AtomicU64::new(0),
        })
    }

    /// Gives what was recorded since the last time, for `empty`.
    pub(crate) fn take(&self, empty: &mut Records) {
        std::mem::swap(&mut *lock(&self.records), empty);
    }
}

/// One upload.
struct Heard {
    meter: Arc<Meter>,
    intended: Duration,
    measured: bool,
    admitted: AtomicBool,
    sent: AtomicU64,
}

impl Heard {
    fn sent(&self, sent: u64, at: Duration) {
        let more = sent.saturating_sub(self.sent.fetch_max(sent, Ordering::Relaxed));
        self.meter.sent.fetch_add(more, Ordering::Relaxed);
        if self.meter.board.window.holds(at) {
            self.meter.sent_in_window.fetch_add(more, Ordering::Relaxed);
        }
    }

    fn done(&self, outcome: &Outcome, at: Duration) {
        self.sent(outcome.bytes_sent, at);
        let board = &self.meter.board;
        let ended = Ended {
            outcome,
            intended: self.intended,
            measured: self.measured,
            in_window: board.window.holds(at),
        };
        lock(&self.meter.records).count(&ended);
        if self.admitted.load(Ordering::Relaxed) {
            board.active.fetch_sub(1, Ordering::Relaxed);
        }
        board.ended(at);
    }
}

impl Listener for Heard {
    fn on_event(&self, event: &Event) {
        match &event.kind {
            EventKind::Admitted if !self.admitted.swap(true, Ordering::Relaxed) => {
                self.meter.board.active.fetch_add(1, Ordering::Relaxed);
            }
            EventKind::Progress(progress) => self.sent(progress.sent, event.at),
            EventKind::Done(outcome) => self.done(outcome, event.at),
            _ => {}
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while one of these locks is held, so it cannot be poisoned.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
