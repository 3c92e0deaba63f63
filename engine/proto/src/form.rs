//! What was asked: the parts of a form, each checked when it is added.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::Blame;
use crate::grammar::is_media_type;

/// The longest part name, file name or content type, in bytes.
///
/// No form needs more, and what a server would have to hold as a header stays bounded.
pub const NAME_BYTES_MAX: usize = 65_536;

/// The most parts in one form: the default limit of several servers (Django, PHP, Werkzeug).
pub const PARTS_MAX: usize = 1_000;

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    newlines: Newlines,
    parts: Vec<Part>,
    file_count: usize,
}

impl Form {
    /// A form without parts whose bytes are all sent as given.
    pub fn new() -> Self {
        Self::default()
    }

    /// A form without parts that treats newlines as `newlines` says.
    pub fn with_newlines(newlines: Newlines) -> Self {
        Self {
            newlines,
            ..Self::default()
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
        if let Some(mistake) = self.mistake(&part) {
            return Err(FormError {
                part: self.parts.len(),
                mistake,
            });
        }
        self.file_count += usize::from(matches!(part.body, PartBody::File));
        self.parts.push(part);
        Ok(())
    }

    /// Adds a text field: no file name, no content type, `value` byte for byte (unless
    /// [`Newlines::Crlf`] was asked for). An empty value is an empty field.
    ///
    /// # Errors
    ///
    /// As [`part`](Self::part).
    pub fn field(&mut self, name: &str, value: impl Into<Bytes>) -> Result<(), FormError> {
        self.part(Part {
            name: name.into(),
            file_name: None,
            content_type: None,
            body: PartBody::Bytes(value.into()),
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
        self.part(Part {
            name: name.into(),
            file_name: Some(file_name.into()),
            content_type: Some(content_type.into()),
            body: PartBody::File,
        })
    }

    /// How many parts take their content from a file.
    pub fn file_count(&self) -> usize {
        self.file_count
    }

    pub(crate) fn newlines(&self) -> Newlines {
        self.newlines
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    fn mistake(&self, part: &Part) -> Option<FormMistake> {
        if self.parts.len() == PARTS_MAX {
            return Some(FormMistake::TooManyParts);
        }
        if part.name.is_empty() {
            return Some(FormMistake::NameEmpty);
        }
        if part.name.len() > NAME_BYTES_MAX {
            return Some(FormMistake::NameTooLong);
        }
        if part.name.contains('\0') {
            return Some(FormMistake::NameHoldsNul);
        }
        if let Some(file_name) = &part.file_name {
            if file_name.len() > NAME_BYTES_MAX {
                return Some(FormMistake::FileNameTooLong);
            }
            if file_name.contains('\0') {
                return Some(FormMistake::FileNameHoldsNul);
            }
        }
        if let Some(content_type) = &part.content_type {
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
