//! Where files have no descriptors.

use quintet::{Error, UploadSource};

/// Fails: not supported.
pub(crate) fn source(_: i32) -> Result<UploadSource, Error> {
    Err(Error::unsupported("descriptor"))
}
