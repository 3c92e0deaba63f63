//! Opening and reading where there is no Unix: by the standard library alone.

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::FileError;

pub(super) fn check(path: &Path) -> Result<(), FileError> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(FileError::NotRegular);
    }
    Ok(())
}

pub(super) fn open(path: &Path) -> Result<File, FileError> {
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
    let mut walked = root.to_path_buf();
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

#[cfg(windows)]
pub(super) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buf, offset)
}

#[cfg(not(windows))]
pub(super) fn read_at(mut file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read(buf)
}
