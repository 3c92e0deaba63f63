//! The waits of one request: which applies, and whether it has passed. Pure: time and counts are arguments.

use std::time::Duration;

use crate::Settings;
use crate::planted;

/// After a failed write: how long an answer that is already on its way is waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// So often within its time a wait looks at what the connection knows.
const LOOKS: u32 = 4;

#[derive(Debug)]
pub(crate) struct Deadlines {
    /// The upload's own deadline.
    total: Option<Duration>,
    stall: Duration,
    head: Duration,
    response: Option<Duration>,
    last_activity: Duration,
    head_ends: Option<Duration>,
    last_words_end: Option<Duration>,
    answer: Answer,
    /// We are the ones who do not move: nothing stalls.
    held: bool,
    /// The connection's own count of what moved, and when it was read, after `last_activity`: a full socket buffer that
    /// drains takes nothing from us for a while, and is no stall.
    moved: Option<u64>,
    looked_at: Duration,
}

/// The wait for an answer to a request that has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    NotAwaited,
    /// Some of the request may still lie in a buffer of this side.
    Unconfirmed {
        look_at: Duration,
    },
    /// The peer's system has all of it.
    Until(Duration),
}

impl Deadlines {
    pub(crate) fn new(settings: &Settings, now: Duration, total: Option<Duration>) -> Self {
        Self {
            total,
            stall: settings.stall_timeout,
            head: settings.response_head_timeout,
            response: settings.response_timeout,
            last_activity: now,
            head_ends: None,
            last_words_end: None,
            answer: Answer::NotAwaited,
            held: false,
            moved: None,
            looked_at: now,
        }
    }

    /// Bytes went or came just now; `in_head`: they are the front of a head.
    pub(crate) fn activity(&mut self, now: Duration, in_head: bool) {
        self.still_from(now);
        self.head_ends = match in_head {
            true if planted::is("head-deadline-moves") => Some(now + self.head),
            true => Some(self.head_ends.unwrap_or(now + self.head)),
            false => None,
        };
    }

    /// Nothing more can be written.
    pub(crate) fn last_words(&mut self, now: Duration) {
        self.last_words_end = Some(now + LAST_WORDS);
    }

    /// Whether there is a wait for answers of their own.
    pub(crate) fn time_answers(&self) -> bool {
        self.response.is_some()
    }

    /// Whether the request has gone, and nothing of its answer has come.
    pub(crate) fn await_answer(&mut self, awaited: bool, now: Duration) {
        self.answer = match self.answer {
            _ if !awaited => Answer::NotAwaited,
            Answer::NotAwaited => Answer::Unconfirmed { look_at: now },
            known => known,
        };
    }

    pub(crate) fn is_held(&self) -> bool {
        self.held
    }

    /// The upload is held back by its own caller, or no longer: meanwhile the stall clock stands still, and it begins
    /// anew.
    pub(crate) fn hold(&mut self, held: bool, now: Duration) {
        self.held = held;
        self.still_from(now);
    }

    /// Whatever stalls does so from here on.
    fn still_from(&mut self, now: Duration) {
        (self.last_activity, self.looked_at, self.moved) = (now, now, None);
    }

    /// When to look next.
    pub(crate) fn next(&self) -> Duration {
        let stall = match self.held || planted::is("stall-timer-never-set") {
            true => Duration::MAX,
            false => {
                let look = self.looked_at.saturating_add(self.stall / LOOKS);
                look.min(self.last_activity.saturating_add(self.stall))
            }
        };
        let answer = match self.answer {
            Answer::NotAwaited => None,
            Answer::Unconfirmed { look_at } => Some(look_at),
            Answer::Until(end) => Some(end),
        };
        [self.total, self.head_ends, self.last_words_end, answer]
            .into_iter()
            .flatten()
            .fold(stall, Duration::min)
    }

