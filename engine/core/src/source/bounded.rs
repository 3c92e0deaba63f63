//! A part of a source, or a source that may not be longer than so.

use std::fs::File;
use std::io;
use std::task::{Context, Poll, ready};

use quintet_proto::UNKNOWN_LENGTH;

use super::{Opened, Source, SourceState};
use crate::error::Error;

/// `length` bytes of `opened` from `offset`; fails if it does not have as many.
pub(crate) fn range(opened: Opened, offset: u64, length: u64) -> Result<Opened, Error> {
    let wrong = |why: String| Err(Error::parameter("range", why));
    let whole = opened.state.len;
    if whole == UNKNOWN_LENGTH {
        return wrong("needs a source whose length is known".into());
    }
    if offset.checked_add(length).is_none_or(|end| end > whole) {
        return wrong(format!(
            "({length} bytes from {offset}) goes beyond the end of the source, which has {whole}"
        ));
    }
    let state = SourceState {
        len: length,
        ..opened.state
    };
    Ok(Opened {
        source: Box::new(Bounded {
            whole: opened,
            start: offset,
            end: offset + length,
        }),
        state,
    })
}

/// A source of unknown length that fails as soon as it gives more than `max` bytes.
pub(super) fn capped(opened: Opened, max: u64) -> Opened {
    Opened {
        state: opened.state,
        source: Box::new(Bounded {
            whole: opened,
            start: 0,
            end: max,
        }),
    }
}

struct Bounded {
    whole: Opened,
    start: u64,
    end: u64,
}

impl Bounded {
    /// How much may be asked for at `offset` of the range: of a range no more than it has, of what is capped one more,
    /// which tells whether there is more.
    fn room(&self, wanted: usize, offset: u64) -> usize {
        let spare = u64::from(self.is_capped());
        let left = (self.end - self.start).saturating_sub(offset);
        usize::try_from(left.saturating_add(spare)).map_or(wanted, |left| left.min(wanted))
    }

    fn is_capped(&self) -> bool {
        self.whole.state.len == UNKNOWN_LENGTH
    }

    fn checked(&self, read: usize, offset: u64) -> io::Result<usize> {
        if self.is_capped() && offset.saturating_add(read as u64) > self.end {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!(
                    "the source has more than the {} bytes that file_bytes_max allows",
                    self.end
                ),
            ));
        }
        Ok(read)
    }
}

impl Source for Bounded {
    /// That of the range, if the whole is what it was.
    fn state(&self) -> io::Result<SourceState> {
        let now = self.whole.source.state()?;
        if now != self.whole.state || self.is_capped() {
            return Ok(now);
        }
        Ok(SourceState {
            len: self.end - self.start,
            ..now
        })
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let room = self.room(buf.len(), offset);
        let source = &self.whole.source;
        let read = source.read_at(&mut buf[..room], self.start.saturating_add(offset))?;
        self.checked(read, offset)
    }

    fn poll_read_at(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        offset: u64,
    ) -> Poll<io::Result<usize>> {
        let room = self.room(buf.len(), offset);
        let from = self.start.saturating_add(offset);
        let source = &self.whole.source;
        let read = ready!(source.poll_read_at(cx, &mut buf[..room], from))?;
        Poll::Ready(self.checked(read, offset))
    }

    fn poll_cached(&self, cx: &mut Context<'_>, offset: u64, len: u64) -> Poll<()> {
        self.whole.source.poll_cached(cx, self.start + offset, len)
    }

    fn file(&self) -> Option<&File> {
        self.whole.source.file()
    }

    fn file_start(&self) -> u64 {
        self.whole.source.file_start() + self.start
    }

    fn reads_again(&self) -> bool {
        self.whole.source.reads_again()
    }
}
