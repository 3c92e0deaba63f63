//! A request that is held back: how much of it may be written now.

use std::task::Context;
use std::time::Duration;

use super::{Pump, let_others_run};
use crate::expect::CONTINUE_MAX;
use crate::pace::Pace;

/// Made when a request is held back for the first time.
#[derive(Default)]
pub(super) struct Held {
    pub(super) pace: Pace,
    /// Nothing may be written before.
    pub(super) writes_at: Option<Duration>,
    /// The body waits for the peer's word, from when the head has gone until this time.
    pub(super) expects: bool,
    sends_anyway_at: Option<Duration>,
}

impl Held {
    /// The thread was given back since the last write.
    pub(super) fn new_turn(&mut self) {
        self.writes_at = None;
        self.pace.new_turn();
    }
}

impl Pump<'_> {
    /// How many bytes may be written now; 0 for none, and it is seen to that there will be.
    pub(crate) fn allow(&mut self, cx: &mut Context<'_>) -> u64 {
        if self.ledger.is_paused() {
            return 0;
        }
        let now = self.ledger.look();
        let held = self.held.get_or_insert_default();
        if held.expects {
            if self.head_left > 0 {
                return self.head_left as u64;
            }
            let at = *held.sends_anyway_at.get_or_insert(now + CONTINUE_MAX);
            held.expects = now < at && !self.exchange.continues();
            if held.expects {
                held.writes_at = Some(at);
                return 0;
            }
        }
        let (own, of_all) = self.ledger.rates_max();
        self.lane.follow(of_all, now);
        let left = self.plan.content_length() - self.sent;
        if left == 0 || (own, of_all) == (0, 0) {
            return u64::MAX;
        }
        match held.pace.allow(own, self.lane, left, now) {
            _ if self.head_left > 0 => self.head_left as u64,
            Ok(bytes) => bytes,
            Err(at) => {
                if at <= now {
                    let_others_run(cx);
                } else {
                    held.writes_at = Some(at);
                }
                0
            }
        }
    }
}
