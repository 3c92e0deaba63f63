//! The table of options, through this door.

#[path = "../../../options/tests/support/cases.rs"]
mod cases;

use std::sync::{Arc, Mutex};

use quintet_quickjs::Api;
use quintet_receiver::{Received, Settings};
use serde_json::Value;

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
    for case in &cases::cases() {
        let script = format!("const options = {};\n{SCRIPT}", case["options"]);
        let out = world
            .run_with(&script, Api::tt(engine.clone()), |_| {})
            .clean();
        assert_eq!(out.len(), 1, "{out:?}");
        let told: Value = serde_json::from_str(&out[0]).unwrap();
        assert_eq!(told["result"]["trace"], told["trace"], "{told}");
        let received = last.lock().unwrap().take();
        cases::check(
            case,
            &told["result"],
            received.as_ref(),
            Some(&told["ignored"]),
        );
    }
}
