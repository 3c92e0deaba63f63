//! A body whose length is not known when it begins: what lies in the output buffer goes out as one chunk (RFC 9112 7.1).
//!
//! ```text
//!   output:  head, the first time │ line │ body bytes │ line end │ the last chunk, at the end
//!                                 └──────────── frame ──────────────────────────────────────┘
//! ```

use std::ops::Range;
use std::task::{Context, Poll};

use quintet_proto::{CHUNK_END, CHUNK_LINE_BYTES_MAX, ChunkLine, LAST_CHUNK, UNKNOWN_LENGTH};

use super::Pump;
use super::body::room_in;
use crate::error::Error;

/// What sends a body in chunks. Filled in by whatever may open a source whose length only its end tells.
pub(crate) struct Chunking {
    place: fn(&mut Pump<'_>, &mut Context<'_>) -> Poll<Result<(), Error>>,
    took: fn(&mut Chunk, u64, usize) -> u64,
    settle: fn(&mut Pump<'_>, usize, u64) -> bool,
    end: fn(&mut Pump<'_>),
}

pub(crate) static CHUNKING: Chunking = Chunking {
    place: |pump, cx| pump.place_framed(cx),
    took: Chunk::took,
    settle: |pump, source, len| pump.settle_framed(source, len),
    end: |pump| pump.end_framed(),
};

impl Chunking {
    /// For a body of this length, if that is not known.
    pub(super) fn chunk(&'static self, content_length: u64) -> Option<Box<Chunk>> {
        (content_length == UNKNOWN_LENGTH).then(|| {
            Box::new(Chunk {
                chunking: self,
                frame: 0..0,
                body: 0..0,
                is_last: false,
                framing: 0,
            })
        })
    }
}

/// The chunk in the output buffer.
pub(super) struct Chunk {
    chunking: &'static Chunking,
    /// Where it lies; empty if there is none.
    frame: Range<usize>,
    /// Where its body bytes lie.
    body: Range<usize>,
    /// The last one is placed.
    is_last: bool,
    /// How many bytes of framing the transport has taken.
    framing: u64,
}

impl Chunk {
    /// The transport has taken `taken` bytes of the output buffer, up to `until`. Returns how many of them are body.
    fn took(&mut self, taken: u64, until: usize) -> u64 {
        let taken = until - taken as usize..until;
        let body = common(&taken, &self.body);
        self.framing += common(&taken, &self.frame) - body;
        body
    }

    pub(super) fn framing(&self) -> u64 {
        self.framing
    }
}

fn common(a: &Range<usize>, b: &Range<usize>) -> u64 {
    a.end.min(b.end).saturating_sub(a.start.max(b.start)) as u64
}

impl Pump<'_> {
    /// Places a chunk behind the head, or where the one before was sent. Not ready while there is nothing to send.
    pub(super) fn place_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match &self.chunk {
            None => Poll::Ready(Ok(())),
            Some(chunk) => (chunk.chunking.place)(self, cx),
        }
    }

    /// The transport has taken `taken` bytes, `of_head` of them of the head. Returns how many of them are body.
    pub(super) fn took_of_body(&mut self, taken: u64, of_head: u64) -> u64 {
        match &mut self.chunk {
            None => taken - of_head,
            Some(chunk) => (chunk.chunking.took)(chunk, taken, self.output_at),
        }
    }

    /// The end of a source was read. Returns whether it is one of unknown length.
    pub(super) fn settle(&mut self, source: usize, len: u64) -> bool {
        match &self.chunk {
            None => false,
            Some(chunk) => (chunk.chunking.settle)(self, source, len),
        }
    }

    fn place_framed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some(chunk) = &mut self.chunk else {
            return Poll::Ready(Ok(()));
        };
        if self.output_at == self.output_end {
            (self.output_at, self.output_end) = (0, 0);
            (chunk.frame, chunk.body) = (0..0, 0..0);
        }
        if chunk.is_last || !chunk.frame.is_empty() {
            return Poll::Ready(Ok(()));
        }
        // The line comes before the bytes and is known after them: there is room for the longest.
        let head_end = self.output_end;
        let body_at = head_end + CHUNK_LINE_BYTES_MAX;
        self.output_end = body_at;
        let placed = self.place(cx);
        let body = body_at..self.output_end;
        self.output_end = head_end;
        match placed {
            Poll::Ready(placed) => placed?,
            Poll::Pending if !body.is_empty() => {}
            Poll::Pending if self.output_at < head_end => return Poll::Ready(Ok(())),
            Poll::Pending => return Poll::Pending,
        }
        self.frame(body);
        Poll::Ready(Ok(()))
    }

    /// Puts the framing around the body bytes, and the head right before it.
    fn frame(&mut self, body: Range<usize>) {
        let is_last = self.plan.at(self.placed).is_none();
        let line = ChunkLine::new(body.len() as u64);
        let (line, end): (&[u8], &[u8]) = match body.is_empty() {
            true => (b"", b""),
            false => (line.as_bytes(), CHUNK_END),
        };
        let last = if is_last { LAST_CHUNK } else { b"" };
        let start = body.start - line.len();
        let after = end.len() + last.len();
        // What is not file content moves with its frame.
        self.wire.secret_end = usize::MAX;
        let output = &mut self.wire.output;
        let (after_body, after_end) = room_in(output, body.end, after).split_at_mut(end.len());
        after_body.copy_from_slice(end);
        after_end.copy_from_slice(last);
        output[start..body.start].copy_from_slice(line);
        let gap = start - self.output_end;
        output.copy_within(self.output_at..self.output_end, self.output_at + gap);
        self.output_at += gap;
        self.output_end = body.end + after;
        if let Some(chunk) = &mut self.chunk {
            chunk.frame = start..self.output_end;
            chunk.body = body;
            chunk.is_last = is_last;
        }
    }

    /// Tells the exchange of the end of the body once its last chunk is taken.
    pub(super) fn end_when_sent(&mut self) {
        if let Some(chunk) = &self.chunk {
            (chunk.chunking.end)(self);
        }
    }

    fn settle_framed(&mut self, source: usize, len: u64) -> bool {
        let settled = self.plan.settle(source, len);
        let total = self.plan.content_length();
        if settled && total != UNKNOWN_LENGTH {
            self.ledger.settled(total);
        }
        settled
    }

    fn end_framed(&mut self) {
        if self.chunk.as_ref().is_some_and(|chunk| chunk.is_last)
            && self.output_at == self.output_end
        {
            self.exchange.body_ended();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_divided_into_head_framing_and_body() {
        for cut in 0..=40 {
            let mut chunk = Chunk {
                frame: 10..40,
                body: 13..33,
                chunking: &CHUNKING,
                is_last: false,
                framing: 0,
            };
            let body = chunk.took(cut, cut as usize) + chunk.took(40 - cut, 40);
            assert_eq!((body, chunk.framing()), (20, 10), "{cut}");
        }
    }
}
