//! Sources that are read by threads of their own: readers that end when they end, that fail, that panic, that cannot be
//! read twice; what goes out in chunks, and what is spooled first.
#![forbid(unsafe_code)]

mod support;

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use proptest::prelude::*;
use quintet::{
    Engine, ErrorKind, Event, EventKind, FilePart, Method, Outcome, Phase, Spool, UploadRequest,
    UploadSource,
};
use quintet_receiver::Receiver;
use serde_json::Value;
use sha2::{Digest, Sha256};
use support::*;

/// Gives `len` bytes in pieces of `piece`, then what `then` says.
struct Script<F> {
    bytes: Vec<u8>,
    at: usize,
    piece: usize,
    then: F,
}

impl<F: FnMut() -> io::Result<usize>> Script<F> {
    fn new(len: usize, piece: usize, then: F) -> Self {
        Self {
            bytes: content(len),
            at: 0,
            piece,
            then,
        }
    }
}

impl<F: FnMut() -> io::Result<usize>> Read for Script<F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = &self.bytes[self.at..];
        if left.is_empty() {
            return (self.then)();
        }
        let read = left.len().min(self.piece).min(buf.len());
        buf[..read].copy_from_slice(&left[..read]);
        self.at += read;
        Ok(read)
    }
}

fn ends() -> io::Result<usize> {
    Ok(0)
}

/// A body in chunks, read as RFC 9112 7.1 says and no better: its bytes, or `None` if it does not end.
fn naive_chunks(mut coded: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line_end = coded.windows(2).position(|two| two == b"\r\n")?;
        let line = std::str::from_utf8(&coded[..line_end]).expect("a chunk line");
        assert!(
            !line.starts_with('0') || line == "0",
            "leading zeros: {line:?}"
        );
        let len = usize::from_str_radix(line, 16).expect("a chunk size");
        coded = &coded[line_end + 2..];
        if coded.len() < len + 2 {
            return None;
        }
        body.extend_from_slice(&coded[..len]);
        assert_eq!(&coded[len..len + 2], b"\r\n");
        coded = &coded[len + 2..];
        if len == 0 {
            assert!(coded.is_empty(), "bytes after the last chunk");
            return Some(body);
        }
    }
}

/// A peer that reads one request per connection up to the last chunk, or as far as it comes, and answers.
fn peer() -> (Peer, mpsc::Receiver<(String, Vec<u8>)>) {
    let (tell, told) = mpsc::channel();
    let peer = Peer::start(move |mut conversation, _| {
        let head = conversation.head();
        let mut coded = Vec::new();
        let mut buf = [0; 1 << 16];
        while !coded.ends_with(b"0\r\n\r\n") {
            match conversation.0.read(&mut buf) {
                Ok(read @ 1..) => coded.extend_from_slice(&buf[..read]),
                _ => break,
            }
        }
        tell.send((head, coded)).unwrap();
        conversation.say(OK);
    });
    (peer, told)
}

fn received(told: &mpsc::Receiver<(String, Vec<u8>)>) -> (String, Vec<u8>) {
    told.recv_timeout(PATIENCE).expect("a request")
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn receiver() -> Receiver {
    Receiver::start(quintet_receiver::Settings::default()).expect("a port")
}

/// The receiver's word on each file: its size and digest.
fn files(outcome: &Outcome) -> Vec<(u64, String)> {
    assert_eq!(outcome.status(), Some(200), "{outcome:?}");
    let data = outcome.result.as_ref().unwrap().data();
    let answer: Value = serde_json::from_str(&data).expect("JSON");
    let files = answer["files"].as_array().expect("files").iter();
    let file = |file: &Value| {
        let size = file["size"].as_u64().unwrap();
        (size, file["sha256"].as_str().unwrap().to_owned())
    };
    files.map(file).collect()
}

fn of(len: usize) -> (u64, String) {
    (len as u64, sha256(&content(len)))
}

/// The rules of progress where the total is known only at the end.
fn check_progress(recorder: &Recorder, outcome: &Outcome) {
    let events = recorder.events();
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Progress(progress) => Some(progress),
            _ => None,
        })
        .collect();
    assert!(told.is_sorted_by(|a, b| a.sent <= b.sent), "{told:?}");
    let (last, before) = told.split_last().expect("progress");
    assert_eq!(
        (last.sent, last.total),
        (outcome.bytes_total, outcome.bytes_total)
    );
    assert_eq!(last.percent(), 100);
    for progress in before {
        assert!(progress.percent() < 100, "{told:?}");
        assert!(progress.total == 0 || progress.total == outcome.bytes_total);
        assert!(progress.acked.is_none_or(|acked| acked <= progress.sent));
    }
}

