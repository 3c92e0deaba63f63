//! When which timer is due; what it calls is kept by JavaScript.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

/// Longest delay, as in browsers.
const MILLIS_MAX: f64 = i32::MAX as f64;

#[derive(Default)]
pub(super) struct Timers {
    due: BTreeSet<(Instant, u64)>,
    by_id: HashMap<u64, Instant>,
}

impl Timers {
    /// A delay below nothing is none.
    pub(super) fn schedule(&mut self, id: u64, millis: f64) {
        let delay = Duration::from_secs_f64(millis.clamp(0.0, MILLIS_MAX) / 1e3);
        let at = Instant::now() + delay;
        self.due.insert((at, id));
        self.by_id.insert(id, at);
    }

    pub(super) fn cancel(&mut self, id: u64) {
        if let Some(at) = self.by_id.remove(&id) {
            self.due.remove(&(at, id));
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The first that is due; of two for the same time that which was set first.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<u64> {
        let (at, id) = *self.due.first()?;
        if at > now {
            return None;
        }
        self.cancel(id);
        Some(id)
    }
}
