//! No readers: this library was built without them.

use std::fs::File;

use quintet::UploadSource;

use crate::abi;
use crate::callbacks::SourceCalls;
use crate::failure::Failure;

pub(crate) fn of(_calls: SourceCalls) -> Result<UploadSource, Failure> {
    Err(none())
}

pub(crate) fn pipe(_pipe: File) -> Result<UploadSource, Failure> {
    Err(none())
}

fn none() -> Failure {
    let says =
        "this library was built without readers: give a path, bytes or the descriptor of a file";
    Failure::new(abi::QUINTET_UNSUPPORTED, says)
}
