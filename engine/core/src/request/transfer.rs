//! What a caller may ask for of an upload while it is active.

use super::UploadRequest;
use crate::Retry;

/// The settings of this file, in [`Extras`](super::extras::Extras).
#[derive(Clone, Default)]
pub(crate) struct TransferExtras {
    pub(crate) retry: Option<Retry>,
}

impl UploadRequest {
    /// Tries the upload again, from its first byte and at its first URL, when it ends as `retry` says; by default
    /// nothing is retried. The trace stays the same. The upload keeps its slot while it waits, may be aborted then, and
    /// begins no attempt while it is paused. A file that has changed meanwhile fails with `file changed`.
    ///
    /// Each wait is told by [`EventKind::Retrying`](crate::EventKind::Retrying), and
    /// [`Outcome::attempts`](crate::Outcome::attempts) counts them all.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.extras().transfer.retry = Some(retry);
        self
    }
}
