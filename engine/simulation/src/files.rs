//! Simulated files: content from a pattern, and everything that can happen to a file while it is sent.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use quintet::{FileError, Files, Opened, Source, SourceState};

use crate::content;
use crate::scenario::{Mistake, Spec};
use crate::world::{World, world};

/// One file as it is now.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) len: u64,
    /// Milliseconds of the wall clock.
    pub(crate) modified: u64,
    pub(crate) salt: u64,
    /// Reading at or after this byte fails.
    pub(crate) fails_at: Option<u64>,
    pub(crate) missing: Option<Mistake>,
    is_cold: bool,
    /// What was promised when it was opened.
    pub(crate) opened_len: u64,
    /// Up to where it was read since the request began.
    read_to: u64,
    /// Its state was asked for after it was read to its end.
    looked_at: bool,
    /// It changed, or became unreadable, after it was opened.
    pub(crate) changed: bool,
    opened: u32,
}

/// What a change of a file means for the request that is being sent from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matters {
    /// The engine has yet to see it.
    Yes,
    /// It was read to its end; whether it is looked at once more is the engine's choice.
    Perhaps,
    /// The closing boundary was let go already.
    No,
}

impl File {
    pub(crate) fn new(spec: &Spec) -> Self {
        let missing = spec.mistake.filter(|mistake| {
            matches!(
                mistake,
                Mistake::Missing | Mistake::NotRegular | Mistake::Unreadable
            )
        });
        Self {
            len: spec.file_len,
            modified: 1,
            salt: spec.seed,
            fails_at: None,
            missing,
            is_cold: spec.is_cold,
            opened_len: spec.file_len,
            read_to: 0,
            looked_at: false,
            changed: false,
            opened: 0,
        }
    }

    /// A request begins to send it.
    pub(crate) fn rewind(&mut self) {
        self.read_to = 0;
        self.looked_at = false;
    }

    pub(crate) fn matters(&self) -> Matters {
        if self.looked_at {
            Matters::No
        } else if self.read_to >= self.opened_len && self.opened_len > 0 {
            Matters::Perhaps
        } else {
            Matters::Yes
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.opened > 0
    }

    fn error(&self) -> Option<FileError> {
        match self.missing? {
            Mistake::Missing => Some(FileError::NotFound),
            Mistake::NotRegular => Some(FileError::NotRegular),
            _ => Some(FileError::Denied("simulated".into())),
        }
    }

    fn state(&self) -> SourceState {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_millis(self.modified);
        SourceState {
            len: self.len,
            modified: Some(modified),
        }
    }

    fn read(&mut self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut end = self.len;
        if let Some(fails_at) = self.fails_at {
            if offset >= fails_at {
                return Err(io::Error::other("simulated read error"));
            }
            end = end.min(fails_at);
        }
        let len = (buf.len() as u64).min(end.saturating_sub(offset)) as usize;
        content::fill(self.salt, offset, &mut buf[..len]);
        // Read from its first byte without a gap, or it does not count.
        if offset <= self.read_to {
            self.read_to = self.read_to.max(offset + len as u64);
        }
        Ok(len)
    }
}

/// The files of the current run: a name begins with the number of its upload.
#[derive(Debug)]
pub(crate) struct SimulatedFiles;

fn number(path: &Path) -> Option<usize> {
    let name = path.file_name()?.to_str()?;
    let digits = name.find(|digit: char| !digit.is_ascii_digit())?;
    name[..digits].parse().ok()
}

fn with<T>(number: usize, act: impl FnOnce(&World, &mut File) -> T) -> T {
    let world = world();
    act(&world, &mut world.files.borrow_mut()[number])
}

impl Files for SimulatedFiles {
    fn check(&self, path: &Path) -> Result<(), FileError> {
        let number = number(path).ok_or(FileError::NotFound)?;
        with(number, |_, file| file.error().map_or(Ok(()), Err))
    }

    fn open(&self, path: &Path) -> Result<Opened, FileError> {
        let number = number(path).ok_or(FileError::NotFound)?;
        let is_there = with(number, |_, file| file.error().is_none());
        world().is_given_a_slot(number, is_there);
        with(number, |world, file| {
            if let Some(error) = file.error() {
                return Err(error);
            }
            world.open_sources.set(world.open_sources.get() + 1);
            file.opened += 1;
            file.opened_len = file.len;
            Ok(Opened {
                source: Box::new(SimulatedSource {
                    number,
                    reading: RefCell::new(None),
                }),
                state: file.state(),
            })
        })
    }
}

struct SimulatedSource {
    number: usize,
    /// The disk is waited for.
    reading: RefCell<Option<Pin<Box<tokio::time::Sleep>>>>,
}

impl Source for SimulatedSource {
    fn state(&self) -> io::Result<SourceState> {
        with(self.number, |_, file| {
            file.looked_at |= file.read_to >= file.opened_len;
            Ok(file.state())
        })
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        with(self.number, |world, file| {
            let read = file.read(buf, offset)?;
            world.has_read(self.number, offset + read as u64);
            Ok(read)
        })
    }

    fn poll_read_at(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        offset: u64,
    ) -> Poll<io::Result<usize>> {
        let mut reading = self.reading.borrow_mut();
        if reading.is_none() {
            let wait = with(self.number, |world, file| {
                let waits = file.is_cold && world.chance.borrow_mut().percent(50);
                waits.then(|| world.chance.borrow_mut().in_range(1..=30))
            });
            let wait = wait.map(|wait| tokio::time::sleep(Duration::from_millis(wait)));
            *reading = wait.map(Box::pin);
        }
        if let Some(wait) = reading.as_mut() {
            ready!(wait.as_mut().poll(cx));
        }
        *reading = None;
        Poll::Ready(self.read_at(buf, offset))
    }
}

impl Drop for SimulatedSource {
    fn drop(&mut self) {
        with(self.number, |world, file| {
            world.open_sources.set(world.open_sources.get() - 1);
            file.opened -= 1;
        });
    }
}
