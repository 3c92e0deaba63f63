//! Opening and reading on Unix: nothing blocks, and a path beneath a root is walked one name at a time.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::{Component, Path};

use rustix::fs::{Access, AtFlags, CWD, Mode, OFlags};

use super::FileError;

/// `O_NONBLOCK` so that a FIFO or device that took the file's place since the check cannot hold the engine.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
const DIRECTORY: OFlags = OFlags::DIRECTORY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC)
    .union(OFlags::RDONLY);

pub(super) fn check(path: &Path) -> Result<(), FileError> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(FileError::NotRegular);
    }
    Ok(rustix::fs::access(path, Access::READ_OK).map_err(io::Error::from)?)
}

pub(super) fn open(path: &Path) -> Result<File, FileError> {
    Ok(openat(CWD, path, READ)?.into())
}

/// No symbolic link is followed and no name leads upwards, so whatever moves meanwhile, only what lies beneath
/// `root` can be reached.
pub(super) fn open_beneath(root: &Path, path: &Path) -> Result<File, FileError> {
    let (directory, name) = walk(root, path)?;
    Ok(openat(&directory, name, READ | OFlags::NOFOLLOW)?.into())
}

/// Removes a name, as carefully as [`open_beneath`] opens it.
pub(super) fn remove_beneath(root: &Path, path: &Path) -> Result<(), FileError> {
    let (directory, name) = walk(root, path)?;
    let removed = rustix::fs::unlinkat(&directory, name, AtFlags::empty());
    Ok(removed.map_err(io::Error::from)?)
}

/// The directory beneath `root` that the path leads to, and the name in it.
fn walk<'a>(root: &Path, path: &'a Path) -> Result<(OwnedFd, &'a OsStr), FileError> {
    let mut directory = openat(CWD, root, DIRECTORY.difference(OFlags::NOFOLLOW))?;
    let mut names = path
        .components()
        .filter(|part| *part != Component::CurDir)
        .peekable();
    while let Some(part) = names.next() {
        let Component::Normal(name) = part else {
            return Err(FileError::Denied("outside the directory of files".into()));
        };
        if names.peek().is_none() {
            return Ok((directory, name));
        }
        directory = openat(&directory, name, DIRECTORY)?;
    }
    Err(FileError::NotFound)
}

fn openat(
    directory: impl std::os::fd::AsFd,
    path: impl rustix::path::Arg,
    flags: OFlags,
) -> Result<OwnedFd, FileError> {
    use rustix::io::Errno;
    rustix::fs::openat(directory, path, flags, Mode::empty()).map_err(|errno| match errno {
        // What O_NOFOLLOW answers for a symbolic link, and any open for a loop of them.
        Errno::LOOP => FileError::Denied("symbolic link".into()),
        // A FIFO or device without its other side, or a socket.
        Errno::NXIO => FileError::NotRegular,
        other => io::Error::from(other).into(),
    })
}

pub(super) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buf, offset)
}
