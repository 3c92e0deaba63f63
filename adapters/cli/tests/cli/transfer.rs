//! Retries, the rate and the question before a long body, as `send` has them.

use std::net::TcpListener;
use std::thread;

use crate::support::*;

const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// Answers one request with each of these, over a connection of its own, and gives the requests.
fn answers(answers: &'static [&'static [u8]]) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/up", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let request = |answer: &&[u8]| serve(listener.accept().unwrap().0, answer);
        let requests = answers.iter().map(request);
        requests
            .map(|request| String::from_utf8(request).unwrap())
            .collect()
    });
    (url, thread)
}

#[test]
fn a_retry_is_told_and_its_answer_is_the_result() {
    let folder = Folder::new();
    let file = folder.file("a.txt", "hello");
    let (url, server) = answers(&[BUSY, BUSY, OK]);
    let ran = run(&["send", &url, &file, "--retry", "2", "--retry-delay", "1ms"]);
    assert_eq!((ran.code, &*ran.stdout), (0, "ok"), "{ran:?}");
    for attempt in [2, 3] {
        let told = format!("a.txt: the server answered 503; attempt {attempt} in 1.00 ms");
        assert!(ran.stderr.contains(&told), "{ran:?}");
    }
    let requests = server.join().unwrap();
    assert!(requests.iter().all(|request| request.contains("hello")));
}

#[test]
fn without_retries_and_after_the_last_the_answer_stands() {
    let folder = Folder::new();
    let file = folder.file("a.txt", "hello");
    let (url, server) = answers(&[BUSY, BUSY]);
    let never = run(&["send", &url, &file, "--fail"]);
    assert_eq!(never.code, 4, "{never:?}");
    let late = [
        "--retry",
        "9",
        "--retry-delay",
        "1h",
        "--retry-max-time",
        "1m",
    ];
    let late = run(&[&["send", &url, &file, "--fail"][..], &late].concat());
    assert_eq!(late.code, 4, "{late:?}");
    server.join().unwrap();

    let refused = [
        "send",
        "http://127.0.0.1:1/",
        &file,
        "--retry",
        "3",
        "--retry-delay",
        "0s",
        "-v",
    ];
    let ran = run(&refused);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(
        ran.stderr
            .matches("a.txt: connection refused; attempt")
            .count(),
        3
    );
    assert!(ran.stderr.contains("; attempts 4; trace 02"), "{ran:?}");
}

#[test]
fn a_rate_changes_nothing_but_the_time_and_a_long_body_is_asked_for() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = folder.file("a.bin", vec![7; 100_000]);
    let url = receiver.url("/");
    let ran = run(&[
        "send",
        &url,
        &file,
        "--limit-rate",
        "10M",
        "--expect100-above",
        "64K",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains(r#""complete":true"#), "{ran:?}");

    let dry = run(&["send", &url, &file, "--dry-run", "--expect100-above", "64K"]);
    assert!(dry.stdout.contains("Expect: 100-continue"), "{dry:?}");
    let dry = run(&["send", &url, &file, "--dry-run", "--expect100-above", "1M"]);
    assert!(!dry.stdout.contains("Expect"), "{dry:?}");

    for wrong in [
        ["--limit-rate", "0"],
        ["--limit-rate", "fast"],
        ["--retry", "-1"],
    ] {
        let ran = run(&[&["send", &url, &file][..], &wrong].concat());
        assert_eq!(ran.code, 2, "{ran:?}");
    }
}