#[test]
fn a_reader_goes_in_chunks_that_end_where_it_ends() {
    let engine = engine();
    for (len, piece) in [
        (0, 1),
        (1, 1),
        (1000, 7),
        (65_536, 65_536),
        (262_144 - 18, 262_144),
        (262_144, 4096),
        (3 << 20, 100_000),
    ] {
        let (peer, told) = peer();
        let source = UploadSource::reader(Script::new(len, piece, ends));
        let recorder = Recorder::new();
        let raw = UploadRequest::raw(peer.url(), source)
            .method(Method::Put)
            .listener(recorder.clone());
        let outcome = engine.upload(raw).wait();
        assert_eq!(outcome.status(), Some(200), "{outcome:?}");
        let (head, coded) = received(&told);
        assert!(head.starts_with("PUT /up HTTP/1.1\r\n"));
        assert_eq!(header(&head, "transfer-encoding"), Some("chunked"));
        assert_eq!(header(&head, "content-length"), None);
        assert_eq!(naive_chunks(&coded).expect("an end"), content(len));
        assert_eq!(
            (outcome.bytes_sent, outcome.bytes_total),
            (len as u64, len as u64)
        );
        if len > 0 {
            check_progress(&recorder, &outcome);
        }
    }
}

#[test]
fn readers_and_files_share_a_form_in_chunks_and_a_connection_after_it() {
    let receiver = receiver();
    let engine = engine();
    let kept = Files::new();
    let path = kept.file("a.bin", 300_000);
    for len in [0, 1, 70_000, 600_000] {
        let reader = || UploadSource::reader(Script::new(len, 10_000, ends));
        let form = UploadRequest::form(receiver.url("/up"))
            .field("before", "1")
            .file(FilePart::new("a", reader()))
            .file(FilePart::new("b", path.as_path()))
            .file(FilePart::new("c", reader()).file_name("c"))
            .field("after", "2");
        let outcome = engine.upload(form).wait();
        assert_eq!(files(&outcome), [of(len), of(300_000), of(len)]);
        assert_eq!(outcome.bytes_sent, outcome.bytes_total);
    }
    let outcome = engine
        .upload(UploadRequest::new(receiver.url("/up"), &path, "f"))
        .wait();
    assert_eq!(files(&outcome), [of(300_000)]);
    assert_eq!(receiver.stats().connections, 1, "the connection was kept");
}

#[test]
fn what_a_slow_reader_gave_is_sent_before_it_gives_more() {
    let (arrived, has_arrived) = mpsc::channel();
    let peer = Peer::start(move |mut conversation, _| {
        conversation.head();
        for piece in ["5\r\nhello\r\n", "5\r\nworld\r\n", "0\r\n\r\n"] {
            let bytes = conversation.read(piece.len() as u64);
            assert_eq!(String::from_utf8_lossy(&bytes), piece);
            arrived.send(()).unwrap();
        }
        conversation.say(OK);
    });
    // Each piece is written only when the peer has the one before.
    let (reader, mut writer) = io::pipe().unwrap();
    let task = engine().upload(UploadRequest::raw(peer.url(), UploadSource::reader(reader)));
    for piece in ["hello", "world"] {
        io::Write::write_all(&mut writer, piece.as_bytes()).unwrap();
        has_arrived.recv_timeout(PATIENCE).expect(piece);
    }
    drop(writer);
    assert_eq!(task.wait().status(), Some(200));
}

