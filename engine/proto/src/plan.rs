//! What will be sent: a list of segments whose sum is the Content-Length.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use crate::escape::{with_crlf, write_escaped};
use crate::form::{Form, Newlines, Part, PartBody};
use crate::{Blame, Boundary};

/// A run of body bytes: either here, or in a file that the sender holds. Never empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Segment<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// `len` bytes from `offset` of the file of the part with the source index `source`.
    File {
        /// The number of file parts before this one in the form.
        source: usize,
        /// Where in the file the segment begins.
        offset: u64,
        /// How many bytes it has.
        len: u64,
    },
}

impl Segment<'_> {
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { len, .. } => *len,
        }
    }
}

impl fmt::Debug for Segment<'_> {
    // A field's value may be a secret: its length is told, not its bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::File {
                source,
                offset,
                len,
            } => {
                write!(f, "File({source}, {offset}..{})", offset + len)
            }
        }
    }
}

/// The whole body of a request, from the first boundary to the closing one, as segments.
///
/// A plan holds no file and no position: it can be compared, printed, and replayed from any offset.
///
/// ```
/// use quintet_proto::{Boundary, Form, Plan, Segment};
///
/// let mut form = Form::new();
/// form.file("f", "a.bin", "application/octet-stream")?;
/// let boundary = Boundary::from_text("B")?;
/// let plan = Plan::new(&form, &boundary, &[1_000_000])?;
///
/// let segments: Vec<_> = plan.segments().collect();
/// assert_eq!(segments[1], Segment::File { source: 0, offset: 0, len: 1_000_000 });
/// assert_eq!(segments[2], Segment::Bytes(b"\r\n--B--\r\n"));
/// assert_eq!(plan.at(plan.content_length() - 4), Some(Segment::Bytes(b"--\r\n")));
/// assert_eq!(plan.at(plan.content_length()), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Plan {
    /// All bytes that do not come from files, one after another.
    text: Vec<u8>,
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Piece {
    /// The offset in the body at which the piece ends.
    end: u64,
    kind: PieceKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PieceKind {
    Text { start: usize, end: usize },
    File { source: usize, len: u64 },
}

impl Plan {
    /// Plans `form`. `file_lengths` holds the length of each file part, by source index.
    ///
    /// The layout is that of RFC 7578 4 and RFC 2046 5.1.1, as browsers write it. A form without
    /// parts is a closing boundary alone.
    ///
    /// # Errors
    ///
    /// [`PlanError`] if there is not one length for each file part, or if the body would have more
    /// than [`u64::MAX`] bytes.
    pub fn new(form: &Form, boundary: &Boundary, file_lengths: &[u64]) -> Result<Self, PlanError> {
        if file_lengths.len() != form.file_count() {
            return Err(PlanError::FileLengths);
        }
        let mut writer = Writer {
            plan: Self {
                text: Vec::with_capacity(text_bytes_hint(form, boundary)),
                pieces: Vec::with_capacity(2 * file_lengths.len() + 1),
            },
            planned: 0,
        };
        let mut source = 0;
        for part in form.parts() {
            write_part_head(part, form.newlines(), boundary, writer.text());
            match &part.body {
                PartBody::Bytes(value) => {
                    let value = normalised(value, form.newlines(), part.file_name.is_none());
                    writer.text().extend_from_slice(&value);
                }
                PartBody::File => {
                    writer.file(source, file_lengths[source])?;
                    source += 1;
                }
            }
            writer.text().extend_from_slice(b"\r\n");
        }
        writer.text().extend_from_slice(b"--");
        writer.text().extend_from_slice(boundary.as_bytes());
        writer.text().extend_from_slice(b"--\r\n");
        writer.finish()
    }

    /// The plan of a request without body: no segment, length 0.
    pub const fn empty() -> Self {
        Self {
            text: Vec::new(),
            pieces: Vec::new(),
        }
    }

    /// How many bytes the body has: the sum of the segments.
    pub fn content_length(&self) -> u64 {
        self.pieces.last().map_or(0, |piece| piece.end)
    }

    /// The segments in order. No two neighbours are both bytes.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        self.pieces.iter().map(|piece| self.segment(*piece))
    }

    /// What is left, from body byte `offset` on, of the segment that holds it; `None` at and after
    /// the end.
    pub fn at(&self, offset: u64) -> Option<Segment<'_>> {
        let index = self.pieces.partition_point(|piece| piece.end <= offset);
        let piece = *self.pieces.get(index)?;
        let segment = self.segment(piece);
        let skipped = segment.len() - (piece.end - offset);
        Some(match segment {
            // Not cut: the segment is at least that long, and its length is a usize.
            Segment::Bytes(bytes) => Segment::Bytes(&bytes[skipped as usize..]),
            Segment::File {
                source,
                offset,
                len,
            } => Segment::File {
                source,
                offset: offset + skipped,
                len: len - skipped,
            },
        })
    }

    fn segment(&self, piece: Piece) -> Segment<'_> {
        match piece.kind {
            PieceKind::Text { start, end } => Segment::Bytes(&self.text[start..end]),
            PieceKind::File { source, len } => Segment::File {
                source,
                offset: 0,
                len,
            },
        }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.segments()).finish()
    }
}

