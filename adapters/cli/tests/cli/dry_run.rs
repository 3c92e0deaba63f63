//! A dry run against what then really goes out.

use crate::support::*;

/// Takes a dry run's output to pieces by the lengths that it tells, and puts the request together.
fn request_of(mut printed: &[u8], file: &[u8]) -> Vec<u8> {
    let mut request = Vec::new();
    loop {
        let end = printed.iter().position(|byte| *byte == b'\n').unwrap();
        let line = std::str::from_utf8(&printed[..end]).unwrap();
        printed = &printed[end + 1..];
        let Some((_, count)) = line.rsplit_once(", ") else {
            let length = line.strip_prefix("# Content-Length: ").unwrap();
            let head_end = request.windows(4).position(|four| four == b"\r\n\r\n");
            let body = request.len() - head_end.unwrap() - 4;
            assert_eq!(length, body.to_string());
            assert!(printed.is_empty());
            return request;
        };
        let (count, of) = count.split_once(" bytes").unwrap();
        let count: usize = count.parse().unwrap();
        if of.is_empty() {
            request.extend_from_slice(&printed[..count]);
            printed = printed[count..]
                .strip_prefix(b"\n")
                .unwrap_or(&printed[count..]);
        } else {
            assert!(
                of.ends_with(" from byte 0") && count == file.len(),
                "{line}"
            );
            request.extend_from_slice(file);
        }
    }
}

/// Boundary and trace are new each time: their letters become `?`.
fn without_what_is_new(request: &[u8]) -> String {
    let text = String::from_utf8(request.to_vec()).unwrap();
    let value = |name: &str| {
        let (_, after) = text.split_once(name).unwrap();
        after.split_once("\r\n").unwrap().0.to_owned()
    };
    let mut same = text.clone();
    for new in [value("boundary="), value("x-request-id: ")] {
        same = same.replace(&new, &"?".repeat(new.len()));
    }
    same
}

#[test]
fn a_dry_run_is_byte_for_byte_what_goes_out() {
    let folder = Folder::new();
    let contents = b"line\nand no end of line";
    let file = folder.file("b \"c\".txt", contents);
    let (url, server) = server(OK.into());
    let args = [
        "send",
        &url,
        &file,
        "-n",
        "fi\"le",
        "-F",
        "a=1\r\n2",
        "-F",
        "b=",
        "-H",
        "X-Mine:  v ",
        "-H",
        "User-Agent: me",
        "-H",
        "Content-Type: text/evil",
    ];
    let dry = output(start(&mut quintet(&[&args[..], &["--dry-run"]].concat())));
    assert_eq!((dry.status.code(), &*dry.stderr), (Some(0), &b""[..]));
    let ran = run(&args);
    assert_eq!((ran.code, &*ran.stdout), (0, "ok"), "{ran:?}");

    let sent = without_what_is_new(&server.join().unwrap());
    assert_eq!(
        without_what_is_new(&request_of(&dry.stdout, contents)),
        sent
    );
    assert!(sent.starts_with("POST /up?a=b HTTP/1.1\r\n"));
    assert!(sent.contains("\r\nX-Mine: v\r\n"));
    assert!(!sent.contains("evil"));
}

#[test]
fn a_dry_run_connects_to_nobody_and_finds_the_same_mistakes() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = folder.file("a.txt", "");
    let url = receiver.url("/");
    let ran = run(&[
        "send",
        &url,
        &file,
        "/no/such/file",
        "--dry-run",
        "-v",
        "-H",
        "Host: x",
    ]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stdout.contains("a.txt: request head, "), "{ran:?}");
    assert!(
        ran.stderr.contains("/no/such/file: file not found"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("header Host is ignored"), "{ran:?}");
    assert_eq!(receiver.stats().connections, 0);
}