#[test]
fn the_head_goes_before_a_reader_gives_anything() {
    let (open, wait) = gate();
    let (peer, told) = {
        let (tell, told) = mpsc::channel();
        let peer = Peer::start(move |mut conversation, _| {
            tell.send(conversation.head()).unwrap();
            conversation.say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
            conversation.drain();
        });
        (peer, told)
    };
    let source = Script::new(0, 1, move || {
        pass(&wait);
        Ok(0)
    });
    let task = engine().upload(UploadRequest::raw(peer.url(), UploadSource::reader(source)));
    told.recv_timeout(PATIENCE).expect("a head");
    assert_eq!(task.wait().status(), Some(401));
    drop(open);
}

#[test]
fn a_reader_does_not_hold_the_others_up() {
    let receiver = receiver();
    let engine = engine();
    let (open, wait) = gate();
    let blocked = Script::new(10, 10, move || {
        pass(&wait);
        Ok(0)
    });
    let blocked = UploadRequest::raw(receiver.url("/"), UploadSource::reader(blocked));
    let task = engine.upload(blocked);
    for _ in 0..3 {
        let bytes = UploadRequest::raw(receiver.url("/"), UploadSource::bytes("x"));
        assert_eq!(engine.upload(bytes).wait().status(), Some(200));
    }
    assert!(task.outcome().is_none());
    open.send(()).unwrap();
    assert_eq!(files(&task.wait()), [of(10)]);
}

#[test]
fn what_is_read_ahead_is_bounded() {
    let (open, wait) = gate();
    let peer = Peer::start(move |mut conversation, _| {
        conversation.head();
        pass(&wait);
        conversation.drain();
    });
    let read = Arc::new(AtomicUsize::new(0));
    let count = read.clone();
    struct Endless(Arc<AtomicUsize>);
    impl Read for Endless {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0.fetch_add(buf.len(), Ordering::SeqCst);
            Ok(buf.len())
        }
    }
    let recorder = Recorder::new();
    let request = UploadRequest::raw(peer.url(), UploadSource::reader(Endless(count)))
        .listener(recorder.clone());
    let task = engine().upload(request);
    recorder.wait_for("progress");
    // The bound holds at any time; by then there was something to read ahead of.
    until("much is read", || read.load(Ordering::SeqCst) > 1 << 20);
    assert!(task.abort());
    let outcome = task.wait();
    let ahead = read.load(Ordering::SeqCst) as u64 - outcome.bytes_sent;
    // What is read ahead, one read, and the output buffer.
    assert!(ahead <= (256 + 64 + 256) << 10, "{ahead}");
    drop(open);
}

/// Fails after `n` bytes in every way there is; what arrives never has an end.
fn fails_after(n: usize, then: fn() -> io::Result<usize>, told: &str) {
    let engine = engine();
    let form = |url: String, source| {
        UploadRequest::form(url)
            .file(FilePart::new("f", source))
            .field("after", "x")
    };
    for is_raw in [true, false] {
        for promised in [None, Some(n as u64 + 1)] {
            let (peer, got) = peer();
            let reader = Script::new(n, 10_000, then);
            let source = match promised {
                None => UploadSource::reader(reader),
                Some(len) => UploadSource::reader_of(reader, len),
            };
            let request = match is_raw {
                true => UploadRequest::raw(peer.url(), source),
                false => form(peer.url(), source),
            };
            let outcome = engine.upload(request).wait();
            assert_eq!(
                outcome.kind(),
                Some(ErrorKind::FileUnreadable),
                "{outcome:?}"
            );
            let detail = outcome.result.as_ref().unwrap_err().detail();
            assert!(detail.contains(told), "{detail}");
            let (_, coded) = received(&got);
            match promised {
                None => assert_eq!(naive_chunks(&coded), None),
                Some(len) => assert!(!is_raw || (coded.len() as u64) < len),
            }
            assert!(!coded.ends_with(b"--\r\n"));
        }
    }
}

#[test]
fn a_reader_that_fails_at_any_byte_fails_the_upload() {
    for n in [0, 1, 9_999, 10_000, 65_536, 300_000] {
        fails_after(n, || Err(io::Error::other("a torn tape")), "a torn tape");
    }
}

#[test]
fn a_reader_that_panics_fails_its_own_upload_and_no_other() {
    for n in [0, 1, 65_536, 300_000] {
        fails_after(n, || panic!("on purpose"), "panicked");
    }
}

