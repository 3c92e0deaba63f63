//! What a caller asks for, and the check that turns it into something that cannot be wrong.

mod body;
mod extras;
mod queue;
mod transfer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use body::{FilePart, Method};
use extras::Boxed;
use quintet_proto::{Form, Headers, Newlines, is_engine_owned};
use url::{Position, Url};

use crate::destination::Destination;
use crate::error::{Error, ErrorKind};
use crate::event::{Both, Listener};
use crate::front::{Front, Hear};
use crate::media_types::part_type;
use crate::secret::Secret;
pub use queue::{LABEL_BYTES_MAX, TAGS_MAX};

/// Most headers taken from a caller: as many as we take from a server.
pub const HEADERS_MAX: usize = 100;
/// Most bytes of header names and values taken from a caller.
pub const HEADER_BYTES_MAX: usize = 65_536;

/// One upload to be: build it, then hand it to [`Engine::upload`](crate::Engine::upload). Nothing is checked until
/// then; a mistake is that upload's outcome.
///
/// ```
/// use quintet::UploadRequest;
/// use std::time::Duration;
///
/// let request = UploadRequest::new("https://example.test/up", "photo.jpg", "file")
///     .field("album", "spring")
///     .header("Authorization", "Bearer …")
///     .timeout(Duration::from_secs(120));
/// # let _ = request;
/// ```
#[derive(Clone)]
#[must_use = "an upload begins when the request is given to an engine"]
pub struct UploadRequest {
    url: Arc<str>,
    file_path: PathBuf,
    name: Arc<str>,
    headers: Vec<(String, Secret)>,
    form: Form,
    /// What was wrong before all else: the whole call, or the first field that cannot be sent.
    mistake: Option<Error>,
    file_name: Option<String>,
    mime_type: Option<String>,
    timeout: Option<Duration>,
    listener: Option<(Arc<dyn Listener>, Hear)>,
    extras: Option<Boxed>,
}

impl UploadRequest {
    /// Uploads the file at `file_path` to `url` as the form part `name`. An empty `url`, path or name counts as
    /// missing and fails. Who uploads many files to one address may share its text.
    pub fn new(
        url: impl Into<Arc<str>>,
        file_path: impl Into<PathBuf>,
        name: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            url: url.into(),
            file_path: file_path.into(),
            name: name.into(),
            headers: Vec::new(),
            form: Form::new(),
            mistake: None,
            file_name: None,
            mime_type: None,
            timeout: None,
            listener: None,
            extras: None,
        }
    }

    /// A call whose arguments could not be read, for adapters that take untyped ones: given to an engine it fails with
    /// this error, and like every other call it has a trace, events and one outcome.
    ///
    /// ```
    /// let error = quintet::Error::parameter("url", "must be a string, and is a number");
    /// let request = quintet::UploadRequest::refused(error);
    /// # let _ = request;
    /// ```
    pub fn refused(error: Error) -> Self {
        let mut request = Self::new("", "", "");
        request.mistake = Some(error);
        request
    }

    /// Adds a request header; a name may repeat. Headers that the engine owns are ignored and reported by
    /// [`UploadTask::ignored_headers`](crate::UploadTask::ignored_headers). Through a proxy, `Proxy-Authorization` is for
    /// the proxy alone: it never goes through a tunnel, and the login of the proxy's settings takes its place.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into().into()));
        self
    }

    /// Adds a form field before the file part, in the order of the calls. The value goes out byte for byte; an
    /// empty one is an empty field.
    pub fn field(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        if let Err(error) = self.form.field(name.as_ref(), value) {
            self.mistake
                .get_or_insert_with(|| Error::parameter("formData", error));
        }
        self
    }

    /// The file name told to the server, instead of the last segment of the path. Empty counts as absent.
    pub fn file_name(mut self, file_name: impl Into<String>) -> Self {
        self.file_name = Some(file_name.into()).filter(|name| !name.is_empty());
        self
    }

    /// The media type of the file part, instead of the one that the engine's
    /// [`MediaTypes`](crate::MediaTypes) tell (by default, that of the file name's extension). Empty counts as absent.
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into()).filter(|mime_type| !mime_type.is_empty());
        self
    }

    /// How newlines go out in the names and values that are added from here on; as given by default.
    pub fn newlines(mut self, newlines: Newlines) -> Self {
        self.form.set_newlines(newlines);
        self
    }

    /// Longest time from admission to the end, redirects included; none by default. Zero counts as absent.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
        self
    }

    /// Adds a listener, which hears this upload's events from the first on.
    pub fn listener(mut self, listener: Arc<dyn Listener>) -> Self {
        let listener = match self.listener {
            None => listener,
            Some((first, _)) => Arc::new(Both(first, listener)),
        };
        self.listener = Some((listener, Front::hear));
        self
    }

    pub(crate) fn take_listener(&mut self) -> Option<(Arc<dyn Listener>, Hear)> {
        self.listener.take()
    }

    /// Checks everything but the file, which the scheduler opens or looks at. `ignored` gets the names of headers
    /// that the engine owns.
    pub(crate) fn check(
        mut self,
        front: &Front,
        ignored: &mut Vec<String>,
    ) -> Result<Box<Order>, Error> {
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake);
        }
        let destination = front.destinations.parse(&self.url)?;
        let own_body = self.own();
        match own_body {
            Some(own) => own.check(&mut self, front)?,
            None => check_file(&self.file_path, &self.name)?,
        }
        let headers = check_headers(self.headers, ignored)?;
        if let Some(extras) = &self.extras {
            if let Some((labels, labelling)) = &extras.queue.labels {
                (labelling.check)(labels)?;
            }
            if extras.queue.after_success.is_some() && own_body.is_some() {
                let why = "is for an upload of one whole file by its path";
                return Err(Error::parameter("afterSuccess", why));
            }
        }
        let mut form = self.form;
        if own_body.is_none() {
            let path = self.file_path.to_string_lossy();
            let told = self.file_name.as_deref();
            let file_name = told.unwrap_or_else(|| last_segment(&path));
            let (mime_type, what) = (self.mime_type.as_deref(), "name, fileName or mimeType");
            add_file(&mut form, front, &self.name, file_name, mime_type, what)?;
        }
        if !front.policy.permits_url(&destination.url) {
            return Err(Error::new(ErrorKind::DomainDenied));
        }
        // Boxed here: from the call to the wire it is handed on five times.
        Ok(Box::new(Order {
            destination,
            path: self.file_path,
            headers,
            form,
            timeout: self.timeout,
            extras: self.extras,
        }))
    }
}

