//! What a body may be beyond one file in a form: several files, parts of them, sources that are no path, or a raw body.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use quintet_proto::{Boundary, Form, Plan, UNKNOWN_LENGTH, is_media_type};

use super::{Order, UploadRequest, add_file, last_segment};
use crate::error::Error;
use crate::front::Front;
use crate::holding::LocalBoxFuture;
use crate::ledger::Ledger;
use crate::media_types::part_type;
use crate::pump::CHUNKING;
use crate::source::{Opened, Sources, UploadSource, prepare, range};

/// The method of a request with a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// POST, as every upload unless the caller says otherwise.
    #[default]
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
}

impl Method {
    /// As it stands in a request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
        }
    }
}

/// A further file of a form: give it to [`UploadRequest::file`].
///
/// ```
/// use quintet::{FilePart, UploadRequest, UploadSource};
///
/// let request = UploadRequest::form("https://example.test/up")
///     .field("album", "spring")
///     .file(FilePart::new("photos", UploadSource::path("a.jpg")))
///     .file(FilePart::new("photos", UploadSource::path("b.jpg")).file_name("last.jpg"))
///     .field("note", "after both");
/// # let _ = request;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a file is sent with the request that it is given to"]
pub struct FilePart {
    name: Arc<str>,
    source: UploadSource,
    file_name: Option<String>,
    mime_type: Option<String>,
    range: Option<(u64, u64)>,
}

impl FilePart {
    /// The form part `name`, whose content is `source`. An empty name counts as missing and fails.
    pub fn new(name: impl Into<Arc<str>>, source: impl Into<UploadSource>) -> Self {
        Self {
            name: name.into(),
            source: source.into(),
            file_name: None,
            mime_type: None,
            range: None,
        }
    }

    /// The file name told to the server, instead of the last segment of the path, or of none at all for a source that
    /// has no path. Empty counts as absent.
    pub fn file_name(mut self, file_name: impl Into<String>) -> Self {
        self.file_name = Some(file_name.into()).filter(|name| !name.is_empty());
        self
    }

    /// The media type, instead of the one that the file name tells. Empty counts as absent.
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into()).filter(|mime_type| !mime_type.is_empty());
        self
    }

    /// Sends `length` bytes from byte `offset` on instead of the whole source. What goes beyond its end, or a source
    /// whose length is not known, is a wrong parameter.
    pub fn range(mut self, offset: u64, length: u64) -> Self {
        self.range = Some((offset, length));
        self
    }

    /// Checks what can be checked without opening; `which` names it in what is wrong.
    fn check(&self, which: &str) -> Result<(), Error> {
        let Some(path) = self.source.as_path() else {
            return Ok(());
        };
        let path = path.as_os_str();
        if path.is_empty() {
            return Err(Error::parameter(which, "is missing or empty"));
        }
        if path.as_encoded_bytes().contains(&0) {
            return Err(Error::parameter(which, "holds a NUL byte"));
        }
        Ok(())
    }

    /// The name that the server is told.
    fn told_name(&self) -> String {
        match (&self.file_name, self.source.as_path()) {
            (Some(told), _) => told.clone(),
            (None, Some(path)) => last_segment(&path.to_string_lossy()).to_owned(),
            (None, None) => String::new(),
        }
    }
}

/// What is done with a body that is not the base file alone. Only the setters name [`OWN`]: a program that calls none of
/// them is linked without all this.
pub(super) struct Own {
    check: fn(&mut UploadRequest, &Front) -> Result<(), Error>,
    look: fn(&Order, &Front) -> Result<(), Error>,
    open: fn(&Order, &Front) -> Result<Sources, Error>,
    prepare: Prepare,
}

/// Waits for the sources that must be read before anything is sent, no longer than until the deadline.
pub(crate) type Prepare = for<'s> fn(
    &'s mut Sources,
    Option<Duration>,
    &'s Ledger,
) -> LocalBoxFuture<'s, Result<(), Error>>;

impl Own {
    pub(super) fn check(&self, request: &mut UploadRequest, front: &Front) -> Result<(), Error> {
        (self.check)(request, front)
    }
}

static OWN: Own = Own {
    check: UploadRequest::check_own,
    look: Order::look_at_own,
    open: Order::open_own,
    prepare: |sources, deadline, ledger| Box::pin(prepare(sources, deadline, ledger)),
};

/// What was asked of the body.
#[derive(Clone, Default)]
pub(crate) struct BodyExtras {
    /// If it is not the base file alone.
    own: Option<&'static Own>,
    method: Method,
    /// The request has no base file.
    is_form: bool,
    raw: Option<UploadSource>,
    /// Of the base file, or of the raw body.
    range: Option<(u64, u64)>,
    /// The further files, each with the fields before it.
    files: Vec<(Form, FilePart)>,
    file_bytes_max: Option<u64>,
    /// Once checked: the sources, in the order of their parts, if they are not the base file alone.
    asked: Vec<Asked>,
    /// Once checked: the type of a raw body.
    raw_type: Option<String>,
}

