//! The receiver as a program.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use crate::support::*;

/// A server under way, and what it prints.
struct Serving {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Serving {
    fn start(args: &[&str]) -> Self {
        let mut command = quintet(&[&["serve", "--listen", "127.0.0.1:0"], args].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    /// What stands after `before` and up to the next blank, on the next line.
    fn word_after(&mut self, before: &str) -> String {
        let line = self.line();
        let after = line.strip_prefix(before);
        after
            .unwrap_or_else(|| panic!("{line}"))
            .split([' ', ','])
            .next()
            .unwrap()
            .to_owned()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
#[test]
fn it_tells_where_it_listens_whom_to_trust_and_what_came() {
    use rustix::process::{Pid, Signal, kill_process};

    let folder = Folder::new();
    let file = folder.file("a.txt", "hello");
    let kept = folder.path().join("kept");
    let mut serving = Serving::start(&["--tls", "--dir", kept.to_str().unwrap()]);
    let url = serving.word_after("listening on ");
    let root = serving.word_after("root certificate in ");
    assert!(url.starts_with("https://127.0.0.1:"));
    assert!(serving.line().starts_with("try: quintet send --cacert "));

    let ran = run(&["send", &url, &file, "--cacert", &root, "-F", "k=v"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = serving.line();
    assert!(line.contains("POST /: complete, "), "{line}");
    assert!(
        line.contains("; k=v; a.txt 5 bytes sha256 2cf24dba5fb0a30e"),
        "{line}"
    );
    let stored = std::fs::read_dir(&kept).unwrap().next().unwrap().unwrap();
    assert_eq!(std::fs::read(stored.path()).unwrap(), b"hello");

    kill_process(Pid::from_child(&serving.child), Signal::INT).unwrap();
    assert!(
        serving
            .line()
            .starts_with("stopped: 1 complete, 0 incomplete")
    );
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
    assert!(
        !std::path::Path::new(&root).exists(),
        "the root goes with the server"
    );
}

#[test]
fn it_answers_as_it_is_told() {
    let folder = Folder::new();
    let file = folder.file("a.bin", vec![0; 4 << 20]);
    let mut serving = Serving::start(&[
        "--status",
        "413",
        "--answer-early",
        "64KiB",
        "--delay",
        "1ms",
        "--close",
        "--rate",
        "1GiB/s",
    ]);
    let url = serving.word_after("listening on ");
    serving.line();
    let ran = run(&["send", &url, &file, "--json", "--fail"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stdout.starts_with(r#"{"statusCode":413,"#), "{ran:?}");
    let line = serving.line();
    assert!(
        line.contains("answered early") && line.ends_with("status 413"),
        "{line}"
    );
}

#[test]
fn what_cannot_be_served_is_said() {
    let folder = Folder::new();
    let file = folder.file("a.txt", "no certificate");
    for (args, code, told) in [
        (&["--status", "99"][..], 2, "200..=599"),
        (&["--listen", "nowhere"], 2, "invalid socket address"),
        (&["--rate", "0/s"], 2, "more than nothing"),
        (&["--cert", &file], 2, "--key"),
        (&["--cert", &file, "--key", &file], 1, "key: "),
        (
            &["--listen", "192.0.2.1:1"],
            1,
            "cannot serve on 192.0.2.1:1",
        ),
    ] {
        let ran = run(&[&["serve"], args].concat());
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(told), "{args:?}: {ran:?}");
    }
}
