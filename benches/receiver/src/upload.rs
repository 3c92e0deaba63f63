//! What happens to one request: where its body goes, and what it is answered.

use crate::body::Body;
use crate::connection::Peer;
use crate::discard::Fate;
use crate::multipart;
use crate::problem::Problem;
use crate::sink::Sink;
use crate::stats::Counters;
use crate::store::Store;
use crate::{File, Received, Settings};
use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What every connection of one receiver shares.
pub(crate) struct Shared {
    /// What befalls uploads that are discarded.
    pub(crate) fate: Option<Fate>,
    pub(crate) settings: Settings,
    pub(crate) counters: Counters,
    pub(crate) store: Option<Store>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The one handler: every method, every path.
pub(crate) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    shared.counters.requested();
    let route = match Route::of(request.uri()) {
        Ok(route) => route,
        Err(problem) => return reply(problem.status, &problem.json(), true),
    };
    match *request.method() {
        Method::POST | Method::PUT | Method::PATCH => upload(shared, route, request).await,
        Method::GET | Method::HEAD => match &route {
            Route::Upload => reply(StatusCode::OK, ABOUT, shared.settings.close),
            Route::Redirect { status, to, .. } => {
                located(reply(*status, "{}", shared.settings.close), to)
            }
        },
        _ => reply(
            StatusCode::METHOD_NOT_ALLOWED,
            r#"{"error":"POST, PUT or PATCH"}"#,
            true,
        ),
    }
}

const ABOUT: &str = concat!(
    r#"{"receiver":"quintet-receiver","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#"","upload":"POST, PUT or PATCH to any path, multipart/form-data or anything else"}"#
);

enum Route {
    Upload,
    Redirect {
        early: bool,
        status: StatusCode,
        to: HeaderValue,
    },
}

impl Route {
    fn of(uri: &Uri) -> Result<Self, Problem> {
        let (early, status) = if let Some(status) = uri.path().strip_prefix("/redirect/") {
            (false, status)
        } else if let Some(status) = uri.path().strip_prefix("/redirect-early/") {
            (true, status)
        } else {
            return Ok(Route::Upload);
        };
        let status = (status.parse().ok())
            .and_then(|status: u16| StatusCode::from_u16(status).ok())
            .filter(StatusCode::is_redirection)
            .ok_or_else(|| {
                Problem::bad_request("/redirect/STATUS needs one of 300 to 399".into())
            })?;
        let to = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .find(|(key, _)| key == "to")
            .and_then(|(_, to)| HeaderValue::from_str(&to).ok())
            .ok_or_else(|| Problem::bad_request("/redirect/STATUS needs ?to=URL".into()))?;
        Ok(Route::Redirect { early, status, to })
    }
}

async fn upload(shared: Arc<Shared>, route: Route, request: Request) -> Response {
    let settings = &shared.settings;
    let mut upload = Upload::begin(&shared, &request);
    let (head, body) = request.into_parts();
    let announced = body.size_hint().exact();
    let mut body = Body::new(body, shared.clone(), upload.bytes.clone());
    let early_at = match route {
        Route::Redirect { early: true, .. } => Some(0),
        _ => settings
            .answer_early
            .filter(|&at| announced.is_none_or(|bytes| bytes > at)),
    };

    if shared.fate.as_ref().is_some_and(Fate::resets) {
        // Whatever comes of it: the connection is about to end.
        let _ = body.read_until(announced.unwrap_or(0) / 2).await;
        return reset();
    }
    let (ended, rest) = match early_at {
        Some(at) => (body.read_until(at).await, Some(body)),
        None => (upload.read(&head.headers, body).await, None),
    };
    let (status, to) = match (&ended, &route) {
        (Err(problem), _) => (problem.status, None),
        (Ok(()), Route::Redirect { status, to, .. }) => (*status, Some(to)),
        // The settings were checked at the start, so that the fallback is never taken.
        (Ok(()), Route::Upload) => (
            StatusCode::from_u16(settings.status).unwrap_or(StatusCode::OK),
            None,
        ),
    };
    let all_read = ended.is_ok() && early_at.is_none();
    upload.received.complete = all_read;
    match ended {
        Ok(()) => upload.received.early = early_at.is_some(),
        Err(problem) => upload.received.error = Some(problem.text),
    }
    if !settings.delay.is_zero() {
        tokio::time::sleep(settings.delay).await;
    }
    if let Some(thinks) = shared.fate.as_ref().map(Fate::thinks)
        && !thinks.is_zero()
    {
        tokio::time::sleep(thinks).await;
    }

    upload.received.status = status.as_u16();
    upload.leave();
    let json = upload.received.to_json();
    let mut keeps_reading = false;
    match rest {
        Some(mut body) if settings.drain && upload.received.early => {
            keeps_reading = true;
            tokio::spawn(async move {
                // It was answered already, so that only the report can tell how it ended.
                match body.read_until(u64::MAX).await {
                    Ok(()) => upload.received.complete = true,
                    Err(problem) => upload.received.error = Some(problem.text),
                }
                drop(upload);
            });
        }
        _ => drop(upload),
    }
    let response = reply(
        status,
        &json,
        settings.close || !(all_read || keeps_reading),
    );
    match to {
        Some(to) => located(response, to),
        None => response,
    }
}

