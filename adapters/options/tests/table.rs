//! Runs the table of cases through the crate and the engine, to a receiver.

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

/// What a receiver got, in the words of the table.
fn sent(received: &Received, wanted: &Json) -> Json {
    let fields = received.fields.iter();
    let fields: Vec<_> = fields.map(|field| (&field.name, &field.value)).collect();
    let file = &received.files[0];
    let header = |name: &String| {
        let mut headers = received.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        (name.clone(), json!(found.map(|(_, value)| value)))
    };
    let headers = wanted["headers"].as_object().map(|names| names.keys());
    let headers: serde_json::Map<_, _> = headers.into_iter().flatten().map(header).collect();
    let files = received.files.iter().map(|file| {
        json!({
            "name": file.name,
            "fileName": file.file_name,
            "contentType": file.content_type,
            "size": file.size,
        })
    });
    json!({
        "method": received.method,
        "fields": fields,
        "file": { "name": file.name, "fileName": file.file_name, "contentType": file.content_type },
        "files": files.collect::<Vec<_>>(),
        "headers": headers,
    })
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

    let cases: Vec<Json> = serde_json::from_str(include_str!("cases.json")).unwrap();
    assert!(cases.len() > 50);
    for case in &cases {
        let rule = case["rule"].as_str().unwrap();
        let call = read(&value(&case["options"], &url), Include::default());
        let call = call.unwrap_or_else(Call::refused);
        let task = engine.upload(call.request);
        let outcome = Json::from(result(&task.wait(), call.include));
        let received = last.lock().unwrap().take();

        let keys: Vec<_> = outcome.as_object().unwrap().keys().collect();
        assert_eq!(outcome["trace"].as_str().unwrap().len(), 53, "{rule}");
        if case["fails"].is_null() {
            assert_eq!(outcome["errMsg"], "uploadFile:ok", "{rule}: {outcome}");
            assert_eq!(outcome["statusCode"], 200, "{rule}");
            let wanted = &case["sends"];
            let mut sent = sent(&received.expect(rule), wanted);
            sent["ignored"] = json!(task.ignored_headers());
            for (what, wanted) in wanted.as_object().expect(rule) {
                assert_eq!(sent[what], *wanted, "{rule}");
            }
            if !case["keys"].is_null() {
                assert_eq!(json!(keys), case["keys"], "{rule}");
            }
        } else {
            assert!(received.is_none(), "{rule}: {received:?}");
            assert_eq!(keys, ["errMsg", "errno", "errString", "trace"], "{rule}");
            fails_as_told(&outcome, &case["fails"], rule);
        }
    }
}

fn fails_as_told(outcome: &Json, wanted: &Json, rule: &str) {
    for (what, wanted) in wanted.as_object().unwrap() {
        match &**what {
            "errMsg" => {
                let whole = format!("uploadFile:fail {}", wanted.as_str().unwrap());
                assert_eq!(outcome["errMsg"], whole, "{rule}");
            }
            "never" => {
                let told = outcome.to_string();
                assert!(!told.contains(wanted.as_str().unwrap()), "{rule}: {told}");
            }
            _ => assert_eq!(outcome[what], *wanted, "{rule}"),
        }
    }
}
