//! What holds a running upload back: whether it may write at all.

use std::sync::atomic::{AtomicU8, Ordering};

/// Shared by the caller's task and the engine's thread. The engine looks before every write.
#[derive(Debug, Default)]
pub(crate) struct Reins(AtomicU8);

/// Who holds an upload back. It goes on when nobody does.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum Hand {
    /// Its caller paused it.
    Caller = 1,
    /// The engine is suspended.
    Suspension = 2,
    /// Its slot was given on.
    Parking = 4,
}

impl Reins {
    /// Whether that changed anything.
    pub(crate) fn set(&self, hand: Hand, held: bool) -> bool {
        let hand = hand as u8;
        let before = match held {
            true => self.0.fetch_or(hand, Ordering::AcqRel),
            false => self.0.fetch_and(!hand, Ordering::AcqRel),
        };
        (before & hand != 0) != held
    }

    pub(crate) fn is_held_by(&self, hand: Hand) -> bool {
        self.0.load(Ordering::Acquire) & hand as u8 != 0
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.0.load(Ordering::Acquire) != 0
    }
}
