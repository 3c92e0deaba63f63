//! What was asked: the parts of a form, each checked and written when it is added.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::Blame;
use crate::escape::{is_unescaped, with_crlf, write_escaped};
use crate::grammar::{NOT_NUL, are, is_media_type};
use crate::record::{Record, read_record, write_record};
use crate::wipe::{reserve_wiped, wipe};

/// The longest part name, file name or content type, in bytes.
///
/// No form needs more, and what a server would have to hold as a header stays bounded.
pub const NAME_BYTES_MAX: usize = 65_536;

/// The most parts in one form: the default limit of several servers (Django, PHP, Werkzeug).
pub const PARTS_MAX: usize = 1_000;

/// What is reserved for the parts after a first one that is text: a file's names and type, mostly.
const SPARE_BYTES: usize = 64;

/// What happens to the newlines of names and text values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Newlines {
    /// Every byte is sent as it was given.
    #[default]
    AsGiven,
    /// As a browser's form submission does: in part names, and in values that have no file name,
    /// CR, LF and CR LF all become CR LF. File names and file contents stay as they are
    /// (WHATWG HTML, "multipart/form-data encoding algorithm").
    Crlf,
}

/// Where the content of a part comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum PartBody {
    /// These bytes; none is an empty part.
    Bytes(Bytes),
    /// A file that whoever sends the plan holds. The part's source index is the number of file
    /// parts before it in the form.
    File,
}

impl fmt::Debug for PartBody {
    // A value may be a secret: its length is told, not its bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::File => f.write_str("File"),
        }
    }
}

/// One part of a form (RFC 7578 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The form key: not empty, no NUL, at most [`NAME_BYTES_MAX`] bytes.
    pub name: String,
    /// Sent as `filename`; `None` leaves the parameter away. No NUL, at most [`NAME_BYTES_MAX`]
    /// bytes.
    pub file_name: Option<String>,
    /// Sent as the part's Content-Type, a media type of RFC 9110 8.3.1; `None` leaves the header
    /// away.
    pub content_type: Option<String>,
    /// The content.
    pub body: PartBody,
}

/// The parts of a multipart/form-data body (RFC 7578), in the order in which they are sent.
///
/// Every mistake is found when the part is added, so a form that exists can be sent.
///
/// ```
/// use quintet_proto::{Form, FormMistake};
///
/// let mut form = Form::new();
/// form.field("title", "holiday")?;
/// form.file("photo", "beach.jpg", "image/jpeg")?;
/// assert_eq!(form.file_count(), 1);
///
/// let error = form.file("photo", "x.jpg", "image/jpeg\r\nX-Evil: 1").unwrap_err();
/// assert_eq!((error.part, error.mistake), (2, FormMistake::ContentTypeMalformed));
/// # Ok::<(), quintet_proto::FormError>(())
/// ```
///
/// Its `Debug` shows no name and no value. Two forms are equal if they treat newlines alike and send
/// the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Form {
    /// Part after part, each as a [`Record`]: what is the same in every form is added only when it is sent.
    records: Vec<u8>,
    /// How many bytes the parts take when they are sent, boundaries and files not counted.
    text_bytes: usize,
    part_count: u16,
    file_count: u16,
    newlines: Newlines,
}

/// A [`Part`] whose texts lie elsewhere.
struct Asked<'a> {
    name: &'a str,
    file_name: Option<&'a str>,
    content_type: Option<&'a str>,
    /// `None` if it is a file's content.
    value: Option<&'a [u8]>,
}

impl Form {
    /// A form without parts whose bytes are all sent as given.
    pub fn new() -> Self {
        Self::with_newlines(Newlines::AsGiven)
    }

    /// Gives back the room that was made for more parts, where it is worth it: for a form that is kept for a while.
    pub fn shrink(&mut self) {
        if self.records.capacity() > self.records.len() + SPARE_BYTES {
            let fitting = self.records.clone();
            wipe(&mut self.records);
            self.records = fitting;
        }
    }

