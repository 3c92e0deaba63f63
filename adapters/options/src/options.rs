//! The options: one row for each, in one table.

use std::time::Duration;

use quintet::{Error, Newlines, UploadRequest, UploadSource};

use crate::include::Include;
use crate::value::Value;
use crate::{coerce, files, retry, words};

/// A call that was read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Call {
    /// For the engine; give it a listener first.
    pub request: UploadRequest,
    /// For [`result`](crate::result).
    pub include: Include,
}

impl Call {
    /// A call that could not be read: the engine makes this error its outcome.
    pub fn refused(error: Error) -> Self {
        Self {
            request: UploadRequest::refused(error),
            include: Include::default(),
        }
    }
}

/// What is done with the value of an option.
enum Rule {
    /// The request was made from it.
    Required,
    /// The door calls it.
    Callback,
    Headers,
    Fields,
    Text(fn(UploadRequest, String) -> UploadRequest),
    Millis(fn(UploadRequest, Duration) -> UploadRequest),
    /// A number of bytes.
    Bytes(fn(UploadRequest, u64) -> UploadRequest),
    Include(fn(&mut Include) -> &mut bool),
    /// A value of a form of its own, if it is there; all the options, for what cannot stand beside it.
    Own(fn(UploadRequest, &str, &Value, &Value) -> Result<UploadRequest, Error>),
    /// Known, and not supported.
    Unsupported,
}

/// In the order in which they are read, and a first mistake found. A new option is one row.
static OPTIONS: &[(&str, Rule)] = &[
    ("url", Rule::Required),
    ("filePath", Rule::Required),
    ("name", Rule::Required),
    ("header", Rule::Headers),
    ("formData", Rule::Fields),
    ("success", Rule::Callback),
    ("fail", Rule::Callback),
    ("complete", Rule::Callback),
    ("timeout", Rule::Millis(UploadRequest::timeout)),
    ("fileName", Rule::Text(UploadRequest::file_name)),
    ("mimeType", Rule::Text(UploadRequest::mime_type)),
    (
        "enableProfile",
        Rule::Include(|include| &mut include.profile),
    ),
    ("files", Rule::Own(files::add)),
    ("raw", Rule::Own(files::raw)),
    ("range", Rule::Own(files::range)),
    ("method", Rule::Own(words::method)),
    ("newlines", Rule::Own(words::newlines)),
    ("redirect", Rule::Own(words::redirect)),
    ("retry", Rule::Own(retry::set)),
    ("priority", Rule::Own(words::priority)),
    ("callerId", Rule::Text(UploadRequest::caller_id)),
    ("tags", Rule::Own(words::tags)),
    ("rateLimit", Rule::Bytes(UploadRequest::rate_max)),
    ("fileBytesMax", Rule::Bytes(UploadRequest::file_bytes_max)),
    (
        "progressInterval",
        Rule::Millis(UploadRequest::progress_interval),
    ),
    // The way to servers is the transport's, and with it the host's: no call may lead past a proxy, or to another one.
    ("proxy", Rule::Unsupported),
    ("enableHttp2", Rule::Unsupported),
    ("enableQuic", Rule::Unsupported),
];

/// The names of the options, in the order in which they are read: a door whose reading has effects (a getter) reads each
/// of these once, and nothing else.
pub fn names() -> impl Iterator<Item = &'static str> {
    OPTIONS.iter().map(|(name, _)| *name)
}

/// Reads the options of a call. `include` is what the door's successes tell unless the options say otherwise.
///
/// # Errors
/// The first option of a wrong type, or that cannot stand beside another, as `invalid parameter`, else the first that is
/// not supported. What only the engine can judge (an empty `url`, a header's letters, the file) is left to it.
pub fn read(options: &Value, include: Include) -> Result<Call, Error> {
    // Says the kind alone where it is no object; absent, it is an empty one.
    coerce::entries("options", options)?;
    let mut call = Call {
        request: begun(options)?,
        include,
    };
    for (name, rule) in OPTIONS {
        call = rule.apply(call, name, options)?;
    }
    Ok(call)
}

/// The request that all else is added to. What it depends on beside the required ones has its type checked in its turn.
fn begun(options: &Value) -> Result<UploadRequest, Error> {
    let text = |name| coerce::string(name, options.get(name));
    let (url, file_path, name) = (text("url")?, text("filePath")?, text("name")?);
    let request = if files::is_raw(options) {
        UploadRequest::raw(url, UploadSource::path(file_path))
    } else if files::are_all(options) {
        UploadRequest::form(url)
    } else {
        UploadRequest::new(url, file_path, name)
    };
    Ok(match words::normalizes_newlines(options) {
        true => request.newlines(Newlines::Crlf),
        false => request,
    })
}

impl Rule {
    fn apply(&self, mut call: Call, name: &str, options: &Value) -> Result<Call, Error> {
        let value = options.get(name);
        match self {
            Self::Required => {}
            Self::Callback => coerce::callback(name, value)?,
            Self::Headers => {
                for (key, value) in coerce::entries(name, value)? {
                    if let Some(text) = coerce::header(key, value)? {
                        call.request = call.request.header(key, text);
                    }
                }
            }
            Self::Fields => {
                for (key, value) in coerce::entries(name, value)? {
                    if let Some(text) = coerce::field(key, value)? {
                        call.request = call.request.field(key, text);
                    }
                }
            }
            Self::Text(set) => call.request = set(call.request, coerce::string(name, value)?),
            Self::Millis(set) => {
                if let Some(time) = coerce::millis(name, value)? {
                    call.request = set(call.request, time);
                }
            }
            Self::Bytes(set) => {
                if let Some(bytes) = coerce::whole(name, value, 0..=coerce::WHOLE_MAX)? {
                    call.request = set(call.request, bytes.unsigned_abs());
                }
            }
            Self::Include(which) => {
                if let Some(truth) = coerce::truth(name, value)? {
                    *which(&mut call.include) = truth;
                }
            }
            Self::Own(_) if value.is_absent() => {}
            Self::Own(set) => call.request = set(call.request, name, value, options)?,
            Self::Unsupported => {
                if !value.is_absent() && *value != Value::Bool(false) {
                    return Err(Error::unsupported(name));
                }
            }
        }
        Ok(call)
    }
}
