//! What holds a running upload back: whether it may write at all, and how fast.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::holding::{HOLDING, Holding};
use crate::on_demand::OnDemand;

/// Shared by the caller's task and the engine's thread. The engine looks before every write, so it is one word: zero if
/// there is nothing to heed, else the most bytes a second (0 for any number), and one bit for each hand that holds it.
#[derive(Debug, Default)]
pub(crate) struct Reins(AtomicU64);

/// Who holds an upload back. It goes on when nobody does.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(crate) enum Hand {
    /// Its caller paused it.
    Caller = 1 << 63,
    /// The engine is suspended.
    Suspension = 1 << 62,
    /// Its slot was given on.
    Parking = 1 << 61,
}

const HANDS: u64 = Hand::Caller as u64 | Hand::Suspension as u64 | Hand::Parking as u64;

impl Reins {
    /// Whether that changed anything.
    pub(crate) fn hold(&self, holding: &OnDemand<Holding>, hand: Hand, held: bool) -> bool {
        holding.fill(&HOLDING);
        let hand = hand as u64;
        let before = match held {
            true => self.0.fetch_or(hand, Ordering::AcqRel),
            false => self.0.fetch_and(!hand, Ordering::AcqRel),
        };
        (before & hand != 0) != held
    }

    pub(crate) fn is_held_by(&self, hand: Hand) -> bool {
        self.0.load(Ordering::Acquire) & hand as u64 != 0
    }

    /// Whether anybody holds it.
    pub(crate) fn is_paused(&self) -> bool {
        self.0.load(Ordering::Acquire) & HANDS != 0
    }

    pub(crate) fn set_rate_max(&self, holding: &OnDemand<Holding>, bytes_per_second: u64) {
        holding.fill(&HOLDING);
        let rate = bytes_per_second.min(!HANDS);
        // Always `Some`, so it cannot fail.
        let _ = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |held| {
                Some((held & HANDS) | rate)
            });
    }

    /// In bytes a second, 0 for none.
    pub(crate) fn rate_max(&self) -> u64 {
        self.0.load(Ordering::Acquire) & !HANDS
    }

    pub(crate) fn are_loose(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_and_a_rate_do_not_touch_each_other() {
        let (reins, holding) = (Reins::default(), OnDemand::default());
        assert!(reins.are_loose());
        for hand in [Hand::Caller, Hand::Suspension, Hand::Parking] {
            assert!(reins.hold(&holding, hand, true) && !reins.hold(&holding, hand, true));
        }
        reins.set_rate_max(&holding, u64::MAX);
        for hand in [Hand::Parking, Hand::Caller, Hand::Suspension] {
            assert!(reins.is_paused() && reins.is_held_by(hand));
            assert!(reins.hold(&holding, hand, false) && !reins.hold(&holding, hand, false));
        }
        assert_eq!((reins.rate_max(), reins.is_paused()), (u64::MAX / 8, false));
        reins.set_rate_max(&holding, 0);
        assert!(reins.are_loose());
    }
}