    /// The form so far. An empty one that treats newlines alike takes its place.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let rest = Self::with_newlines(self.newlines);
        core::mem::replace(self, rest)
    }

    /// Adds the parts of `other` after those already there. Its files come after this form's files.
    ///
    /// # Errors
    ///
    /// [`FormError`], and the form is as it was, if it would have more than [`PARTS_MAX`] parts.
    ///
    /// ```
    /// use quintet_proto::Form;
    ///
    /// let mut form = Form::new();
    /// form.field("a", "1")?;
    /// let mut before = form.take();
    /// form.field("b", "2")?;
    /// before.append(&form)?;
    /// assert_eq!(before.file_count(), 0);
    /// # Ok::<(), quintet_proto::FormError>(())
    /// ```
    pub fn append(&mut self, other: &Self) -> Result<(), FormError> {
        if self.part_count() + other.part_count() > PARTS_MAX {
            return Err(FormError {
                part: PARTS_MAX,
                mistake: FormMistake::TooManyParts,
            });
        }
        reserve_wiped(&mut self.records, other.records.len());
        self.records.extend_from_slice(&other.records);
        self.text_bytes += other.text_bytes;
        self.part_count += other.part_count;
        self.file_count += other.file_count;
        Ok(())
    }

    /// Treats the newlines of parts that are added from here on in this way.
    pub fn set_newlines(&mut self, newlines: Newlines) {
        self.newlines = newlines;
    }

    /// A form without parts that treats newlines as `newlines` says.
    pub fn with_newlines(newlines: Newlines) -> Self {
        Self {
            records: Vec::new(),
            text_bytes: 0,
            part_count: 0,
            file_count: 0,
            newlines,
        }
    }

    /// Adds `part` after those already there.
    ///
    /// # Errors
    ///
    /// [`FormError`], and the form is as it was, if a name or file name holds NUL or is too long,
    /// if the name is empty, if the content type is not a media type, or if the form already has
    /// [`PARTS_MAX`] parts. CR, LF and `"` in names are no mistake: they are escaped.
    pub fn part(&mut self, part: Part) -> Result<(), FormError> {
        self.add(&Asked {
            name: &part.name,
            file_name: part.file_name.as_deref(),
            content_type: part.content_type.as_deref(),
            value: match &part.body {
                PartBody::Bytes(value) => Some(value),
                PartBody::File => None,
            },
        })
    }

    /// Adds a text field: no file name, no content type, `value` byte for byte (unless
    /// [`Newlines::Crlf`] was asked for). An empty value is an empty field.
    ///
    /// # Errors
    ///
    /// As [`part`](Self::part).
    pub fn field(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), FormError> {
        self.add(&Asked {
            name,
            file_name: None,
            content_type: None,
            value: Some(value.as_ref()),
        })
    }

    /// Adds a file whose source index is [`file_count`](Self::file_count) before the call.
    ///
    /// # Errors
    ///
    /// As [`part`](Self::part).
    pub fn file(
        &mut self,
        name: &str,
        file_name: &str,
        content_type: &str,
    ) -> Result<(), FormError> {
        self.add(&Asked {
            name,
            file_name: Some(file_name),
            content_type: Some(content_type),
            value: None,
        })
    }

    /// Whether it has no part.
    pub fn is_empty(&self) -> bool {
        self.part_count == 0
    }

    /// How many parts take their content from a file.
    pub fn file_count(&self) -> usize {
        usize::from(self.file_count)
    }

    /// How many bytes all parts take when they are sent, boundaries and files not counted.
    pub(crate) fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    pub(crate) fn part_count(&self) -> usize {
        usize::from(self.part_count)
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = Record<'_>> {
        let mut rest = &*self.records;
        core::iter::from_fn(move || read_record(&mut rest))
    }

    fn add(&mut self, part: &Asked<'_>) -> Result<(), FormError> {
        let index = self.part_count();
        let mistake = if index == PARTS_MAX {
            Some(FormMistake::TooManyParts)
        } else {
            part.mistake()
        };
        if let Some(mistake) = mistake {
            return Err(FormError {
                part: index,
                mistake,
            });
        }
        let name = escaped(part.name, self.newlines);
        let file_name = part.file_name.map(|it| escaped(it, Newlines::AsGiven));
        let value = part.value.map(|value| match part.file_name {
            None => normalised(value, self.newlines),
            Some(_) => Cow::Borrowed(value),
        });
        let record = Record {
            name: &name,
            file_name: file_name.as_deref(),
            content_type: part.content_type.map(str::as_bytes),
            value: value.as_deref(),
        };
        let is_file = record.value.is_none();
        match index {
            0 if is_file => self.records.reserve_exact(record.record_bytes()),
            0 => self
                .records
                .reserve_exact(record.record_bytes() + SPARE_BYTES),
            _ => reserve_wiped(&mut self.records, record.record_bytes()),
        }
        write_record(&record, &mut self.records);
        let counts = (record.text_bytes(), is_file);
        if let Some(Cow::Owned(mut normalised)) = value {
            wipe(&mut normalised);
        }
        self.text_bytes += counts.0;
        self.part_count += 1;
        self.file_count += u16::from(counts.1);
        Ok(())
    }
}

