//! What the host asks for, and the engine's request that it is made into.

use quintet::Error;

use crate::settings::{millis, set};
use crate::source::UploadSource;

/// One upload to be. The names are those of the API's options. What is absent is as if it had not been asked for; what is
/// wrong is the upload's outcome.
#[derive(Clone, Debug, Default, uniffi::Record)]
pub struct UploadRequest {
    /// Where to: http or https.
    pub url: String,
    /// The file. Empty together with `name` for a form of `files` alone, or for a `raw` body.
    #[uniffi(default = "")]
    pub file_path: String,
    /// The form key of the file.
    #[uniffi(default = "")]
    pub name: String,
    /// Request headers; a name may repeat. Those that the engine owns are ignored and reported by the task.
    #[uniffi(default = [])]
    pub header: Vec<Header>,
    /// Further fields of the form, before the files, in order.
    #[uniffi(default = [])]
    pub form_data: Vec<FormField>,
    /// The file name told to the server, instead of the last segment of the path.
    #[uniffi(default = None)]
    pub file_name: Option<String>,
    /// The media type of the file, instead of that of its extension.
    #[uniffi(default = None)]
    pub mime_type: Option<String>,
    /// Part of the file, or of the raw body, instead of all of it.
    #[uniffi(default = None)]
    pub range: Option<ByteRange>,
    /// Further files, after the first one.
    #[uniffi(default = [])]
    pub files: Vec<FilePart>,
    /// A body that is this and nothing around it, instead of a form.
    #[uniffi(default = None)]
    pub raw: Option<UploadSource>,
    /// POST unless said otherwise.
    #[uniffi(default = None)]
    pub method: Option<UploadMethod>,
    /// Longest time from having a slot to the end, in milliseconds.
    #[uniffi(default = None)]
    pub timeout_ms: Option<u64>,
    /// Tries again after failures and answers that it covers; by default nothing is retried.
    #[uniffi(default = None)]
    pub retry: Option<Retry>,
    /// Its turn in the queue: higher ones go first. 0 unless said otherwise.
    #[uniffi(default = None)]
    pub priority: Option<i8>,
    /// Most bytes of the body sent in a second; 0 for no bound.
    #[uniffi(default = None)]
    pub rate_max: Option<u64>,
    /// Shortest time between two progress events, in milliseconds, instead of the engine's.
    #[uniffi(default = None)]
    pub progress_interval_ms: Option<u64>,
    /// The longest file that is sent, in bytes, if that is less than the engine's.
    #[uniffi(default = None)]
    pub file_bytes_max: Option<u64>,
    /// An id of the host's choice; the call fails if another upload has it and is not over.
    #[uniffi(default = None)]
    pub caller_id: Option<String>,
    /// To abort uploads by; any number of them may have the same.
    #[uniffi(default = [])]
    pub tags: Vec<String>,
    /// Removes the file after an answer of status 200 to 299, if it is still what was sent.
    #[uniffi(default = false)]
    pub remove_after_success: bool,
}

/// A header field of a request or of an answer.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A field of a form.
#[derive(Clone, Debug, uniffi::Record)]
pub struct FormField {
    /// Its key.
    pub name: String,
    /// Its value; an empty one is sent as an empty field.
    pub value: String,
}

/// A further file of a form.
#[derive(Clone, Debug, uniffi::Record)]
pub struct FilePart {
    /// Its form key.
    pub name: String,
    /// What it is read from.
    pub source: UploadSource,
    /// The file name told to the server, instead of the last segment of the path.
    #[uniffi(default = None)]
    pub file_name: Option<String>,
    /// The media type, instead of that of the file name's extension.
    #[uniffi(default = None)]
    pub mime_type: Option<String>,
    /// Part of the source instead of all of it.
    #[uniffi(default = None)]
    pub range: Option<ByteRange>,
}

/// Part of a source; beyond its end is a wrong parameter.
#[derive(Clone, Copy, Debug, uniffi::Record)]
pub struct ByteRange {
    /// The first byte, from 0.
    pub offset: u64,
    /// How many.
    pub length: u64,
}

/// The method of a request with a body.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum UploadMethod {
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
}

/// After which failures and answers an upload is tried again, how often, and when. What is absent is the engine's own
/// default, which stands behind the name. Who retries must be able to live with an upload that is there twice.
#[derive(Clone, Debug, Default, uniffi::Record)]
pub struct Retry {
    /// Most retries in a row: 3.
    #[uniffi(default = None)]
    pub retries_max: Option<u32>,
    /// Most retries in all: 20.
    #[uniffi(default = None)]
    pub retries_total_max: Option<u32>,
    /// Shortest wait, in milliseconds: 0.
    #[uniffi(default = None)]
    pub delay_min_ms: Option<u64>,
    /// Longest wait before the first retry in a row, in milliseconds, doubled by each further one: 1,000.
    #[uniffi(default = None)]
    pub delay_first_ms: Option<u64>,
    /// Longest wait, in milliseconds: 60,000.
    #[uniffi(default = None)]
    pub delay_max_ms: Option<u64>,
    /// Longest `Retry-After` that is waited for, in milliseconds: 300,000.
    #[uniffi(default = None)]
    pub retry_after_max_ms: Option<u64>,
    /// No attempt begins later than so long after the slot was given, in milliseconds: no bound.
    #[uniffi(default = None)]
    pub time_max_ms: Option<u64>,
    /// Whether to try again where no connection came about: true.
    #[uniffi(default = None)]
    pub unconnected: Option<bool>,
    /// Whether to try again where the connection broke before the head of an answer was there: true.
    #[uniffi(default = None)]
    pub broken: Option<bool>,
    /// Whether to try again after a timeout before the head of an answer was there: true.
    #[uniffi(default = None)]
    pub timeouts: Option<bool>,
    /// The statuses of answers after which to try again: 408, 425, 429, 500, 502, 503, 504.
    #[uniffi(default = None)]
    pub statuses: Option<Vec<u16>>,
}

