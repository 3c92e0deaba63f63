//! Where the bytes of a file part come from, and which files a caller may name.

use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};
use std::time::SystemTime;

use crate::error::{Error, ErrorKind};
use cold::Cold;

mod bounded;
#[cfg(target_os = "linux")]
mod cold;
#[cfg(not(target_os = "linux"))]
#[path = "cold_unknown.rs"]
mod cold;
mod given;
mod made;
mod opened;
#[cfg(not(unix))]
#[path = "portable.rs"]
mod platform;
#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
mod reader;
mod spool;

pub(crate) use bounded::range;
pub use given::{OpenSource, UploadSource};
pub(crate) use opened::{Sources, prepare, prepared, spent};
pub use spool::Spool;

/// An opened file part: read by position, so that a redirect or a retry rewinds for nothing.
pub trait Source: Send {
    /// Length and time of change now, from the open descriptor.
    fn state(&self) -> io::Result<SourceState>;

    /// Reads into the front of `buf` from `offset`; 0 means the end. Must not wait for anything but the disk.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// As [`read_at`](Self::read_at), but not ready while the disk must be waited for, where the system can tell and
    /// another thread can do it. By default it waits.
    fn poll_read_at(
        &self,
        _cx: &mut Context<'_>,
        buf: &mut [u8],
        offset: u64,
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.read_at(buf, offset))
    }

    /// Ready when reading up to `len` bytes from `offset` will not wait for the disk, as far as the system can tell;
    /// until then the other uploads go on. What goes wrong on the way is met again by the read itself.
    fn poll_cached(&self, _cx: &mut Context<'_>, _offset: u64, _len: u64) -> Poll<()> {
        Poll::Ready(())
    }

    /// The descriptor, if a transport may send ranges of it by itself.
    fn file(&self) -> Option<&File> {
        None
    }

    /// Where in [`file`](Self::file) the source's first byte lies.
    fn file_start(&self) -> u64 {
        0
    }

    /// Whether all of it can still be read, from its first byte on: what comes from a pipe cannot once a byte of it was
    /// taken, and is then never sent again.
    fn reads_again(&self) -> bool {
        true
    }

    /// What is to be read in its place, for a source that must be read to its end before it can be sent. Asked once,
    /// before anything is sent, until it is ready; `None` by default.
    fn poll_instead(&self, _cx: &mut Context<'_>) -> Poll<io::Result<Option<Opened>>> {
        Poll::Ready(Ok(None))
    }
}

/// What must not change while a file is being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceState {
    /// Length in bytes; [`UNKNOWN_LENGTH`](crate::UNKNOWN_LENGTH) where only the end tells it.
    pub len: u64,
    /// Time of the last change, where the system tells.
    pub modified: Option<SystemTime>,
}

/// The host's files: turns a path as the caller gave it into something to read. This is the path resolver and
/// the sandbox.
pub trait Files: Send + Sync {
    /// Checks existence, kind and permission without opening. Called at the call, on the engine's thread, for an
    /// upload that must wait; one that has a slot at once is opened instead.
    fn check(&self, path: &Path) -> Result<(), FileError>;

    /// Opens a regular file for reading, without ever blocking on a FIFO or device. Called at admission, on
    /// the engine's thread.
    fn open(&self, path: &Path) -> Result<Opened, FileError>;

    /// Removes a file that was uploaded, where the caller asked for it: see
    /// [`UploadRequest::remove_after_success`](crate::UploadRequest::remove_after_success). Called on a thread of its own. By
    /// default refused: who resolves paths decides whether uploads may remove anything.
    fn remove(&self, _path: &Path) -> Result<(), FileError> {
        Err(FileError::Denied(
            "these files are not to be removed".into(),
        ))
    }
}

/// A file that was opened, and its state at that moment.
pub struct Opened {
    /// What to read from.
    pub source: Box<dyn Source>,
    /// Length and time of change at opening; the upload promises exactly this.
    pub state: SourceState,
}

/// Makes sure that every file is still what was promised: as long, and not newer.
pub(crate) fn check_unchanged(sources: &[Opened]) -> Result<(), Error> {
    for opened in sources {
        let now = opened.source.state();
        let now = now.map_err(|error| Error::new(ErrorKind::FileUnreadable).because(error))?;
        if now != opened.state {
            return Err(changed("became longer, shorter or newer"));
        }
    }
    Ok(())
}

pub(crate) fn changed(how: &str) -> Error {
    Error::new(ErrorKind::FileChanged).because(format_args!("the file {how} while it was sent"))
}

