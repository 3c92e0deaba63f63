//! What a caller may ask for of an upload while it is active.

use std::time::Duration;

use super::{Order, UploadRequest};
use crate::drive::{FollowAndRetry, follow_and_retry};
use crate::ticket::Shared;
use crate::{Redirects, Retry};

/// [`Shared::set_rate_max`], which only the setter names.
type SetRateMax = fn(&Shared, u64);

/// The settings of this file, in [`Extras`](super::extras::Extras).
#[derive(Clone, Default)]
pub(crate) struct TransferExtras {
    pub(crate) retry: Option<(Retry, FollowAndRetry)>,
    /// In bytes a second; 0 bounds nothing.
    pub(crate) rate_max: Option<(u64, SetRateMax)>,
    pub(crate) progress_interval: Option<Duration>,
    redirects: Option<Redirects>,
}

impl UploadRequest {
    /// Tries the upload again, from its first byte and at its first URL, when it ends as `retry` says; by default
    /// nothing is retried. The trace stays the same. The upload keeps its slot while it waits, may be aborted then, and
    /// begins no attempt while it is paused. A file that has changed meanwhile fails with `file changed`.
    ///
    /// Each wait is told by [`EventKind::Retrying`](crate::EventKind::Retrying), and
    /// [`Outcome::attempts`](crate::Outcome::attempts) counts them all.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.extras().transfer.retry = Some((retry, follow_and_retry));
        self
    }

    /// Shortest time between two progress events of this upload, instead of the engine's
    /// [`progress_interval`](crate::Settings::progress_interval); 0 tells of every write.
    pub fn progress_interval(mut self, interval: Duration) -> Self {
        self.extras().transfer.progress_interval = Some(interval);
        self
    }

    /// Most bytes of the body sent in a second; 0, the default, for as many as the connection takes. What comes at once
    /// is never more than a tenth of a second's bytes. [`UploadTask::set_rate_max`](crate::UploadTask::set_rate_max)
    /// changes it while the upload runs, and [`Settings::rate_max`](crate::Settings::rate_max) bounds all uploads
    /// together.
    ///
    /// It counts what the transport takes: on TLS the plaintext. While the upload waits for its pace, nothing stalls.
    pub fn rate_max(mut self, bytes_per_second: u64) -> Self {
        self.extras().transfer.rate_max = Some((bytes_per_second, Shared::set_rate_max));
        self
    }

    /// Follows no redirects but these, if that is less than the engine's
    /// [`redirects`](crate::Settings::redirects) allow; one that is not followed is the result.
    pub fn redirects(mut self, redirects: Redirects) -> Self {
        self.extras().transfer.redirects = Some(redirects);
        self
    }
}

impl Order {
    /// Which redirects are followed, where the engine's setting allows these.
    pub(crate) fn redirects(&self, allowed: Redirects) -> Redirects {
        let extras = self.extras.as_deref();
        let own = extras.and_then(|extras| extras.transfer.redirects);
        own.map_or(allowed, |own| own.min(allowed))
    }
}
