//! What a caller may ask of the queue: an earlier or later turn, names to find the upload by, and what is done when it
//! has succeeded.

use std::path::Path;
use std::sync::Arc;

use super::UploadRequest;
use crate::Outcome;
use crate::queue::{AfterSuccess, Arrange, LABELLING, Labelling, Labels, arrange};
use crate::scheduler::{Rank, rank};

/// Most tags of one upload.
pub const TAGS_MAX: usize = 32;
/// Longest tag or caller's id, in bytes.
pub const LABEL_BYTES_MAX: usize = 1024;

/// Each with what carries it out.
#[derive(Clone, Default)]
pub(crate) struct QueueExtras {
    pub(crate) priority: Option<(i8, Rank)>,
    pub(crate) labels: Option<(Labels, &'static Labelling)>,
    pub(crate) after_success: Option<(AfterSuccess, Arrange)>,
}

impl UploadRequest {
    /// Its turn in the queue: higher ones go first, and within one the order of the calls holds. 0 by default. It may be
    /// changed by [`UploadTask::set_priority`](crate::UploadTask::set_priority).
    ///
    /// ```
    /// # use quintet::UploadRequest;
    /// let request = UploadRequest::new("https://example.test/up", "avatar.png", "file").priority(10);
    /// # let _ = request;
    /// ```
    pub fn priority(mut self, priority: i8) -> Self {
        self.extras().queue.priority = Some((priority, rank));
        self
    }

    /// An id of the caller's choice, to find it by with [`Engine::find`](crate::Engine::find). The call fails if another
    /// upload of the engine has it and is not over, or if it is longer than [`LABEL_BYTES_MAX`]. Empty counts as absent.
    pub fn caller_id(mut self, caller_id: impl Into<Arc<str>>) -> Self {
        self.labels().caller_id = Some(caller_id.into()).filter(|caller_id| !caller_id.is_empty());
        self
    }

    /// Adds a tag: any number of uploads may have it, to be found by [`Engine::tagged`](crate::Engine::tagged) and ended by
    /// [`Engine::abort_tagged`](crate::Engine::abort_tagged). At most [`TAGS_MAX`] of [`LABEL_BYTES_MAX`]. An empty one counts
    /// as absent.
    pub fn tag(mut self, tag: impl Into<Arc<str>>) -> Self {
        let tag = tag.into();
        if !tag.is_empty() {
            self.labels().tags.push(tag);
        }
        self
    }

    /// Removes the file after an answer of status 200 to 299 was told: by [`Files::remove`](crate::Files::remove), on a
    /// thread of its own, and only if its length and time of change are still those that were sent.
    ///
    /// A failure does not change the outcome. It is told as
    /// [`EventKind::AfterSuccessFailed`](crate::EventKind::AfterSuccessFailed).
    pub fn remove_after_success(mut self) -> Self {
        self.extras().queue.after_success = Some((AfterSuccess::Remove, arrange));
        self
    }

    /// Calls this, with the path as given, after an answer of status 200 to 299 was told: where the host disposes of the
    /// file in its own way. On a thread of its own, so it may take its time.
    ///
    /// What goes wrong is told as [`remove_after_success`](Self::remove_after_success) has it; of the two, the one asked for
    /// last holds.
    pub fn after_success<F>(mut self, dispose: F) -> Self
    where
        F: Fn(&Path, &Outcome) -> std::io::Result<()> + Send + Sync + 'static,
    {
        let dispose = AfterSuccess::Call(Arc::new(dispose));
        self.extras().queue.after_success = Some((dispose, arrange));
        self
    }

    fn labels(&mut self) -> &mut Labels {
        let labels = &mut self.extras().queue.labels;
        &mut labels
            .get_or_insert_with(|| (Labels::default(), &LABELLING))
            .0
    }
}
