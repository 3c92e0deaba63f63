//! Opening beneath a root where the kernel is not known to keep a path there: we walk.

pub(crate) use super::walk::{open_beneath, remove_beneath};
