//! What callers named their uploads: an id of their own, and tags.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::by_upload::ByUpload;
use crate::{Error, UploadId};

/// The names of one upload.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    pub(crate) caller_id: Option<Arc<str>>,
    pub(crate) tags: Vec<Arc<str>>,
}

impl Labels {
    fn is_empty(&self) -> bool {
        self.caller_id.is_none() && self.tags.is_empty()
    }
}

/// The labelled uploads that are not over.
#[derive(Debug, Default)]
pub(crate) struct Labelled {
    of: ByUpload<Labels>,
    by_caller_id: HashMap<Arc<str>, UploadId>,
    by_tag: HashMap<Arc<str>, BTreeSet<UploadId>>,
}

impl Labelled {
    /// Adds an upload, unless its caller's id is in use.
    pub(crate) fn add(&mut self, id: UploadId, labels: Labels) -> Result<(), Error> {
        if labels.is_empty() {
            return Ok(());
        }
        if let Some(caller_id) = &labels.caller_id {
            if self.by_caller_id.contains_key(caller_id) {
                let why = "is in use by an upload that is not over";
                return Err(Error::parameter("callerId", why));
            }
            self.by_caller_id.insert(caller_id.clone(), id);
        }
        for tag in &labels.tags {
            self.by_tag.entry(tag.clone()).or_default().insert(id);
        }
        self.of.insert(id, labels);
        Ok(())
    }

    /// Forgets an upload, whether it has labels or not.
    pub(crate) fn remove(&mut self, id: UploadId) {
        if self.of.is_empty() {
            return;
        }
        let Some(labels) = self.of.remove(&id) else {
            return;
        };
        if let Some(caller_id) = &labels.caller_id {
            self.by_caller_id.remove(caller_id);
        }
        for tag in &labels.tags {
            if let Some(tagged) = self.by_tag.get_mut(tag) {
                tagged.remove(&id);
                if tagged.is_empty() {
                    self.by_tag.remove(tag);
                }
            }
        }
    }

    pub(crate) fn by_caller_id(&self, caller_id: &str) -> Option<UploadId> {
        self.by_caller_id.get(caller_id).copied()
    }

    /// In the order of the calls.
    pub(crate) fn tagged(&self, tag: &str) -> Vec<UploadId> {
        let tagged = self.by_tag.get(tag);
        tagged.map_or_else(Vec::new, |tagged| tagged.iter().copied().collect())
    }

    pub(crate) fn caller_id(&self, id: UploadId) -> Option<Arc<str>> {
        self.of.get(&id)?.caller_id.clone()
    }
}
