//! Opening and reading on Unix: nothing blocks.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{Access, CWD};

use super::FileError;

#[cfg(target_os = "linux")]
#[path = "beneath.rs"]
mod beneath;
#[cfg(not(target_os = "linux"))]
#[path = "beneath_unknown.rs"]
mod beneath;
#[path = "walk.rs"]
mod walk;

pub(super) use beneath::{open_beneath, remove_beneath};

pub(super) fn check(path: &Path) -> Result<(), FileError> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(FileError::NotRegular);
    }
    Ok(rustix::fs::access(path, Access::READ_OK).map_err(io::Error::from)?)
}

pub(super) fn open(path: &Path) -> Result<File, FileError> {
    Ok(walk::openat(CWD, path, walk::READ)?.into())
}

pub(super) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buf, offset)
}