impl UploadRequest {
    pub(crate) fn into_engine(self) -> quintet::UploadRequest {
        self.translated()
            .unwrap_or_else(quintet::UploadRequest::refused)
    }

    fn translated(mut self) -> Result<quintet::UploadRequest, Error> {
        let mut to = self.body()?;
        for FormField { name, value } in self.form_data {
            to = to.field(name, value);
        }
        for part in self.files {
            to = to.file(part.try_into()?);
        }
        for Header { name, value } in self.header {
            to = to.header(name, value);
        }
        for tag in self.tags {
            to = to.tag(tag);
        }
        to = give(to, self.file_name, quintet::UploadRequest::file_name);
        to = give(to, self.mime_type, quintet::UploadRequest::mime_type);
        to = give(to, self.range, |to, part| {
            to.range(part.offset, part.length)
        });
        to = give(to, self.method, |to, method| to.method(method.into()));
        to = give(to, self.timeout_ms, |to, time| to.timeout(millis(time)));
        to = give(to, self.retry, |to, retry| to.retry(retry.into()));
        to = give(to, self.priority, quintet::UploadRequest::priority);
        to = give(to, self.rate_max, quintet::UploadRequest::rate_max);
        to = give(to, self.progress_interval_ms, |to, time| {
            to.progress_interval(millis(time))
        });
        to = give(
            to,
            self.file_bytes_max,
            quintet::UploadRequest::file_bytes_max,
        );
        to = give(to, self.caller_id, quintet::UploadRequest::caller_id);
        Ok(match self.remove_after_success {
            true => to.remove_after_success(),
            false => to,
        })
    }

    /// Which of the engine's three kinds of body it is.
    fn body(&mut self) -> Result<quintet::UploadRequest, Error> {
        let url = std::mem::take(&mut self.url);
        let (path, name) = (
            std::mem::take(&mut self.file_path),
            std::mem::take(&mut self.name),
        );
        let has_file = !(path.is_empty() && name.is_empty());
        match self.raw.take() {
            Some(_) if has_file => Err(Error::parameter("raw", "stands beside filePath or name")),
            Some(source) => Ok(quintet::UploadRequest::raw(
                url,
                quintet::UploadSource::try_from(source)?,
            )),
            None if !has_file && !self.files.is_empty() => Ok(quintet::UploadRequest::form(url)),
            None => Ok(quintet::UploadRequest::new(url, path, name)),
        }
    }
}

/// Asks for what the host asked for.
fn give<T>(
    request: quintet::UploadRequest,
    asked: Option<T>,
    ask: impl FnOnce(quintet::UploadRequest, T) -> quintet::UploadRequest,
) -> quintet::UploadRequest {
    match asked {
        Some(asked) => ask(request, asked),
        None => request,
    }
}

impl TryFrom<FilePart> for quintet::FilePart {
    type Error = Error;

    fn try_from(part: FilePart) -> Result<Self, Error> {
        let source = quintet::UploadSource::try_from(part.source)?;
        let mut to = Self::new(part.name, source)
            .file_name(part.file_name.unwrap_or_default())
            .mime_type(part.mime_type.unwrap_or_default());
        if let Some(ByteRange { offset, length }) = part.range {
            to = to.range(offset, length);
        }
        Ok(to)
    }
}

impl From<UploadMethod> for quintet::Method {
    fn from(method: UploadMethod) -> Self {
        match method {
            UploadMethod::Post => Self::Post,
            UploadMethod::Put => Self::Put,
            UploadMethod::Patch => Self::Patch,
        }
    }
}

impl From<Retry> for quintet::Retry {
    fn from(retry: Retry) -> Self {
        let mut to = Self::default();
        set(&mut to.retries_max, retry.retries_max);
        set(&mut to.retries_total_max, retry.retries_total_max);
        set(&mut to.delay_min, retry.delay_min_ms.map(millis));
        set(&mut to.delay_first, retry.delay_first_ms.map(millis));
        set(&mut to.delay_max, retry.delay_max_ms.map(millis));
        set(
            &mut to.retry_after_max,
            retry.retry_after_max_ms.map(millis),
        );
        to.time_max = retry.time_max_ms.map(millis);
        set(&mut to.unconnected, retry.unconnected);
        set(&mut to.broken, retry.broken);
        set(&mut to.timeouts, retry.timeouts);
        set(&mut to.statuses, retry.statuses);
        to
    }
}
