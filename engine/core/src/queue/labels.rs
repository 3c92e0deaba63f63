//! What callers named their uploads: an id of their own, and tags.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::by_upload::ByUpload;
use crate::request::{LABEL_BYTES_MAX, TAGS_MAX};
use crate::{Error, UploadId};

/// The names of one upload.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    pub(crate) caller_id: Option<Arc<str>>,
    pub(crate) tags: Vec<Arc<str>>,
}

/// What is done with labels. Only the setters name [`LABELLING`].
pub(crate) struct Labelling {
    pub(crate) check: fn(&Labels) -> Result<(), Error>,
    /// Adds an upload, unless its caller's id is in use.
    pub(crate) add: Add,
}

type Add = fn(&mut Option<Box<dyn Labelled>>, UploadId, Labels) -> Result<(), Error>;

pub(crate) static LABELLING: Labelling = Labelling {
    check: Labels::check,
    add: |labelled, id, labels| {
        let labelled = labelled.get_or_insert_with(|| Box::<ByLabel>::default());
        labelled.add(id, labels)
    },
};

/// The labelled uploads that are not over; an engine that never had any has none of this.
pub(crate) trait Labelled {
    fn add(&mut self, id: UploadId, labels: Labels) -> Result<(), Error>;

    /// Forgets an upload, whether it has labels or not.
    fn remove(&mut self, id: UploadId);

    fn by_caller_id(&self, caller_id: &str) -> Option<UploadId>;

    /// In the order of the calls.
    fn tagged(&self, tag: &str) -> Vec<UploadId>;

    fn caller_id(&self, id: UploadId) -> Option<Arc<str>>;
}

impl Labels {
    fn is_empty(&self) -> bool {
        self.caller_id.is_none() && self.tags.is_empty()
    }

    fn check(&self) -> Result<(), Error> {
        let too_long = |label: &Arc<str>| label.len() > LABEL_BYTES_MAX;
        let why = format_args!("is longer than {LABEL_BYTES_MAX} bytes");
        if self.caller_id.as_ref().is_some_and(too_long) {
            return Err(Error::parameter("callerId", why));
        }
        if self.tags.iter().any(too_long) {
            return Err(Error::parameter("tag", why));
        }
        if self.tags.len() > TAGS_MAX {
            let why = format_args!("was given more than {TAGS_MAX} times");
            return Err(Error::parameter("tag", why));
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct ByLabel {
    of: ByUpload<Labels>,
    by_caller_id: HashMap<Arc<str>, UploadId>,
    by_tag: HashMap<Arc<str>, BTreeSet<UploadId>>,
}

impl Labelled for ByLabel {
    fn add(&mut self, id: UploadId, labels: Labels) -> Result<(), Error> {
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

    fn remove(&mut self, id: UploadId) {
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

    fn by_caller_id(&self, caller_id: &str) -> Option<UploadId> {
        self.by_caller_id.get(caller_id).copied()
    }

    fn tagged(&self, tag: &str) -> Vec<UploadId> {
        let tagged = self.by_tag.get(tag);
        tagged.map_or_else(Vec::new, |tagged| tagged.iter().copied().collect())
    }

    fn caller_id(&self, id: UploadId) -> Option<Arc<str>> {
        self.of.get(&id)?.caller_id.clone()
    }
}
