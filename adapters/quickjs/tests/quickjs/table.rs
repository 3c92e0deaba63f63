//! The table of options, through this door.

use std::sync::{Arc, Mutex};

use quintet_quickjs::Api;
use quintet_receiver::{File, Received, Settings};
use serde_json::{Value, json};

use crate::support::World;

/// Replaces what JSON cannot say, calls, and prints how it ended.
const SCRIPT: &str = r#"
    function value(json) {
        if (json === "$url") return url;
        if (Array.isArray(json)) return json.map(value);
        if (typeof json !== "object" || json === null) return json;
        switch (json.$) {
            case undefined: return Object.fromEntries(Object.entries(json).map(([key, json]) => [key, value(json)]));
            case "undefined": return undefined;
            case "function": return () => {};
            default: return Number(json.$);
        }
    }
    const task = tt.uploadFile(value(options));
    const tell = (result) => console.log({ result, ignored: task.ignoredHeaders, trace: task.trace });
    task.then(tell, tell);
"#;

#[test]
fn every_case_is_as_the_table_says() {
    let last: Arc<Mutex<Option<Received>>> = Arc::default();
    let world = World::with(Settings {
        on_upload: Some(Arc::new({
            let last = last.clone();
            move |received| *last.lock().unwrap() = Some(received.clone())
        })),
        ..Settings::default()
    });
    let engine = world.engine();
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../../../options/tests/cases.json")).unwrap();
    assert!(cases.len() > 50);
    for case in &cases {
        let rule = case["rule"].as_str().unwrap();
        let script = format!("const options = {};\n{SCRIPT}", case["options"]);
        let out = world
            .run_with(&script, Api::tt(engine.clone()), |_| {})
            .clean();
        assert_eq!(out.len(), 1, "{rule}: {out:?}");
        let told: Value = serde_json::from_str(&out[0]).unwrap();
        let result = &told["result"];
        let keys: Vec<_> = result.as_object().unwrap().keys().collect();
        assert_eq!(result["trace"], told["trace"], "{rule}");
        assert_eq!(told["trace"].as_str().unwrap().len(), 53, "{rule}");
        let received = last.lock().unwrap().take();
        if case["fails"].is_null() {
            assert_eq!(result["errMsg"], "uploadFile:ok", "{rule}: {out:?}");
            sent_as_told(&received.expect(rule), &told["ignored"], case, rule);
            if !case["keys"].is_null() {
                assert_eq!(json!(keys), case["keys"], "{rule}");
            }
        } else {
            assert!(received.is_none(), "{rule}: {received:?}");
            assert_eq!(keys, ["errMsg", "errno", "errString", "trace"], "{rule}");
            fails_as_told(result, &case["fails"], rule);
        }
    }
}

fn sent_as_told(received: &Received, ignored: &Value, case: &Value, rule: &str) {
    let fields = received.fields.iter();
    let fields: Vec<_> = fields.map(|field| (&field.name, &field.value)).collect();
    let file = |file: &File| json!({ "name": file.name, "fileName": file.file_name, "contentType": file.content_type });
    let with_size = |received: &File| {
        let mut file = file(received);
        file["size"] = received.size.into();
        file
    };
    for (what, wanted) in case["sends"].as_object().expect(rule) {
        match &**what {
            "method" => assert_eq!(received.method, *wanted, "{rule}"),
            "fields" => assert_eq!(json!(fields), *wanted, "{rule}"),
            "file" => assert_eq!(file(&received.files[0]), *wanted, "{rule}"),
            "files" => {
                let files: Value = received.files.iter().map(with_size).collect();
                assert_eq!(files, *wanted, "{rule}");
            }
            "ignored" => assert_eq!(ignored, wanted, "{rule}"),
            _ => {
                for (name, wanted) in wanted.as_object().expect(rule) {
                    let mut headers = received.headers.iter();
                    let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
                    let found = json!(found.map(|(_, value)| value));
                    assert_eq!(found, *wanted, "{rule}: {name}");
                }
            }
        }
    }
}

fn fails_as_told(result: &Value, wanted: &Value, rule: &str) {
    for (what, wanted) in wanted.as_object().unwrap() {
        match &**what {
            "errMsg" => {
                let whole = format!("uploadFile:fail {}", wanted.as_str().unwrap());
                assert_eq!(result["errMsg"], whole, "{rule}");
            }
            "never" => assert!(
                !result.to_string().contains(wanted.as_str().unwrap()),
                "{rule}"
            ),
            _ => assert_eq!(result[what], *wanted, "{rule}"),
        }
    }
}
