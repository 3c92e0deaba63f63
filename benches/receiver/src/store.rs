//! The folder in which uploads are kept, and the names they get there.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of the client's name that ours keeps; with the number and the suffix well below the 255
/// that file systems allow.
const KEPT_NAME_BYTES_MAX: usize = 150;
/// Names tried for one file; each miss means that somebody else took the number meanwhile.
const TRIES_MAX: usize = 1_000;

/// Hands out names that are new in their folder: a number, then what is harmless of the client's.
pub(crate) struct Store {
    dir: PathBuf,
    next: AtomicU64,
}

impl Store {
    /// Fails when the folder is not there or cannot be listed.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        let mut last = 0;
        for entry in std::fs::read_dir(dir)? {
            let name = entry?.file_name();
            let digits = name.to_string_lossy();
            let digits = digits.split('-').next().unwrap_or_default();
            last = last.max(digits.parse::<u32>().unwrap_or(0));
        }
        Ok(Self {
            dir: dir.to_owned(),
            next: AtomicU64::new(u64::from(last) + 1),
        })
    }

    /// A new, empty file that exists under a `.part` name until it is [kept](Stored::keep).
    pub(crate) fn create(&self, client_name: Option<&str>) -> io::Result<Stored> {
        let harmless = harmless(client_name.unwrap_or_default());
        for _ in 0..TRIES_MAX {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let name = format!("{number:06}-{harmless}");
            let kept = self.dir.join(&name);
            let part = self.dir.join(format!("{name}.part"));
            let file = match OpenOptions::new().write(true).create_new(true).open(&part) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            // From here the drop of `stored` removes the part. Whoever else wants this name must
            // first create the same part, so that nothing can take it between look and rename.
            let stored = Stored {
                file: Some(file),
                name,
                part,
                kept,
                done: false,
            };
            if !stored.kept.exists() {
                return Ok(stored);
            }
        }
        Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "no free name for the upload",
        ))
    }
}

/// A file being received; dropped before it is kept, it is removed.
pub(crate) struct Stored {
    /// `None` once it is closed: a body of many files must not hold a descriptor for each.
    file: Option<File>,
    name: String,
    part: PathBuf,
    kept: PathBuf,
    done: bool,
}

impl Stored {
    /// Writes into the page cache on the receiver's thread: a hop to another thread for every piece
    /// costs more than the copy.
    pub(crate) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.write_all(piece),
            None => Err(io::Error::other("written after its end")),
        }
    }

    pub(crate) fn close(&mut self) {
        self.file = None;
    }

    /// Gives it its name, and tells that.
    pub(crate) fn keep(mut self) -> io::Result<String> {
        std::fs::rename(&self.part, &self.kept)?;
        self.done = true;
        Ok(std::mem::take(&mut self.name))
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        if !self.done {
            // Nobody is left to tell; the `.part` name says what it is.
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

/// What is harmless of a client's file name: the last segment, with everything but letters, digits,
/// `.`, `-`, `_` and spaces replaced, without leading dots and trailing dots or spaces.
fn harmless(client_name: &str) -> String {
    let segment = client_name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut name = String::new();
    for letter in segment.trim_start_matches('.').chars() {
        let letter = match letter {
            '.' | '-' | '_' | ' ' => letter,
            _ if letter.is_alphanumeric() => letter,
            _ => '_',
        };
        if name.len() + letter.len_utf8() > KEPT_NAME_BYTES_MAX {
            break;
        }
        name.push(letter);
    }
    let name = name.trim_end_matches(['.', ' ']);
    if name.is_empty() {
        "file".to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_harmless_part_of_a_name_is_kept() {
        for (given, kept) in [
            ("", "file"),
            ("..", "file"),
            ("a.txt", "a.txt"),
            ("../../etc/passwd", "passwd"),
            ("C:\\x\\con", "con"),
            ("报告 v2.pdf", "报告 v2.pdf"),
            (".bashrc", "bashrc"),
            ("a\0b\r\n\"<>|:*?.txt. ", "a_b_________.txt"),
            ("x/", "file"),
            ("\u{202e}gpj.exe", "_gpj.exe"),
            ("👍", "_"),
        ] {
            assert_eq!(harmless(given), kept, "{given:?}");
        }
        assert_eq!(harmless(&"文".repeat(200)).len(), KEPT_NAME_BYTES_MAX);
    }

    #[test]
    fn names_are_never_taken_twice() {
        let dir = tempfile::tempdir().unwrap();
        let first = Store::open(dir.path()).unwrap();
        let second = Store::open(dir.path()).unwrap();
        let mut names = Vec::new();
        for store in [&first, &second, &first, &second] {
            names.push(store.create(Some("x")).unwrap().keep().unwrap());
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 4);
        let third = Store::open(dir.path()).unwrap();
        assert_eq!(third.create(Some("x")).unwrap().keep().unwrap(), "000005-x");
    }

    #[test]
    fn what_is_not_kept_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let mut stored = store.create(Some("x")).unwrap();
        stored.write(b"half").unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        drop(stored);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
