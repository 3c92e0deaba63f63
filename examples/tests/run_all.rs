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
fn the_readme_quotes_the_example() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).expect("it is there");
    let (readme, example) = (read("../README.md"), read("upload_one.rs"));
    let quote = readme
        .split("```rust\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let mut example = example.lines().map(str::trim);
    for line in quote.expect("a quote").lines().map(str::trim) {
        assert!(
            example.any(|other| other == line),
            "not in upload_one.rs, or not there: {line}"
        );
    }
}