#[test]
fn a_reader_that_lies_about_what_it_read_fails_the_upload() {
    fails_after(10, || Ok(usize::MAX), "more than it was asked for");
}

#[test]
fn an_interrupted_read_is_tried_again() {
    let receiver = receiver();
    let mut interrupted = 0;
    let source = Script::new(1000, 10, move || {
        interrupted += 1;
        match interrupted {
            1 => Err(io::ErrorKind::Interrupted.into()),
            _ => Ok(0),
        }
    });
    let raw = UploadRequest::raw(receiver.url("/"), UploadSource::reader(source));
    assert_eq!(files(&engine().upload(raw).wait()), [of(1000)]);
}

#[test]
fn a_promised_length_is_kept_to_the_byte() {
    let engine = engine();
    let receiver = receiver();
    for len in [
        1_usize,
        65_535,
        65_536,
        65_537,
        256 << 10,
        (256 << 10) + 1,
        1 << 20,
    ] {
        for is_raw in [true, false] {
            let request = |given: usize| {
                let reader = Script::new(given, usize::MAX, ends);
                let source = UploadSource::reader_of(reader, len as u64);
                match is_raw {
                    true => UploadRequest::raw(receiver.url("/"), source),
                    false => {
                        UploadRequest::form(receiver.url("/")).file(FilePart::new("f", source))
                    }
                }
            };
            let outcome = engine.upload(request(len)).wait();
            assert_eq!(files(&outcome), [of(len)]);
            for odd in [len - 1, len + 1, len + 70_000] {
                let complete = receiver.stats().complete;
                let outcome = engine.upload(request(odd)).wait();
                assert_eq!(
                    outcome.kind(),
                    Some(ErrorKind::FileChanged),
                    "{odd} {outcome:?}"
                );
                assert_eq!(receiver.stats().complete, complete);
            }
        }
    }
}

#[test]
fn a_seekable_reader_is_sent_again_and_again() {
    let receiver = receiver();
    let engine = engine();
    let source = UploadSource::seekable(Cursor::new(content(500_000))).unwrap();
    for to in ["/up", "/redirect/307?to=/up", "/redirect-early/308?to=/up"] {
        let raw = UploadRequest::raw(receiver.url(to), source.clone());
        assert_eq!(files(&engine.upload(raw).wait()), [of(500_000)], "{to}");
    }
    // Several that share it take their turns.
    let raw = || UploadRequest::raw(receiver.url("/up"), source.clone());
    let tasks: Vec<_> = (0..8).map(|_| engine.upload(raw())).collect();
    for task in tasks {
        assert_eq!(files(&task.wait()), [of(500_000)]);
    }
}

#[test]
fn a_seekable_reader_that_panics_is_lost_to_those_who_wait_for_it() {
    struct Panics(u64);
    impl Read for Panics {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("on purpose");
        }
    }
    impl Seek for Panics {
        fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
            Ok(self.0)
        }
    }
    let engine = engine();
    let receiver = receiver();
    let source = UploadSource::seekable(Panics(1000)).unwrap();
    let raw = || UploadRequest::raw(receiver.url("/up"), source.clone());
    let tasks: Vec<_> = (0..3).map(|_| engine.upload(raw())).collect();
    for task in tasks {
        let kind = task.wait().kind();
        assert!(
            matches!(
                kind,
                Some(ErrorKind::FileUnreadable | ErrorKind::InvalidParameter)
            ),
            "{kind:?}"
        );
    }
}

