//! What `send` does when all goes well.

use quintet_receiver::{Receiver, SelfMade, Settings};
use serde_json::{Value, json};

use crate::support::*;

fn keys(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn one_file_brings_its_answer_as_it_came() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = folder.file("a.txt", "hello");
    let url = receiver.url("/up");
    let ran = run(&[
        "send", &url, &file, "-F", "b=2", "-F", "a=", "--field", "b=@x=y", "-n", "photo",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    let field = |at: usize| {
        (
            &answer["fields"][at]["name"],
            &answer["fields"][at]["value"],
        )
    };
    assert_eq!(field(0), (&json!("b"), &json!("2")));
    assert_eq!(field(1), (&json!("a"), &json!("")));
    assert_eq!(field(2), (&json!("b"), &json!("@x=y")));
    let sent = &answer["files"][0];
    assert_eq!(
        (&sent["name"], &sent["fileName"]),
        (&json!("photo"), &json!("a.txt"))
    );
    assert_eq!(
        (&sent["contentType"], &sent["size"]),
        (&json!("text/plain"), &json!(5))
    );
}

#[test]
fn an_answer_that_is_no_text_comes_byte_for_byte() {
    let folder = Folder::new();
    let file = folder.file("a.txt", "hello");
    let (url, server) =
        server(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\x00\x1b\xfe".into());
    let output = output(start(&mut quintet(&["send", &url, &file])));
    assert_eq!(output.stdout, b"\xff\x00\x1b\xfe");
    server.join().unwrap();
}

#[test]
fn file_name_and_type_can_be_said() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = folder.file("a.txt", "hello");
    let url = receiver.url("/");
    let ran = run(&[
        "send",
        &url,
        &file,
        "--file-name",
        "b \"2\".bin",
        "--mime-type",
        "image/x-odd",
    ]);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["files"][0]["fileName"], "b %222%22.bin");
    assert_eq!(answer["files"][0]["contentType"], "image/x-odd");
}

#[test]
fn https_is_trusted_by_cacert_or_by_the_machine_and_else_not_at_all() {
    let (folder, receiver) = (Folder::new(), receiver_with_tls());
    let file = folder.file("a.txt", "hello");
    let root = folder.file("root.pem", receiver.root_pem().unwrap());
    let other = folder.file("other.pem", SelfMade::new().unwrap().root_pem);
    let url = receiver.url("/");

    let given = run(&["send", &url, &file, "--cacert", &root]);
    assert_eq!(given.code, 0, "{given:?}");
    assert!(given.stdout.contains(r#""complete":true"#));

    let machines = end(start(
        quintet(&["send", &url, &file]).env("SSL_CERT_FILE", &root),
    ));
    assert_eq!(machines.code, 0, "{machines:?}");

    let nobody = end(start(
        quintet(&["send", &url, &file]).env("SSL_CERT_FILE", &other),
    ));
    assert_eq!(nobody.code, 3, "{nobody:?}");
    assert!(nobody.stderr.contains("TLS failure"), "{nobody:?}");
    assert!(nobody.stderr.contains("--cacert"), "{nobody:?}");

    let pin = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let pinned = run(&["send", &url, &file, "--cacert", &root, "--pin", pin]);
    assert_eq!(pinned.code, 3, "{pinned:?}");
    assert_eq!(receiver.stats().complete, 2);
}

#[test]
fn without_any_root_plain_http_still_works_and_https_says_why_not() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = folder.file("a.txt", "hello");
    let empty = folder.file("none.pem", "");
    let rootless = |args: &[&str]| {
        let mut command = quintet(args);
        command.env("SSL_CERT_FILE", &empty);
        end(start(
            command.env("SSL_CERT_DIR", folder.path().join("nowhere")),
        ))
    };
    let url = receiver.url("/");
    assert_eq!(rootless(&["send", &url, &file]).code, 0);
    if cfg!(target_os = "linux") {
        let ran = rootless(&["send", "https://localhost:1/", &file]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stderr.contains("verifier"), "{ran:?}");

        // Found out only when one of them leads to https.
        let away = receiver.url("/redirect/307?to=https://localhost:1/");
        let ran = rootless(&["send", &away, &file, "--redirects", "any"]);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.stderr.contains("TLS failure: "), "{ran:?}");
        assert!(ran.stderr.contains("verifier"), "{ran:?}");
    }
}

#[test]
fn several_files_as_json_are_one_object_each() {
    let (folder, receiver) = (Folder::new(), receiver());
    let url = receiver.url("/");
    let files: Vec<_> = (0..6)
        .map(|index| folder.file(&format!("{index}.bin"), vec![index; 1000]))
        .collect();
    let missing = folder.path().join("missing").to_str().unwrap().to_owned();
    let mut args = vec!["send", &*url, "--json"];
    args.extend(files.iter().map(String::as_str));
    args.push(&missing);
    let ran = run(&args);
    assert_eq!(ran.code, 3, "{ran:?}");

    let objects: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects.len(), 7);
    let (good, bad): (Vec<_>, Vec<_>) = objects
        .iter()
        .partition(|object| object["errMsg"] == "uploadFile:ok");
    assert_eq!((good.len(), bad.len()), (6, 1));
    for object in good {
        assert_eq!(
            keys(object),
            ["statusCode", "data", "errMsg", "trace", "filePath"]
        );
        assert_eq!(object["statusCode"], 200);
        assert!(object["data"].as_str().unwrap().contains("sha256"));
    }
    assert_eq!(
        keys(bad[0]),
        ["errMsg", "errno", "errString", "trace", "filePath"]
    );
    assert_eq!(bad[0]["errMsg"], "uploadFile:fail file not found");
    assert_eq!(bad[0]["errno"], 104);
    assert_eq!(bad[0]["errString"], "invalid parameter");
    assert_eq!(bad[0]["trace"].as_str().unwrap().len(), 53);
    assert_eq!(bad[0]["filePath"], *missing);
}

