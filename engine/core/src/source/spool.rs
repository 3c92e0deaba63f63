//! Reads a source of unknown length to its end before it is sent: into memory, or, if it is long, into a temporary
//! file that has no name.

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread;

use quintet_proto::UNKNOWN_LENGTH;
use tokio::sync::oneshot;

use super::made::Made;
use super::{LocalFile, Opened, Source, SourceState};

const READ_BYTES: usize = 64 * 1024;

/// How a source of unknown length is read before it is sent: see
/// [`UploadSource::spooled`](crate::UploadSource::spooled).
///
/// The upload has its slot meanwhile. Only its own [`timeout`](crate::UploadRequest::timeout) or an abort ends the
/// wait for a source that does not come to its end.
///
/// ```
/// use quintet::Spool;
///
/// let spool = Spool::default().memory_bytes_max(64 * 1024).bytes_max(1 << 30);
/// # let _ = spool;
/// ```
#[derive(Clone, Debug)]
pub struct Spool {
    memory_bytes_max: usize,
    bytes_max: u64,
    directory: Option<PathBuf>,
}

impl Default for Spool {
    /// 1 MiB in memory, 16 GiB in all, in the system's directory for temporary files.
    fn default() -> Self {
        Self {
            memory_bytes_max: 1 << 20,
            bytes_max: 16 << 30,
            directory: None,
        }
    }
}

impl Spool {
    /// Up to so many bytes are kept in memory, more than that in a temporary file. 1 MiB by default; 0 keeps
    /// everything in a file.
    pub fn memory_bytes_max(mut self, bytes: usize) -> Self {
        self.memory_bytes_max = bytes;
        self
    }

    /// A source with more bytes than this is a wrong parameter. 16 GiB by default.
    pub fn bytes_max(mut self, bytes: u64) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// Where the temporary file is, instead of the system's directory for them.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    pub(super) fn opened(&self, source: Opened, max: Option<u64>) -> Opened {
        let mut spool = self.clone();
        spool.bytes_max = max.map_or(spool.bytes_max, |max| max.min(spool.bytes_max));
        let state = source.state;
        Opened {
            source: Box::new(Spooling(RefCell::new(Stage::Asked(source.source, spool)))),
            state,
        }
    }

    /// Reads `source` to its end, on the thread that calls, as long as it is `wanted`.
    fn fill(&self, source: &dyn Source, wanted: impl Fn() -> bool) -> io::Result<Opened> {
        let mut buf = vec![0; READ_BYTES];
        let (mut memory, mut file, mut len) = (Vec::new(), None, 0);
        loop {
            let read = source.read_at(&mut buf, len)?;
            let piece = &buf[..read];
            if read == 0 {
                break;
            }
            if !wanted() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            len += read as u64;
            if len > self.bytes_max {
                let why = format!("has more than the {} bytes allowed", self.bytes_max);
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
            }
            if file.is_none() && len > self.memory_bytes_max as u64 {
                let mut begun = self.temporary()?;
                begun.write_all(&memory)?;
                memory = Vec::new();
                file = Some(begun);
            }
            match &mut file {
                Some(file) => file.write_all(piece)?,
                None => memory.extend_from_slice(piece),
            }
        }
        match file {
            Some(file) => LocalFile::opened(file).map_err(io::Error::other),
            None => Ok(Made::Bytes(memory.into()).opened()),
        }
    }

    fn temporary(&self) -> io::Result<std::fs::File> {
        match &self.directory {
            Some(directory) => tempfile::tempfile_in(directory),
            None => tempfile::tempfile(),
        }
    }
}

/// A source that is read elsewhere as long as it is this one.
struct Spooling(RefCell<Stage>);

enum Stage {
    Asked(Box<dyn Source>, Spool),
    Running(oneshot::Receiver<io::Result<Opened>>),
    /// What was read was handed on, or could not be.
    Over,
}

impl Source for Spooling {
    fn state(&self) -> io::Result<SourceState> {
        Ok(SourceState {
            len: UNKNOWN_LENGTH,
            modified: None,
        })
    }

    /// Never asked: another source has taken its place by then.
    fn read_at(&self, _buf: &mut [u8], _offset: u64) -> io::Result<usize> {
        Err(io::Error::other("the source is not spooled yet"))
    }

    fn poll_instead(&self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Opened>>> {
        let mut stage = self.0.borrow_mut();
        if let Stage::Asked(..) = *stage
            && let Stage::Asked(source, spool) = std::mem::replace(&mut *stage, Stage::Over)
        {
            *stage = Stage::Running(begin(source, spool)?);
        }
        let Stage::Running(running) = &mut *stage else {
            return Poll::Ready(Ok(None));
        };
        let ended = ready!(Pin::new(running).poll(cx));
        *stage = Stage::Over;
        let ended = ended.unwrap_or_else(|_| Err(io::Error::other("the source broke off")));
        Poll::Ready(ended.map(Some))
    }
}

fn begin(
    source: Box<dyn Source>,
    spool: Spool,
) -> io::Result<oneshot::Receiver<io::Result<Opened>>> {
    let (end, ended) = oneshot::channel();
    thread::Builder::new()
        .name("quintet-spool".into())
        .spawn(move || {
            let filled = spool.fill(&*source, || !end.is_closed());
            drop(source);
            // Nobody waits any more if the upload is over.
            let _ = end.send(filled);
        })?;
    Ok(ended)
}
