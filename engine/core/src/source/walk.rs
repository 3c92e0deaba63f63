//! Opening beneath a root on every Unix: a path is walked one name at a time. The tests take this road on every Unix, as
//! `tests/support/walk_road.rs`.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::FileError;

/// `O_NONBLOCK` so that a FIFO or device that took the file's place since the check cannot hold the engine.
pub(super) const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
const DIRECTORY: OFlags = OFlags::DIRECTORY
    .union(OFlags::CLOEXEC)
    .union(OFlags::RDONLY);

/// No symbolic link is followed and no name leads upwards, so whatever moves meanwhile, only what lies beneath
/// `root` can be reached.
pub(crate) fn open_beneath(root: &Path, path: &Path) -> Result<File, FileError> {
    let (directory, name) = walk(root, path)?;
    Ok(openat(&directory, name, READ | OFlags::NOFOLLOW)?.into())
}

/// Removes a name, as carefully as [`open_beneath`] opens it.
pub(crate) fn remove_beneath(root: &Path, path: &Path) -> Result<(), FileError> {
    let (directory, name) = walk(root, path)?;
    let removed = rustix::fs::unlinkat(&directory, name, AtFlags::empty());
    Ok(removed.map_err(io::Error::from)?)
}

/// The directory beneath `root` that the path leads to, and the name in it.
fn walk<'a>(root: &Path, path: &'a Path) -> Result<(OwnedFd, &'a OsStr), FileError> {
    let (names, last) = names(path)?;
    let mut directory = open_root(root)?;
    for name in names {
        directory = match openat(&directory, name, DIRECTORY | OFlags::NOFOLLOW) {
            // What a link is called here differs among systems: no directory, on Linux.
            Err(_) if is_link(&directory, name) => return Err(link()),
            opened => opened?,
        };
    }
    Ok((directory, last))
}

pub(super) fn open_root(root: &Path) -> Result<OwnedFd, FileError> {
    openat(CWD, root, DIRECTORY)
}

/// The names of a path that leads nowhere but downwards, and the last of them.
pub(super) fn names(path: &Path) -> Result<(Vec<&OsStr>, &OsStr), FileError> {
    let mut names = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => names.push(name),
            _ => return Err(outside()),
        }
    }
    let last = names.pop().ok_or(FileError::NotFound)?;
    Ok((names, last))
}

fn is_link(directory: &OwnedFd, name: &OsStr) -> bool {
    let state = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW);
    state.is_ok_and(|state| FileType::from_raw_mode(state.st_mode).is_symlink())
}

pub(super) fn openat(
    directory: impl AsFd,
    path: impl rustix::path::Arg,
    flags: OFlags,
) -> Result<OwnedFd, FileError> {
    rustix::fs::openat(directory, path, flags, Mode::empty()).map_err(told)
}

/// What the system says of a path that it did not open.
pub(super) fn told(errno: Errno) -> FileError {
    match errno {
        // For a symbolic link that is not to be followed, and of any open for a loop of them.
        Errno::LOOP => link(),
        // For a path that leads out, where the system itself was told to stay beneath.
        Errno::XDEV => outside(),
        // A FIFO or device without its other side, or a socket.
        Errno::NXIO => FileError::NotRegular,
        other => io::Error::from(other).into(),
    }
}

fn link() -> FileError {
    FileError::Denied("symbolic link".into())
}

fn outside() -> FileError {
    FileError::Denied("outside the directory of files".into())
}
