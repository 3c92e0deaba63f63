//! Runs the table of cases through the crate and the engine, to a receiver.

#[path = "support/cases.rs"]
mod cases;

use std::fs;
use std::sync::{Arc, Mutex};

use quintet::{Engine, LocalFiles, Rules};
use quintet_options::{Call, Include, Value, read, result};
use quintet_receiver::{Received, Receiver, Settings};
use quintet_tcp::TcpConnect;
use serde_json::{Value as Json, json};

/// A case's options as a door would give them.
fn value(json: &Json, url: &str) -> Value {
    match json {
        Json::String(text) if text == "$url" => url.into(),
        Json::Array(values) => Value::List(values.iter().map(|json| value(json, url)).collect()),
        Json::Object(entries) => match json["$"].as_str() {
            Some("undefined") => Value::Undefined,
            Some("function") => Value::Function,
            Some("NaN") => f64::NAN.into(),
            Some("Infinity") => f64::INFINITY.into(),
            Some("-0") => (-0.0).into(),
            Some(unknown) => panic!("no such value: {unknown}"),
            None => Value::Map(
                entries
                    .iter()
                    .map(|(key, json)| (key.clone(), value(json, url)))
                    .collect(),
            ),
        },
        plain => plain.clone().into(),
    }
}

#[test]
fn every_case_is_as_the_table_says() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("photo.jpg"), "hello").unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    let last: Arc<Mutex<Option<Received>>> = Arc::default();
    let receiver = Receiver::start(Settings {
        on_upload: Some(Arc::new({
            let last = last.clone();
            move |received| *last.lock().unwrap() = Some(received.clone())
        })),
        ..Settings::default()
    })
    .unwrap();
    let engine = Engine::builder(TcpConnect::new())
        .files(LocalFiles::beneath(folder.path()))
        .policy(Rules::new().domain("127.0.0.1:*").unwrap())
        .start()
        .unwrap();
    let url = receiver.url("/up");

    for case in &cases::cases() {
        let call = read(&value(&case["options"], &url), Include::default());
        let call = call.unwrap_or_else(Call::refused);
        let task = engine.upload(call.request);
        let outcome = Json::from(result(&task.wait(), call.include));
        let received = last.lock().unwrap().take();
        let ignored = json!(task.ignored_headers());
        cases::check(case, &outcome, received.as_ref(), Some(&ignored));
    }
}
