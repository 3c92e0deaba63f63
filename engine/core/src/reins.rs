//! What a caller holds a running upload by: whether it may write at all.

use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by the caller's task and the engine's thread. The engine looks before every write.
#[derive(Debug, Default)]
pub(crate) struct Reins {
    paused: AtomicBool,
}

impl Reins {
    /// Whether that changed anything.
    pub(crate) fn set_paused(&self, paused: bool) -> bool {
        self.paused.swap(paused, Ordering::AcqRel) != paused
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }
}