impl fmt::Debug for UploadRequest {
    /// Where and which file; no header, field, query, user name or password. Only parsing tells these from the rest of
    /// a URL, so that of a text that is none nothing stands here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = Url::parse(&self.url).map(|url| {
            let origin = &url[..Position::BeforeUsername];
            format!(
                "{origin}{}",
                &url[Position::BeforeHost..Position::AfterPath]
            )
        });
        f.debug_struct("UploadRequest")
            .field("url", &url.as_deref().unwrap_or("no URL"))
            .field("file_path", &self.file_path)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A checked request: what an upload works from.
pub(crate) struct Order {
    pub(crate) destination: Arc<Destination>,
    pub(crate) path: PathBuf,
    pub(crate) headers: Headers,
    pub(crate) form: Form,
    pub(crate) timeout: Option<Duration>,
    pub(crate) extras: Option<Boxed>,
}

fn check_file(path: &Path, name: &str) -> Result<(), Error> {
    if path.as_os_str().is_empty() {
        return Err(Error::parameter("filePath", "is missing or empty"));
    }
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(Error::parameter("filePath", "holds a NUL byte"));
    }
    if name.is_empty() {
        return Err(Error::parameter("name", "is missing or empty"));
    }
    Ok(())
}

/// Adds a file part whose type is told by its name unless the caller did; `what` is what may be wrong with it.
fn add_file(
    form: &mut Form,
    front: &Front,
    name: &str,
    file_name: &str,
    mime_type: Option<&str>,
    what: &str,
) -> Result<(), Error> {
    let mime_type = mime_type.unwrap_or_else(|| part_type(&*front.media_types, file_name));
    form.file(name, file_name, mime_type)
        .map_err(|error| Error::parameter(what, error))
}

fn check_headers(
    given: Vec<(String, Secret)>,
    ignored: &mut Vec<String>,
) -> Result<Headers, Error> {
    let wrong = |why: &dyn fmt::Display| Error::parameter("header", why);
    let bytes: usize = given
        .iter()
        .map(|(name, value)| name.len() + value.as_str().len())
        .sum();
    if given.len() > HEADERS_MAX || bytes > HEADER_BYTES_MAX {
        let bound = format_args!("has over {HEADERS_MAX} names or {HEADER_BYTES_MAX} bytes");
        return Err(wrong(&bound));
    }
    let mut headers = Headers::new();
    for (name, value) in given {
        // Checked before it may be ignored: a bad name or value is refused whatever it is called.
        let checked = headers.push(&name, value.as_str().as_bytes());
        checked.map_err(|error| wrong(&error))?;
        if is_engine_owned(&name) {
            headers.remove(&name);
            ignored.push(name);
        }
    }
    Ok(headers)
}

/// The last segment of the path as given.
fn last_segment(path: &str) -> &str {
    let separator = path.rfind(std::path::is_separator);
    separator.map_or(path, |at| &path[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_tells_of_its_url_holds_no_secret() {
        for (url, told) in [
            ("http://h/up?s#s", "http://h/up"),
            ("http://u:s@h:1/up?s", "http://h:1/up"),
            ("http://u:s@h/a@b", "http://h/a@b"),
            ("http://u:s?x@h/", "no URL"),
            ("//u:s@h/", "no URL"),
        ] {
            let request = UploadRequest::new(url, "a", "f");
            assert!(
                format!("{request:?}").contains(&format!("url: {told:?}")),
                "{request:?}"
            );
        }
    }

    #[test]
    fn the_file_name_is_the_last_segment_as_given() {
        for (path, name) in [
            ("a/b.txt", "b.txt"),
            ("b.txt", "b.txt"),
            ("../x/你好 .txt", "你好 .txt"),
        ] {
            assert_eq!(last_segment(path), name);
        }
    }
}
