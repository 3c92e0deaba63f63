//! Bytes that the host reads by a callback, as a reader.

use std::io::{self, Read, Seek, SeekFrom};

use quintet::UploadSource;

use crate::callbacks::SourceCalls;
use crate::failure::Failure;

/// A source of these callbacks: one that can begin again, unless it says otherwise or does not know its length.
pub(crate) fn of(calls: SourceCalls) -> Result<UploadSource, Failure> {
    let (length, reads_once) = (calls.length(), calls.reads_once());
    let reader = HostReader { calls, at: 0 };
    match length {
        None => Ok(UploadSource::reader(reader)),
        Some(length) if reads_once => Ok(UploadSource::reader_of(reader, length)),
        Some(length) => {
            let seekable = Seekable { reader, length };
            UploadSource::seekable(seekable).map_err(Failure::invalid)
        }
    }
}

struct HostReader {
    calls: SourceCalls,
    at: u64,
}

impl Read for HostReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let answer = self.calls.read_at(self.at, buf);
        match usize::try_from(answer) {
            Ok(bytes) if bytes <= buf.len() => {
                self.at += bytes as u64;
                Ok(bytes)
            }
            _ => {
                let most = buf.len();
                let why = format!("the host's source answered {answer}, asked for {most} bytes");
                Err(io::Error::other(why))
            }
        }
    }
}

struct Seekable {
    reader: HostReader,
    length: u64,
}

impl Read for Seekable {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buf)
    }
}

impl Seek for Seekable {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.reader.at.checked_add_signed(by),
        };
        self.reader.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.reader.at)
    }
}
