//! What is known of an active upload at any instant, so that it can be ended at any instant.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use quintet_proto::UNKNOWN_LENGTH;
use quintet_transport::Step;

use crate::destination::Destination;
use crate::error::{Error, Phase};
use crate::event::{EventKind, Progress};
use crate::front::Front;
use crate::planted;
use crate::request::Order;
use crate::speed::Speed;
use crate::ticket::Ticket;
use crate::{Outcome, Response, Timings};

/// Kept beside the driver, which may be dropped at any point, by whoever must end the upload.
pub(crate) struct Ledger {
    ticket: RefCell<Option<Ticket>>,
    shared: Arc<crate::ticket::Shared>,
    now: Cell<Duration>,
    waited: Cell<bool>,
    phase: Cell<Phase>,
    timings: Cell<Timings>,
    sent: Cell<u64>,
    acked: Cell<Option<u64>>,
    total: Cell<u64>,
    /// Bytes of all requests, heads included, that a transport took, and of all answers that came.
    handed: Cell<u64>,
    received: Cell<u64>,
    /// Who the last request went to.
    destination: RefCell<Option<Arc<Destination>>>,
    peer: Cell<Option<SocketAddr>>,
    attempts: Cell<u32>,
    /// What was last told of pausing.
    told_paused: Cell<bool>,
    /// Most body bytes ever reported, and when: progress never falls, also over a redirect.
    reported: Cell<Option<(u64, Duration)>>,
    /// Shortest time between two words on progress.
    interval: Duration,
    speed: Cell<Speed>,
}

/// What tells of progress. Filled in by whatever adds a listener.
pub(crate) struct Hearing {
    tell_progress: fn(&Ledger),
}

pub(crate) static HEARING: Hearing = Hearing {
    tell_progress: Ledger::tell_progress,
};

impl Ledger {
    pub(crate) fn new(ticket: Ticket, order: &Order) -> Self {
        let shared = ticket.shared().clone();
        let extras = order.extras.as_ref();
        let interval = extras
            .and_then(|extras| extras.transfer.progress_interval)
            .unwrap_or(shared.front.settings.progress_interval);
        let timings = Timings {
            queued: shared.queued_at(),
            ..Timings::default()
        };
        Self {
            ticket: RefCell::new(Some(ticket)),
            shared,
            now: Cell::new(timings.queued),
            waited: Cell::new(false),
            phase: Cell::new(Phase::Open),
            timings: Cell::new(timings),
            sent: Cell::new(0),
            acked: Cell::new(None),
            total: Cell::new(0),
            handed: Cell::new(0),
            received: Cell::new(0),
            destination: RefCell::new(None),
            peer: Cell::new(None),
            attempts: Cell::new(1),
            told_paused: Cell::new(false),
            reported: Cell::new(None),
            interval,
            speed: Cell::default(),
        }
    }

    /// The driver gave the thread back.
    pub(crate) fn waits(&self) {
        self.waited.set(true);
    }

    /// Whether anything was waited for since the file was opened.
    pub(crate) fn has_waited(&self) -> bool {
        self.waited.get()
    }

    /// Which attempt it is at, from 1.
    pub(crate) fn attempt(&self) -> u32 {
        self.attempts.get()
    }

    pub(crate) fn next_attempt(&self) {
        self.attempts.set(self.attempts.get() + 1);
    }

    /// Whether there is anything to heed before a write: a pause, a rate of its own, a rate of the engine.
    pub(crate) fn is_reined(&self) -> bool {
        !self.shared.reins.are_loose() || self.front().rate_max.load(Ordering::Acquire) != 0
    }

    /// Most bytes a second: its own, and of all uploads together.
    pub(crate) fn rates_max(&self) -> (u64, u64) {
        let of_all = self.front().rate_max.load(Ordering::Acquire);
        (self.shared.reins.rate_max(), of_all)
    }

    /// Whether nothing may be written now.
    pub(crate) fn is_paused(&self) -> bool {
        self.shared.reins.is_paused()
    }

    /// Tells that the upload was paused or let go on, unless that was told already.
    pub(crate) fn heed(&self, paused: bool) {
        if self.told_paused.replace(paused) != paused {
            let mut speed = self.speed.get();
            speed.skip(self.look());
            self.speed.set(speed);
            self.emit(match paused {
                true => EventKind::Paused,
                false => EventKind::Resumed,
            });
        }
    }

    pub(crate) fn id(&self) -> crate::UploadId {
        self.shared.id
    }

    pub(crate) fn front(&self) -> &Front {
        &self.shared.front
    }

    pub(crate) fn trace(&self) -> &crate::Trace {
        &self.shared.trace
    }

    /// The time at the last [`look`](Self::look): what happens between two system calls happens at once.
    pub(crate) fn now(&self) -> Duration {
        self.now.get()
    }

    /// Looks at the clock: after everything that may have taken time.
    pub(crate) fn look(&self) -> Duration {
        self.now.set(self.front().clock.now());
        self.now.get()
    }

    fn stamp(&self, set: impl FnOnce(&mut Timings, Duration)) {
        let mut timings = self.timings.get();
        set(&mut timings, self.now());
        self.timings.set(timings);
    }

    pub(crate) fn emit(&self, kind: EventKind) {
        self.shared.emit(self.now(), kind);
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.phase.set(phase);
    }

    pub(crate) fn admitted(&self) {
        self.look();
        self.stamp(|timings, now| timings.admitted = Some(now));
        self.emit(EventKind::Admitted);
    }

    /// When the slot was given: the origin of the total deadline.
    pub(crate) fn admitted_at(&self) -> Duration {
        self.timings.get().admitted.unwrap_or_default()
    }

