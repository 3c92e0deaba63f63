//! An open descriptor as a source: of a regular file all of it, of anything else what comes until its end.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;

use quintet::UploadSource;

use crate::abi;
use crate::failure::Failure;

/// A duplicate of it is kept; the caller's stays open.
pub(crate) fn source(descriptor: i32) -> Result<UploadSource, Failure> {
    if descriptor < 0 {
        return Err(Failure::invalid(format_args!(
            "quintet_file.descriptor is {descriptor}"
        )));
    }
    // SAFETY: not -1. Whether it is open is found out by duplicating it, which is all that is done with it.
    let given = unsafe { BorrowedFd::borrow_raw(descriptor) };
    of(given).map_err(|error| {
        let says = format!("quintet_file.descriptor is {descriptor}: {error}");
        Failure::new(abi::QUINTET_SYSTEM, says)
    })
}

fn of(given: BorrowedFd<'_>) -> io::Result<UploadSource> {
    let file = File::from(given.try_clone_to_owned()?);
    match file.metadata()?.is_file() {
        true => Ok(UploadSource::custom(file)),
        false => Ok(UploadSource::reader(file)),
    }
}
