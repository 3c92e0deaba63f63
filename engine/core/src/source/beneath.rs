//! Opening beneath a root on Linux: the kernel itself keeps the path there (openat2, Linux 5.6), and where it cannot, we
//! walk.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;

use super::FileError;
pub(crate) use super::walk::remove_beneath;
use super::walk::{self, READ, names, open_root, told};

/// Magic links are those of `/proc` that are no paths.
const STAY: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS);

/// As [`walk::open_beneath`], in one call for the whole path.
pub(crate) fn open_beneath(root: &Path, path: &Path) -> Result<File, FileError> {
    open_by(root, path, |directory, path| {
        openat2(
            directory,
            path,
            READ | OFlags::NOFOLLOW,
            Mode::empty(),
            STAY,
        )
    })
}

fn open_by(
    root: &Path,
    path: &Path,
    openat2: impl FnOnce(&OwnedFd, &Path) -> Result<OwnedFd, Errno>,
) -> Result<File, FileError> {
    // The kernel would permit `..` as long as it stays beneath, and refuse what ends in a slash.
    let (mut downwards, last) = names(path)?;
    downwards.push(last);
    let downwards: PathBuf = downwards.iter().collect();
    match openat2(&open_root(root)?, &downwards) {
        Ok(file) => Ok(file.into()),
        // An older kernel; a filter of system calls that does not know this one; something that is being moved.
        Err(Errno::NOSYS | Errno::PERM | Errno::AGAIN) => walk::open_beneath(root, path),
        Err(errno) => Err(told(errno)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_kernel_cannot_the_path_is_walked() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("in")).unwrap();
        std::fs::write(folder.path().join("in/a"), "a").unwrap();
        let open = |path: &str, errno: Errno| {
            open_by(folder.path(), Path::new(path), |_, downwards| {
                assert_eq!(downwards, Path::new("in/a"));
                Err(errno)
            })
        };
        for errno in [Errno::NOSYS, Errno::PERM, Errno::AGAIN] {
            assert!(open("./in//a/", errno).is_ok());
        }
        for errno in [Errno::XDEV, Errno::LOOP, Errno::ACCESS] {
            let refused = open("in/a", errno);
            assert!(matches!(refused, Err(FileError::Denied(_))), "{errno}");
        }
        let upwards = open_by(
            folder.path(),
            Path::new("in/../in/a"),
            |_, _| unreachable!(),
        );
        assert!(matches!(upwards, Err(FileError::Denied(_))));
    }
}
