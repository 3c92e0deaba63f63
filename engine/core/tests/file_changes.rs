//! A file that does not stay what it was: one clear outcome, and never a closing boundary after it.
#![forbid(unsafe_code)]

mod support;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use quintet::{Engine, ErrorKind, FileError, Opened, Outcome, Source, SourceState, UploadRequest};
use quintet_tcp::TcpConnect;
use support::*;

const BIG: usize = 32 << 20;

/// Where there are both: the transport sends the file, or the engine reads it.
fn roads() -> Vec<Engine> {
    let mut roads = vec![engine()];
    if !is_portable() {
        let reading = Engine::start(TcpConnect::new().send_files(false));
        roads.push(reading.expect("a thread"));
    }
    roads
}

/// Uploads a big file, changes it when the peer has read some of the body, and returns the outcome with the body as
/// the peer got it.
fn changed_midway(
    engine: &Engine,
    change: impl FnOnce(&Path),
) -> (std::sync::Arc<Outcome>, Vec<u8>) {
    let (begun, has_begun) = mpsc::channel();
    let (body, got) = mpsc::channel();
    let (open, wait) = gate();
    let peer = Peer::start(move |mut conversation, _| {
        let head = conversation.head();
        let mut bytes = conversation.read(1000);
        begun.send(()).unwrap();
        pass(&wait);
        bytes.extend(conversation.read(content_length(&head).unwrap() - 1000));
        body.send(bytes).unwrap();
        conversation.say(OK);
    });
    let files = Files::new();
    let path = files.file("big.bin", BIG);
    let (request, recorder) = recorded(&peer.url(), &path);
    let task = engine.upload(request);
    has_begun.recv_timeout(PATIENCE).unwrap();
    change(&path);
    open.send(()).unwrap();
    let outcome = task.wait();
    recorder.check();
    (outcome, got.recv_timeout(PATIENCE).unwrap())
}

fn refused(change: impl Fn(&Path)) {
    for engine in roads() {
        let (outcome, body) = changed_midway(&engine, &change);
        assert_eq!(outcome.kind(), Some(ErrorKind::FileChanged), "{outcome:?}");
        assert_eq!(outcome.errno(), 305);
        assert!((body.len() as u64) < outcome.bytes_total);
        let tail = &body[body.len().saturating_sub(200)..];
        assert!(
            !tail.ends_with(b"--\r\n"),
            "the closing boundary was written"
        );
    }
}

fn accepted(change: impl Fn(&Path)) {
    for engine in roads() {
        let (outcome, body) = changed_midway(&engine, &change);
        assert_eq!(outcome.status(), Some(200), "{outcome:?}");
        assert_eq!(body.len() as u64, outcome.bytes_total);
        let at = body
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap()
            + 4;
        assert!(
            body[at..at + BIG] == content(BIG)[..],
            "the file as it was when it was opened"
        );
    }
}

#[test]
fn truncated() {
    refused(|path| {
        OpenOptions::new()
            .write(true)
            .open(path)
            .unwrap()
            .set_len(20 << 20)
            .unwrap()
    });
}

#[test]
fn truncated_to_nothing() {
    refused(|path| drop(File::create(path).unwrap()));
}

#[test]
fn grown() {
    refused(|path| {
        use io::Write;
        OpenOptions::new()
            .append(true)
            .open(path)
            .unwrap()
            .write_all(b"more")
            .unwrap();
    });
}

#[test]
fn written_anew_in_place() {
    refused(|path| {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        // The clock of the file system may tick too slowly to tell two writes apart: say it outright.
        file.set_modified(SystemTime::now() + Duration::from_secs(2))
            .unwrap();
    });
}

#[test]
fn replaced_by_another_is_sent_as_it_was() {
    accepted(|path| {
        let other = path.with_extension("new");
        std::fs::write(&other, b"another").unwrap();
        std::fs::rename(other, path).unwrap();
    });
}

#[test]
fn removed_is_sent_as_it_was() {
    accepted(|path| std::fs::remove_file(path).unwrap());
}

/// Files that a test makes up.
#[derive(Clone, Copy, Debug)]
struct Odd {
    len: u64,
    /// Reads beyond this fail.
    readable: u64,
    /// Length that the second look finds.
    len_later: u64,
}

impl quintet::Files for Odd {
    fn check(&self, _: &Path) -> Result<(), FileError> {
        Ok(())
    }

    fn open(&self, _: &Path) -> Result<Opened, FileError> {
        let state = SourceState {
            len: self.len,
            modified: None,
        };
        Ok(Opened {
            source: Box::new(*self),
            state,
        })
    }
}

impl Source for Odd {
    fn state(&self) -> io::Result<SourceState> {
        Ok(SourceState {
            len: self.len_later,
            modified: None,
        })
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset >= self.readable {
            return Err(io::Error::other("a bad sector"));
        }
        let read = buf.len().min((self.readable - offset) as usize);
        buf[..read].fill(b'x');
        Ok(read)
    }
}

