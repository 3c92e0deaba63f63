//! Opening and reading where there is no Unix: by the standard library alone. The tests take this road on every
//! system, as `tests/support/portable_road.rs`.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use super::FileError;

pub(super) fn check(path: &Path) -> Result<(), FileError> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(FileError::NotRegular);
    }
    Ok(())
}

/// Looked at before it is opened: opening a pipe can wait or be noticed at its other side, and Windows calls a directory
/// a lack of permission.
pub(super) fn open(path: &Path) -> Result<File, FileError> {
    check(path)?;
    Ok(File::open(path)?)
}

/// Refuses names that lead upwards and symbolic links. Someone who may write beneath `root` can swap a link in
/// between check and use; where that matters, give the engine its own [`Files`](super::Files).
pub(super) fn open_beneath(root: &Path, path: &Path) -> Result<File, FileError> {
    open(&walk(root, path)?)
}

/// Removes a name, as carefully as [`open_beneath`] opens it.
pub(super) fn remove_beneath(root: &Path, path: &Path) -> Result<(), FileError> {
    Ok(std::fs::remove_file(walk(root, path)?)?)
}

fn walk(root: &Path, path: &Path) -> Result<PathBuf, FileError> {
    // Beneath a root in Windows' own form (`\\?\C:\…`) every name is taken literally: none is a device (`NUL`), none
    // loses dots or blanks at its end.
    let mut walked = root.canonicalize()?;
    for part in path.components() {
        match part {
            Component::CurDir => continue,
            Component::Normal(name) => walked.push(name),
            _ => return Err(FileError::Denied("outside the directory of files".into())),
        }
        if std::fs::symlink_metadata(&walked)?.is_symlink() {
            return Err(FileError::Denied("symbolic link".into()));
        }
    }
    Ok(walked)
}

/// Moves the file's position, which nothing else uses: a source is read by one upload on one thread.
pub(super) fn read_at(mut file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(offset))?;
    file.read(buf)
}
