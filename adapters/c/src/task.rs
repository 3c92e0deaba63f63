//! An upload that a host asked for, as its handle has it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use quintet::UploadTask;

use crate::abi;
use crate::callbacks;
use crate::failure::Failure;
use crate::host::{below_zero, no_such};
use crate::hub::Hub;
use crate::request::priority;

/// What the handle stands for.
pub(crate) struct Task {
    /// The handle of its engine.
    pub(crate) engine: u64,
    hub: Weak<Hub>,
    /// The thread whose call begins the upload.
    begins_on: usize,
    /// Set by that call, right after the engine has it: an event may be earlier. `None` inside if the call failed.
    begun: OnceLock<Option<UploadTask>>,
    is_told: Mutex<bool>,
    told: Condvar,
}

impl Task {
    pub(crate) fn new(engine: u64, hub: &Arc<Hub>) -> Arc<Self> {
        Arc::new(Self {
            engine,
            hub: Arc::downgrade(hub),
            begins_on: callbacks::thread_token(),
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

    /// The upload; `None` if it never began, or ended at once, as those of an engine do that has ended: that is told inside the
    /// very call that begins them.
    pub(crate) fn upload(&self) -> Option<&UploadTask> {
        if self.begun.get().is_none() && self.begins_on == callbacks::thread_token() {
            return None;
        }
        self.begun.wait().as_ref()
    }

    /// Changes a number of it.
    pub(crate) fn set(&self, what: i32, value: i64) -> Result<(), Failure> {
        let change: &dyn Fn(&UploadTask) = match (what, value) {
            (abi::QUINTET_PAUSED, 0) => &|upload| {
                upload.resume();
            },
            (abi::QUINTET_PAUSED, 1) => &|upload| {
                upload.pause();
            },
            (abi::QUINTET_RATE_MAX, _) => {
                let rate_max = u64::try_from(value).map_err(|_| below_zero(value))?;
                &move |upload| upload.set_rate_max(rate_max)
            }
            (abi::QUINTET_PRIORITY, _) => {
                let priority = priority(value)?;
                &move |upload| upload.set_priority(priority)
            }
            _ => return Err(no_such(what, value, "a task")),
        };
        if let Some(upload) = self.upload() {
            change(upload);
        }
        Ok(())
    }

    /// Its end was told.
    pub(crate) fn was_told(&self) {
        *self.lock_told() = true;
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
            // Another thread may have told it since.
            let told = hub.poll_unless(&|| *self.lock_told(), left(until))?;
            if told == 0 && left(until) == Some(Duration::ZERO) && !*self.lock_told() {
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

    fn lock_told(&self) -> MutexGuard<'_, bool> {
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
