//! No descriptors on this system.

use quintet::UploadSource;

use crate::abi;
use crate::failure::Failure;

pub(crate) fn source(_descriptor: i32) -> Result<UploadSource, Failure> {
    Err(Failure::new(
        abi::QUINTET_UNSUPPORTED,
        "this system has no descriptors: give a path or a source",
    ))
}
