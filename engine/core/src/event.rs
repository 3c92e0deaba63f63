//! What an upload tells while it runs: one enum, one method, monotonic stamps.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use quintet_proto::Headers;

use crate::{Outcome, RetryCause, UploadId};

/// Something happened to an upload.
///
/// Order: queued, admitted, then for each request started, resolved, connected, secured (those that apply), head
/// sent, progress (any number), body sent, and in the end headers received (success only) and done. After redirected
/// and retrying, another request follows. Paused and resumed come in turns, anywhere between queued and done. Nothing
/// comes after `Done`, but what an engine's own listeners hear of
/// [`AfterSuccessFailed`](EventKind::AfterSuccessFailed).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// Which upload.
    pub id: UploadId,
    /// When, by the engine's clock.
    pub at: Duration,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// Every slot is taken; it waits.
    Queued {
        /// How many were before it.
        position: usize,
    },
    /// It has a slot.
    Admitted,
    /// A connection was asked for.
    Started {
        /// Whether one from the pool was taken.
        reused: bool,
    },
    /// The name has addresses.
    Resolved,
    /// The byte stream is there.
    Connected,
    /// The handshake is done.
    Secured,
    /// The transport has taken the request head.
    HeadSent {
        /// The peer's address, where there is one.
        peer: Option<SocketAddr>,
    },
    /// Body bytes were sent: at most one event in each interval, and a last one.
    Progress(Progress),
    /// It was paused: nothing is written from here on, and while it waits it is passed over.
    Paused,
    /// It goes on, or waits for its turn again.
    Resumed,
    /// The transport has taken the whole body, or an early answer stopped it.
    BodySent {
        /// Whether it was the whole body.
        whole: bool,
    },
    /// The server sent the upload elsewhere, and the setting follows.
    Redirected {
        /// Status of the answer that said so.
        status: u16,
        /// Whether the new address has another scheme, host or port.
        new_origin: bool,
    },
    /// It ended as its [`Retry`](crate::Retry) covers, and waits to be tried again, in its slot.
    Retrying {
        /// Which attempt the next one is; the first was 1.
        attempt: u32,
        /// How long it waits.
        after: Duration,
        /// What ended the attempt before.
        because: RetryCause,
    },
    /// The final answer's head is complete.
    HeadersReceived {
        /// Its status.
        status: u16,
        /// Its headers, as received.
        headers: Headers,
    },
    /// It is over; nothing follows.
    Done(Arc<Outcome>),
    /// What was to be done after its success failed; the outcome stands. Told to the engine's listeners alone, after
    /// `Done`: an upload's own hear nothing any more.
    AfterSuccessFailed {
        /// What went wrong, for logs and people.
        detail: String,
    },
}

/// How much of a body is sent, and how fast. Counts are bytes of the HTTP body, framing of the form included; speeds are
/// in bytes a second, and 0 while they are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes taken by the transport. Never falls, never passes a total that is known.
    pub sent: u64,
    /// Length of the body; 0 as long as only its end can tell it.
    pub total: u64,
    /// Bytes that the peer's kernel has confirmed; a lower bound, `None` where the system does not tell.
    pub acked: Option<u64>,
    /// Time since the upload got its slot.
    pub elapsed: Duration,
    /// Speed since this request's head was sent, pauses included. After a redirect or a retry it is the new request's.
    pub speed_average: u64,
    /// Speed of the last second or so, pauses not included.
    pub speed: u64,
    /// How long the rest takes if it goes on as lately; `None` while nobody can know.
    pub remaining: Option<Duration>,
}

impl Progress {
    /// Whole percent, rounded down; 100 exactly when everything is sent, and 0 as long as the total is not known.
    ///
    /// ```
    /// use quintet::Progress;
    /// let mut progress = Progress::default();
    /// (progress.sent, progress.total) = (999, 1000);
    /// assert_eq!(progress.percent(), 99);
    /// progress.total = 0;
    /// assert_eq!(progress.percent(), 0);
    /// ```
    pub fn percent(&self) -> u8 {
        let percent = (u128::from(self.sent) * 100).checked_div(u128::from(self.total));
        let nothing = if self.sent == 0 { 100 } else { 0 };
        percent.map_or(nothing, |percent| percent.min(100) as u8)
    }
}

/// Hears events, on the engine's thread, in order.
///
/// It must return soon: while it runs, nothing is sent. A panic in it is caught and ends neither the upload
/// nor the other listeners. It may call anything of the engine but [`wait`](crate::UploadTask::wait).
pub trait Listener: Send + Sync {
    /// One event.
    fn on_event(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync> Listener for F {
    fn on_event(&self, event: &Event) {
        self(event);
    }
}

/// Tells one listener. Its panic is its own: the upload and the other listeners go on.
pub(crate) fn tell(listener: &dyn Listener, event: &Event) {
    let _ = catch_unwind(AssertUnwindSafe(|| listener.on_event(event)));
}

/// Two listeners, the first told first.
pub(crate) struct Both(pub(crate) Arc<dyn Listener>, pub(crate) Arc<dyn Listener>);

impl Listener for Both {
    fn on_event(&self, event: &Event) {
        tell(&*self.0, event);
        tell(&*self.1, event);
    }
}
