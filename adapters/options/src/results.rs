//! The objects that callbacks get, under the names of the API.

use quintet::{Headers, Outcome, Progress, Response};

use crate::include::Include;
use crate::value::Value;

/// `{ progress, totalBytesSent, totalBytesExpectedToSend }`.
pub fn progress(progress: &Progress) -> Value {
    let Progress { sent, total, .. } = *progress;
    Value::Map(vec![
        ("progress".into(), f64::from(progress.percent()).into()),
        ("totalBytesSent".into(), (sent as f64).into()),
        ("totalBytesExpectedToSend".into(), (total as f64).into()),
    ])
}

/// `{ statusCode, header }`, for `onHeadersReceived`.
pub fn headers_received(status: u16, headers: &Headers) -> Value {
    Value::Map(vec![
        ("statusCode".into(), f64::from(status).into()),
        ("header".into(), header(headers)),
    ])
}

/// The object of `success` or `fail`, and of `complete`: `{ statusCode, data, errMsg, trace }` and what `include` asks for,
/// or `{ errMsg, errno, errString, trace }`.
pub fn result(outcome: &Outcome, include: Include) -> Value {
    let mut object: Vec<(String, Value)> = Vec::new();
    let mut put = |key: &str, value: Value| object.push((key.into(), value));
    let answer = outcome.result.as_ref().ok();
    if let Some(response) = answer {
        put("statusCode", f64::from(response.status).into());
        put("data", response.data().into());
    }
    put("errMsg", outcome.err_msg().into());
    if answer.is_none() {
        put("errno", f64::from(outcome.errno()).into());
        put("errString", outcome.err_string().into());
    }
    put("trace", outcome.trace.as_str().into());
    if let Some(response) = answer {
        extend(&mut object, outcome, response, include);
    }
    Value::Map(object)
}

fn extend(
    object: &mut Vec<(String, Value)>,
    outcome: &Outcome,
    response: &Response,
    include: Include,
) {
    if include.header {
        object.push(("header".into(), header(&response.headers)));
    }
    if include.cookies {
        let cookies = response.cookies().into_iter().map(Value::from);
        object.push(("cookies".into(), Value::List(cookies.collect())));
    }
    if include.profile {
        object.push(("profile".into(), profile(outcome)));
    }
}

/// Names as they were received; the values of one that repeats are joined by commas under its first spelling.
fn header(headers: &Headers) -> Value {
    let mut joined: Vec<(String, String)> = Vec::new();
    for (name, value) in headers.iter() {
        let value = String::from_utf8_lossy(value);
        let known = joined
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        match known {
            Some((_, values)) => {
                values.push_str(", ");
                values.push_str(&value);
            }
            None => joined.push((name.into(), value.into_owned())),
        }
    }
    let entries = joined.into_iter().map(|(name, value)| (name, value.into()));
    Value::Map(entries.collect())
}

fn profile(outcome: &Outcome) -> Value {
    let profile = outcome.profile();
    let times = profile.fields().map(|(name, at)| (name.into(), at.into()));
    let mut object: Vec<(String, Value)> = times.collect();
    let mut put = |key: &str, value: Value| object.push((key.into(), value));
    put("socketReused", profile.socket_reused.into());
    put("sendBytesCount", (profile.send_bytes_count as f64).into());
    put(
        "receivedBytedCount",
        (profile.received_byted_count as f64).into(),
    );
    if let Some(peer) = outcome.peer {
        put("peerIP", peer.ip().to_string().into());
        put("port", f64::from(peer.port()).into());
    }
    put("protocol", "http1.1".into());
    Value::Map(object)
}
