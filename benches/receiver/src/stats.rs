//! What a receiver has counted so far.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts since the start, taken at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connections accepted.
    pub connections: u64,
    /// Connections whose TLS handshake failed.
    pub handshakes_failed: u64,
    /// Requests of every method.
    pub requests: u64,
    /// Uploads in work now: from their head until just before their answer is written.
    pub active: u64,
    /// The most uploads that were in work at once.
    pub active_most: u64,
    /// Uploads whose body was read to its end and made sense.
    pub complete: u64,
    /// Uploads that broke off or made no sense.
    pub incomplete: u64,
    /// Uploads answered before their end because the settings or the path said so. One that is
    /// drained to its end counts as complete too.
    pub early: u64,
    /// Body bytes read.
    pub bytes: u64,
    /// The targets of the uploads in the order in which their heads arrived, up to
    /// [`Settings::arrivals_max`](crate::Settings::arrivals_max) of them.
    pub arrivals: Vec<String>,
}

/// The counters of a running receiver.
#[derive(Default)]
pub(crate) struct Counters(Mutex<Stats>);

impl Counters {
    pub(crate) fn snapshot(&self) -> Stats {
        self.lock().clone()
    }

    pub(crate) fn connected(&self) -> u64 {
        let mut stats = self.lock();
        stats.connections += 1;
        stats.connections
    }

    pub(crate) fn handshake_failed(&self) {
        self.lock().handshakes_failed += 1;
    }

    pub(crate) fn requested(&self) {
        self.lock().requests += 1;
    }

    pub(crate) fn upload_began(&self, target: &str, arrivals_max: usize) {
        let mut stats = self.lock();
        stats.active += 1;
        stats.active_most = stats.active_most.max(stats.active);
        if stats.arrivals.len() < arrivals_max {
            stats.arrivals.push(target.to_owned());
        }
    }

    pub(crate) fn upload_left(&self) {
        self.lock().active -= 1;
    }

    pub(crate) fn upload_read(&self, bytes: u64) {
        self.lock().bytes += bytes;
    }

    pub(crate) fn upload_ended(&self, complete: bool, early: bool) {
        let mut stats = self.lock();
        stats.complete += u64::from(complete);
        stats.early += u64::from(early);
        stats.incomplete += u64::from(!complete && !early);
    }

    /// The counters stay meaningful whatever panicked elsewhere: each change is one statement.
    fn lock(&self) -> MutexGuard<'_, Stats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
