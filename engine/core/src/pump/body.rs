//! The body of a request: what of it is placed in the output buffer, and what is the transport's to send.

use std::task::{Context, Poll, ready};

use quintet_proto::{Segment, reserve_wiped};
use quintet_transport::FileSend;

use super::Pump;
use crate::error::{Error, ErrorKind};
use crate::planted;
use crate::source::{Source, changed, check_unchanged};

/// Files up to this size are read into the same buffer as the head and the form, and leave in one write. Larger
/// ones are offered to the transport.
const INLINE_FILE_BYTES_MAX: u64 = 64 * 1024;
/// The last of a raw body that is read, and not offered to the transport: it leaves when the file was found as it was
/// promised. Far less than an idle connection keeps of its buffer, so that none is made for it each time.
const KEPT_BACK_BYTES: u64 = 16 * 1024;
/// Size of a read where the transport takes no files: large enough that the calls do not count, small enough to stay in a
/// processor's second cache. Twice what TLS seals at a time: with a burst left over that is not full, an upload over TLS
/// costs about 4 % more.
const CHUNK_BYTES: usize = 224 * 1024;
/// How much of a file is asked to be in memory at once, by its first and last byte.
const CACHED_BYTES: u64 = 4 * 1024 * 1024;
/// A closing boundary has no more bytes, and a part has more: what is no longer holds no field.
const CLOSING_BYTES_MAX: usize = 64;
/// How much of a file is offered to the transport at once.
const OFFER_BYTES: u64 = 1024 * 1024;

impl<'a> Pump<'a> {
    /// Whether a rest of a file of this length is for the transport to send.
    pub(super) fn offers(&self, source: usize, len: u64) -> bool {
        !self.wire.declines_files
            && (len > INLINE_FILE_BYTES_MAX || (self.sent > 0 && !self.ends_with(len)))
            && self.chunk.is_none()
            && self.source(source).file().is_some()
    }

    /// Whether a rest of a file of this length is the last of the body, as it is of a raw one.
    pub(super) fn ends_with(&self, len: u64) -> bool {
        self.placed + len == self.plan.content_length()
    }

    /// The outer result is the upload's error, the inner one the connection's.
    pub(super) fn send_file(
        &mut self,
        cx: &mut Context<'_>,
        source: usize,
        offset: u64,
        of_file: u64,
        most: u64,
    ) -> Poll<Result<std::io::Result<u64>, Error>> {
        let Some(file) = self.source(source).file() else {
            self.wire.declines_files = true;
            return Poll::Ready(Ok(Ok(0)));
        };
        let (of, until) = self.cached;
        if of != source || offset >= until {
            let len = of_file.min(CACHED_BYTES);
            ready!(self.source(source).poll_cached(cx, offset, len));
            self.cached = (source, offset + len);
        }
        // The last of a raw body is read, and sent when the file was found as it was promised.
        let kept_back = if self.ends_with(of_file) {
            KEPT_BACK_BYTES
        } else {
            0
        };
        let len = (of_file - kept_back)
            .min(OFFER_BYTES)
            .min(self.cached.1 - offset)
            .min(most);
        let offset = self.source(source).file_start() + offset;
        match ready!(self.wire.connection.poll_send_file(cx, file, offset, len)) {
            Ok(FileSend::Declined) => {
                self.wire.declines_files = true;
                Poll::Ready(Ok(Ok(0)))
            }
            Ok(FileSend::Sent(0)) => Poll::Ready(Err(changed("became shorter"))),
            Ok(FileSend::Sent(sent)) => {
                self.placed += sent;
                Poll::Ready(Ok(Ok(sent)))
            }
            Err(error) => Poll::Ready(Ok(Err(error))),
        }
    }

    pub(super) fn source(&self, source: usize) -> &'a dyn Source {
        &*self.sources[source].source
    }

    /// Appends the next segments to the output buffer: bytes, and files that the transport is not offered. Not ready
    /// while a file is brought into memory; what is placed by then may go.
    pub(super) fn place(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let begun = self.placed;
        let chunk_bytes = match planted::is("reads-without-bound") {
            true => 4 * CHUNK_BYTES,
            false => CHUNK_BYTES,
        };
        while self.output_end < chunk_bytes {
            let room = chunk_bytes - self.output_end;
            let placed = match self.plan.at(self.placed) {
                None => {
                    if self.placed == 0 {
                        self.verify()?;
                    }
                    break;
                }
                Some(Segment::File { source, len, .. }) if self.offers(source, len) => break,
                Some(Segment::Bytes(bytes)) => {
                    let is_last = self.placed + bytes.len() as u64 == self.plan.content_length();
                    let whole = bytes.len();
                    let bytes = &bytes[..whole.min(room)];
                    let len = bytes.len();
                    room_in(&mut self.wire.output, self.output_end, len).copy_from_slice(bytes);
                    let closes = is_last && whole <= CLOSING_BYTES_MAX && self.output_end > 0;
                    if !closes {
                        let end = self.output_end + len;
                        self.wire.secret_end = self.wire.secret_end.max(end);
                    }
                    // The last segment holds the closing boundary: not one byte of it leaves before this.
                    if is_last {
                        self.verify()?;
                    }
                    len
                }
                Some(Segment::File {
                    source: index,
                    offset,
                    len,
                }) => {
                    // One more than there should be: a read that stops before it has seen the end.
                    let len = usize::try_from(len).unwrap_or(usize::MAX);
                    let wanted = room.min(len.saturating_add(1));
                    let source = self.source(index);
                    let output = room_in(&mut self.wire.output, self.output_end, wanted);
                    let read = source.poll_read_at(cx, output, offset);
                    if read.is_pending() && self.chunk.is_some() && self.placed > begun {
                        // Nobody knows when more comes: what is here goes.
                        break;
                    }
                    let read = ready!(read)
                        .map_err(|error| Error::new(ErrorKind::FileUnreadable).because(error))?;
                    let read = match read {
                        0 if planted::is("truncated-file-padded") => room.min(len),
                        read => read,
                    };
                    match read {
                        0 if self.settle(index, offset) => continue,
                        0 => return Poll::Ready(Err(changed("became shorter"))),
                        _ if read > len => return Poll::Ready(Err(changed("became longer"))),
                        _ => self.read_whole = offset == 0 && read == len && wanted > len,
                    }
                    if self.ends_with(read as u64) {
                        self.verify()?;
                    }
                    read
                }
            };
            self.output_end += placed;
            self.placed += placed as u64;
        }
        Poll::Ready(Ok(()))
    }

    /// Makes sure that every file is still what was promised: as long, and not newer.
    pub(super) fn verify(&mut self) -> Result<(), Error> {
        if planted::is("closing-boundary-though-changed") {
            return Ok(());
        }
        // What was read to its end as soon as it was opened needs no second look.
        let at_once = self.read_whole && self.sources.len() == 1 && !self.ledger.has_waited();
        if std::mem::replace(&mut self.verified, true) || at_once {
            return Ok(());
        }
        check_unchanged(self.sources)
    }
}

/// The next `len` bytes of the output buffer from `at` on: new ones are made only where it never was so long.
pub(super) fn room_in(output: &mut Vec<u8>, at: usize, len: usize) -> &mut [u8] {
    let end = at + len;
    if output.len() < end {
        reserve_wiped(output, end - output.len());
        output.resize(end, 0);
    }
    &mut output[at..end]
}
