//! The examples, as a reader would run them.

use std::io::Write;
use std::process::{Command, Stdio};

use quintet_receiver::{Receiver, Settings, Tls};
use tempfile::NamedTempFile;

use crate::support::{Way, Workshop, at, file, has, receiver, said, ways};

#[test]
fn upload_c() {
    let receiver = receiver();
    let file = file(100_000);
    for way in ways() {
        let workshop = Workshop::new();
        let mut program = workshop.compile("examples/c/upload.c", way);
        let said = said(program.arg(receiver.url("/up")).arg(file.path()));
        assert!(said.starts_with("uploadFile:ok 200\n"), "{way:?} {said}");
        assert!(said.contains("\"size\":100000"), "{way:?} {said}");
        assert!(said.contains("\"value\":\"spring\""), "{way:?} {said}");
    }
}

#[test]
fn poll_loop_c() {
    let receiver = receiver();
    let files: Vec<_> = (0..7).map(|_| file(300_000)).collect();
    for way in ways() {
        let workshop = Workshop::new();
        let mut program = workshop.compile("examples/c/poll_loop.c", way);
        program.arg(receiver.url("/up")).stdin(Stdio::null());
        let said = said(program.args(files.iter().map(NamedTempFile::path)));
        assert_eq!(said.matches(": uploadFile:ok 200\n").count(), 7, "{said}");
        assert!(said.matches(": 100 % of ").count() >= 7, "{said}");
    }
}

#[test]
fn own_transport_c() {
    let receiver = receiver();
    // Longer than what the sockets hold, so that writing has to wait.
    let file = file(20_000_000);
    for way in ways() {
        let workshop = Workshop::new();
        let mut program = workshop.compile("examples/c/own_transport.c", way);
        let said = said(program.arg(receiver.url("/up")).arg(file.path()));
        assert!(said.starts_with("uploadFile:ok 200\n"), "{way:?} {said}");
        assert!(said.contains("\"size\":20000000"), "{way:?} {said}");
        assert!(said.ends_with("dropped 1 time\n"), "{way:?} {said}");
    }
}

#[test]
fn own_transport_c_carries_tls() {
    if !has("gcc") {
        return;
    }
    let receiver = Receiver::start(Settings {
        tls: Some(Tls::SelfMade),
        ..Settings::default()
    })
    .expect("a port");
    let mut root = NamedTempFile::new().expect("a temporary file");
    root.write_all(receiver.root_pem().expect("made by itself").as_bytes())
        .expect("room");
    let file = file(100_000);
    // It has no resolver.
    let url = receiver.url("/up").replace("localhost", "127.0.0.1");
    let workshop = Workshop::new();
    let mut program = workshop.compile("examples/c/own_transport.c", Way::C99);
    let said = said(program.arg(url).arg(file.path()).arg(root.path()));
    assert!(said.starts_with("uploadFile:ok 200\n"), "{said}");
    assert!(said.contains("\"size\":100000"), "{said}");
}

#[test]
fn upload_py() {
    if !has("python3") {
        return;
    }
    let script = at("examples/python/upload.py");
    let text = std::fs::read_to_string(&script).expect("it is there");
    assert!(text.lines().count() < 60);
    let receiver = receiver();
    let file = file(100_000);
    let workshop = Workshop::new();
    let said = said(
        Command::new("python3")
            .env("QUINTET_LIBRARY", workshop.path().join("libquintet.so.0"))
            .arg(script)
            .arg(receiver.url("/up"))
            .arg(file.path()),
    );
    assert!(said.contains("{\"progress\":100,"), "{said}");
    assert!(said.contains("\nuploadFile:ok\n200 {"), "{said}");
    assert!(said.contains("\"size\":100000"), "{said}");
}
