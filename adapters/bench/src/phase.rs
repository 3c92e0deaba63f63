//! The times that are told of an upload.

use std::time::Duration;

use quintet::Timings;

/// A stretch of an upload, or a sum of them: one histogram each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub enum Phase {
    /// From when it was due to when it was asked for: what the bench itself was late by.
    Late,
    /// From the call to its slot.
    Queue,
    /// The name's addresses; new connections only.
    Resolve,
    /// The byte stream; new connections only.
    Connect,
    /// The handshake; new connections only.
    Tls,
    /// From the connection to the last byte of the body, or to where an early answer stopped it.
    Send,
    /// From the last byte sent to the first byte of the answer: what the server thought, and one round trip.
    Think,
    /// From the first byte of the answer to its last.
    Receive,
    /// Service time: from the slot to the end. What the upload took once its turn had come.
    Service,
    /// Response time: from when it was due to the end. What whoever wanted the upload has waited.
    Response,
    /// From when it was due to the end, of uploads that ended without a complete answer: in no other phase.
    Failed,
}

impl Phase {
    /// All of them, in their order.
    pub const ALL: [Self; 11] = [
        Self::Late,
        Self::Queue,
        Self::Resolve,
        Self::Connect,
        Self::Tls,
        Self::Send,
        Self::Think,
        Self::Receive,
        Self::Service,
        Self::Response,
        Self::Failed,
    ];

    /// One word, as in the JSON and as the tag in a `.hlog` file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Queue => "queue",
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Send => "send",
            Self::Think => "think",
            Self::Receive => "receive",
            Self::Service => "service",
            Self::Response => "response",
            Self::Failed => "failed",
        }
    }

    /// The phase of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == name)
    }
}

/// What a success has spent in which phase; it was due at `intended`.
pub(crate) fn spent(
    intended: Duration,
    timings: &Timings,
) -> impl Iterator<Item = (Phase, Duration)> {
    let [
        queue,
        resolve,
        connect,
        tls,
        head,
        body,
        think,
        receive,
        service,
    ] = timings.durations();
    let send = head.map(|head| head + body.unwrap_or_default());
    let since_due = |at: Duration| at.saturating_sub(intended);
    [
        (Phase::Late, Some(since_due(timings.queued))),
        (Phase::Queue, queue),
        (Phase::Resolve, resolve),
        (Phase::Connect, connect),
        (Phase::Tls, tls),
        (Phase::Send, send),
        (Phase::Think, think),
        (Phase::Receive, receive),
        (Phase::Service, service),
        (Phase::Response, timings.done.map(since_due)),
    ]
    .into_iter()
    .filter_map(|(phase, took)| Some((phase, took?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_has_its_place_and_its_name() {
        for (place, phase) in Phase::ALL.into_iter().enumerate() {
            assert_eq!(phase as usize, place);
            assert_eq!(Phase::named(phase.name()), Some(phase));
        }
        assert_eq!(Phase::named("total"), None);
    }

    #[test]
    fn response_time_begins_when_the_upload_was_due() {
        let millis = Duration::from_millis;
        let mut timings = Timings::default();
        timings.queued = millis(130);
        timings.admitted = Some(millis(150));
        timings.started = Some(millis(151));
        timings.head_sent = Some(millis(152));
        timings.body_sent = Some(millis(160));
        timings.first_byte = Some(millis(190));
        timings.done = Some(millis(191));
        let spent: Vec<_> = spent(millis(100), &timings)
            .map(|(phase, took)| (phase, took.as_millis()))
            .collect();
        assert_eq!(
            spent,
            [
                (Phase::Late, 30),
                (Phase::Queue, 20),
                (Phase::Send, 9),
                (Phase::Think, 30),
                (Phase::Receive, 1),
                (Phase::Service, 41),
                (Phase::Response, 91),
            ]
        );
    }
}