/// Why a file cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is no such file.
    #[error("file not found")]
    NotFound,
    /// A directory, device, FIFO or socket.
    #[error("not a regular file")]
    NotRegular,
    /// It may not be read, or lies outside the sandbox.
    #[error("permission denied: {0}")]
    Denied(String),
    /// The path cannot name a file (it holds a NUL byte).
    #[error("invalid path: {0}")]
    InvalidPath(String),
    /// A source that can be read once was read before, or is being read by another upload.
    #[error("the source was read already")]
    Spent,
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        match error {
            FileError::NotFound => Self::new(ErrorKind::FileNotFound),
            FileError::NotRegular => Self::new(ErrorKind::NotRegularFile),
            FileError::Denied(why) => Self::new(ErrorKind::FileDenied).because(why),
            FileError::InvalidPath(why) => Self::parameter("filePath", why),
            FileError::Spent => Self::parameter("source", "was read already, or is in use"),
        }
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::InvalidFilename => Self::NotFound,
            io::ErrorKind::IsADirectory => Self::NotRegular,
            io::ErrorKind::InvalidInput => Self::InvalidPath(error.to_string()),
            _ => Self::Denied(error.to_string()),
        }
    }
}

/// Files of the local system: anywhere, or beneath one directory.
///
/// Beneath a directory, a path is relative to it, and nothing outside can be reached: no `..`, no absolute path, no
/// symbolic link at all. Linux is asked to hold to that (openat2); older kernels and other systems have the path walked
/// one name at a time.
#[derive(Clone, Default)]
pub struct LocalFiles {
    root: Option<(PathBuf, &'static Beneath)>,
}

/// What is done beneath a root. Only [`LocalFiles::beneath`] names [`BENEATH`]: a program that never calls it is linked
/// without all this.
struct Beneath {
    open: fn(&Path, &Path) -> Result<File, FileError>,
    remove: fn(&Path, &Path) -> Result<(), FileError>,
}

static BENEATH: Beneath = Beneath {
    open: platform::open_beneath,
    remove: platform::remove_beneath,
};

impl LocalFiles {
    /// Any path that the process may read.
    pub fn anywhere() -> Self {
        Self::default()
    }

    /// Only what lies beneath `root`.
    pub fn beneath(root: impl Into<PathBuf>) -> Self {
        Self {
            root: Some((root.into(), &BENEATH)),
        }
    }
}

impl Files for LocalFiles {
    fn check(&self, path: &Path) -> Result<(), FileError> {
        match &self.root {
            None => platform::check(path),
            // Only opening shows where a path beneath a root ends; the descriptor is dropped at once.
            Some(_) => self.open(path).map(drop),
        }
    }

    fn open(&self, path: &Path) -> Result<Opened, FileError> {
        let file = match &self.root {
            None => platform::open(path)?,
            Some((root, beneath)) => (beneath.open)(root, path)?,
        };
        LocalFile::opened(file)
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        match &self.root {
            None => Ok(std::fs::remove_file(path)?),
            Some((root, beneath)) => (beneath.remove)(root, path),
        }
    }
}

impl fmt::Debug for LocalFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = self.root.as_ref().map(|(root, _)| root);
        f.debug_struct("LocalFiles").field("root", &root).finish()
    }
}

impl From<&Metadata> for SourceState {
    fn from(metadata: &Metadata) -> Self {
        Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }
}

struct LocalFile {
    file: File,
    cold: Cold,
}

impl LocalFile {
    fn opened(file: File) -> Result<Opened, FileError> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(FileError::NotRegular);
        }
        let state = SourceState::from(&metadata);
        Ok(Opened {
            source: Box::new(Self {
                file,
                cold: Cold::default(),
            }),
            state,
        })
    }
}

impl Source for LocalFile {
    fn state(&self) -> io::Result<SourceState> {
        Ok(SourceState::from(&self.file.metadata()?))
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        platform::read_at(&self.file, buf, offset)
    }

    fn poll_read_at(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        offset: u64,
    ) -> Poll<io::Result<usize>> {
        self.cold.poll_read_at(cx, &self.file, buf, offset)
    }

    fn poll_cached(&self, cx: &mut Context<'_>, offset: u64, len: u64) -> Poll<()> {
        self.cold.poll_cached(cx, &self.file, offset, len)
    }

    fn file(&self) -> Option<&File> {
        Some(&self.file)
    }
}
