//! An upload that is being put together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quintet::{FilePart, Method, Retry, UploadRequest, UploadSource};

use crate::abi;
use crate::failure::Failure;
use crate::host::{below_zero, no_such};
use crate::json::{self, Include};

/// What a request's handle stands for.
pub(crate) struct Request(Mutex<Draft>);

#[derive(Default)]
struct Draft {
    url: Arc<str>,
    /// Taken while it is changed and when it is uploaded.
    request: Option<UploadRequest>,
    include: Include,
    /// Whether nothing was added yet.
    is_fresh: bool,
}

impl Request {
    /// One file as the form's part, or a form without a file if both are absent.
    pub(crate) fn new(url: &str, file: Option<(&str, &str)>) -> Self {
        let url: Arc<str> = url.into();
        let request = match file {
            Some((path, name)) => UploadRequest::new(url.clone(), path, name),
            None => UploadRequest::form(url.clone()),
        };
        Self(Mutex::new(Draft {
            url,
            request: Some(request),
            include: Include::default(),
            is_fresh: file.is_none(),
        }))
    }

    pub(crate) fn from_json(json: &[u8]) -> Result<Self, Failure> {
        let (request, include) = json::request(json)?;
        Ok(Self(Mutex::new(Draft {
            request: Some(request),
            include,
            ..Draft::default()
        })))
    }

    pub(crate) fn header(&self, name: &str, value: &str) -> Result<(), Failure> {
        self.change(|request| request.header(name, value))
    }

    pub(crate) fn field(&self, name: &str, value: &[u8]) -> Result<(), Failure> {
        self.change(|request| request.field(name, value))
    }

    pub(crate) fn file(&self, file: File<'_>) -> Result<(), Failure> {
        match file.name {
            Some(name) => {
                let mut part = FilePart::new(name, file.source)
                    .file_name(file.file_name)
                    .mime_type(file.mime_type);
                if let Some((offset, length)) = file.range {
                    part = part.range(offset, length);
                }
                self.change(|request| request.file(part))
            }
            None => self.raw(file),
        }
    }

    /// The body is the file as it is.
    fn raw(&self, file: File<'_>) -> Result<(), Failure> {
        let mut draft = self.draft();
        if !draft.is_fresh {
            return Err(Failure::invalid(
                "QUINTET_FILE_RAW is for the first that is added to a request without a file",
            ));
        }
        let mut request = UploadRequest::raw(draft.url.clone(), file.source)
            .file_name(file.file_name)
            .mime_type(file.mime_type);
        if let Some((offset, length)) = file.range {
            request = request.range(offset, length);
        }
        draft.request = Some(request);
        draft.is_fresh = false;
        Ok(())
    }

    /// Changes a number of it.
    pub(crate) fn set(&self, what: i32, value: i64) -> Result<(), Failure> {
        let whole = || u64::try_from(value).map_err(|_| below_zero(value));
        let millis = || whole().map(Duration::from_millis);
        match (what, value) {
            (abi::QUINTET_RATE_MAX, _) => {
                let rate_max = whole()?;
                self.change(|request| request.rate_max(rate_max))
            }
            (abi::QUINTET_PRIORITY, _) => {
                let priority = priority(value)?;
                self.change(|request| request.priority(priority))
            }
            (abi::QUINTET_TIMEOUT_MS, _) => {
                let timeout = millis()?;
                self.change(|request| request.timeout(timeout))
            }
            (abi::QUINTET_PROGRESS_INTERVAL_MS, _) => {
                let interval = millis()?;
                self.change(|request| request.progress_interval(interval))
            }
            (abi::QUINTET_FILE_BYTES_MAX, _) => {
                let bytes = whole()?;
                self.change(|request| request.file_bytes_max(bytes))
            }
            (abi::QUINTET_RETRIES_MAX, _) => {
                let mut retry = Retry::default();
                retry.retries_max = u32::try_from(whole()?).unwrap_or(u32::MAX);
                self.change(|request| request.retry(retry))
            }
            (abi::QUINTET_METHOD, 0..=2) => {
                let method = [Method::Post, Method::Put, Method::Patch][value as usize];
                self.change(|request| request.method(method))
            }
            _ => Err(no_such(what, value, "a request")),
        }
    }

    /// Ends it: what is to be uploaded.
    pub(crate) fn take(&self) -> Result<(UploadRequest, Include), Failure> {
        let mut draft = self.draft();
        let request = draft.request.take().ok_or_else(spent)?;
        Ok((request, draft.include))
    }

    fn change(&self, change: impl FnOnce(UploadRequest) -> UploadRequest) -> Result<(), Failure> {
        let mut draft = self.draft();
        draft.is_fresh = false;
        let request = draft.request.take().ok_or_else(spent)?;
        draft.request = Some(change(request));
        Ok(())
    }

    fn draft(&self) -> MutexGuard<'_, Draft> {
        // A panic in a change leaves no request behind, which is told.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn spent() -> Failure {
    Failure::new(abi::QUINTET_STALE, "the request was uploaded")
}

/// A file that is added.
pub(crate) struct File<'a> {
    /// The key; `None` for the whole body.
    pub(crate) name: Option<&'a str>,
    pub(crate) source: UploadSource,
    pub(crate) file_name: &'a str,
    pub(crate) mime_type: &'a str,
    pub(crate) range: Option<(u64, u64)>,
}

pub(crate) fn priority(value: i64) -> Result<i8, Failure> {
    i8::try_from(value).map_err(|_| {
        Failure::invalid(format_args!(
            "the priority is {value}, and must be -128 to 127"
        ))
    })
}
