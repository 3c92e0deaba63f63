//! What `send` says and how it exits when something is wrong.

use crate::support::*;

#[test]
fn each_failure_has_its_code_and_says_file_reason_and_remedy() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = &*folder.file("a.txt", "hello");
    let missing = folder.path().join("missing");
    let (missing, directory) = (missing.to_str().unwrap(), folder.path().to_str().unwrap());
    let good = &*receiver.url("/");
    // tcpmux: nothing listens there, and no test is ever given that port.
    let closed = "http://127.0.0.1:1/";

    let cases: &[(&[&str], i32, &[&str])] = &[
        (
            &[good, missing],
            3,
            &["missing: file not found", "not begun", "check the path"],
        ),
        (
            &[good, directory],
            3,
            &["not a regular file", "only regular files"],
        ),
        (
            &[closed, file],
            3,
            &[
                "a.txt: connection refused",
                "nothing was sent",
                "a server listens",
            ],
        ),
        (
            &["ftp://h/", file],
            3,
            &["invalid parameter: url must be http: or https:"],
        ),
        (
            &["nonsense", file],
            3,
            &["invalid parameter: url is no URL"],
        ),
        (
            &["http://u:p@h/", file],
            3,
            &["invalid parameter: url holds a user name"],
        ),
        (
            &[good, file, "-H", "X: a\nb"],
            3,
            &["invalid parameter: header"],
        ),
        (
            &[good, file, "-H", "a b: c"],
            3,
            &["invalid parameter: header"],
        ),
        (
            &[good, file, "-F", "=v"],
            3,
            &["invalid parameter: formData"],
        ),
        (
            &[good, file, "--max-response", "10"],
            3,
            &["response too large", "--max-response"],
        ),
        (
            &[good, file, "--cacert", missing],
            1,
            &["--cacert ", "missing: "],
        ),
        (
            &[good, file, "--cacert", file],
            1,
            &["--cacert ", "root certificate 1"],
        ),
        (
            &[good, file, "--pin", "sha1//x"],
            1,
            &["--pin sha1//x", "base64 of 32 bytes"],
        ),
        (
            &[good, file, "-H", "nothing"],
            2,
            &["a header is NAME: VALUE"],
        ),
        (
            &[good, file, "-F", "nothing"],
            2,
            &["a field is NAME=VALUE"],
        ),
        (&[good, file, "-j", "0"], 2, &["at least 1"]),
        (&[good, file, "-j", "x"], 2, &["whole number"]),
        (
            &[good, file, "--timeout", "10"],
            2,
            &["the unit is missing"],
        ),
        (&[good, file, "--timeout", "0s"], 2, &["more than nothing"]),
        (
            &[good, file, "--stall-timeout=-1s"],
            2,
            &["a duration, such as"],
        ),
        (
            &[good, file, "--connect-timeout", "99999999999999999h"],
            2,
            &["too long"],
        ),
        (
            &[good, file, "--max-response", "1.5M"],
            2,
            &["`.5M` is no unit"],
        ),
        (
            &[good, file, "--max-response", "99999999999999T"],
            2,
            &["64 bits"],
        ),
        (&[good, file, "--redirects", "maybe"], 2, &["same-origin"]),
        (&[good, file, "--cert", file], 2, &["--key"]),
        (
            &[good, file, "--dry-run", "--json"],
            2,
            &["cannot be used with"],
        ),
        (&[good], 2, &["FILE"]),
    ];
    for (args, code, told) in cases {
        let ran = run(&[&["send"], *args].concat());
        assert_eq!(ran.code, *code, "{args:?}: {ran:?}");
        for text in *told {
            assert!(ran.stderr.contains(text), "{args:?}: {text:?} in {ran:?}");
        }
        assert_eq!(ran.stdout, "", "{args:?}");
    }
}

#[test]
fn quiet_leaves_only_the_exit_code() {
    let ran = run(&["send", "http://h/", "/no/such/file", "-q"]);
    assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (3, "", ""));
}

#[test]
fn a_timeout_of_centuries_is_taken() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = folder.file("a.txt", "hello");
    let ran = run(&[
        "send",
        &receiver.url("/"),
        &file,
        "--timeout",
        "5000000000000h",
        "--stall-timeout",
        "5000000000000h",
        "--connect-timeout",
        "5000000000000h",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn what_a_server_says_cannot_steer_the_terminal() {
    let folder = Folder::new();
    let (a, b) = (folder.file("a", "x"), folder.file("b", "x"));
    let answer = b"HTTP/1.1 200 OK\r\nX: \xc2\x9b31m\r\nContent-Length: 5\r\n\r\n\x1b[2J\n";
    let (url, server) = server(answer.into());
    let missing = format!("{b}\x1b[2J");
    let ran = run(&["send", "-v", &url, &a, &missing]);
    server.join().unwrap();
    assert!(ran.stdout.ends_with("a: 200 OK \\u{1b}[2J\\n\n"), "{ran:?}");
    assert!(!ran.stderr.contains(['\x1b', '\u{9b}']), "{ran:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_no_success() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = folder.file("a.txt", "hello");
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = quintet(&["send", &receiver.url("/"), &file]);
    let child = command
        .stdout(full)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let ran = end(child);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("No space left"), "{ran:?}");
}
