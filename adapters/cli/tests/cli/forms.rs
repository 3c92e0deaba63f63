//! What makes a body: curl's forms, raw bodies, parts of files, standard input, lists of files.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::*;

/// Runs it with this on its standard input.
fn run_with_stdin(args: &[&str], stdin: &[u8]) -> Ran {
    let mut child = start(quintet(args).stdin(Stdio::piped()));
    let mut to = child.stdin.take().unwrap();
    let bytes = stdin.to_vec();
    let writer = std::thread::spawn(move || drop(to.write_all(&bytes)));
    let ran = end(child);
    writer.join().unwrap();
    ran
}

fn answer(ran: &Ran) -> Value {
    assert_eq!(ran.code, 0, "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Name, file name, type and size of each file.
fn files(answer: &Value) -> Vec<[Value; 4]> {
    let files = answer["files"].as_array().unwrap().iter();
    let keys = ["name", "fileName", "contentType", "size"];
    files
        .map(|file| keys.map(|key| file[key].clone()))
        .collect()
}

fn fields(answer: &Value) -> Vec<(String, String)> {
    let fields = answer["fields"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    fields
        .map(|field| (text(&field["name"]), text(&field["value"])))
        .collect()
}

#[test]
fn a_form_of_curls_grammar_needs_no_file_of_its_own() {
    let (folder, receiver) = (Folder::new(), receiver());
    let (a, b) = (
        folder.file("a.txt", "hello"),
        folder.file("b;c.bin", [0; 7]),
    );
    let value = folder.file("value", "from a\nfile");
    let url = receiver.url("/up");
    let ran = run(&[
        "send",
        &url,
        "-F",
        "first=1",
        "-F",
        &format!("one=@{a};type=text/x-odd; charset=utf-8;filename=\"told;so.txt\""),
        "--field",
        "literal=@x;type=y/z",
        "-F",
        &format!("two=@\"{b}\""),
        "-F",
        &format!("last=<{value}"),
    ]);
    let answer = answer(&ran);
    assert_eq!(
        files(&answer),
        [
            [
                json!("one"),
                json!("told;so.txt"),
                json!("text/x-odd; charset=utf-8"),
                json!(5)
            ],
            [
                json!("two"),
                json!("b;c.bin"),
                json!("application/octet-stream"),
                json!(7)
            ],
        ]
    );
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        fields(&answer),
        [
            pair("first", "1"),
            pair("literal", "@x;type=y/z"),
            pair("last", "from a\nfile")
        ]
    );
    assert_eq!(receiver.stats().complete, 1);
}

#[test]
fn every_file_of_several_gets_the_whole_form() {
    let (folder, receiver) = (Folder::new(), receiver());
    let (a, b) = (folder.file("a.txt", "a"), folder.file("b.txt", "bb"));
    let url = receiver.url("/up");
    let doc = format!("doc=@{a}");
    let ran = run(&["send", &url, &a, &b, "-F", "k=v", "-F", &doc, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for line in ran.stdout.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        let answer: Value = serde_json::from_str(object["data"].as_str().unwrap()).unwrap();
        let names: Vec<_> = files(&answer)
            .into_iter()
            .map(|file| file[0].clone())
            .collect();
        assert_eq!(names, ["file", "doc"]);
        assert_eq!(fields(&answer).len(), 1);
    }
    assert_eq!(receiver.stats().complete, 2);
}

#[test]
fn a_raw_body_goes_by_its_method_and_as_much_of_it_as_is_asked() {
    let folder = Folder::new();
    let file = folder.file("a.json", "{\"a\": \"bcdefghij\"}");
    let (url, server) = server(OK.into());
    let ran = run(&[
        "send", "--raw", "--method", "put", "--range", "2,5", &url, &file,
    ]);
    assert_eq!((ran.code, &*ran.stdout), (0, "ok"), "{ran:?}");
    let request = String::from_utf8(server.join().unwrap()).unwrap();
    assert!(request.starts_with("PUT /up?a=b HTTP/1.1\r\n"), "{request}");
    let framing = "\r\nContent-Type: application/json\r\nContent-Length: 5\r\n";
    assert!(request.contains(framing), "{request}");
    assert!(request.ends_with("\r\n\r\na\": \""), "{request}");
    let beyond = run(&[
        "send",
        "--raw",
        "--range",
        "2,1K",
        "http://127.0.0.1:1/",
        &file,
    ]);
    assert_eq!(beyond.code, 3, "{beyond:?}");
    assert!(beyond.stderr.contains("beyond the end"), "{beyond:?}");
}

#[test]
fn standard_input_is_a_file_in_chunks_or_spooled() {
    let receiver = receiver();
    let url = receiver.url("/up");
    let bytes = vec![7; 300_000];
    for spool in [&[][..], &["--spool"]] {
        let args = [&["send", "-n", "in", &url, "-"][..], spool].concat();
        let answer = answer(&run_with_stdin(&args, &bytes));
        let type_ = json!("application/octet-stream");
        assert_eq!(
            files(&answer),
            [[json!("in"), json!("-"), type_, json!(300_000)]]
        );
    }
    let args = ["send", &url, "-", "--raw", "--mime-type", "text/plain"];
    let answer = answer(&run_with_stdin(&args, b"hello"));
    assert_eq!(files(&answer)[0][2..], [json!("text/plain"), json!(5)]);
    let form = [
        "send",
        &url,
        "-F",
        "a=1",
        "-F",
        "f=@-;filename=told",
        "-F",
        "b=2",
    ];
    let answer = self::answer(&run_with_stdin(&form, b"hello"));
    assert_eq!(files(&answer)[0][..2], [json!("f"), json!("told")]);
    let value = ["send", &url, "-F", "a=<-"];
    let answer = self::answer(&run_with_stdin(&value, b"hello"));
    assert_eq!(fields(&answer), [("a".to_owned(), "hello".to_owned())]);
}

#[test]
fn standard_input_is_sent_again_only_if_it_was_spooled() {
    let receiver = receiver();
    let url = receiver.url("/redirect/307?to=/up");
    let spent = run_with_stdin(&["send", &url, "-"], b"hello");
    assert_eq!(spent.code, 3, "{spent:?}");
    assert!(
        spent.stderr.contains("body cannot be sent again"),
        "{spent:?}"
    );
    assert!(spent.stderr.contains("--spool"), "{spent:?}");
    let spooled = run_with_stdin(&["send", &url, "-", "--spool"], b"hello");
    assert_eq!(spooled.code, 0, "{spooled:?}");
}

#[test]
fn a_list_names_files_one_a_line() {
    let (folder, receiver) = (Folder::new(), receiver());
    let (a, b) = (folder.file("a b.txt", "a"), folder.file("b.txt", "bb"));
    let list = folder.file("list", format!("{a}\n\n{b}\n"));
    let url = receiver.url("/up");
    let ran = run(&["send", &url, &format!("@{list}"), &a]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("3 files: 3 answered"), "{ran:?}");
    let missing = run(&["send", &url, "@/no/such/list"]);
    assert_eq!(missing.code, 1, "{missing:?}");
    assert!(
        missing.stderr.contains("@ names a list of files"),
        "{missing:?}"
    );
}

#[test]
fn a_file_over_the_cap_is_not_sent() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = folder.file("a.txt", "hello");
    let url = receiver.url("/up");
    assert_eq!(run(&["send", &url, &file, "--max-file", "5"]).code, 0);
    let over = run(&["send", &url, &file, "--max-file", "4"]);
    assert_eq!(over.code, 3, "{over:?}");
    assert!(over.stderr.contains("has 5 bytes"), "{over:?}");
    assert_eq!(receiver.stats().complete, 1);
}

#[test]
fn what_makes_no_body_says_why() {
    for (args, told) in [
        (&["-F", "novalue", "f"][..], "NAME=VALUE"),
        (&["-F", "a=@x,y"], "-F of its own"),
        (&["--raw", "-F", "a=1", "f"], "cannot be used with"),
        (&["--raw"], "required"),
        (&["--method", "get", "f"], "post"),
        (&["--range", "1", "f"], "OFFSET,LENGTH"),
        (&["-", "-"], "only once"),
        (&["-", "-F", "a=@-"], "only once"),
        (&["a", "b", "-F", "a=@-"], "only once"),
    ] {
        let args = [&["send", "http://127.0.0.1:1/"], args].concat();
        let ran = run(&args);
        assert!(matches!(ran.code, 1 | 2), "{args:?} {ran:?}");
        assert!(ran.stderr.contains(told), "{args:?} {ran:?}");
    }
}

#[test]
fn a_dry_run_shows_what_goes_in_chunks_and_what_of_which_file() {
    let folder = Folder::new();
    let (a, b) = (folder.file("a.txt", "hello"), folder.file("b.txt", "bb"));
    let (a, b) = (format!("a=@{a}"), format!("b=@{b}"));
    let url = "http://127.0.0.1:1/";
    let ran = run(&["send", url, "-F", &a, "-F", "in=@-", "-F", &b, "--dry-run"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for told in [
        "\r\nTransfer-Encoding: chunked\r\n",
        "# body, 5 bytes of file 0 of form from byte 0\n",
        "# body, all bytes of file 1 of form up to its end\n",
        "# body, 2 bytes of file 2 of form from byte 0\n",
        "--\r\n# Transfer-Encoding: chunked\n",
    ] {
        assert!(ran.stdout.contains(told), "{told:?} {ran:?}");
    }
}