    /// A connection is asked for.
    pub(crate) fn started(&self, reused: bool) {
        self.stamp(|timings, now| {
            timings.restart();
            timings.started = Some(now);
            timings.reused = reused;
        });
        self.set_phase(if reused { Phase::Head } else { Phase::Dns });
        self.emit(EventKind::Started { reused });
    }

    pub(crate) fn reached(&self, step: Step, secure: bool) {
        self.look();
        self.stamp(|timings, now| match step {
            Step::Resolved => timings.resolved = Some(now),
            Step::Connected => timings.connected = Some(now),
            Step::Secured => timings.secured = Some(now),
        });
        let (phase, event) = match step {
            Step::Resolved => (Phase::Connect, EventKind::Resolved),
            Step::Connected if secure => (Phase::Tls, EventKind::Connected),
            Step::Connected => (Phase::Head, EventKind::Connected),
            Step::Secured => (Phase::Head, EventKind::Secured),
        };
        self.set_phase(phase);
        self.emit(event);
    }

    /// A body of `total` bytes is about to be sent from its first byte; what is not known counts as none yet.
    pub(crate) fn planned(&self, total: u64) {
        self.total
            .set(if total == UNKNOWN_LENGTH { 0 } else { total });
        self.sent.set(0);
        if planted::is("progress-falls-on-redirect") {
            self.reported.set(None);
        }
        self.acked.set(None);
    }

    /// Length of the body that was planned last.
    pub(crate) fn total(&self) -> u64 {
        self.total.get()
    }

    /// The body of unknown length turned out to have `total` bytes.
    pub(crate) fn settled(&self, total: u64) {
        self.total.set(total);
        // If all of it was told of already, then without a total: that it is all is still to be told.
        if let Some((sent, at)) = self.reported.get() {
            self.reported
                .set(Some((sent.min(total.saturating_sub(1)), at)));
        }
    }

    pub(crate) fn bytes_handed(&self, bytes: u64) {
        self.handed.set(self.handed.get() + bytes);
    }

    pub(crate) fn bytes_received(&self, bytes: u64) {
        self.received.set(self.received.get() + bytes);
    }

    /// Bytes of all answers: any of them is a sign of life.
    pub(crate) fn received(&self) -> u64 {
        self.received.get()
    }

    /// The next request goes there.
    pub(crate) fn goes_to(&self, destination: &Arc<Destination>) {
        self.destination.replace(Some(destination.clone()));
    }

    pub(crate) fn head_sent(&self, peer: Option<SocketAddr>) {
        self.peer.set(peer);
        self.stamp(|timings, now| timings.head_sent = Some(now));
        self.set_phase(Phase::Body);
        self.emit(EventKind::HeadSent { peer });
    }

    pub(crate) fn body_sent(&self, whole: bool) {
        self.stamp(|timings, now| timings.body_sent = Some(now));
        self.emit(EventKind::BodySent { whole });
    }

    pub(crate) fn first_byte(&self) {
        self.stamp(|timings, now| timings.first_byte = Some(now));
    }

    pub(crate) fn set_sent(&self, sent: u64) {
        self.sent.set(sent);
    }

    pub(crate) fn set_acked(&self, acked: Option<u64>) {
        self.acked.set(acked);
    }

    /// Tells of progress if the interval has passed or this is the `last` word on it; nothing is told twice, and
    /// nothing that is not above what was told before. `acked` is asked only if someone hears, and told whether
    /// this is the first.
    pub(crate) fn report(&self, last: bool, acked: impl FnOnce(bool) -> Option<u64>) {
        let now = self.now();
        let sent = self.sent.get();
        let reported = self.reported.get();
        let due = match reported {
            None => sent > 0,
            Some((reported, _)) if sent <= reported => false,
            Some((_, at)) => last || now.saturating_sub(at) >= self.interval,
        };
        if !due {
            return;
        }
        self.reported.set(Some((sent, now)));
        if self.shared.is_heard()
            && let Some(hearing) = self.front().hearing.get()
        {
            self.set_acked(acked(reported.is_none()));
            (hearing.tell_progress)(self);
        }
    }

    fn tell_progress(&self) {
        let (now, timings) = (self.now(), self.timings.get());
        let (sent, total) = (self.sent.get(), self.total.get());
        let mut speed = self.speed.get();
        let told = speed.tell(timings.head_sent.unwrap_or(now), sent, total, now);
        self.speed.set(speed);
        self.emit(EventKind::Progress(Progress {
            sent,
            total,
            acked: self.acked.get(),
            elapsed: now.saturating_sub(self.admitted_at()),
            speed_average: told.average,
            speed: told.lately,
            remaining: told.remaining,
        }));
    }

    /// Whether the upload still has to be ended.
    pub(crate) fn is_open(&self) -> bool {
        self.ticket.borrow().is_some()
    }

    /// The ticket and the outcome to end it with; `None` if that was taken before.
    pub(crate) fn close(&self, result: Result<Response, Error>) -> Option<(Ticket, Arc<Outcome>)> {
        let ticket = self.ticket.borrow_mut().take()?;
        if result.is_err() {
            self.look();
        }
        self.stamp(|timings, now| timings.done = Some(now));
        let outcome = Arc::new(Outcome {
            id: self.shared.id,
            trace: self.shared.trace,
            result,
            phase: self.phase.get(),
            bytes_sent: self.sent.get(),
            bytes_acked: self.acked.get(),
            bytes_total: self.total.get(),
            timings: self.timings.get(),
            attempts: self.attempts.get(),
            may_retry: self.handed.get() == 0,
            destination: self.destination.take(),
            peer: self.peer.get(),
            wire_bytes_sent: self.handed.get(),
            wire_bytes_received: self.received.get(),
        });
        Some((ticket, outcome))
    }
}
