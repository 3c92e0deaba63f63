//! From the engine's events to the struct that a host is shown.

use std::ffi::c_char;
use std::ptr;
use std::time::Duration;

use quintet::{EventKind, Headers, Outcome, Progress, RetryCause};

use crate::abi;
use crate::callbacks::Events;
use crate::hub::Whose;
use crate::json::{self, Include};

/// Whether hosts are told of it. The steps of connecting are left out: they are in an upload's trace.
pub(crate) fn is_told(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Queued { .. }
            | EventKind::Admitted
            | EventKind::Progress(_)
            | EventKind::Paused
            | EventKind::Resumed
            | EventKind::Redirected { .. }
            | EventKind::Retrying { .. }
            | EventKind::HeadersReceived { .. }
            | EventKind::Done(_)
    )
}

/// Calls the host. `with_json` is what a success tells in JSON, if that is asked for.
pub(crate) fn tell(
    events: &Events,
    whose: &Whose,
    at: Duration,
    kind: &EventKind,
    with_json: Option<Include>,
) {
    let mut event = empty(whose, at);
    match kind {
        EventKind::Queued { position } => {
            event.kind = abi::QUINTET_EVENT_QUEUED;
            event.number = i32::try_from(*position).unwrap_or(i32::MAX);
        }
        EventKind::Admitted => event.kind = abi::QUINTET_EVENT_ADMITTED,
        EventKind::Paused => event.kind = abi::QUINTET_EVENT_PAUSED,
        EventKind::Resumed => event.kind = abi::QUINTET_EVENT_RESUMED,
        EventKind::Redirected { status, .. } => {
            event.kind = abi::QUINTET_EVENT_REDIRECTED;
            event.status = i32::from(*status);
        }
        EventKind::Retrying {
            attempt, because, ..
        } => return tell_retrying(events, event, *attempt, because),
        EventKind::Progress(progress) => {
            return tell_progress(events, event, progress, with_json.is_some());
        }
        EventKind::HeadersReceived { status, headers } => {
            return tell_headers(events, event, *status, headers, with_json.is_some());
        }
        EventKind::Done(outcome) => return tell_done(events, event, outcome, with_json),
        // Not told: see above.
        _ => return,
    }
    events.tell(&event);
}

fn tell_retrying(
    events: &Events,
    mut event: abi::quintet_event,
    attempt: u32,
    because: &RetryCause,
) {
    event.kind = abi::QUINTET_EVENT_RETRYING;
    event.number = i32::try_from(attempt).unwrap_or(i32::MAX);
    let detail = match because {
        RetryCause::Status(status) => {
            event.status = i32::from(*status);
            String::new()
        }
        RetryCause::Failure(error) => {
            event.error = error.kind().errno();
            error.to_string()
        }
        _ => String::new(),
    };
    event.detail = text(detail.as_bytes());
    events.tell(&event);
}

fn tell_progress(
    events: &Events,
    mut event: abi::quintet_event,
    progress: &Progress,
    with_json: bool,
) {
    event.kind = abi::QUINTET_EVENT_PROGRESS;
    event.bytes_sent = progress.sent;
    event.bytes_total = progress.total;
    event.bytes_acked = acked(progress.acked);
    event.speed = progress.speed;
    event.percent = progress.percent().into();
    let json = if with_json {
        json::progress(progress)
    } else {
        String::new()
    };
    event.json = text(json.as_bytes());
    events.tell(&event);
}

fn tell_headers(
    events: &Events,
    mut event: abi::quintet_event,
    status: u16,
    headers: &Headers,
    with_json: bool,
) {
    event.kind = abi::QUINTET_EVENT_HEADERS;
    event.status = status.into();
    let json = if with_json {
        json::headers(status, headers)
    } else {
        String::new()
    };
    event.json = text(json.as_bytes());
    with_headers(events, event, Some(headers));
}

fn tell_done(
    events: &Events,
    mut event: abi::quintet_event,
    outcome: &Outcome,
    with_json: Option<Include>,
) {
    event.kind = abi::QUINTET_EVENT_DONE;
    event.bytes_sent = outcome.bytes_sent;
    event.bytes_total = outcome.bytes_total;
    event.bytes_acked = acked(outcome.bytes_acked);
    event.percent = percent(outcome);
    event.error = outcome.errno();
    event.trace = text(outcome.trace.as_str().as_bytes());
    let err_msg = outcome.err_msg();
    event.err_msg = text(err_msg.as_bytes());
    let json = with_json.map(|include| json::result(outcome, include));
    event.json = text(json.as_deref().unwrap_or_default().as_bytes());
    match &outcome.result {
        Ok(response) => {
            event.status = response.status.into();
            event.body = text(&response.body);
            with_headers(events, event, Some(&response.headers));
        }
        Err(error) => {
            event.detail = text(error.detail().as_bytes());
            with_headers(events, event, None);
        }
    }
}

fn with_headers(events: &Events, mut event: abi::quintet_event, headers: Option<&Headers>) {
    let headers = headers.into_iter().flat_map(Headers::iter);
    let headers = headers.map(|(name, value)| abi::quintet_header {
        name: text(name.as_bytes()),
        value: text(value),
    });
    let headers: Vec<_> = headers.collect();
    if !headers.is_empty() {
        event.headers = headers.as_ptr();
        event.headers_len = headers.len();
    }
    events.tell(&event);
}

fn empty(whose: &Whose, at: Duration) -> abi::quintet_event {
    let none = text(b"");
    abi::quintet_event {
        struct_size: size_of::<abi::quintet_event>() as u32,
        kind: 0,
        task: whose.task,
        user: whose.user.as_ptr(),
        at_us: u64::try_from(at.as_micros()).unwrap_or(u64::MAX),
        bytes_sent: 0,
        bytes_total: 0,
        bytes_acked: -1,
        speed: 0,
        percent: 0,
        status: 0,
        error: 0,
        number: 0,
        err_msg: none,
        detail: none,
        trace: none,
        body: none,
        json: none,
        headers: ptr::null(),
        headers_len: 0,
    }
}

/// Never NULL: an empty slice has an address too, but not one that may be looked at.
fn text(bytes: &[u8]) -> abi::quintet_text {
    let data: *const c_char = match bytes.is_empty() {
        true => c"".as_ptr(),
        false => bytes.as_ptr().cast(),
    };
    abi::quintet_text {
        data,
        len: bytes.len(),
    }
}

fn acked(bytes: Option<u64>) -> i64 {
    bytes.map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX))
}

fn percent(outcome: &Outcome) -> i32 {
    let mut progress = Progress::default();
    (progress.sent, progress.total) = (outcome.bytes_sent, outcome.bytes_total);
    progress.percent().into()
}
