//! A descriptor that is readable while it rings: a pipe that holds one byte then.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;

use crate::failure::Failure;

/// Rings or is silent.
pub(crate) struct Bell {
    reader: PipeReader,
    writer: PipeWriter,
    rings: bool,
}

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Self {
            reader,
            writer,
            rings: false,
        })
    }

    pub(crate) fn descriptor(&self) -> Result<i32, Failure> {
        Ok(self.reader.as_raw_fd())
    }

    /// Never waits: there is one byte in the pipe at most.
    pub(crate) fn ring(&mut self) {
        if !self.rings {
            self.rings = self.writer.write_all(&[1]).is_ok();
        }
    }

    pub(crate) fn silence(&mut self) {
        if self.rings {
            self.rings = self.reader.read_exact(&mut [0]).is_err();
        }
    }
}
