//! What will be sent: a list of segments whose sum is the Content-Length.

use alloc::vec::Vec;
use core::{fmt, iter};

use crate::planted;
use crate::short_list::ShortList;
use crate::wipe::wipe;
use crate::{Blame, Boundary, Form};

/// How many files need no list of their own.
const FILES_INLINE: usize = 1;

/// The length of a file that is known only when its end was read, and of a body with such a file in it. No body that
/// is planned has as many bytes.
pub const UNKNOWN_LENGTH: u64 = u64::MAX;

/// What follows the last boundary (RFC 2046 5.1.1).
const CLOSING: &[u8] = b"--\r\n";

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
        /// How many bytes it has; as many as can be where the file's length is not known.
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
    /// The files that are not known to be empty: text stands before, between and after them.
    files: ShortList<PlannedFile, FILES_INLINE>,
    content_length: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct PlannedFile {
    source: usize,
    len: u64,
    /// How much of the text stands before it.
    text_before: usize,
    /// The offset in the body at which it ends: [`UNKNOWN_LENGTH`] from the first file of unknown length on.
    end: u64,
}

impl Plan {
    /// Plans `form`. `file_lengths` holds the length of each file part, by source index;
    /// [`UNKNOWN_LENGTH`] for one that is [settled](Self::settle) later.
    ///
    /// The layout is that of RFC 7578 4 and RFC 2046 5.1.1, as browsers write it. A form without
    /// parts is a closing boundary alone.
    ///
    /// # Errors
    ///
    /// [`PlanError`] if there is not one length for each file part, or if the body would have
    /// [`UNKNOWN_LENGTH`] bytes or more.
    pub fn new(form: &Form, boundary: &Boundary, file_lengths: &[u64]) -> Result<Self, PlanError> {
        Self::new_in(Vec::new(), form, boundary, file_lengths)
    }

    /// As [`new`](Self::new), with the allocation of `buffer`, whose content is dropped: that of an
    /// earlier plan, say, from [`into_buffer`](Self::into_buffer). It grows, to what is needed, if
    /// it is too small.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); the buffer is gone then.
    pub fn new_in(
        buffer: Vec<u8>,
        form: &Form,
        boundary: &Boundary,
        file_lengths: &[u64],
    ) -> Result<Self, PlanError> {
        if file_lengths.len() != form.file_count() {
            return Err(PlanError::FileLengths);
        }
        let delimiter = boundary.delimiter();
        // The first delimiter goes without its line end.
        let text_bytes =
            form.text_bytes() + (form.part_count() + 1) * delimiter.len() - 2 + CLOSING.len();
        let content_length = sum(text_bytes as u64, file_lengths)?;

        let mut plan = Self::empty();
        plan.text = buffer;
        plan.content_length = content_length;
        plan.text.clear();
        plan.text.reserve_exact(text_bytes);
        let mut delimiter_next = &delimiter[2..];
        let mut lengths = file_lengths.iter().copied().enumerate();
        let mut before = 0;
        for part in form.parts() {
            plan.text.extend_from_slice(delimiter_next);
            delimiter_next = delimiter;
            part.write_text(&mut plan.text);
            if part.value.is_none()
                && let Some((source, len)) = lengths.next()
                && len > 0
            {
                // Beyond what can be counted only from a file of unknown length on.
                before = len.saturating_add(before);
                plan.files.push(PlannedFile {
                    source,
                    len,
                    text_before: plan.text.len(),
                    end: before.saturating_add(plan.text.len() as u64),
                });
            }
        }
        plan.text.extend_from_slice(delimiter_next);
        match planted::is("closing-boundary-without-dashes") {
            false => plan.text.extend_from_slice(CLOSING),
            true => plan.text.extend_from_slice(b"\r\n\r\n"),
        }
        Ok(plan)
    }

    /// The plan of a body that is the one file 0 and nothing else.
    ///
    /// ```
    /// use quintet_proto::{Plan, Segment};
    ///
    /// let plan = Plan::raw(5);
    /// assert_eq!(plan.content_length(), 5);
    /// assert_eq!(plan.at(2), Some(Segment::File { source: 0, offset: 2, len: 3 }));
    /// ```
    pub fn raw(file_length: u64) -> Self {
        let mut plan = Self::empty();
        plan.content_length = file_length;
        if file_length > 0 {
            plan.files.push(PlannedFile {
                source: 0,
                len: file_length,
                text_before: 0,
                end: file_length,
            });
        }
        plan
    }

