//! An upload that a host asked for, as its handle has it.

use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use quintet::UploadTask;

use crate::abi;
use crate::callbacks;
use crate::failure::Failure;
use crate::hub::Hub;

/// What the handle stands for.
pub(crate) struct Task {
    /// The handle of its engine.
    pub(crate) engine: u64,
    hub: Weak<Hub>,
    /// Set by the call that begins the upload, right after the engine has it: an event may be earlier. `None` inside if that
    /// call failed.
    begun: OnceLock<Option<UploadTask>>,
    is_told: Mutex<bool>,
    told: Condvar,
}

impl Task {
    pub(crate) fn new(engine: u64, hub: &Arc<Hub>) -> Arc<Self> {
        Arc::new(Self {
            engine,
            hub: Arc::downgrade(hub),
            begun: OnceLock::new(),
            is_told: Mutex::new(false),
            told: Condvar::new(),
        })
    }

    /// The engine has it; or, after a panic, has not.
    pub(crate) fn begun(&self, task: Option<UploadTask>) {
        // Set once, by the call that begins it.
        let _ = self.begun.set(task);
    }

    pub(crate) fn upload(&self) -> Result<&UploadTask, Failure> {
        let begun = self.begun.wait().as_ref();
        begun.ok_or_else(|| Failure::new(abi::QUINTET_STALE, "the upload never began"))
    }

    /// Its end was told.
    pub(crate) fn was_told(&self) {
        *self.is_told.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_all();
    }

    /// Waits until its end was told. On a polled engine, by polling.
    pub(crate) fn wait(&self, longest: Option<Duration>) -> Result<(), Failure> {
        if callbacks::is_inside() {
            return Err(Failure::busy("a callback cannot wait for an upload"));
        }
        let until = longest.and_then(|longest| Instant::now().checked_add(longest));
        match self.hub.upgrade().filter(|hub| hub.is_polled()) {
            Some(hub) => self.wait_polling(&hub, until),
            None => self.wait_sleeping(until),
        }
    }

    fn wait_polling(&self, hub: &Arc<Hub>, until: Option<Instant>) -> Result<(), Failure> {
        loop {
            if *self.lock_told() {
                return Ok(());
            }
            if hub.poll(left(until))? == 0 && left(until) == Some(Duration::ZERO) {
                return Err(timeout());
            }
        }
    }

    fn wait_sleeping(&self, until: Option<Instant>) -> Result<(), Failure> {
        let mut is_told = self.lock_told();
        while !*is_told {
            is_told = match left(until) {
                None => self
                    .told
                    .wait(is_told)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return Err(timeout()),
                Some(left) => {
                    let waited = self.told.wait_timeout(is_told, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        Ok(())
    }

    fn lock_told(&self) -> std::sync::MutexGuard<'_, bool> {
        // Nothing panics while the lock is held, so it cannot be poisoned.
        self.is_told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long until then; `None` for ever.
fn left(until: Option<Instant>) -> Option<Duration> {
    until.map(|until| until.saturating_duration_since(Instant::now()))
}

fn timeout() -> Failure {
    Failure::new(abi::QUINTET_TIMEOUT, "the upload is not over yet")
}

/// A host's milliseconds: below zero for ever.
pub(crate) fn longest(max_wait_ms: i32) -> Option<Duration> {
    u64::try_from(max_wait_ms).ok().map(Duration::from_millis)
}
