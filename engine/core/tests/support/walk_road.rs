//! Files beneath a root as they are opened where the kernel does not keep a path there: the engine's own source file,
//! compiled into the tests.
#![allow(dead_code, reason = "the tests open, and remove nothing")]

use std::path::Path;

use quintet::FileError;

#[path = "../../src/source/walk.rs"]
mod walk;

pub(crate) fn open(root: &Path, path: &Path) -> Result<(), FileError> {
    let file = walk::open_beneath(root, path)?;
    match file.metadata()?.is_file() {
        true => Ok(()),
        false => Err(FileError::NotRegular),
    }
}