    /// Why it must end now, if it must. `moved` is the connection's count; `confirmed` says that the peer's system
    /// has everything that was sent, as far as ours can tell.
    pub(crate) fn passed(
        &mut self,
        now: Duration,
        moved: u64,
        confirmed: bool,
    ) -> Option<&'static str> {
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
        if self.no_answer(now, confirmed) {
            return Some("no answer came to the whole request");
        }
        if self.held {
            return None;
        }
        if self
            .moved
            .replace(moved)
            .is_some_and(|before| before != moved)
        {
            self.last_activity = now;
        }
        self.looked_at = now;
        (now >= self.last_activity.saturating_add(self.stall))
            .then_some("nothing moved for too long")
    }

    fn no_answer(&mut self, now: Duration, confirmed: bool) -> bool {
        let response = self.response.unwrap_or(Duration::MAX);
        match self.answer {
            Answer::NotAwaited => {}
            Answer::Until(end) => return now >= end,
            Answer::Unconfirmed { .. } if confirmed => {
                self.answer = Answer::Until(now.saturating_add(response));
            }
            Answer::Unconfirmed { .. } => {
                let look_at = now.saturating_add(response / LOOKS);
                self.answer = Answer::Unconfirmed { look_at };
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn deadlines(total: Option<u32>) -> Deadlines {
        let settings = Settings {
            stall_timeout: 12 * SECOND,
            response_timeout: Some(4 * SECOND),
            ..Settings::default()
        };
        Deadlines::new(
            &settings,
            Duration::ZERO,
            total.map(|seconds| seconds * SECOND),
        )
    }

    /// Looks whenever it is to, until it ends; `moved` and `confirmed` are what the connection would say then.
    fn ends(
        deadlines: &mut Deadlines,
        moved: impl Fn(Duration) -> u64,
        confirmed: impl Fn(Duration) -> bool,
    ) -> (u64, &'static str) {
        loop {
            let now = deadlines.next();
            if let Some(why) = deadlines.passed(now, moved(now), confirmed(now)) {
                return (now.as_secs(), why);
            }
        }
    }

    #[test]
    fn a_stall_is_noticed_after_its_time_and_not_before() {
        let (at, why) = ends(&mut deadlines(None), |_| 7, |_| true);
        assert_eq!((at, why), (12, "nothing moved for too long"));
    }

    #[test]
    fn a_draining_socket_buffer_is_no_stall() {
        // It drains until second 30; the next look shows that nothing moves any more.
        let moved = |now: Duration| now.as_secs().min(30);
        let (at, _) = ends(&mut deadlines(None), moved, |_| true);
        assert_eq!(at, 42);
    }

    #[test]
    fn while_it_is_held_nothing_stalls_and_only_the_total_ends() {
        let mut held = deadlines(Some(100));
        held.hold(true, 3 * SECOND);
        assert_eq!(held.next(), 100 * SECOND);
        assert_eq!(held.passed(99 * SECOND, 7, true), None);
        held.hold(false, 50 * SECOND);
        assert_eq!(ends(&mut held, |_| 7, |_| true).0, 62);
        held.hold(true, 63 * SECOND);
        assert_eq!(ends(&mut held, |_| 7, |_| true).0, 100);
    }

    #[test]
    fn the_wait_for_an_answer_begins_when_the_peer_has_everything() {
        let mut waiting = deadlines(None);
        waiting.await_answer(true, 2 * SECOND);
        let (at, why) = ends(&mut waiting, |_| 7, |now| now >= 7 * SECOND);
        assert_eq!((at, why), (11, "no answer came to the whole request"));
        let mut answered = deadlines(None);
        answered.await_answer(true, 2 * SECOND);
        assert_eq!(answered.passed(2 * SECOND, 7, true), None);
        answered.await_answer(false, 3 * SECOND);
        assert_eq!(ends(&mut answered, |_| 7, |_| true).0, 12);
    }

    #[test]
    fn activity_moves_the_stall_but_neither_the_total_nor_the_head() {
        let mut dripping = deadlines(Some(100));
        for second in 1..=60 {
            dripping.activity(second * SECOND, true);
            assert_eq!(dripping.passed(second * SECOND, 0, true), None);
        }
        assert!(dripping.passed(61 * SECOND, 0, true).is_some());
        dripping.activity(62 * SECOND, false);
        dripping.activity(99 * SECOND, true);
        assert_eq!(dripping.passed(99 * SECOND, 0, true), None);
        assert!(dripping.passed(100 * SECOND, 1, true).is_some());
    }
}
