//! The form that every client sends: one field `k=v` and one file; written by hand for those that have no form of their own.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use rustix::buffer::spare_capacity;

use crate::Result;
use crate::job::Job;

pub(crate) const FIELD: (&str, &str) = ("k", "v");
pub(crate) const FILE: &str = "file";
/// As long as a random one is with most clients.
const BOUNDARY: &str = "----form-boundary-7MA4YWxkTrZu0gW3qL9";

pub(crate) fn content_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

/// What stands before the file.
pub(crate) fn before(path: &Path) -> String {
    let (key, value) = FIELD;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{key}\"\r\n\r\n{value}\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{FILE}\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )
}

/// What stands after it.
pub(crate) fn after() -> String {
    format!("\r\n--{BOUNDARY}--\r\n")
}

/// The head of a request by hand, and what stands before the file: everything up to its first byte.
pub(crate) fn request(job: &Job, path: &Path, file_bytes: u64) -> String {
    let (before, port, content_type) = (before(path), job.port, content_type());
    let len = before.len() as u64 + file_bytes + after().len() as u64;
    let close = if job.fresh {
        "Connection: close\r\n"
    } else {
        ""
    };
    format!(
        "POST /upload HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: raw\r\n{close}\
         Content-Type: {content_type}\r\nContent-Length: {len}\r\n\r\n{before}"
    )
}

/// The body in pieces, each read as it is asked for, by a plain read on the asking thread.
pub(crate) struct Pieces {
    before: Option<String>,
    file: File,
    offset: u64,
    file_bytes: u64,
    ended: bool,
    len: u64,
    piece_bytes: usize,
}

impl Pieces {
    pub(crate) fn open(path: &Path, piece_bytes: usize) -> Result<Self> {
        let file = File::open(path)?;
        let file_bytes = file.metadata()?.len();
        let before = before(path);
        let len = before.len() as u64 + file_bytes + after().len() as u64;
        Ok(Self {
            before: Some(before),
            file,
            offset: 0,
            file_bytes,
            ended: false,
            len,
            piece_bytes,
        })
    }

    /// Of the whole body.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The next piece, full but for the last; a small file is one piece with all that surrounds it.
    pub(crate) fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.ended {
            return Ok(None);
        }
        let mut piece = Vec::with_capacity(self.piece_bytes);
        piece.extend_from_slice(self.before.take().unwrap_or_default().as_bytes());
        let end = after();
        while self.offset < self.file_bytes && piece.len() < piece.capacity() {
            match rustix::io::pread(&self.file, spare_capacity(&mut piece), self.offset)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => self.offset += read as u64,
            }
        }
        if self.offset == self.file_bytes && piece.len() + end.len() <= self.piece_bytes {
            piece.extend_from_slice(end.as_bytes());
            self.ended = true;
        }
        Ok(Some(piece.into()))
    }
}

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.next().transpose())
    }
}

/// A whole request in one buffer, its file read by one call.
pub(crate) fn whole(job: &Job, path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path)?;
    let file_bytes = usize::try_from(file.metadata()?.len())?;
    let request = request(job, path, file_bytes as u64);
    let end = after();
    let mut whole = Vec::with_capacity(request.len() + file_bytes + end.len());
    whole.extend_from_slice(request.as_bytes());
    whole.resize(request.len() + file_bytes, 0);
    file.read_exact_at(&mut whole[request.len()..], 0)?;
    whole.extend_from_slice(end.as_bytes());
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_the_form_whatever_their_size() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for len in [0, 1, 400, 1000, 4096] {
            let content = vec![b'c'; len];
            file.as_file().set_len(0).unwrap();
            io::Seek::rewind(&mut file).unwrap();
            io::Write::write_all(&mut file, &content).unwrap();
            let expected = [before(file.path()).into_bytes(), content, after().into()].concat();
            for piece_bytes in [300, 777, 1000, 8192] {
                let mut pieces = Pieces::open(file.path(), piece_bytes).unwrap();
                assert_eq!(pieces.len(), expected.len() as u64);
                let mut all = Vec::new();
                while let Some(piece) = pieces.next().unwrap() {
                    all.extend_from_slice(&piece);
                }
                assert_eq!(all, expected, "{len} {piece_bytes}");
            }
        }
    }
}