#[derive(Clone)]
struct Asked {
    source: UploadSource,
    range: Option<(u64, u64)>,
}

impl UploadRequest {
    /// A form of the fields and files that are added, in the order of the calls, and nothing else.
    pub fn form(url: impl Into<Arc<str>>) -> Self {
        let mut request = Self::new(url, PathBuf::new(), "");
        request.own_body().is_form = true;
        request
    }

    /// A body that is `source` and nothing around it, with a Content-Type of its own: the one that
    /// [`mime_type`](Self::mime_type) says, else that of the path's extension, else `application/octet-stream`. Fields
    /// and files beside it are a wrong parameter. Fits presigned URLs of object stores:
    ///
    /// ```
    /// use quintet::{Method, UploadRequest, UploadSource};
    ///
    /// let request = UploadRequest::raw("https://store.test/bucket/key?sig=…", UploadSource::path("a.bin"))
    ///     .method(Method::Put);
    /// # let _ = request;
    /// ```
    pub fn raw(url: impl Into<Arc<str>>, source: impl Into<UploadSource>) -> Self {
        let mut request = Self::new(url, PathBuf::new(), "");
        request.own_body().raw = Some(source.into());
        request
    }

    /// Adds a file after the fields and files that were added before; fields that are added later go after it. The file
    /// that [`new`](Self::new) names comes before the first of these.
    pub fn file(mut self, part: FilePart) -> Self {
        let before = self.form.take();
        self.own_body().files.push((before, part));
        self
    }

    /// The method; POST by default. A redirect by 301, 302 or 303 makes a GET of each, without a body.
    pub fn method(mut self, method: Method) -> Self {
        self.extras().body.method = method;
        self
    }

    /// Sends `length` bytes from byte `offset` on of the file that [`new`](Self::new) names, or of the raw body, instead
    /// of all of it. What goes beyond its end is a wrong parameter.
    pub fn range(mut self, offset: u64, length: u64) -> Self {
        self.own_body().range = Some((offset, length));
        self
    }

    /// The longest file that is sent, in bytes, if that is less than the engine's
    /// [`file_bytes_max`](crate::Settings::file_bytes_max).
    pub fn file_bytes_max(mut self, bytes: u64) -> Self {
        self.extras().body.file_bytes_max = Some(bytes);
        self
    }

    fn own_body(&mut self) -> &mut BodyExtras {
        let body = &mut self.extras().body;
        body.own = Some(&OWN);
        body
    }

    pub(super) fn own(&self) -> Option<&'static Own> {
        self.extras.as_deref()?.body.own
    }

    /// Puts form and sources in their order.
    fn check_own(&mut self, front: &Front) -> Result<(), Error> {
        let mut body = std::mem::take(&mut self.extras().body);
        match body.raw.take() {
            Some(source) => self.check_raw(front, &mut body, source)?,
            None => self.check_form(front, &mut body)?,
        }
        self.extras().body = body;
        Ok(())
    }

    fn check_raw(
        &mut self,
        front: &Front,
        body: &mut BodyExtras,
        source: UploadSource,
    ) -> Result<(), Error> {
        if !self.form.is_empty() || !body.files.is_empty() {
            return Err(Error::parameter(
                "formData",
                "cannot stand beside a raw body",
            ));
        }
        let part = FilePart {
            file_name: self.file_name.take(),
            ..FilePart::new("", source)
        };
        part.check("filePath")?;
        let told = self.mime_type.take();
        let mime_type =
            told.unwrap_or_else(|| part_type(&*front.media_types, &part.told_name()).to_owned());
        if !is_media_type(mime_type.as_bytes()) {
            return Err(Error::parameter("mimeType", "is not a media type"));
        }
        body.raw_type = Some(mime_type);
        body.asked.push(Asked {
            source: part.source,
            range: body.range,
        });
        Ok(())
    }

    fn check_form(&mut self, front: &Front, body: &mut BodyExtras) -> Result<(), Error> {
        let mut rest = self.form.take();
        let mut files = std::mem::take(&mut body.files);
        let has_base = !body.is_form;
        if has_base {
            // The fields before the first further file stand before the base file.
            let before = match files.first_mut() {
                Some((before, _)) => before.take(),
                None => rest.take(),
            };
            let base = FilePart {
                name: self.name.clone(),
                source: UploadSource::path(std::mem::take(&mut self.file_path)),
                file_name: self.file_name.take(),
                mime_type: self.mime_type.take(),
                range: body.range,
            };
            files.insert(0, (before, base));
        } else if body.range.is_some() {
            return Err(Error::parameter(
                "range",
                "is that of no file: give it to a file part",
            ));
        }
        let wrong = |error| Error::parameter("formData", error);
        for (index, (before, part)) in files.into_iter().enumerate() {
            self.form.append(&before).map_err(wrong)?;
            match index.checked_sub(usize::from(has_base)) {
                None => self.add(front, body, part, "filePath", "name, fileName or mimeType")?,
                Some(index) => {
                    let which = format!("files[{index}]");
                    let what = format!("{which}: name, fileName or mimeType");
                    self.add(front, body, part, &which, &what)?;
                }
            }
        }
        self.form.append(&rest).map_err(wrong)
    }

    fn add(
        &mut self,
        front: &Front,
        body: &mut BodyExtras,
        part: FilePart,
        which: &str,
        what: &str,
    ) -> Result<(), Error> {
        part.check(which)?;
        let (told, mime_type) = (part.told_name(), part.mime_type.as_deref());
        add_file(&mut self.form, front, &part.name, &told, mime_type, what)?;
        body.asked.push(Asked {
            source: part.source,
            range: part.range,
        });
        Ok(())
    }
}