impl Drop for Form {
    /// A field's value may be a secret.
    fn drop(&mut self) {
        wipe(&mut self.records);
    }
}

impl Default for Form {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form")
            .field("newlines", &self.newlines)
            .field("parts", &self.part_count())
            .field("files", &self.file_count)
            .field("text_bytes", &self.text_bytes())
            .finish()
    }
}

impl Asked<'_> {
    fn mistake(&self) -> Option<FormMistake> {
        if self.name.is_empty() {
            return Some(FormMistake::NameEmpty);
        }
        if self.name.len() > NAME_BYTES_MAX {
            return Some(FormMistake::NameTooLong);
        }
        if !are(NOT_NUL, self.name.as_bytes()) {
            return Some(FormMistake::NameHoldsNul);
        }
        if let Some(file_name) = self.file_name {
            if file_name.len() > NAME_BYTES_MAX {
                return Some(FormMistake::FileNameTooLong);
            }
            if !are(NOT_NUL, file_name.as_bytes()) {
                return Some(FormMistake::FileNameHoldsNul);
            }
        }
        if let Some(content_type) = self.content_type {
            if content_type.len() > NAME_BYTES_MAX {
                return Some(FormMistake::ContentTypeTooLong);
            }
            if !is_media_type(content_type.as_bytes()) {
                return Some(FormMistake::ContentTypeMalformed);
            }
        }
        None
    }
}

/// A name or file name as it stands inside its quotes.
fn escaped(name: &str, newlines: Newlines) -> Cow<'_, [u8]> {
    let name = name.as_bytes();
    if is_unescaped(name) {
        return Cow::Borrowed(name);
    }
    let mut out = Vec::with_capacity(name.len() + 16);
    write_escaped(&normalised(name, newlines), &mut out);
    Cow::Owned(out)
}

fn normalised(text: &[u8], newlines: Newlines) -> Cow<'_, [u8]> {
    match newlines {
        Newlines::AsGiven => Cow::Borrowed(text),
        Newlines::Crlf => with_crlf(text),
    }
}

/// A part that a form cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormError {
    /// The index that the part would have had.
    pub part: usize,
    /// What is wrong with it.
    pub mistake: FormMistake,
}

/// What is wrong with a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormMistake {
    /// The name is empty.
    NameEmpty,
    /// The name holds a NUL, at which servers cut it or refuse the request.
    NameHoldsNul,
    /// The name is longer than [`NAME_BYTES_MAX`].
    NameTooLong,
    /// The file name holds a NUL.
    FileNameHoldsNul,
    /// The file name is longer than [`NAME_BYTES_MAX`].
    FileNameTooLong,
    /// The content type is not a media type (RFC 9110 8.3.1).
    ContentTypeMalformed,
    /// The content type is longer than [`NAME_BYTES_MAX`].
    ContentTypeTooLong,
    /// The form already has [`PARTS_MAX`] parts.
    TooManyParts,
}

impl FormError {
    /// Always the caller's mistake.
    pub const fn blame(&self) -> Blame {
        Blame::Caller
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "form part {}: {}", self.part, self.mistake)
    }
}

impl fmt::Display for FormMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NameEmpty => "the name is empty",
            Self::NameHoldsNul => "the name holds a NUL",
            Self::NameTooLong => "the name is too long",
            Self::FileNameHoldsNul => "the file name holds a NUL",
            Self::FileNameTooLong => "the file name is too long",
            Self::ContentTypeMalformed => "the content type is not a media type",
            Self::ContentTypeTooLong => "the content type is too long",
            Self::TooManyParts => "the form has too many parts",
        })
    }
}

impl core::error::Error for FormError {}
