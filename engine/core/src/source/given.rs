//! Where the bytes of a part come from, as a caller says it: nothing is open yet.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use quintet_proto::UNKNOWN_LENGTH;

use super::bounded::capped;
use super::made::{Made, Pattern};
use super::reader::Reader;
use super::spool::Spool;
use super::{FileError, Files, LocalFile, Opened};
use crate::error::Error;

/// The bytes of a file part or of a raw body: a path, bytes, an open file, a reader, bytes that are made up, or
/// anything of the caller's own.
///
/// Cloning it shares what is beneath: a reader is read by one upload at a time, and one that cannot seek only once.
///
/// ```
/// use quintet::UploadSource;
/// use std::io::Cursor;
///
/// let path = UploadSource::path("photo.jpg");
/// let bytes = UploadSource::bytes("hello");
/// let reader = UploadSource::reader(std::io::stdin());
/// let seekable = UploadSource::seekable(Cursor::new(vec![0; 10]))?;
/// # let _ = (path, bytes, reader, seekable);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct UploadSource {
    given: Given,
    /// How it is opened is named by [`spooled`](Self::spooled) alone: a program that never spools is linked without it.
    spool: Option<(Spool, OpenSpooled)>,
}

type OpenSpooled = fn(&Spool, Opened, Option<u64>) -> Opened;

#[derive(Clone)]
enum Given {
    Path(PathBuf),
    Other(Arc<dyn OpenSource>),
}

/// What can be opened for an upload: give one to [`UploadSource::custom`].
pub trait OpenSource: Send + Sync {
    /// Looks whether it could be opened, without opening it. Called at the call, on the engine's thread, for an upload
    /// that must wait. By default all is well.
    fn check(&self) -> Result<(), FileError> {
        Ok(())
    }

    /// Opens it. Called at admission, on the engine's thread: it must wait for nothing but a disk.
    fn open(&self) -> Result<Opened, FileError>;
}

impl UploadSource {
    /// The file at this path, as the engine's [`Files`] find it.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self::given(Given::Path(path.into()))
    }

    /// These bytes.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::custom(Made::Bytes(bytes.into()))
    }

    /// A regular file that is open for reading: all of it, whatever the caller's offset, which on Unix stays where it is.
    /// The descriptor is duplicated here. What is no regular file is that upload's failure: use [`reader`](Self::reader).
    pub fn file(file: &File) -> io::Result<Self> {
        file.try_clone().map(Self::custom)
    }

    /// A reader that can seek: all of it, from byte 0 to the end that it has now. It is read on a thread of its own,
    /// and can be sent again. Fails if its end cannot be found.
    pub fn seekable(reader: impl Read + Seek + Send + 'static) -> io::Result<Self> {
        Reader::seekable(reader).map(Self::custom)
    }

    /// What a reader gives until its end, which may be far: a pipe, say, or standard input. It is read on a thread of
    /// its own, at most 256 KiB ahead, and sent in chunks, without a Content-Length; servers that want one answer with
    /// 411. See [`spooled`](Self::spooled) for another way.
    ///
    /// It can be read once: when a redirect or a stale connection asks for it again, the upload fails with
    /// [`ErrorKind::BodySpent`](crate::ErrorKind::BodySpent). A read that hangs holds its thread until it returns,
    /// though the upload may end before.
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        Self::custom(Reader::once(reader, None))
    }

    /// As [`reader`](Self::reader), of a reader that gives exactly `len` bytes, so that they are sent with a
    /// Content-Length. If it gives fewer or more, the upload fails, and the last of the body is not sent.
    pub fn reader_of(reader: impl Read + Send + 'static, len: u64) -> Self {
        Self::custom(Reader::once(reader, Some(len)))
    }

    /// `len` zeros. They and the two below take no memory but the output buffer.
    pub fn zeros(len: u64) -> Self {
        Self::custom(Made::Pattern(Pattern::Zeros, len))
    }

    /// `len` bytes that look random, the same for each `seed`. Not for secrets.
    pub fn random(seed: u64, len: u64) -> Self {
        Self::custom(Made::Pattern(Pattern::Random(seed), len))
    }

    /// `len` bytes of text: lines of 16 bytes, each its own number in 15 hex digits.
    pub fn text(len: u64) -> Self {
        Self::custom(Made::Pattern(Pattern::Text, len))
    }

    /// A source of the caller's own.
    pub fn custom(source: impl OpenSource + 'static) -> Self {
        Self::given(Given::Other(Arc::new(source)))
    }

    /// If its length is not known: reads it to its end before anything is sent, so that it has a Content-Length and
    /// can be sent again.
    pub fn spooled(mut self, spool: Spool) -> Self {
        self.spool = Some((spool, Spool::opened));
        self
    }

    fn given(given: Given) -> Self {
        Self { given, spool: None }
    }

    /// The path, if that is what was given.
    pub(crate) fn as_path(&self) -> Option<&Path> {
        match &self.given {
            Given::Path(path) => Some(path),
            Given::Other(_) => None,
        }
    }

    pub(crate) fn check(&self, files: &dyn Files) -> Result<(), FileError> {
        match &self.given {
            Given::Path(path) => files.check(path),
            Given::Other(source) => source.check(),
        }
    }

    /// Opens it; one whose length only its end tells is no longer than `max`.
    pub(crate) fn open(&self, files: &dyn Files, max: Option<u64>) -> Result<Opened, Error> {
        let opened = match &self.given {
            Given::Path(path) => files.open(path)?,
            Given::Other(source) => source.open()?,
        };
        if opened.state.len != UNKNOWN_LENGTH {
            return Ok(opened);
        }
        Ok(match (&self.spool, max) {
            (Some((spool, open)), max) => open(spool, opened, max),
            (None, Some(max)) => capped(opened, max),
            (None, None) => opened,
        })
    }
}

impl OpenSource for File {
    fn open(&self) -> Result<Opened, FileError> {
        LocalFile::opened(self.try_clone()?)
    }
}

impl From<PathBuf> for UploadSource {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<&Path> for UploadSource {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<Bytes> for UploadSource {
    fn from(bytes: Bytes) -> Self {
        Self::bytes(bytes)
    }
}

impl From<Vec<u8>> for UploadSource {
    fn from(bytes: Vec<u8>) -> Self {
        Self::bytes(bytes)
    }
}

impl fmt::Debug for UploadSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadSource")
            .field("path", &self.as_path())
            .field("spool", &self.spool.as_ref().map(|(spool, _)| spool))
            .finish_non_exhaustive()
    }
}