/// Whether it claims to be a form, a sound one or not.
fn is_form(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("multipart/form-data")
}

fn reply(status: StatusCode, json: &str, close: bool) -> Response {
    let mut response = if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        status.into_response()
    } else {
        (
            status,
            [(CONTENT_TYPE, "application/json")],
            json.to_owned(),
        )
            .into_response()
    };
    if close {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What the connection takes for the order to reset itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reset;

fn reset() -> Response {
    let mut response = StatusCode::OK.into_response();
    response.extensions_mut().insert(Reset);
    response
}

fn located(mut response: Response, to: &HeaderValue) -> Response {
    response.headers_mut().insert(LOCATION, to.clone());
    response
}

/// One upload in work. Dropped, it is counted and reported, however it came to that: answered,
/// broken off, or forgotten with its connection.
struct Upload {
    shared: Arc<Shared>,
    received: Received,
    bytes: Arc<AtomicU64>,
    begun: Instant,
    active: bool,
}

impl Upload {
    fn begin(shared: &Arc<Shared>, request: &Request) -> Self {
        let target = request.uri().to_string();
        shared
            .counters
            .upload_began(&target, shared.settings.arrivals_max);
        let peer = request.extensions().get::<Peer>();
        // For the report alone.
        let reported = shared.settings.on_upload.is_some();
        let headers = (request.headers().iter().filter(|_| reported))
            .map(|(name, value)| {
                (
                    name.to_string(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        let received = Received {
            // Every connection puts its peer there before it calls the router.
            peer: peer.map_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), |peer| {
                peer.address
            }),
            connection: peer.map_or(0, |peer| peer.connection),
            method: request.method().to_string(),
            target,
            headers,
            fields: Vec::new(),
            files: Vec::new(),
            bytes: 0,
            complete: false,
            early: false,
            error: None,
            status: 0,
            took: Duration::ZERO,
        };
        let bytes = Arc::default();
        Self {
            shared: shared.clone(),
            received,
            bytes,
            begun: Instant::now(),
            active: true,
        }
    }

    /// Reads the body to its end.
    async fn read(&mut self, headers: &HeaderMap, mut body: Body) -> Result<(), Problem> {
        if self.shared.fate.is_some() {
            return body.read_until(u64::MAX).await;
        }
        let mut sink = Sink::new(&self.shared, &mut self.received);
        let content_type = headers
            .get(CONTENT_TYPE)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        match content_type {
            Some(content_type) if is_form(&content_type) => {
                let boundary = multer::parse_boundary(content_type)
                    .map_err(|error| Problem::bad_request(format!("multipart: {error}")))?;
                multipart::read(body, boundary, &mut sink).await?;
            }
            content_type => {
                let mut content = sink.content(true, None)?;
                while let Some(piece) = body.piece().await? {
                    content.take(&piece)?;
                }
                let (size, sha256, stored) = content.end();
                let (name, file_name, stored_as) = (String::new(), None, None);
                let file = File {
                    name,
                    file_name,
                    content_type,
                    size,
                    sha256,
                    stored_as,
                };
                sink.file(file, stored);
            }
        }
        sink.keep()
    }

    /// It is about to be answered: from here the client may begin its next.
    fn leave(&mut self) {
        self.received.bytes = self.bytes.load(Ordering::Relaxed);
        if std::mem::take(&mut self.active) {
            self.shared.counters.upload_left();
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.leave();
        let Received {
            complete,
            early,
            error,
            ..
        } = &mut self.received;
        if !*complete && !*early && error.is_none() {
            *error = Some("the connection ended before the answer".to_owned());
        }
        self.shared.counters.upload_ended(*complete, *early);
        self.received.took = self.begun.elapsed();
        if let Some(on_upload) = &self.shared.settings.on_upload {
            // A second panic while a first unwinds would abort the process.
            let _ = catch_unwind(AssertUnwindSafe(|| on_upload(&self.received)));
        }
    }
}