/// A plan under construction: text gathers until a file follows it.
struct Writer {
    plan: Plan,
    /// How much of the text is in pieces already.
    planned: usize,
}

impl Writer {
    fn text(&mut self) -> &mut Vec<u8> {
        &mut self.plan.text
    }

    fn file(&mut self, source: usize, len: u64) -> Result<(), PlanError> {
        if len == 0 {
            return Ok(());
        }
        self.plan_text()?;
        self.piece(len, PieceKind::File { source, len })
    }

    fn finish(mut self) -> Result<Plan, PlanError> {
        self.plan_text()?;
        Ok(self.plan)
    }

    fn plan_text(&mut self) -> Result<(), PlanError> {
        let (start, end) = (self.planned, self.plan.text.len());
        self.planned = end;
        self.piece((end - start) as u64, PieceKind::Text { start, end })
    }

    fn piece(&mut self, len: u64, kind: PieceKind) -> Result<(), PlanError> {
        let end = self
            .plan
            .content_length()
            .checked_add(len)
            .ok_or(PlanError::TooLong)?;
        self.plan.pieces.push(Piece { end, kind });
        Ok(())
    }
}

fn write_part_head(part: &Part, newlines: Newlines, boundary: &Boundary, out: &mut Vec<u8>) {
    out.extend_from_slice(b"--");
    out.extend_from_slice(boundary.as_bytes());
    out.extend_from_slice(b"\r\nContent-Disposition: form-data; name=\"");
    write_escaped(&normalised(part.name.as_bytes(), newlines, true), out);
    out.push(b'"');
    if let Some(file_name) = &part.file_name {
        out.extend_from_slice(b"; filename=\"");
        write_escaped(file_name.as_bytes(), out);
        out.push(b'"');
    }
    out.extend_from_slice(b"\r\n");
    if let Some(content_type) = &part.content_type {
        out.extend_from_slice(b"Content-Type: ");
        out.extend_from_slice(content_type.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

fn normalised(text: &[u8], newlines: Newlines, is_text: bool) -> Cow<'_, [u8]> {
    match newlines {
        Newlines::Crlf if is_text => with_crlf(text),
        _ => Cow::Borrowed(text),
    }
}

/// About how much text the plan will hold: right unless something is escaped, and only there to
/// spare allocations.
fn text_bytes_hint(form: &Form, boundary: &Boundary) -> usize {
    const FIXED: usize = "--\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n".len();
    const FILE_NAME: usize = "; filename=\"\"".len();
    const CONTENT_TYPE: usize = "Content-Type: \r\n".len();
    let part_bytes = |part: &Part| {
        FIXED
            + boundary.as_bytes().len()
            + part.name.len()
            + part
                .file_name
                .as_ref()
                .map_or(0, |name| FILE_NAME + name.len())
            + part
                .content_type
                .as_ref()
                .map_or(0, |kind| CONTENT_TYPE + kind.len())
            + match &part.body {
                PartBody::Bytes(value) => value.len(),
                PartBody::File => 0,
            }
    };
    let closing = "----\r\n".len() + boundary.as_bytes().len();
    form.parts().iter().map(part_bytes).sum::<usize>() + closing
}

/// Why a form cannot be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// The number of file lengths is not the number of file parts.
    FileLengths,
    /// The body would have more than [`u64::MAX`] bytes.
    TooLong,
}

impl PlanError {
    /// Always the caller's mistake.
    pub const fn blame(&self) -> Blame {
        Blame::Caller
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FileLengths => "there is not one file length for each file part",
            Self::TooLong => "the body is longer than a length can say",
        })
    }
}

impl core::error::Error for PlanError {}
