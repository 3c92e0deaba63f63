//! When each phase of an upload was reached.

use std::time::Duration;

/// Stamps of the engine's clock, each the moment when something was reached; `None` if it never was. After a
/// redirect they tell of the last request; `queued` and `admitted` stand once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timings {
    /// The call was made.
    pub queued: Duration,
    /// A slot was given.
    pub admitted: Option<Duration>,
    /// A connection was asked for (from the pool or anew).
    pub started: Option<Duration>,
    /// The name had addresses. `None` on a reused connection.
    pub resolved: Option<Duration>,
    /// The byte stream was there. `None` on a reused connection.
    pub connected: Option<Duration>,
    /// The handshake was done. `None` on a reused or plain connection.
    pub secured: Option<Duration>,
    /// The last byte of the request head was taken by the transport.
    pub head_sent: Option<Duration>,
    /// The last byte of the body was taken, or its sending was stopped by an early answer.
    pub body_sent: Option<Duration>,
    /// The first byte of the answer came.
    pub first_byte: Option<Duration>,
    /// It was over.
    pub done: Option<Duration>,
    /// The connection came from the pool.
    pub reused: bool,
}

impl Timings {
    /// Forgets what belongs to the request before a redirect or a retry.
    pub(crate) fn restart(&mut self) {
        *self = Self {
            queued: self.queued,
            admitted: self.admitted,
            ..Self::default()
        };
    }

    /// The names of the phases, in order.
    pub const PHASES: [&'static str; 9] = [
        "queue", "dns", "connect", "tls", "head", "body", "wait", "response", "total",
    ];

    /// The time spent in each phase that was passed through, in order: name and duration.
    ///
    /// `queue` (call to slot), `dns`, `connect`, `tls`, `head`, `body`, `wait` (request sent to first byte of the
    /// answer; 0 if it came before), `response` (first byte to the end), `total` (slot to the end: waiting in the
    /// queue is measured apart).
    pub fn phases(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        let durations = Self::PHASES.into_iter().zip(self.durations());
        durations.filter_map(|(phase, took)| Some((phase, took?)))
    }

    /// The time spent in each of the [`PHASES`](Self::PHASES), `None` for one that was not passed through.
    pub fn durations(&self) -> [Option<Duration>; 9] {
        let ready = self.secured.or(self.connected).or(self.started);
        [
            span(Some(self.queued), self.admitted),
            span(self.started, self.resolved),
            span(self.resolved.or(self.started), self.connected),
            span(self.connected, self.secured),
            span(ready, self.head_sent),
            span(self.head_sent, self.body_sent),
            span(self.body_sent, self.first_byte),
            span(self.first_byte, self.done),
            span(self.admitted, self.done),
        ]
    }
}

fn span(from: Option<Duration>, to: Option<Duration>) -> Option<Duration> {
    Some(to?.saturating_sub(from?))
}
