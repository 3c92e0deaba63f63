//! The times of an upload in the words of WeChat's `profile`, from the stamps that the histograms are made of.

use std::time::Duration;

use crate::{Outcome, Timings};

/// When each step of an upload began and ended: [`Outcome::profile`].
///
/// Times are milliseconds, with fractions, since 1970 where the trace tells the wall-clock time of the call, else since
/// the call; `None` for a step that was not taken (no resolving on a reused connection, no handshake without TLS). The
/// fields are WeChat's in Rust's spelling; [`fields`](Self::fields) gives them in WeChat's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// The call.
    pub invoke_start: f64,
    /// It began to wait for a slot: the call again.
    pub queue_start: f64,
    /// It had a slot.
    pub queue_end: Option<f64>,
    /// The name was asked for.
    pub domain_look_up_start: Option<f64>,
    /// The name had addresses.
    pub domain_look_up_end: Option<f64>,
    /// The connection was begun.
    pub connect_start: Option<f64>,
    /// It stood, and was secured if it had to be.
    pub connect_end: Option<f64>,
    /// The handshake began.
    pub ssl_connection_start: Option<f64>,
    /// The handshake was done.
    pub ssl_connection_end: Option<f64>,
    /// The first byte of the request could go.
    pub request_start: Option<f64>,
    /// The last byte of it was taken.
    pub request_end: Option<f64>,
    /// The first byte of the answer came.
    pub response_start: Option<f64>,
    /// The answer was complete, or the upload over.
    pub response_end: Option<f64>,
    /// The connection came from the pool.
    pub socket_reused: bool,
    /// [`Outcome::wire_bytes_sent`].
    pub send_bytes_count: u64,
    /// [`Outcome::wire_bytes_received`].
    pub received_byted_count: u64,
}

impl Profile {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let Timings {
            queued,
            admitted,
            started,
            resolved,
            connected,
            secured,
            head_sent: _,
            body_sent,
            first_byte,
            done,
            reused,
        } = outcome.timings;
        let base = outcome.trace.unix_millis().unwrap_or(0) as f64;
        let at = |stamp: Duration| base + stamp.saturating_sub(queued).as_secs_f64() * 1e3;
        let ready = secured.or(connected).or(started);
        Self {
            invoke_start: at(queued),
            queue_start: at(queued),
            queue_end: admitted.map(at),
            domain_look_up_start: resolved.and(started).map(at),
            domain_look_up_end: resolved.map(at),
            connect_start: connected.and(resolved.or(started)).map(at),
            connect_end: secured.or(connected).map(at),
            ssl_connection_start: secured.and(connected).map(at),
            ssl_connection_end: secured.map(at),
            request_start: body_sent.and(ready).map(at),
            request_end: body_sent.map(at),
            response_start: first_byte.map(at),
            response_end: first_byte.and(done).map(at),
            socket_reused: reused,
            send_bytes_count: outcome.wire_bytes_sent,
            received_byted_count: outcome.wire_bytes_received,
        }
    }

    /// The times under WeChat's names, in its order; those of steps that were not taken are left out.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, f64)> {
        [
            ("invokeStart", Some(self.invoke_start)),
            ("queueStart", Some(self.queue_start)),
            ("queueEnd", self.queue_end),
            ("domainLookUpStart", self.domain_look_up_start),
            ("domainLookUpEnd", self.domain_look_up_end),
            ("connectStart", self.connect_start),
            ("SSLconnectionStart", self.ssl_connection_start),
            ("SSLconnectionEnd", self.ssl_connection_end),
            ("connectEnd", self.connect_end),
            ("requestStart", self.request_start),
            ("requestEnd", self.request_end),
            ("responseStart", self.response_start),
            ("responseEnd", self.response_end),
        ]
        .into_iter()
        .filter_map(|(name, at)| Some((name, at?)))
    }
}