impl Order {
    /// As it stands in the request line of a request with a body.
    pub(crate) fn method(&self) -> Method {
        self.extras
            .as_deref()
            .map_or(Method::Post, |extras| extras.body.method)
    }

    /// The type of a raw body, if it is one.
    pub(crate) fn raw_type(&self) -> Option<&str> {
        self.extras.as_deref()?.body.raw_type.as_deref()
    }

    /// Looks at the files without opening them, as far as that goes.
    pub(crate) fn look(&self, front: &Front) -> Result<(), Error> {
        match self.own() {
            Some(own) => (own.look)(self, front),
            None => Ok(front.files.check(&self.path)?),
        }
    }

    /// Opens the files.
    pub(crate) fn open(&self, front: &Front) -> Result<Sources, Error> {
        if let Some(own) = self.own() {
            return (own.open)(self, front);
        }
        let opened = front.files.open(&self.path)?;
        permit(opened.state.len, self.file_bytes_max(front))?;
        Ok(Sources::One([opened]))
    }

    /// What prepares the sources, if any may need it.
    pub(crate) fn prepare(&self) -> Option<Prepare> {
        self.own().map(|own| own.prepare)
    }

    fn own(&self) -> Option<&'static Own> {
        self.extras.as_deref()?.body.own
    }

    fn look_at_own(&self, front: &Front) -> Result<(), Error> {
        for (index, asked) in self.asked().iter().enumerate() {
            let looked = asked.source.check(&*front.files);
            looked.map_err(|error| self.told(error.into(), index))?;
        }
        Ok(())
    }

    fn open_own(&self, front: &Front) -> Result<Sources, Error> {
        front.chunking.fill(&CHUNKING);
        let max = self.file_bytes_max(front);
        let opened = self.asked().iter().enumerate().map(|(index, asked)| {
            let opened = asked.open(front, max);
            opened.map_err(|error| self.told(error, index))
        });
        let opened = opened.collect::<Result<Vec<_>, _>>()?;
        if self.raw_type().is_none() {
            // Whether there is a length for all of them is told before anybody is dialled. All boundaries are as long.
            let lengths: Vec<_> = opened.iter().map(|opened| opened.state.len).collect();
            Plan::new(&self.form, &Boundary::from_random([0; 16]), &lengths)
                .map_err(|error| Error::parameter("filePath", error))?;
        }
        Ok(Sources::Many(opened))
    }

    fn asked(&self) -> &[Asked] {
        self.extras
            .as_deref()
            .map_or(&[], |extras| &extras.body.asked)
    }

    fn file_bytes_max(&self, front: &Front) -> Option<u64> {
        let extras = self.extras.as_deref();
        let own = extras.and_then(|extras| extras.body.file_bytes_max);
        own.into_iter().chain(front.settings.file_bytes_max).min()
    }

    /// Which of several files an error is about.
    fn told(&self, error: Error, index: usize) -> Error {
        if self.asked().len() < 2 {
            return error;
        }
        let detail = error.detail().to_owned();
        match detail.is_empty() {
            true => error.because(format_args!("file {index} of the form")),
            false => error.because(format_args!("file {index} of the form: {detail}")),
        }
    }
}

impl Asked {
    fn open(&self, front: &Front, max: Option<u64>) -> Result<Opened, Error> {
        let mut opened = self.source.open(&*front.files, max)?;
        if let Some((offset, length)) = self.range {
            opened = range(opened, offset, length)?;
        }
        if opened.state.len != UNKNOWN_LENGTH {
            permit(opened.state.len, max)?;
        }
        Ok(opened)
    }
}

fn permit(len: u64, max: Option<u64>) -> Result<(), Error> {
    match max {
        Some(max) if len > max => {
            let why = format_args!("has {len} bytes, and file_bytes_max allows {max}");
            Err(Error::parameter("filePath", why))
        }
        _ => Ok(()),
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