#[test]
fn what_can_be_read_once_is_never_sent_twice() {
    let receiver = receiver();
    let engine = engine();
    for (to, promised) in [
        ("/redirect/307?to=/up", None),
        ("/redirect/308?to=/up", Some(1000)),
    ] {
        let reader = Script::new(1000, 10, ends);
        let source = match promised {
            None => UploadSource::reader(reader),
            Some(len) => UploadSource::reader_of(reader, len),
        };
        let outcome = engine
            .upload(UploadRequest::raw(receiver.url(to), source))
            .wait();
        assert_eq!(outcome.kind(), Some(ErrorKind::BodySpent), "{outcome:?}");
        assert_eq!(outcome.errno(), 305);
        assert_eq!(
            outcome.err_msg(),
            "uploadFile:fail body cannot be sent again"
        );
        let detail = outcome.result.as_ref().unwrap_err().detail();
        assert!(detail.contains("redirect"), "{detail}");
    }
    assert!(
        receiver
            .stats()
            .arrivals
            .iter()
            .all(|arrival| arrival != "/up")
    );
    // A redirect that asks for no body needs none.
    let reader = UploadSource::reader(Script::new(1000, 10, ends));
    let raw = UploadRequest::raw(receiver.url("/redirect/303?to=/up"), reader);
    assert_eq!(engine.upload(raw).wait().status(), Some(200));
    // The same source in a second upload.
    let source = UploadSource::reader(Script::new(10, 10, ends));
    let raw = || UploadRequest::raw(receiver.url("/up"), source.clone());
    assert_eq!(files(&engine.upload(raw()).wait()), [of(10)]);
    let outcome = engine.upload(raw()).wait();
    assert_eq!(
        (outcome.errno(), outcome.may_retry),
        (104, true),
        "{outcome:?}"
    );
}

#[test]
fn a_reader_that_was_not_touched_is_there_for_the_next_upload() {
    let receiver = receiver();
    let engine = engine();
    let source = UploadSource::reader(Script::new(10, 10, ends));
    // Nobody listens at this port: it was bound and let go.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let lost = UploadRequest::raw(format!("http://{nobody}/"), source.clone());
    assert_eq!(engine.upload(lost).wait().kind(), Some(ErrorKind::Refused));
    let raw = UploadRequest::raw(receiver.url("/up"), source);
    assert_eq!(files(&engine.upload(raw).wait()), [of(10)]);
}

#[test]
fn a_stale_connection_spends_a_reader_only_if_it_was_read() {
    // Answers once on each connection, and breaks it when more comes.
    let peer = Peer::start(|mut conversation, number| {
        conversation.request();
        conversation.say(OK);
        if number == 0 {
            conversation.read(1);
            conversation.reset();
        }
    });
    let engine = engine();
    let bytes = || UploadRequest::raw(peer.url(), UploadSource::bytes("x"));
    assert_eq!(engine.upload(bytes()).wait().status(), Some(200));
    let reader = UploadSource::reader_of(Script::new(1000, 10, ends), 1000);
    let outcome = engine.upload(UploadRequest::raw(peer.url(), reader)).wait();
    assert_eq!(outcome.kind(), Some(ErrorKind::BodySpent), "{outcome:?}");
    let detail = outcome.result.as_ref().unwrap_err().detail();
    assert!(detail.contains("kept from before"), "{detail}");
}

#[test]
fn what_is_spooled_has_a_length_and_can_be_sent_again() {
    let kept = Files::new();
    let directory = kept.path(".");
    let (memory, file) = (Spool::default(), Spool::default().memory_bytes_max(1000));
    let nothing = Spool::default().memory_bytes_max(0).directory(&directory);
    let receiver = receiver();
    let engine = engine();
    for spool in [memory, file, nothing] {
        for len in [0, 1, 1000, 1001, 300_000] {
            for to in ["/up", "/redirect/307?to=/up"] {
                let reader = Script::new(len, 700, ends);
                let source = UploadSource::reader(reader).spooled(spool.clone());
                let recorder = Recorder::new();
                let form = UploadRequest::form(receiver.url(to))
                    .file(FilePart::new("f", source))
                    .listener(recorder.clone());
                let outcome = engine.upload(form).wait();
                assert_eq!(files(&outcome), [of(len)]);
                recorder.check();
            }
        }
    }
    assert_eq!(
        std::fs::read_dir(directory).unwrap().count(),
        0,
        "nothing is left"
    );
}