    /// The file with this source index, whose length was not known, has `len` bytes. Returns whether that is news.
    ///
    /// ```
    /// use quintet_proto::{Plan, UNKNOWN_LENGTH};
    ///
    /// let mut plan = Plan::raw(UNKNOWN_LENGTH);
    /// assert_eq!(plan.content_length(), UNKNOWN_LENGTH);
    /// assert!(plan.settle(0, 700));
    /// assert_eq!(plan.content_length(), 700);
    /// assert_eq!(plan.at(700), None);
    /// ```
    pub fn settle(&mut self, source: usize, len: u64) -> bool {
        let files = self.files.as_mut_slice();
        let open = |file: &&mut PlannedFile| file.source == source && file.len == UNKNOWN_LENGTH;
        let Some(file) = files.iter_mut().find(open) else {
            return false;
        };
        file.len = len;
        let mut before = 0_u64;
        for file in files {
            before = before.saturating_add(file.len);
            file.end = before.saturating_add(file.text_before as u64);
        }
        self.content_length = before.saturating_add(self.text.len() as u64);
        true
    }

    /// The plan of a request without body: no segment, length 0.
    pub const fn empty() -> Self {
        Self {
            text: Vec::new(),
            files: ShortList::new(PlannedFile {
                source: 0,
                len: 0,
                text_before: 0,
                end: 0,
            }),
            content_length: 0,
        }
    }

    /// The plan's allocation, for [`new_in`](Self::new_in); what it holds means nothing.
    pub fn into_buffer(mut self) -> Vec<u8> {
        core::mem::take(&mut self.text)
    }

    /// How many bytes the body has: the sum of the segments. [`UNKNOWN_LENGTH`] until every file is settled.
    pub fn content_length(&self) -> u64 {
        self.content_length
    }

    /// The segments in order, up to and with the first file of unknown length. No two neighbours are both bytes, but
    /// where a file between them turned out to be empty.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        let mut offset = 0;
        iter::from_fn(move || {
            let segment = self.at(offset)?;
            offset += segment.len();
            Some(segment)
        })
    }

    /// What is left, from body byte `offset` on, of the segment that holds it; `None` at and after
    /// the end.
    pub fn at(&self, offset: u64) -> Option<Segment<'_>> {
        if offset >= self.content_length {
            return None;
        }
        let files = self.files.as_slice();
        let index = files.partition_point(|file| file.end <= offset);
        let files_before = files[..index]
            .last()
            .map_or(0, |file| file.end - file.text_before as u64);
        let text_end = match files.get(index) {
            Some(file) => {
                let start = files_before + file.text_before as u64;
                if offset >= start {
                    return Some(Segment::File {
                        source: file.source,
                        offset: offset - start,
                        len: file.end - offset,
                    });
                }
                file.text_before
            }
            None => self.text.len(),
        };
        // Not cut: it is a place in the text, whose length is a usize.
        let text_start = (offset - files_before) as usize;
        Some(Segment::Bytes(&self.text[text_start..text_end]))
    }
}

impl Drop for Plan {
    /// A field's value may be a secret.
    fn drop(&mut self) {
        wipe(&mut self.text);
    }
}

/// The length of the body, if it has one.
fn sum(text_bytes: u64, file_lengths: &[u64]) -> Result<u64, PlanError> {
    let add = |sum: u64, len: &u64| sum.checked_add(*len).filter(|sum| *sum < UNKNOWN_LENGTH);
    if let Some(sum) = file_lengths.iter().try_fold(text_bytes, add) {
        return Ok(sum);
    }
    // Those whose length is known must fit all the same.
    let mut known = file_lengths.iter().filter(|len| **len != UNKNOWN_LENGTH);
    match known.try_fold(text_bytes, add) {
        Some(_) if file_lengths.contains(&UNKNOWN_LENGTH) => Ok(UNKNOWN_LENGTH),
        _ => Err(PlanError::TooLong),
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.segments()).finish()
    }
}

/// Why a form cannot be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// The number of file lengths is not the number of file parts.
    FileLengths,
    /// The body would have [`UNKNOWN_LENGTH`] bytes or more.
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
