//! The JSON door: the table of cases that every door holds, and settings by name.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use quintet_receiver::{Received, Receiver, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Way, Workshop, has};

#[path = "../../../options/tests/support/cases.rs"]
mod cases;

const PROGRAM: &str = "adapters/c/tests/c/json.c";

/// What the program prints for these lines.
fn told(program: &mut Command, settings: &Value, root: &TempDir, lines: &str) -> Vec<String> {
    let mut child = program
        .arg(settings.to_string())
        .arg(root.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let lines = lines.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    writer
        .join()
        .expect("it wrote")
        .expect("and it was all read");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    said.lines().map(String::from).collect()
}

fn root() -> TempDir {
    let root = tempfile::tempdir().expect("a folder");
    fs::write(root.path().join("photo.jpg"), "hello").expect("room");
    fs::create_dir(root.path().join("folder")).expect("room");
    root
}

/// Whether JSON can say it.
fn is_json(options: &Value) -> bool {
    match options {
        Value::Array(values) => values.iter().all(is_json),
        Value::Object(entries) => !entries.contains_key("$") && entries.values().all(is_json),
        _ => true,
    }
}

#[test]
fn every_case_is_as_the_table_says() {
    if !has("gcc") {
        return;
    }
    let all: Arc<Mutex<Vec<Received>>> = Arc::default();
    let receiver = Receiver::start(Settings {
        on_upload: Some(Arc::new({
            let all = all.clone();
            move |received: &Received| all.lock().unwrap().push(received.clone())
        })),
        ..Settings::default()
    })
    .expect("a port");
    let cases = cases::cases();
    let cases: Vec<_> = cases
        .iter()
        // A call of another kind than an object is no upload here, but a call that fails.
        .filter(|case| is_json(&case["options"]) && case["options"].is_object())
        .collect();
    assert!(cases.len() > 130, "{}", cases.len());
    let url = receiver.url("/up");
    let lines: String = cases
        .iter()
        .map(|case| format!("{}\n", case["options"]).replace("\"$url\"", &format!("\"{url}\"")))
        .collect();
    let workshop = Workshop::new();
    let mut program = workshop.compile(PROGRAM, Way::C99);
    let settings = json!({ "domains": ["127.0.0.1:*"] });
    let told = told(&mut program, &settings, &root(), &lines);
    let done: Vec<_> = told
        .iter()
        .filter_map(|line| line.strip_prefix("done "))
        .collect();
    assert_eq!(done.len(), cases.len(), "{told:?}");

    let mut received = all.lock().unwrap().clone().into_iter();
    let mut succeeded = 0;
    for (case, done) in cases.iter().zip(done) {
        let rule = case["rule"].as_str().expect("a rule");
        let result: Value = serde_json::from_str(done).expect(rule);
        let sent = case["fails"].is_null().then(|| received.next()).flatten();
        succeeded += usize::from(sent.is_some());
        // The C interface does not tell which headers were ignored.
        cases::check(case, &result, sent.as_ref(), None);
    }
    assert!(received.next().is_none());
    let told = |what: &str| told.iter().filter(|line| line.starts_with(what)).count();
    assert!(told("progress {\"progress\":") >= succeeded);
    assert_eq!(told("headers {\"statusCode\":200,\"header\":{"), succeeded);
}

#[test]
fn what_is_no_object_is_refused_at_once() {
    if !has("gcc") {
        return;
    }
    let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
    let lines = format!("\n[1]\n{{\"a\":}}\n{{\"a\":{deep}}}\n");
    let workshop = Workshop::new();
    let mut program = workshop.compile(PROGRAM, Way::C99);
    let told = told(&mut program, &json!({}), &root(), &lines);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(
        told.iter()
            .all(|line| line.starts_with("refused the options ")),
        "{told:?}"
    );
}

#[test]
fn every_setting_has_a_name_and_no_other_is_taken() {
    if !has("gcc") {
        return;
    }
    let workshop = Workshop::new();
    let all = json!({
        "activeMax": 2, "queueMax": 9, "activePerHostMax": 1, "pausedKeepsSlot": false,
        "suspendActive": "interrupt", "connectTimeout": 1000, "stallTimeout": 2000, "responseTimeout": 3000,
        "responseHeadTimeout": 4000, "expectContinueAbove": 1, "progressInterval": 0, "redirects": "any",
        "redirectsMax": 2, "rateMax": 1_000_000, "retryPercent": 10, "retryReserve": 1, "responseBytesMax": 100,
        "fileBytesMax": 4, "idleTimeout": 1000, "idleMax": 1, "userAgent": "a", "onlyGivenRoots": false,
        "pins": [], "domains": ["example.test"], "httpsOnly": false, "publicAddressesOnly": true,
    });
    let mut program = workshop.compile(PROGRAM, Way::C99);
    assert!(told(&mut program, &all, &root(), "").is_empty());
    for wrong in [
        json!({ "unknown": 1 }),
        json!({ "activeMax": -1 }),
        json!({ "redirects": "some" }),
        json!({ "pins": ["sha256//"] }),
        json!({ "rootPem": "none" }),
        json!({ "domains": ["a/b"] }),
        json!([]),
    ] {
        let mut program = workshop.compile(PROGRAM, Way::C99);
        let program = program.arg(wrong.to_string()).arg(".");
        let output = program.stdin(Stdio::null()).output().expect("it starts");
        assert!(!output.status.success(), "{wrong}");
    }
}
