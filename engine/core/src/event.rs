//! What an upload tells while it runs: one enum, one method, monotonic stamps.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use quintet_proto::Headers;

use crate::{Outcome, UploadId};

/// Something happened to an upload.
///
/// Order: queued, admitted, then for each request started, resolved, connected, secured (those that apply), head
/// sent, progress (any number), body sent, and in the end headers received (success only) and done. Nothing
/// comes after `Done`.
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
    /// The final answer's head is complete.
    HeadersReceived {
        /// Its status.
        status: u16,
        /// Its headers, as received.
        headers: Headers,
    },
    /// It is over; nothing follows.
    Done(Arc<Outcome>),
}

/// How much of a body is sent. Counts are bytes of the HTTP body, framing of the form included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes taken by the transport. Never falls, never passes a total that is known.
    pub sent: u64,
    /// Length of the body; 0 as long as only its end can tell it.
    pub total: u64,
    /// Bytes that the peer's kernel has confirmed; a lower bound, `None` where the system does not tell.
    pub acked: Option<u64>,
}

impl Progress {
    /// Whole percent, rounded down; 100 exactly when everything is sent, and 0 as long as the total is not known.
    ///
    /// ```
    /// use quintet::Progress;
    /// assert_eq!(Progress { sent: 999, total: 1000, acked: None }.percent(), 99);
    /// assert_eq!(Progress { sent: 999, total: 0, acked: None }.percent(), 0);
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