fn odd(files: Odd) -> (std::sync::Arc<Outcome>, u64) {
    let (total, got) = mpsc::channel();
    let peer = Peer::start(move |mut conversation, _| {
        conversation.head();
        total.send(conversation.drain()).unwrap();
    });
    let engine = Engine::builder(transport()).files(files).start().unwrap();
    let outcome = engine
        .upload(UploadRequest::new(peer.url(), "odd.bin", "file"))
        .wait();
    drop(engine);
    (
        outcome,
        got.recv_timeout(Duration::from_secs(1)).unwrap_or(0),
    )
}

#[test]
fn unreadable_midway() {
    let (outcome, got) = odd(Odd {
        len: 1 << 20,
        readable: 1 << 19,
        len_later: 1 << 20,
    });
    assert_eq!(
        outcome.kind(),
        Some(ErrorKind::FileUnreadable),
        "{outcome:?}"
    );
    assert_eq!(outcome.bytes_sent, got);
    assert!(got > 0 && got < 1 << 20);
}

#[test]
fn an_empty_file_that_grew_is_not_sent_as_empty() {
    let (outcome, got) = odd(Odd {
        len: 0,
        readable: 0,
        len_later: 1,
    });
    assert_eq!(
        (outcome.kind(), got),
        (Some(ErrorKind::FileChanged), 0),
        "{outcome:?}"
    );
}

#[test]
fn a_file_that_went_before_its_turn_is_told_at_admission() {
    let (open, wait) = gate();
    let peer = Peer::start(move |mut conversation, _| {
        conversation.request();
        pass(&wait);
        conversation.say(OK);
    });
    let files = Files::new();
    let engine = engine_with(settings(|settings| settings.active_max = 1));
    let first = engine.upload(UploadRequest::new(peer.url(), files.file("a", 1), "file"));
    let path = files.file("b", 1);
    let (request, recorder) = recorded(&peer.url(), &path);
    let second = engine.upload(request);
    recorder.wait_for("queued");
    std::fs::remove_file(path).unwrap();
    open.send(()).unwrap();
    assert_eq!(first.wait().status(), Some(200));
    let outcome = second.wait();
    assert_eq!(
        (outcome.kind(), outcome.errno()),
        (Some(ErrorKind::FileNotFound), 104)
    );
    assert_eq!(peer.connections(), 1);
}

#[cfg(unix)]
#[test]
fn what_is_no_readable_regular_file_is_refused_at_the_call() {
    let files = Files::new();
    let fifo = files.path("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RUSR).unwrap();
    std::os::unix::fs::symlink(files.path("loop"), files.path("loop")).unwrap();
    let cases: [(PathBuf, ErrorKind); 5] = [
        (files.path("missing"), ErrorKind::FileNotFound),
        (files.path("."), ErrorKind::NotRegularFile),
        (fifo, ErrorKind::NotRegularFile),
        ("/dev/zero".into(), ErrorKind::NotRegularFile),
        (files.path("loop"), ErrorKind::FileDenied),
    ];
    let peer = Peer::start(|_, _| panic!("nobody may come here"));
    let engine = engine();
    for (path, kind) in cases {
        let outcome = engine
            .upload(UploadRequest::new(peer.url(), &path, "file"))
            .wait();
        assert_eq!(outcome.kind(), Some(kind), "{path:?} {outcome:?}");
    }
    assert_eq!(peer.connections(), 0);
}

#[cfg(unix)]
#[test]
fn beneath_a_directory_nothing_else_can_be_named() {
    let files = Files::new();
    std::fs::create_dir_all(files.path("box/in")).unwrap();
    files.file("secret", 3);
    files.file("box/in/a", 3);
    std::os::unix::fs::symlink("../secret", files.path("box/link")).unwrap();
    std::os::unix::fs::symlink("in", files.path("box/dir")).unwrap();
    let beneath = RoadFiles::beneath(files.path("box"));
    let peer = Peer::start(|mut conversation, _| {
        conversation.request();
        conversation.say(OK);
    });
    let engine = Engine::builder(transport()).files(beneath).start().unwrap();
    let outcome = |path: &Path| {
        engine
            .upload(UploadRequest::new(peer.url(), path, "f"))
            .wait()
    };
    assert_eq!(outcome(Path::new("./in/a")).status(), Some(200));
    let secret = files.path("secret");
    for path in [
        "../secret",
        "in/../../secret",
        "link",
        secret.to_str().unwrap(),
    ] {
        assert_eq!(
            outcome(Path::new(path)).kind(),
            Some(ErrorKind::FileDenied),
            "{path}"
        );
    }
    assert_eq!(
        outcome(Path::new("in")).kind(),
        Some(ErrorKind::NotRegularFile)
    );
    assert_eq!(peer.connections(), 1);
}
