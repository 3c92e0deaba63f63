//! An upload's source from a file descriptor of the host's: the one file with unsafe code.
#![allow(unsafe_code)]

use std::fs::File;
use std::os::fd::BorrowedFd;

use quintet::{Error, UploadSource};

/// The regular file behind `descriptor`, which is duplicated and stays the host's.
pub(crate) fn source(descriptor: i32) -> Result<UploadSource, Error> {
    let wrong = |why: &dyn std::fmt::Display| Error::parameter("descriptor", why);
    if descriptor < 0 {
        return Err(wrong(&"is negative"));
    }
    // SAFETY: it is not -1. It is borrowed for the one call that duplicates it, which fails if it is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    match borrowed.try_clone_to_owned() {
        Ok(own) => Ok(UploadSource::custom(File::from(own))),
        Err(error) => Err(wrong(&format_args!("cannot be duplicated: {error}"))),
    }
}
