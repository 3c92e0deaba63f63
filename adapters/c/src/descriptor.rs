//! An open descriptor as a source: of a regular file all of it, of anything else what comes until its end.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;

use quintet::UploadSource;

use crate::abi;
use crate::failure::Failure;
use crate::source;

/// A duplicate of it is kept; the caller's stays open.
pub(crate) fn of(descriptor: i32) -> Result<UploadSource, Failure> {
    if descriptor < 0 {
        return Err(Failure::invalid(format_args!(
            "quintet_file.descriptor is {descriptor}"
        )));
    }
    // SAFETY: not -1. Whether it is open is found out by duplicating it, which is all that is done with it.
    let given = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let (file, is_file) = duplicate(given).map_err(|error| {
        let says = format!("quintet_file.descriptor is {descriptor}: {error}");
        Failure::new(abi::QUINTET_SYSTEM, says)
    })?;
    match is_file {
        true => Ok(UploadSource::custom(file)),
        false => source::pipe(file),
    }
}

fn duplicate(given: BorrowedFd<'_>) -> io::Result<(File, bool)> {
    let file = File::from(given.try_clone_to_owned()?);
    let is_file = file.metadata()?.is_file();
    Ok((file, is_file))
}
