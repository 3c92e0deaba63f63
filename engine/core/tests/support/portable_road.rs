//! Files as the engine opens and reads them where there is no Unix: its own source file, compiled into the tests. What a
//! platform may add (sending by the kernel, knowing what is in memory) is left at its default.

use std::fs::File;
use std::io;
use std::path::Path;

use quintet::{FileError, Opened, Source, SourceState};

#[path = "../../src/source/portable.rs"]
mod portable;

pub fn check(root: Option<&Path>, path: &Path) -> Result<(), FileError> {
    match root {
        None => portable::check(path),
        Some(root) => portable::open_beneath(root, path).map(drop),
    }
}

pub fn open(root: Option<&Path>, path: &Path) -> Result<Opened, FileError> {
    let file = match root {
        None => portable::open(path)?,
        Some(root) => portable::open_beneath(root, path)?,
    };
    let state = SourceState::from(&file.metadata()?);
    Ok(Opened {
        source: Box::new(Portable(file)),
        state,
    })
}

struct Portable(File);

impl Source for Portable {
    fn state(&self) -> io::Result<SourceState> {
        Ok(SourceState::from(&self.0.metadata()?))
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        portable::read_at(&self.0, buf, offset)
    }
}