#[test]
fn several_files_are_one_line_each_and_a_sum() {
    let (folder, receiver) = (Folder::new(), receiver());
    let url = receiver.url("/");
    let files: Vec<_> = (0..3)
        .map(|index| folder.file(&format!("{index}.txt"), "x"))
        .collect();
    let ran = run(&["send", &url, &files[0], &files[1], &files[2]]);
    assert_eq!(ran.code, 0);
    let mut lines: Vec<_> = ran.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines.len(), 3);
    for (line, file) in lines.iter().zip(&files) {
        assert!(line.starts_with(&format!("{file}: 200 OK {{")), "{line}");
    }
    assert!(
        ran.stderr.contains("3 files: 3 answered, 0 failed;"),
        "{ran:?}"
    );
}

#[test]
fn progress_is_plain_lines_where_stderr_is_no_terminal() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = folder.file("a.bin", vec![7; 100_000]);
    let url = receiver.url("/");
    let ran = end(start(
        quintet(&["send", &url, &file]).env("CLICOLOR_FORCE", "1"),
    ));
    assert!(ran.stderr.contains("a.bin: 100 % of 97.9 KiB\n"), "{ran:?}");
    assert!(!ran.stderr.contains('\x1b'), "{ran:?}");
    let ran = end(start(quintet(&["send", &url, &file]).env("NO_COLOR", "1")));
    assert!(!ran.stderr.contains('\x1b'), "{ran:?}");
    let quiet = run(&["send", &url, &file, "-q"]);
    assert_eq!((quiet.code, &*quiet.stderr), (0, ""));
}

#[test]
fn jobs_are_the_most_at_once_and_the_others_come_in_order() {
    let (folder, receiver) = (Folder::new(), receiver());
    let url = receiver.url("/");
    let files: Vec<_> = (0..3)
        .map(|index| folder.file(&format!("{index}.txt"), "x"))
        .collect();
    let ran = run(&["send", "-j", "1", &url, &files[0], &files[1], &files[2]]);
    assert_eq!(
        (receiver.stats().active_most, receiver.stats().connections),
        (1, 1)
    );
    let told: Vec<_> = ran
        .stdout
        .lines()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    assert_eq!(told, files);
}

#[test]
fn verbose_tells_ignored_headers_peer_phases_and_redirects() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = folder.file("a.txt", "x");
    let url = receiver.url("/redirect/307?to=/there");
    let ran = run(&[
        "send",
        &url,
        &file,
        "-v",
        "-H",
        "Content-Length: 7",
        "-H",
        "host:evil",
        "-H",
        "X-Mine: 1",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let addr = receiver.addr();
    for told in [
        "* header Content-Length is ignored: ",
        "* header host is ignored: ",
        "redirected by 307 to the same origin",
        &format!("request head sent to {addr}"),
        "over a connection kept from before",
        "answered with 200\n< ",
        ": queue ",
        ", total ",
        "trace 02",
    ] {
        assert!(ran.stderr.contains(told), "{told:?} in {ran:?}");
    }
    assert!(!ran.stderr.contains("X-Mine is ignored"), "{ran:?}");
    assert_eq!(
        receiver.stats().arrivals,
        ["/redirect/307?to=/there", "/there"]
    );
}

#[test]
fn a_redirect_that_is_not_followed_is_the_answer() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = folder.file("a.txt", "x");
    let url = receiver.url("/redirect/307?to=/there");
    let ran = run(&["send", &url, &file, "--redirects", "off", "--json"]);
    let object: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &object["statusCode"]), (0, &json!(307)));
}

#[test]
fn fail_counts_a_status_of_400_or_more() {
    let folder = Folder::new();
    let file = folder.file("a.txt", "x");
    let receiver = Receiver::start(Settings {
        status: 500,
        ..Settings::default()
    })
    .unwrap();
    let url = receiver.url("/");
    assert_eq!(run(&["send", &url, &file]).code, 0);
    let ran = run(&["send", &url, &file, "--fail"]);
    assert_eq!(ran.code, 4);
    assert!(
        ran.stderr.contains("a.txt: the server answered 500"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains("complete"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_where_it_goes_whatever_the_url_says() {
    let folder = Folder::new();
    let file = folder.file("a.txt", "hello");
    let path = folder.path().join("socket");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || serve(listener.accept().unwrap().0, OK));
    let path = path.to_str().unwrap();
    let ran = run(&[
        "send",
        "http://nowhere.invalid/x",
        &file,
        "--unix-socket",
        path,
    ]);
    assert_eq!((ran.code, &*ran.stdout), (0, "ok"), "{ran:?}");
    let request = String::from_utf8(server.join().unwrap()).unwrap();
    assert!(request.starts_with("POST /x HTTP/1.1\r\nHost: nowhere.invalid\r\n"));
}
