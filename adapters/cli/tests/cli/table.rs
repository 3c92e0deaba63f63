//! The table of options, through `send --options`.

#[path = "../../../options/tests/support/cases.rs"]
mod cases;

use std::sync::{Arc, Mutex};

use quintet_receiver::{Received, Receiver, Settings};
use serde_json::{Value, json};

use crate::support::*;

#[test]
fn every_case_that_json_can_say_is_as_the_table_says() {
    let folder = Folder::new();
    folder.file("photo.jpg", "hello");
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    let last: Arc<Mutex<Option<Received>>> = Arc::default();
    let receiver = Receiver::start(Settings {
        on_upload: Some(Arc::new({
            let last = last.clone();
            move |received| *last.lock().unwrap() = Some(received.clone())
        })),
        ..Settings::default()
    })
    .unwrap();
    let url = json!(receiver.url("/up")).to_string();
    let mut ran = 0;
    for case in &cases::cases() {
        let options = case["options"].to_string().replace("\"$url\"", &url);
        // JavaScript's own values; files and hosts that a sandbox and a policy refuse: `send` has neither.
        let is_refused = ["105", "106"].contains(&&*case["fails"]["errno"].to_string());
        if options.contains("{\"$\":") || is_refused {
            continue;
        }
        ran += 1;
        // In a list, for what stands alone must be an object.
        let mut command = quintet(&["send", "--json", "--options", &format!("[{options}]")]);
        let told = end(start(command.current_dir(folder.path())));
        let mut result: Value = serde_json::from_str(&told.stdout).unwrap();
        result.as_object_mut().unwrap().remove("filePath");
        let received = last.lock().unwrap().take();
        cases::check(case, &result, received.as_ref(), None);
        let code = if case["fails"].is_null() { 0 } else { 3 };
        assert_eq!(told.code, code, "{told:?}");
        if let Some(secret) = case["fails"]["never"].as_str() {
            assert!(!told.stderr.contains(secret), "{told:?}");
        }
    }
    assert!(ran > 100, "{ran}");
}
