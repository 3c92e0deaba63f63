//! The table of cases, and whether a call ended as its case says: for the test of every door that is written in Rust.

use quintet_receiver::{File, Received};
use serde_json::{Value, json};

/// The whole table.
pub(crate) fn cases() -> Vec<Value> {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../cases.json")).unwrap();
    assert!(cases.len() > 150);
    cases
}

/// `result` is the object of success or fail, `received` what the receiver got, and `ignored` the list of ignored
/// headers, where the door tells of them.
pub(crate) fn check(
    case: &Value,
    result: &Value,
    received: Option<&Received>,
    ignored: Option<&Value>,
) {
    let rule = case["rule"].as_str().unwrap();
    let keys: Vec<_> = result.as_object().expect(rule).keys().collect();
    assert_eq!(result["trace"].as_str().expect(rule).len(), 53, "{rule}");
    if let Some(wanted) = case["fails"].as_object() {
        assert!(received.is_none(), "{rule}: {received:?}");
        assert_eq!(keys, ["errMsg", "errno", "errString", "trace"], "{rule}");
        for (what, wanted) in wanted {
            fails(result, what, wanted, rule);
        }
        return;
    }
    assert_eq!(result["errMsg"], "uploadFile:ok", "{rule}: {result}");
    assert_eq!(result["statusCode"], 200, "{rule}");
    if !case["keys"].is_null() {
        assert_eq!(json!(keys), case["keys"], "{rule}");
    }
    let received = received.expect(rule);
    for (what, wanted) in case["sends"].as_object().expect(rule) {
        match (&**what, ignored) {
            ("ignored", Some(ignored)) => assert_eq!(ignored, wanted, "{rule}"),
            ("ignored", None) => {}
            ("headers", _) => sends_headers(received, wanted, rule),
            (what, _) => assert_eq!(sent(received, what), *wanted, "{rule}"),
        }
    }
}

fn sent(received: &Received, what: &str) -> Value {
    let file = |file: &File| json!({ "name": file.name, "fileName": file.file_name, "contentType": file.content_type });
    match what {
        "method" => json!(received.method),
        "fields" => {
            let fields = received.fields.iter();
            fields
                .map(|field| json!([field.name, field.value]))
                .collect()
        }
        "file" => file(&received.files[0]),
        "files" => {
            let files = received.files.iter().map(|one| {
                let mut file = file(one);
                file["size"] = one.size.into();
                file
            });
            files.collect()
        }
        unknown => panic!("nobody knows {unknown:?}"),
    }
}

fn sends_headers(received: &Received, wanted: &Value, rule: &str) {
    for (name, wanted) in wanted.as_object().expect(rule) {
        let mut headers = received.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        let found = json!(found.map(|(_, value)| value));
        assert_eq!(found, *wanted, "{rule}: {name}");
    }
}

fn fails(result: &Value, what: &str, wanted: &Value, rule: &str) {
    match what {
        "errMsg" => {
            let whole = format!("uploadFile:fail {}", wanted.as_str().unwrap());
            assert_eq!(result["errMsg"], whole, "{rule}");
        }
        "never" => {
            let told = result.to_string();
            assert!(!told.contains(wanted.as_str().unwrap()), "{rule}: {told}");
        }
        _ => assert_eq!(result[what], *wanted, "{rule}"),
    }
}
