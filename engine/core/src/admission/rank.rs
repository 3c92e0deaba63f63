//! The order in which uploads that wait have their turn.

use std::cmp::Reverse;

use crate::UploadId;

/// A place in the order: the lesser is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    class: Reverse<i16>,
    pub(super) id: UploadId,
}

/// The class of an upload that had a slot before: ahead of every priority.
pub(super) const RETURNING: i16 = i16::MAX;

impl Rank {
    /// Higher classes first, and within one the order of the calls, which is that of the ids.
    pub(super) fn new(class: i16, id: UploadId) -> Self {
        Self {
            class: Reverse(class),
            id,
        }
    }
}
