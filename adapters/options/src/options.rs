//! The options: one row for each, in one table.

use std::time::Duration;

use quintet::{Error, FilePart, UploadRequest, UploadSource};

use crate::coerce;
use crate::include::Include;
use crate::value::Value;

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
    Include(fn(&mut Include) -> &mut bool),
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
    ("enableHttp2", Rule::Unsupported),
    ("enableQuic", Rule::Unsupported),
    ("files", Rule::Unsupported),
    ("method", Rule::Unsupported),
    ("retry", Rule::Unsupported),
    ("priority", Rule::Unsupported),
    ("redirect", Rule::Unsupported),
    ("proxy", Rule::Unsupported),
    ("rateLimit", Rule::Unsupported),
    ("range", Rule::Unsupported),
];

/// The names of the options, in the order in which they are read: a door whose reading has effects (a getter) reads each
/// of these once, and nothing else.
pub fn names() -> impl Iterator<Item = &'static str> {
    OPTIONS.iter().map(|(name, _)| *name)
}

/// Reads the options of a call. `include` is what the door's successes tell unless the options say otherwise.
///
/// # Errors
/// The first option of a wrong type, as `invalid parameter`, else the first that is not supported. What only the engine
/// can judge (an empty `url`, a header's letters, the file) is left to it.
pub fn read(options: &Value, include: Include) -> Result<Call, Error> {
    let [url, file_path, name] = required(options)?;
    read_rest(UploadRequest::new(url, file_path, name), options, include)
}

/// As [`read`], for a door whose callers may give the file itself: it stands in the place of `filePath`, and is called
/// `blob`, as in a browser, unless `fileName` says otherwise.
///
/// ```
/// use quintet::UploadSource;
/// use quintet_options::{Include, Value, read_with};
///
/// let options = Value::from(serde_json::json!({ "url": "https://example.test/up", "name": "file" }));
/// assert!(read_with(&options, Include::default(), UploadSource::bytes("hello")).is_ok());
/// ```
///
/// # Errors
/// As [`read`], and a `filePath` beside it.
pub fn read_with(options: &Value, include: Include, file: UploadSource) -> Result<Call, Error> {
    let [url, file_path, name] = required(options)?;
    if !file_path.is_empty() {
        let why = "cannot stand beside the file itself";
        return Err(Error::parameter("filePath", why));
    }
    if name.is_empty() {
        return Err(Error::parameter("name", "is missing or empty"));
    }
    let mut call = read_rest(UploadRequest::form(url), options, include)?;
    let text = |name| coerce::string(name, options.get(name));
    let part = FilePart::new(name, file).file_name(BLOB);
    let part = match text("fileName")? {
        absent if absent.is_empty() => part,
        told => part.file_name(told),
    };
    call.request = call.request.file(part.mime_type(text("mimeType")?));
    Ok(call)
}

/// The name of a file that has none.
const BLOB: &str = "blob";

fn required(options: &Value) -> Result<[String; 3], Error> {
    // Says the kind alone where it is no object; absent, it is an empty one.
    coerce::entries("options", options)?;
    let required = |name| coerce::string(name, options.get(name));
    Ok([required("url")?, required("filePath")?, required("name")?])
}

fn read_rest(request: UploadRequest, options: &Value, include: Include) -> Result<Call, Error> {
    let mut call = Call { request, include };
    for (name, rule) in OPTIONS {
        call = rule.apply(call, name, options.get(name))?;
    }
    Ok(call)
}

impl Rule {
    fn apply(&self, mut call: Call, name: &str, value: &Value) -> Result<Call, Error> {
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
            Self::Millis(set) => call.request = set(call.request, coerce::millis(name, value)?),
            Self::Include(which) => {
                if let Some(truth) = coerce::truth(name, value)? {
                    *which(&mut call.include) = truth;
                }
            }
            Self::Unsupported => {
                if !value.is_absent() && *value != Value::Bool(false) {
                    return Err(Error::unsupported(name));
                }
            }
        }
        Ok(call)
    }
}
