//! What was asked: the parts of a form, each checked and written when it is added.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::Blame;
use crate::escape::{is_unescaped, with_crlf, write_escaped};
use crate::grammar::{NOT_NUL, are, is_media_type};
use crate::short_list::ShortList;

/// The longest part name, file name or content type, in bytes.
///
/// No form needs more, and what a server would have to hold as a header stays bounded.
pub const NAME_BYTES_MAX: usize = 65_536;

/// The most parts in one form: the default limit of several servers (Django, PHP, Werkzeug).
pub const PARTS_MAX: usize = 1_000;

/// How many parts need no list of their own.
const PARTS_INLINE: usize = 4;

/// What is reserved for the parts after a first one that is text: a file's head, mostly.
const SPARE_BYTES: usize = 192;

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
    /// Part after part, what stands between its boundary's last byte and its file's content or, if
    /// it has none, the line end before the next boundary.
    text: Vec<u8>,
    cuts: ShortList<Cut, PARTS_INLINE>,
    file_count: usize,
    newlines: Newlines,
}

/// Where a part's text ends, and whether a file's content follows it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Cut {
    end: usize,
    is_file: bool,
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

    /// Gives back the room that was made for more parts: for a form that is kept for a while.
    pub fn shrink_to_fit(&mut self) {
        self.text.shrink_to_fit();
    }

    /// Treats the newlines of parts that are added from here on in this way.
    pub fn set_newlines(&mut self, newlines: Newlines) {
        self.newlines = newlines;
    }

    /// A form without parts that treats newlines as `newlines` says.
    pub fn with_newlines(newlines: Newlines) -> Self {
        Self {
            text: Vec::new(),
            cuts: ShortList::new(Cut {
                end: 0,
                is_file: false,
            }),
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

    /// How many parts take their content from a file.
    pub fn file_count(&self) -> usize {
        self.file_count
    }

    /// How many bytes all parts take, boundaries and files not counted.
    pub(crate) fn text_bytes(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn part_count(&self) -> usize {
        self.cuts.as_slice().len()
    }

    /// Each part's text, from its boundary on, and whether a file's content follows it.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let mut start = 0;
        self.cuts.as_slice().iter().map(move |cut| {
            let text = &self.text[start..cut.end];
            start = cut.end;
            (text, cut.is_file)
        })
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
        let is_file = part.value.is_none();
        match index {
            0 if is_file => self.text.reserve_exact(part.bytes()),
            0 => self.text.reserve_exact(part.bytes() + SPARE_BYTES),
            _ => self.text.reserve(part.bytes()),
        }
        part.write_to(self.newlines, &mut self.text);
        let end = self.text.len();
        self.cuts.push(Cut { end, is_file });
        self.file_count += usize::from(is_file);
        Ok(())
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

const NAME: &[u8] = b"\r\nContent-Disposition: form-data; name=\"";
const FILE_NAME: &[u8] = b"\"; filename=\"";
const CONTENT_TYPE: &[u8] = b"\"\r\nContent-Type: ";
const HEAD_END: &[u8] = b"\r\n\r\n";
const QUOTE_AND_HEAD_END: &[u8] = b"\"\r\n\r\n";

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

    /// How many bytes are written: right unless something is escaped, and only there to spare
    /// allocations.
    fn bytes(&self) -> usize {
        let file_name = self.file_name.map_or(0, |it| FILE_NAME.len() + it.len());
        let content_type = self
            .content_type
            .map_or(0, |it| CONTENT_TYPE.len() - 1 + it.len());
        let value = self.value.map_or(0, <[u8]>::len);
        NAME.len() + self.name.len() + file_name + content_type + QUOTE_AND_HEAD_END.len() + value
    }

    fn write_to(&self, newlines: Newlines, out: &mut Vec<u8>) {
        out.extend_from_slice(NAME);
        write_name(self.name, newlines, out);
        if let Some(file_name) = self.file_name {
            out.extend_from_slice(FILE_NAME);
            write_name(file_name, Newlines::AsGiven, out);
        }
        if let Some(content_type) = self.content_type {
            out.extend_from_slice(CONTENT_TYPE);
            out.extend_from_slice(content_type.as_bytes());
            out.extend_from_slice(HEAD_END);
        } else {
            out.extend_from_slice(QUOTE_AND_HEAD_END);
        }
        match (self.value, newlines) {
            (Some(value), Newlines::Crlf) if self.file_name.is_none() => {
                out.extend_from_slice(&with_crlf(value));
            }
            (Some(value), _) => out.extend_from_slice(value),
            (None, _) => {}
        }
    }
}

fn write_name(name: &str, newlines: Newlines, out: &mut Vec<u8>) {
    let name = name.as_bytes();
    if is_unescaped(name) {
        out.extend_from_slice(name);
    } else {
        write_escaped(&normalised(name, newlines), out);
    }
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