#[test]
fn a_spool_has_a_cap_and_a_deadline_and_tells_of_what_goes_wrong() {
    let peer = Peer::start(|_, _| panic!("nobody may come here"));
    let capped = Spool::default().bytes_max(99);
    let capped_engine = engine_with(settings(|settings| settings.file_bytes_max = Some(99)));
    let raw = |reader: Script<fn() -> io::Result<usize>>, spool: Spool| {
        UploadRequest::raw(peer.url(), UploadSource::reader(reader).spooled(spool))
    };
    let hundred = || Script::new(100, 10, ends as fn() -> io::Result<usize>);
    for outcome in [
        engine().upload(raw(hundred(), capped)).wait(),
        capped_engine
            .upload(raw(hundred(), Spool::default()))
            .wait(),
        engine()
            .upload(raw(hundred(), Spool::default()).file_bytes_max(99))
            .wait(),
    ] {
        assert_eq!(
            (outcome.errno(), outcome.may_retry),
            (104, true),
            "{outcome:?}"
        );
        assert!(
            outcome.err_msg().contains("more than the 99 bytes"),
            "{outcome:?}"
        );
    }
    let torn = Script::new(50, 10, (|| Err(io::Error::other("torn"))) as fn() -> _);
    let panics = Script::new(50, 10, (|| panic!("on purpose")) as fn() -> _);
    for (reader, told) in [(torn, "torn"), (panics, "panicked")] {
        let outcome = engine().upload(raw(reader, Spool::default())).wait();
        assert_eq!(
            outcome.kind(),
            Some(ErrorKind::FileUnreadable),
            "{outcome:?}"
        );
        let detail = outcome.result.as_ref().unwrap_err().detail().to_owned();
        assert!(detail.contains(told), "{detail}");
    }
    let nowhere = Spool::default()
        .memory_bytes_max(0)
        .directory("/nowhere/at/all");
    let outcome = engine().upload(raw(hundred(), nowhere)).wait();
    assert_eq!(
        outcome.kind(),
        Some(ErrorKind::FileUnreadable),
        "{outcome:?}"
    );

    let (reader, _writer) = io::pipe().unwrap();
    let source = UploadSource::reader(reader).spooled(Spool::default());
    let request = UploadRequest::raw(peer.url(), source).timeout(Duration::from_millis(50));
    let outcome = engine().upload(request).wait();
    assert_eq!(
        outcome.kind(),
        Some(ErrorKind::Timeout(Phase::Open)),
        "{outcome:?}"
    );
    assert_eq!(peer.connections(), 0);
}

#[test]
fn an_abort_ends_a_spool_of_a_source_without_end() {
    struct Endless {
        _held: Arc<()>,
    }
    impl Read for Endless {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            Ok(buf.len())
        }
    }
    let held = Arc::new(());
    let source = UploadSource::reader(Endless {
        _held: held.clone(),
    });
    let spool = Spool::default().bytes_max(u64::MAX);
    let recorder = Recorder::new();
    let raw = UploadRequest::raw("http://127.0.0.1:1/", source.spooled(spool));
    let task = engine().upload(raw.listener(recorder.clone()));
    recorder.wait_for("admitted");
    assert!(task.abort());
    assert!(task.wait().is_aborted());
    until("the thread lets go", || Arc::strong_count(&held) == 1);
}

#[test]
fn a_stream_over_the_cap_fails_where_it_has_too_much() {
    let receiver = receiver();
    let engine = engine();
    let raw = |len, max| {
        let source = UploadSource::reader(Script::new(len, 10_000, ends));
        UploadRequest::raw(receiver.url("/"), source).file_bytes_max(max)
    };
    assert_eq!(
        files(&engine.upload(raw(100_000, 100_000)).wait()),
        [of(100_000)]
    );
    let outcome = engine.upload(raw(100_001, 100_000)).wait();
    assert_eq!(
        outcome.kind(),
        Some(ErrorKind::FileUnreadable),
        "{outcome:?}"
    );
    let detail = outcome.result.as_ref().unwrap_err().detail();
    assert!(
        detail.contains("100000 bytes that file_bytes_max allows"),
        "{detail}"
    );
    assert!(outcome.bytes_sent <= 100_000);
}

#[test]
fn an_abort_ends_an_upload_whose_reader_hangs() {
    let (open, wait) = gate();
    let hangs = Script::new(10, 10, move || {
        pass(&wait);
        Ok(0)
    });
    let receiver = receiver();
    let begun = Recorder::new();
    let raw = UploadRequest::raw(receiver.url("/"), UploadSource::reader(hangs));
    let engine = engine();
    let task = engine.upload(raw.listener(begun.clone()));
    begun.wait_for("progress");
    assert!(task.abort());
    assert!(task.wait().is_aborted());
    // A shutdown does not wait for the thread either.
    assert!(engine.shutdown());
    drop(open);
}

