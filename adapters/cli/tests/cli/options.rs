//! `send --options`: calls as JSON.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::*;

fn lines(ran: &Ran) -> Vec<Value> {
    let lines = ran.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_call_is_the_same_inline_in_a_file_and_from_standard_input() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = folder.file("a.txt", "hello");
    let call = json!({
        "url": receiver.url("/"), "filePath": file, "name": "photo", "fileName": "b.png",
        "formData": { "year": 2026, "list": [1, "x"] }, "method": "PUT", "enableProfile": true,
    });
    let call = call.to_string();
    let in_file = folder.file("call.json", &call);
    let mut piped = quintet(&["send", "--options", "-", "--json"]);
    let mut piped = start(piped.stdin(Stdio::piped()));
    piped
        .stdin
        .take()
        .unwrap()
        .write_all(call.as_bytes())
        .unwrap();
    for ran in [
        run(&["send", "--options", &call, "--json"]),
        run(&["send", "--json", "--options", &in_file]),
        end(piped),
    ] {
        assert_eq!(ran.code, 0, "{ran:?}");
        let told = &lines(&ran)[0];
        assert_eq!(told["errMsg"], "uploadFile:ok");
        assert_eq!(told["filePath"], *file);
        assert!(told["profile"]["requestStart"].is_number(), "{told}");
        let data: Value = serde_json::from_str(told["data"].as_str().unwrap()).unwrap();
        let fields: Vec<_> = data["fields"].as_array().unwrap().iter().collect();
        assert_eq!(
            fields
                .iter()
                .map(|field| &field["value"])
                .collect::<Vec<_>>(),
            ["2026", "[1,\"x\"]"]
        );
        assert_eq!(data["files"][0]["fileName"], "b.png");
        assert_eq!(data["files"][0]["contentType"], "image/png");
    }
    let dry = run(&["send", "--dry-run", "--options", &call]);
    assert!(dry.stdout.contains("\nPUT / HTTP/1.1\r\n"), "{dry:?}");
}

#[test]
fn a_list_is_a_request_each_and_one_that_is_wrong_is_told_as_its_end() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = folder.file("a.txt", "hello");
    let url = receiver.url("/");
    let calls = json!([
        { "url": url, "filePath": file, "name": "file" },
        { "url": url, "filePath": file, "name": 5 },
        { "url": url, "files": [{ "name": "one", "uri": file }, { "name": "two", "uri": file }] },
        { "url": url, "filePath": file, "name": "file", "priority": 128 },
        { "url": url, "filePath": file, "name": "file", "enableHttp2": true },
        7,
    ]);
    let ran = run(&["send", "--json", "--options", &calls.to_string()]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let mut told: Vec<_> = lines(&ran)
        .iter()
        .map(|line| line["errMsg"].as_str().unwrap().to_owned())
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "uploadFile:fail feature not support",
            "uploadFile:fail invalid parameter: name must be a string, and is a number",
            "uploadFile:fail invalid parameter: options must be an object, and is a number",
            "uploadFile:fail invalid parameter: priority must be a whole number from -128 to 127",
            "uploadFile:ok",
            "uploadFile:ok",
        ]
    );
    let none = run(&["send", "--json", "--options", "[]"]);
    assert_eq!((none.code, &*none.stdout), (0, ""), "{none:?}");
}

#[test]
fn a_retry_among_the_options_is_made() {
    let folder = Folder::new();
    let file = folder.file("a.txt", "hello");
    let call = json!({
        "url": "http://127.0.0.1:1/", "filePath": file, "name": "file",
        "retry": { "retriesMax": 12, "delayFirst": 0 },
    });
    let ran = run(&["send", "-v", "--options", &call.to_string()]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("; attempts 13; trace 02"), "{ran:?}");
}

#[test]
fn higher_priorities_go_first_and_equal_ones_in_their_order() {
    let (folder, receiver) = (Folder::new(), receiver());
    let url = receiver.url("/");
    let files = ["a", "b", "c", "d"].map(|name| folder.file(name, "x"));
    let [a, b, c, d] = &files;
    let order = |args: &[&str]| -> String {
        let ran = run(&[&["send", "--json", "-j", "1"][..], args].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let path = |line: &Value| line["filePath"].as_str().unwrap().to_owned();
        let ended: Vec<_> = lines(&ran).iter().map(path).collect();
        ended
            .iter()
            .filter_map(|path| path.chars().last())
            .collect()
    };
    assert_eq!(order(&[&url, a, b, c, d, "--priority", "5"]), "abcd");
    assert_eq!(
        order(&[&url, a, "--priority", "-1", b, "--priority=5", c, d]),
        "cdab"
    );
    let list = folder.file("list", format!("{b}\n{a}\n"));
    let list = format!("@{list}");
    assert_eq!(order(&[&url, c, "--priority", "1", &list]), "bac");

    let priorities = files.iter().zip([0, 9, -9, 9]);
    let calls: Value = priorities
        .map(|(file, priority)| {
            json!({ "url": url, "filePath": file, "name": "f", "priority": priority })
        })
        .collect();
    assert_eq!(order(&["--options", &calls.to_string()]), "bdac");

    for wrong in ["128", "-129", "high", "1.5"] {
        let ran = run(&["send", &url, "--priority", wrong, a]);
        assert_eq!(ran.code, 2, "{ran:?}");
    }
}

#[test]
fn options_that_are_no_json_or_stand_beside_arguments_are_refused() {
    let folder = Folder::new();
    let missing = folder.path().join("missing.json");
    for (options, told) in [
        ("{", "--options: no JSON: EOF while parsing"),
        ("{} x", "--options: no JSON: trailing characters"),
        (missing.to_str().unwrap(), "missing.json: "),
        ("-", "--options: no JSON: EOF while parsing"),
    ] {
        let ran = run(&["send", "--options", options]);
        assert_eq!((ran.code, &*ran.stdout), (1, ""), "{ran:?}");
        assert!(ran.stderr.contains(told), "{ran:?}");
    }
    for beside in [
        &["http://127.0.0.1:1/"][..],
        &["--name", "file"],
        &["-F", "a=b"],
        &["--retry", "2"],
    ] {
        let ran = run(&[&["send", "--options", "{}"][..], beside].concat());
        assert_eq!(ran.code, 2, "{ran:?}");
    }
    assert_eq!(run(&["send"]).code, 2);
}
