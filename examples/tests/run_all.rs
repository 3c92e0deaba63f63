//! Every example is run as a user would run it, against a real receiver.
#![forbid(unsafe_code)]

use std::io::Write;
use std::process::Command;

use quintet_receiver::{Receiver, Settings, Tls};
use tempfile::NamedTempFile;

fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program)
        .args(args)
        .output()
        .expect("the example starts");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {args:?}\n{stdout}\n{stderr}"
    );
    stdout
}

fn file(bytes: usize) -> (NamedTempFile, String) {
    let mut file = NamedTempFile::new().expect("a temporary file");
    file.write_all(&vec![b'q'; bytes]).expect("room for it");
    let path = file.path().to_str().expect("UTF-8").to_owned();
    (file, path)
}

#[test]
fn upload_one() {
    let receiver = Receiver::start(Settings {
        tls: Some(Tls::SelfMade),
        ..Settings::default()
    })
    .expect("a port");
    let mut root = NamedTempFile::new().expect("a temporary file");
    root.write_all(receiver.root_pem().expect("made by itself").as_bytes())
        .expect("room");
    let (_file, path) = file(100_000);
    let root = root.path().to_str().expect("UTF-8");
    let said = run(
        env!("CARGO_BIN_EXE_upload_one"),
        &[&receiver.url("/up"), &path, root],
    );
    assert!(
        said.contains("200 {") && said.contains("\"size\":100000"),
        "{said}"
    );
    assert!(said.contains("tls"), "{said}");
}

#[test]
fn no_tls() {
    let receiver = Receiver::start(Settings::default()).expect("a port");
    let (_file, path) = file(1);
    let said = run(env!("CARGO_BIN_EXE_no_tls"), &[&receiver.url("/up"), &path]);
    assert_eq!(said, "uploadFile:ok 200\n");
}

#[test]
fn five_at_a_time() {
    // Slow enough that all twelve are asked for before the first is done, and that the abort finds its upload.
    let settings = Settings {
        rate: Some(8 << 20),
        ..Settings::default()
    };
    let receiver = Receiver::start(settings).expect("a port");
    let (_file, path) = file(8 << 20);
    let said = run(
        env!("CARGO_BIN_EXE_five_at_a_time"),
        &[&receiver.url("/up"), &path],
    );
    assert_eq!(said.matches("uploadFile:ok").count(), 11, "{said}");
    assert_eq!(
        said.matches("upload 4: uploadFile:fail abort").count(),
        1,
        "{said}"
    );
    assert!(said.contains("most active at once: 5"), "{said}");
}

#[test]
fn inside_actix() {
    let receiver = Receiver::start(Settings::default()).expect("a port");
    let (_file, path) = file(3_000_000);
    let said = run(
        env!("CARGO_BIN_EXE_inside_actix"),
        &[&receiver.url("/up"), &path],
    );
    assert!(said.contains("100%\nuploadFile:ok\n"), "{said}");
    assert!(said.contains("Some(200)"), "{said}");
}

#[test]
fn paced() {
    let receiver = Receiver::start(Settings::default()).expect("a port");
    let (_file, path) = file(500_000);
    let said = run(
        env!("CARGO_BIN_EXE_paced"),
        &[&receiver.url("/up"), &path, "1000000"],
    );
    assert!(
        said.contains("100 %, ") && said.contains("uploadFile:ok\n"),
        "{said}"
    );
}

#[test]
fn own_transport() {
    let receiver = Receiver::start(Settings::default()).expect("a port");
    let (_file, path) = file(1_000_000);
    let gateway = receiver.addr().to_string();
    let said = run(
        env!("CARGO_BIN_EXE_own_transport"),
        &["http://nowhere.test/up", &path, &gateway],
    );
    assert!(said.contains(" rules held\nuploadFile:ok 200\n"), "{said}");
    assert!(!said.contains("BROKEN"), "{said}");
}

#[test]
fn the_readmes_quote_the_examples() {
    quotes("../README.md", "upload_one.rs", 1);
    quotes("../transport/README.md", "own_transport.rs", 2);
}

/// The first blocks of Rust in `readme` stand in `example`, line by line and in order.
fn quotes(readme: &str, example: &str, blocks: usize) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).expect("it is there");
    let (readme, text) = (read(readme), read(example));
    let mut text = text.lines().map(str::trim);
    let quoted = readme.split("```rust\n").skip(1).take(blocks);
    let quoted: Vec<_> = quoted.filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(quoted.len(), blocks);
    for line in quoted.iter().flat_map(|block| block.lines()).map(str::trim) {
        assert!(
            text.any(|other| other == line),
            "not in {example}, or not there: {line}"
        );
    }
}
