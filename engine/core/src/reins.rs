//! What a caller holds a running upload by: whether it may write at all, and how fast.

use std::sync::atomic::{AtomicU64, Ordering};

/// Shared by the caller's task and the engine's thread. The engine looks before every write, so it is one word: zero if
/// there is nothing to heed, else the most bytes a second (0 for any number), and one bit for a pause.
#[derive(Debug, Default)]
pub(crate) struct Reins(AtomicU64);

const PAUSED: u64 = 1 << 63;

impl Reins {
    /// Whether that changed anything.
    pub(crate) fn set_paused(&self, paused: bool) -> bool {
        let before = match paused {
            true => self.0.fetch_or(PAUSED, Ordering::AcqRel),
            false => self.0.fetch_and(!PAUSED, Ordering::AcqRel),
        };
        (before & PAUSED != 0) != paused
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.0.load(Ordering::Acquire) & PAUSED != 0
    }

    pub(crate) fn set_rate_max(&self, bytes_per_second: u64) {
        let rate = bytes_per_second.min(!PAUSED);
        // Always `Some`, so it cannot fail.
        let _ = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |held| {
                Some((held & PAUSED) | rate)
            });
    }

    /// In bytes a second, 0 for none.
    pub(crate) fn rate_max(&self) -> u64 {
        self.0.load(Ordering::Acquire) & !PAUSED
    }

    pub(crate) fn are_loose(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_and_a_rate_do_not_touch_each_other() {
        let reins = Reins::default();
        assert!(reins.are_loose());
        assert!(reins.set_paused(true) && !reins.set_paused(true));
        reins.set_rate_max(u64::MAX);
        assert!(reins.is_paused());
        assert!(reins.set_paused(false) && !reins.set_paused(false));
        assert_eq!((reins.rate_max(), reins.is_paused()), (u64::MAX / 2, false));
        reins.set_rate_max(0);
        assert!(reins.are_loose());
    }
}