#[test]
fn an_early_answer_ends_a_stream_without_end() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.head();
        conversation.read(100_000);
        conversation.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
        conversation.drain();
    });
    let whole = Arc::new(AtomicUsize::new(9));
    let told = whole.clone();
    let listener = move |event: &Event| {
        if let EventKind::BodySent { whole } = event.kind {
            told.store(whole.into(), Ordering::SeqCst);
        }
    };
    let raw = UploadRequest::raw(peer.url(), UploadSource::reader(io::repeat(7)));
    let outcome = engine().upload(raw.listener(Arc::new(listener))).wait();
    assert_eq!(outcome.status(), Some(413), "{outcome:?}");
    assert_eq!((outcome.bytes_total, whole.load(Ordering::SeqCst)), (0, 0));
}

#[test]
fn a_stream_is_encoded_as_it_is_and_read_by_whoever_asks() {
    let engine = engine();
    let receiver = receiver();
    for spool in [None, Some(Spool::default())] {
        let mut source = UploadSource::reader(Script::new(200_000, 999, ends));
        if let Some(spool) = spool {
            source = source.spooled(spool);
        }
        let form = UploadRequest::form("http://h/").file(FilePart::new("f", source));
        let mut body = Vec::new();
        let encoded = engine.encode_to(form, &mut body).unwrap();
        assert_eq!(encoded.content_length, body.len() as u64);
        assert_eq!(encoded.headers.get("transfer-encoding"), None);
        let raw = UploadRequest::raw(receiver.url("/"), body).mime_type(encoded.content_type);
        assert_eq!(files(&engine.upload(raw).wait()), [of(200_000)]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_mixture_of_sources_arrives_as_it_was(
        parts in proptest::collection::vec((0..5_u8, 0..150_000_usize, 1..70_000_usize), 1..6),
    ) {
        let (peer, told) = peer();
        let engine: Engine = engine();
        let mut request = UploadRequest::form(peer.url());
        // At least one whose length is not known: everything goes in chunks.
        let parts: Vec<_> = parts.into_iter().chain([(0, 5, 5)]).collect();
        for (kind, len, piece) in &parts {
            let bytes = content(*len);
            let source = match kind {
                0 => UploadSource::reader(Script::new(*len, *piece, ends)),
                1 => UploadSource::reader_of(Script::new(*len, *piece, ends), *len as u64),
                2 => UploadSource::seekable(Cursor::new(bytes)).unwrap(),
                3 => UploadSource::reader(Cursor::new(bytes)).spooled(Spool::default()),
                _ => UploadSource::bytes(bytes),
            };
            request = request.field("n", "v").file(FilePart::new("f", source));
        }
        let outcome = engine.upload(request).wait();
        prop_assert_eq!(outcome.status(), Some(200), "{:?}", outcome);
        let (head, coded) = received(&told);
        let body = naive_chunks(&coded).expect("an end");
        prop_assert_eq!(outcome.bytes_total, body.len() as u64);
        let boundary = head.split("boundary=").nth(1).and_then(|rest| rest.lines().next());
        let delimiter = format!("\r\n--{}", boundary.expect("a boundary"));
        let body = [b"\r\n", &*body].concat();
        let pieces: Vec<_> = split(&body, delimiter.as_bytes());
        prop_assert_eq!(pieces.len(), 2 * parts.len() + 2);
        prop_assert_eq!(pieces.last().unwrap(), &b"--\r\n");
        for (part, piece) in parts.iter().zip(pieces[2..].iter().step_by(2)) {
            let at = piece.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
            prop_assert!(piece[at..] == content(part.1)[..], "{part:?}");
        }
    }
}

fn split<'a>(mut bytes: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while let Some(at) = bytes.windows(by.len()).position(|some| some == by) {
        pieces.push(&bytes[..at]);
        bytes = &bytes[at + by.len()..];
    }
    pieces.push(bytes);
    pieces
}
