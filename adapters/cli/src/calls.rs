//! `send --options`: calls as JSON, read as every door to the engine reads them.

use std::io;
use std::path::Path;

use quintet_options::{Call, Include, Value, read};
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
    Ok(calls
        .into_iter()
        .map(|call| job(&Value::from(call)))
        .collect())
}

fn job(options: &Value) -> Job {
    let text = |name| match options.get(name) {
        Value::String(text) => text,
        _ => "",
    };
    let (name, size) = match text("filePath") {
        "" => ("form".into(), 0),
        path => name_and_size(Path::new(path)),
    };
    let call = read(options, Include::default()).unwrap_or_else(Call::refused);
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

pub(crate) fn is_https(url: &str) -> bool {
    let scheme = url.get(..6).unwrap_or_default();
    scheme.eq_ignore_ascii_case("https:")
}
