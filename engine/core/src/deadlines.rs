//! The waits of one request: which applies, and whether it has passed. Pure: time and counts are arguments.

use std::time::Duration;

use quintet_proto::Receiving;

use crate::Settings;

/// After a failed write: how long an answer that is already on its way is waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Deadlines {
    /// The upload's own deadline.
    total: Option<Duration>,
    stall: Duration,
    head: Duration,
    last_activity: Duration,
    head_ends: Option<Duration>,
    last_words_end: Option<Duration>,
    /// We are the ones who do not move: nothing stalls.
    held: bool,
    /// The connection's own count of what moved, read once after `last_activity`: a full socket buffer that
    /// drains takes nothing from us for a while, and is no stall.
    moved: Option<u64>,
}

impl Deadlines {
    pub(crate) fn new(settings: &Settings, now: Duration, total: Option<Duration>) -> Self {
        Self {
            total,
            stall: settings.stall_timeout,
            head: settings.response_head_timeout,
            last_activity: now,
            head_ends: None,
            last_words_end: None,
            held: false,
            moved: None,
        }
    }

    /// Bytes went or came just now.
    pub(crate) fn activity(&mut self, now: Duration, receiving: Receiving) {
        self.last_activity = now;
        self.moved = None;
        self.head_ends = match receiving {
            Receiving::Head => Some(self.head_ends.unwrap_or(now + self.head)),
            _ => None,
        };
    }

    /// Nothing more can be written.
    pub(crate) fn last_words(&mut self, now: Duration) {
        self.last_words_end = Some(now + LAST_WORDS);
    }

    pub(crate) fn is_held(&self) -> bool {
        self.held
    }

    /// The upload is held back by its own caller, or no longer: meanwhile the stall clock stands still, and it begins
    /// anew.
    pub(crate) fn hold(&mut self, held: bool, now: Duration) {
        self.held = held;
        self.last_activity = now;
        self.moved = None;
    }

    /// When to look next.
    pub(crate) fn next(&self) -> Duration {
        // Half-way the count is read, to have something to compare with at the end.
        let stall = if self.moved.is_none() {
            self.stall / 2
        } else {
            self.stall
        };
        let stall_ends = match self.held {
            true => Duration::MAX,
            false => self.last_activity.saturating_add(stall),
        };
        [self.total, self.head_ends, self.last_words_end]
            .into_iter()
            .flatten()
            .fold(stall_ends, Duration::min)
    }

    /// Why it must end now, if it must.
    pub(crate) fn passed(&mut self, now: Duration, moved: u64) -> Option<&'static str> {
        let over = |end: Option<Duration>| end.is_some_and(|end| now >= end);
        if over(self.total) {
            return Some("the upload's time is over");
        }
        if over(self.last_words_end) {
            return Some("nothing can be sent, and no answer came");
        }
        if over(self.head_ends) {
            return Some("the head of the answer took too long");
        }
        match self.moved {
            _ if self.held => {}
            None => self.moved = Some(moved),
            Some(_) if now < self.last_activity.saturating_add(self.stall) => {}
            Some(before) if before == moved => return Some("nothing moved for too long"),
            Some(_) => {
                self.last_activity = now;
                self.moved = None;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn deadlines(total: Option<u32>) -> Deadlines {
        let settings = Settings {
            stall_timeout: 10 * SECOND,
            ..Settings::default()
        };
        Deadlines::new(
            &settings,
            Duration::ZERO,
            total.map(|seconds| seconds * SECOND),
        )
    }

    #[test]
    fn a_stall_is_noticed_after_its_time_and_not_before() {
        let mut stalled = deadlines(None);
        assert_eq!(stalled.next(), 5 * SECOND);
        assert_eq!(stalled.passed(5 * SECOND, 7), None);
        assert_eq!(stalled.next(), 10 * SECOND);
        assert!(stalled.passed(10 * SECOND, 7).is_some());
    }

    #[test]
    fn while_it_is_held_nothing_stalls_and_only_the_total_ends() {
        let mut held = deadlines(Some(100));
        held.hold(true, 3 * SECOND);
        assert_eq!(held.next(), 100 * SECOND);
        assert_eq!(held.passed(99 * SECOND, 7), None);
        held.hold(false, 50 * SECOND);
        assert_eq!(held.next(), 55 * SECOND);
        assert_eq!(held.passed(55 * SECOND, 7), None);
        assert!(held.passed(60 * SECOND, 7).is_some());
        held.hold(true, 61 * SECOND);
        assert!(held.passed(100 * SECOND, 7).is_some());
    }

    #[test]
    fn a_draining_socket_buffer_is_no_stall() {
        let mut draining = deadlines(None);
        assert_eq!(draining.passed(5 * SECOND, 7), None);
        assert_eq!(draining.passed(10 * SECOND, 8), None);
        assert_eq!(draining.next(), 15 * SECOND);
    }

    #[test]
    fn activity_moves_the_stall_but_neither_the_total_nor_the_head() {
        let mut dripping = deadlines(Some(100));
        for second in 1..=60 {
            dripping.activity(second * SECOND, Receiving::Head);
            assert_eq!(dripping.passed(second * SECOND, 0), None);
        }
        assert!(dripping.passed(61 * SECOND, 0).is_some());
        dripping.activity(62 * SECOND, Receiving::Body);
        assert_eq!(dripping.passed(99 * SECOND, 0), None);
        assert!(dripping.passed(100 * SECOND, 1).is_some());
    }
}
