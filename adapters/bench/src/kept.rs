//! The engines' files: small ones are read once and sent from memory, so that what a bench costs is not the disk's.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use quintet::{FileError, Files, LocalFiles, Opened, Source, SourceState};

use crate::meter::lock;

/// A file of more is opened, and looked at, for each upload: beside sending it that costs little, and it goes without a copy.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Most that is kept of all of them.
const ALL_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Shared by all clients. What becomes of a file after its first upload is not seen.
#[derive(Clone, Default)]
pub(crate) struct KeptFiles(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    files: HashMap<OsString, InMemory>,
    bytes: u64,
}

impl Kept {
    /// As it was opened, or from memory, if it is small and there is room for it.
    fn keep(&mut self, path: &Path, opened: Opened) -> Opened {
        let len = opened.state.len;
        if len > FILE_BYTES_MAX || self.bytes + len > ALL_BYTES_MAX {
            return opened;
        }
        let Some(kept) = InMemory::read(&opened) else {
            return opened;
        };
        self.bytes += len;
        self.files.insert(path.into(), kept.clone());
        kept.opened()
    }
}

impl Files for KeptFiles {
    fn check(&self, path: &Path) -> Result<(), FileError> {
        match lock(&self.0).files.contains_key(path.as_os_str()) {
            true => Ok(()),
            false => LocalFiles::default().check(path),
        }
    }

    fn open(&self, path: &Path) -> Result<Opened, FileError> {
        let mut kept = lock(&self.0);
        if let Some(file) = kept.files.get(path.as_os_str()) {
            return Ok(file.clone().opened());
        }
        let opened = LocalFiles::default().open(path)?;
        Ok(kept.keep(path, opened))
    }
}

/// All of a file.
#[derive(Clone)]
struct InMemory {
    bytes: Arc<[u8]>,
    state: SourceState,
}

impl InMemory {
    /// Nothing if it cannot be read or is not as long as it was: then its upload tells what is wrong.
    fn read(opened: &Opened) -> Option<Self> {
        // One more than there should be.
        let mut bytes = vec![0; usize::try_from(opened.state.len).ok()? + 1];
        let mut filled = 0;
        loop {
            match opened
                .source
                .read_at(&mut bytes[filled..], filled as u64)
                .ok()?
            {
                0 => break,
                read => filled += read,
            }
        }
        if filled as u64 != opened.state.len {
            return None;
        }
        bytes.truncate(filled);
        Some(Self {
            bytes: bytes.into(),
            state: opened.state,
        })
    }

    fn opened(self) -> Opened {
        let state = self.state;
        Opened {
            source: Box::new(self),
            state,
        }
    }
}

impl Source for InMemory {
    fn state(&self) -> io::Result<SourceState> {
        Ok(self.state)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let left = self.bytes.get(start..).unwrap_or_default();
        let read = left.len().min(buf.len());
        buf[..read].copy_from_slice(&left[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_of(opened: &Opened) -> Vec<u8> {
        let mut bytes = vec![0; opened.state.len as usize + 1];
        let read = opened.source.read_at(&mut bytes, 0).unwrap();
        bytes.truncate(read);
        bytes
    }

    #[test]
    fn small_files_are_read_once_and_large_ones_stay_files() {
        let folder = tempfile::tempdir().unwrap();
        let [small, empty, large, gone] = ["s", "e", "l", "g"].map(|name| folder.path().join(name));
        std::fs::write(&small, "hello").unwrap();
        std::fs::write(&empty, "").unwrap();
        std::fs::write(&large, vec![1; FILE_BYTES_MAX as usize + 1]).unwrap();
        let files = KeptFiles::default();
        for _ in 0..2 {
            let opened = files.clone().open(&small).unwrap();
            assert!(opened.source.file().is_none());
            assert_eq!(opened.source.state().unwrap(), opened.state);
            assert_eq!(all_of(&opened), b"hello");
            assert_eq!(opened.source.read_at(&mut [0; 9], 5).unwrap(), 0);
            assert_eq!(opened.source.read_at(&mut [0; 9], u64::MAX).unwrap(), 0);
            assert_eq!(all_of(&files.open(&empty).unwrap()), b"");
            assert!(files.open(&large).unwrap().source.file().is_some());
            assert!(files.open(&gone).is_err() && files.check(&gone).is_err());
        }
        std::fs::remove_file(&small).unwrap();
        assert!(files.check(&small).is_ok());
        assert_eq!(all_of(&files.open(&small).unwrap()), b"hello");
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let folder = tempfile::tempdir().unwrap();
        let files = KeptFiles::default();
        let count = ALL_BYTES_MAX / FILE_BYTES_MAX;
        let path = folder.path().join("a");
        std::fs::write(&path, vec![1; FILE_BYTES_MAX as usize]).unwrap();
        for number in 0..=count {
            // The same file by many names.
            let path = folder
                .path()
                .join(format!("{}a", "./".repeat(number as usize)));
            let kept = files.open(&path).unwrap().source.file().is_none();
            assert_eq!(kept, number < count);
        }
    }
}
