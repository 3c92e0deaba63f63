//! `send --options`: calls as JSON, read as every door to the engine reads them.

use std::io;
use std::path::Path;

use quintet::Error;
use quintet_options::{Call, DEPTH_MAX, Include, Value, read};
use serde_json::Value as Json;

use crate::send::{Job, name_and_size};
use crate::source::contents;

/// A job for each call. A call that is wrong is one all the same: its end says what is wrong.
pub(crate) fn jobs(options: &str) -> io::Result<Vec<Job>> {
    let json = if options.trim_start().starts_with(['{', '[']) {
        serde_json::from_str(options)
    } else {
        serde_json::from_slice(&contents(Path::new(options))?)
    };
    let json = json.map_err(|error| io::Error::other(format!("--options: no JSON: {error}")))?;
    let calls = match json {
        Json::Array(calls) => calls,
        call => vec![call],
    };
    Ok(calls.into_iter().map(job).collect())
}

fn job(json: Json) -> Job {
    let too_deep = too_deep(&json);
    let options = &Value::from(json);
    let text = |name| match options.get(name) {
        Value::String(text) => text,
        _ => "",
    };
    let (name, size) = match text("filePath") {
        "" => ("form".into(), 0),
        path => name_and_size(Path::new(path)),
    };
    let call = match too_deep {
        Some(name) => Err(Error::parameter(&name, "is nested too deeply")),
        None => read(options, Include::default()),
    };
    let call = call.unwrap_or_else(Call::refused);
    Job {
        name,
        size,
        is_https: is_https(text("url")),
        priority: match options.get("priority") {
            Value::Number(priority) => *priority as i8,
            _ => 0,
        },
        include: call.include,
        request: call.request,
    }
}

/// The first option that holds more within each other than a door takes.
fn too_deep(options: &Json) -> Option<String> {
    let mut options = options.as_object()?.iter();
    let found = options.find(|(_, value)| depth(value) > DEPTH_MAX);
    found.map(|(name, _)| name.clone())
}

/// Lists and objects within each other; the parser bounds them.
fn depth(json: &Json) -> usize {
    let below = match json {
        Json::Array(values) => values.iter().map(depth).max(),
        Json::Object(entries) => entries.values().map(depth).max(),
        _ => return 0,
    };
    1 + below.unwrap_or(0)
}

pub(crate) fn is_https(url: &str) -> bool {
    let scheme = url.get(..6).unwrap_or_default();
    scheme.eq_ignore_ascii_case("https:")
}
