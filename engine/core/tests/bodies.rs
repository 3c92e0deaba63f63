//! Bodies beyond one file in a form: several files, raw ones, parts of files, sources that are no path; what a real
//! parser reads of them, and what is refused.
#![forbid(unsafe_code)]

mod support;

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use quintet::{
    EncodeError, Engine, ErrorKind, FilePart, Method, Outcome, UploadRequest, UploadSource,
};
use quintet_receiver::{Received, Receiver};
use quintet_tcp::TcpConnect;
use sha2::{Digest, Sha256};
use support::*;

/// Both roads: the transport sends the file, or the engine reads it.
fn roads() -> [Engine; 2] {
    [true, false].map(|send_files| {
        Engine::builder(TcpConnect::new().send_files(send_files))
            .start()
            .expect("a thread")
    })
}

/// A receiver that keeps what it was sent.
fn receiver() -> (Receiver, Arc<Mutex<Vec<Received>>>) {
    let all: Arc<Mutex<Vec<Received>>> = Arc::default();
    let kept = all.clone();
    let settings = quintet_receiver::Settings {
        on_upload: Some(Arc::new(move |received| {
            kept.lock().unwrap().push(received.clone());
        })),
        ..quintet_receiver::Settings::default()
    };
    (Receiver::start(settings).expect("a port"), all)
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn last(all: &Mutex<Vec<Received>>) -> Received {
    all.lock().unwrap().last().expect("an upload").clone()
}

fn accepted(engine: &Engine, request: UploadRequest) -> Arc<Outcome> {
    let recorder = Recorder::new();
    let outcome = engine.upload(request.listener(recorder.clone())).wait();
    recorder.check();
    assert_eq!(outcome.status(), Some(200), "{outcome:?}");
    assert_eq!(outcome.bytes_sent, outcome.bytes_total);
    outcome
}

/// Why it is refused, without a connection.
fn refused(engine: &Engine, request: UploadRequest) -> (ErrorKind, String) {
    let outcome = engine.upload(request).wait();
    assert!(outcome.may_retry, "{outcome:?}");
    (outcome.kind().expect("a failure"), outcome.err_msg())
}

/// Name, file name, type, size and digest of each file; name and value of each field, in its order.
type Found = (
    Vec<(String, String)>,
    Vec<(String, Option<String>, u64, String)>,
);

fn found(received: &Received) -> Found {
    let fields = received.fields.iter();
    let fields = fields.map(|field| (field.name.clone(), field.value.clone().unwrap()));
    let files = received.files.iter().map(|file| {
        (
            file.name.clone(),
            file.file_name.clone(),
            file.size,
            file.sha256.clone(),
        )
    });
    (fields.collect(), files.collect())
}

#[test]
fn files_and_fields_go_out_in_the_order_of_the_calls() {
    let (receiver, all) = receiver();
    let files = Files::new();
    let (small, big) = (files.file("small.txt", 10), files.file("big.bin", 5 << 20));
    for engine in roads() {
        let url = receiver.url("/up");
        let request = UploadRequest::new(url.as_str(), &small, "base")
            .field("a", "1")
            .file(FilePart::new("more", big.clone()).file_name("b\"ig"))
            .field("b", "2")
            .file(FilePart::new("more", UploadSource::bytes("")))
            .file(
                FilePart::new("last", UploadSource::bytes("xyz"))
                    .file_name("x.png")
                    .mime_type("image/x-odd"),
            )
            .field("c", "3");
        let preview = engine.preview(request.clone()).unwrap();
        let text: String = preview
            .plan
            .segments()
            .filter_map(|segment| match segment {
                quintet::Segment::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
                quintet::Segment::File { .. } => None,
            })
            .collect();
        let places: Vec<_> = [
            "\"a\"",
            "\"base\"",
            "\"more\"; filename=\"b%22ig\"",
            "\"b\"",
        ]
        .into_iter()
        .chain(["\"more\"; filename=\"\"", "\"last\"", "\"c\""])
        .map(|name| text.find(&format!("name={name}")).expect(name))
        .collect();
        assert!(places.is_sorted(), "{places:?} {text}");

        accepted(&engine, request);
        let (fields, found) = found(&last(&all));
        let names: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{name}{value}"))
            .collect();
        assert_eq!(names, ["a1", "b2", "c3"]);
        let of = |name: &str, file_name: &str, bytes: &[u8]| {
            let file_name = Some(file_name.to_owned());
            (
                name.to_owned(),
                file_name,
                bytes.len() as u64,
                sha256(bytes),
            )
        };
        let expected = [
            of("base", "small.txt", &content(10)),
            of("more", "b%22ig", &content(5 << 20)),
            of("more", "", b""),
            of("last", "x.png", b"xyz"),
        ];
        assert_eq!(found, expected);
        assert_eq!(
            last(&all).files[3].content_type.as_deref(),
            Some("image/x-odd")
        );
        assert_eq!(
            last(&all).files[0].content_type.as_deref(),
            Some("text/plain")
        );
    }
}

#[test]
fn a_base_file_without_more_is_the_upload_it_always_was() {
    let files = Files::new();
    let path = files.file("a.txt", 3);
    let engine = engine();
    let segments = |request: UploadRequest| {
        let plan = engine.preview(request).unwrap().plan;
        format!("{plan:?}")
    };
    let base = || UploadRequest::new("http://h/", &path, "file").field("a", "1");
    assert_eq!(
        segments(base()),
        segments(base().method(Method::Post).range(0, 3))
    );
    let form = UploadRequest::form("http://h/").field("a", "1");
    let form = form.file(FilePart::new("file", path.as_path()));
    assert_eq!(segments(base()), segments(form));
}

#[test]
fn a_raw_body_is_the_file_with_its_own_type_and_no_other_header() {
    let (receiver, all) = receiver();
    let files = Files::new();
    for engine in roads() {
        for len in [0, 1, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 5 << 20] {
            let path = files.file("a.jpg", len);
            for method in [Method::Put, Method::Patch, Method::Post] {
                let url = receiver.url("/key?X-Signature=a%2Fb");
                let request = UploadRequest::raw(url, path.as_path()).method(method);
                let outcome = accepted(&engine, request);
                assert_eq!(outcome.bytes_total, len as u64);
                let received = last(&all);
                assert_eq!(received.method, method.as_str());
                assert_eq!(received.target, "/key?X-Signature=a%2Fb");
                let file = &received.files[0];
                assert_eq!(
                    (file.size, &file.sha256),
                    (len as u64, &sha256(&content(len)))
                );
                let names: Vec<_> = received.headers.iter().map(|(name, _)| &**name).collect();
                let expected = [
                    "host",
                    "content-type",
                    "content-length",
                    "user-agent",
                    "accept",
                    "x-request-id",
                    "x-tt-logid",
                ];
                assert_eq!(names, expected);
                assert_eq!(received.headers[1].1, "image/jpeg");
            }
        }
    }
}

#[test]
fn the_type_of_a_raw_body_can_be_said() {
    let (receiver, all) = receiver();
    let engine = engine();
    let raw = || UploadRequest::raw(receiver.url("/"), UploadSource::bytes("x"));
    accepted(&engine, raw());
    assert_eq!(last(&all).headers[1].1, "application/octet-stream");
    accepted(&engine, raw().mime_type("text/csv; header=absent"));
    assert_eq!(last(&all).headers[1].1, "text/csv; header=absent");
    accepted(&engine, raw().file_name("x.png"));
    assert_eq!(last(&all).headers[1].1, "image/png");
    let (kind, told) = refused(&engine, raw().mime_type("text/csv\r\nX: y"));
    assert_eq!(kind, ErrorKind::InvalidParameter);
    assert!(told.contains("mimeType"), "{told}");
}

#[test]
fn redirects_of_a_put_keep_method_and_body_only_by_307_and_308() {
    let (receiver, all) = receiver();
    let files = Files::new();
    let path = files.file("a.bin", 100_000);
    let engine = engine();
    for (status, method) in [
        (301, "GET"),
        (302, "GET"),
        (303, "GET"),
        (307, "PUT"),
        (308, "PUT"),
    ] {
        let url = receiver.url(&format!("/redirect/{status}?to=/there"));
        let request = UploadRequest::raw(url, path.as_path()).method(Method::Put);
        let outcome = engine.upload(request).wait();
        assert_eq!(outcome.status(), Some(200), "{outcome:?}");
        if method == "PUT" {
            let received = last(&all);
            assert_eq!((&*received.method, &*received.target), ("PUT", "/there"));
            assert_eq!(received.files[0].sha256, sha256(&content(100_000)));
        }
        // What the receiver answers to a GET.
        let data = outcome.result.as_ref().unwrap().data();
        assert_eq!(data.contains("quintet-receiver"), method == "GET", "{data}");
    }
}

#[test]
fn a_range_is_exactly_that_part_of_the_file() {
    let (receiver, all) = receiver();
    let files = Files::new();
    const LEN: usize = 3 << 20;
    let path = files.file("a.bin", LEN);
    let whole = content(LEN);
    let seekable = Cursor::new(whole.clone());
    let sources = [
        UploadSource::from(path.as_path()),
        UploadSource::file(&File::open(&path).unwrap()).unwrap(),
        UploadSource::from(whole.clone()),
        UploadSource::seekable(seekable).unwrap(),
    ];
    for engine in roads() {
        for source in &sources {
            for (offset, length) in [
                (0, LEN),
                (0, 0),
                (LEN, 0),
                (1, 1),
                (LEN - 1, 1),
                (7, 200_000),
                (100_000, LEN - 100_000),
            ] {
                let range = (offset as u64, length as u64);
                let digest = sha256(&whole[offset..offset + length]);
                let part = FilePart::new("f", source.clone()).range(range.0, range.1);
                accepted(&engine, UploadRequest::form(receiver.url("/")).file(part));
                let file = last(&all).files[0].clone();
                assert_eq!((file.size, &file.sha256), (range.1, &digest), "{range:?}");
                let raw = UploadRequest::raw(receiver.url("/"), source.clone());
                accepted(&engine, raw.range(range.0, range.1));
                let file = last(&all).files[0].clone();
                assert_eq!((file.size, &file.sha256), (range.1, &digest), "{range:?}");
            }
        }
        let base = UploadRequest::new(receiver.url("/"), &path, "f").range(10, 20);
        accepted(&engine, base);
        assert_eq!(last(&all).files[0].sha256, sha256(&whole[10..30]));
    }
}

#[test]
fn a_range_beyond_the_end_is_a_wrong_parameter() {
    let files = Files::new();
    let path = files.file("a.bin", 100);
    let peer = Peer::start(|_, _| panic!("nobody may come here"));
    let engine = engine();
    for (offset, length) in [(0, 101), (100, 1), (101, 0), (u64::MAX, 1), (1, u64::MAX)] {
        let request = UploadRequest::new(peer.url(), &path, "f").range(offset, length);
        let (kind, told) = refused(&engine, request);
        assert_eq!(kind, ErrorKind::InvalidParameter);
        assert!(
            told.contains("range") && told.contains("which has 100"),
            "{told}"
        );
    }
    let endless = FilePart::new("f", UploadSource::reader(io::empty())).range(0, 0);
    let (kind, told) = refused(&engine, UploadRequest::form(peer.url()).file(endless));
    assert_eq!(kind, ErrorKind::InvalidParameter);
    assert!(told.contains("range needs a source"), "{told}");
    let nothing = UploadRequest::form(peer.url()).range(0, 1);
    assert_eq!(refused(&engine, nothing).0, ErrorKind::InvalidParameter);
    assert_eq!(peer.connections(), 0);
}

#[test]
fn an_open_file_is_sent_whole_and_its_offset_stays() {
    let (receiver, all) = receiver();
    let files = Files::new();
    let path = files.file("a.bin", 300_000);
    let mut file = File::open(&path).unwrap();
    file.seek(SeekFrom::Start(1234)).unwrap();
    for engine in roads() {
        let source = UploadSource::file(&file).unwrap();
        let part = FilePart::new("f", source).file_name("a.txt");
        accepted(&engine, UploadRequest::form(receiver.url("/")).file(part));
        assert_eq!(last(&all).files[0].sha256, sha256(&content(300_000)));
        assert_eq!(file.stream_position().unwrap(), 1234);
    }
    // The path is gone, the descriptor is not.
    std::fs::remove_file(&path).unwrap();
    let raw = UploadRequest::raw(receiver.url("/"), UploadSource::file(&file).unwrap());
    accepted(&engine(), raw);
    assert_eq!(last(&all).files[0].size, 300_000);
}

#[test]
fn an_open_directory_is_no_file_to_send() {
    let files = Files::new();
    let Ok(directory) = File::open(files.path(".")) else {
        return;
    };
    let source = UploadSource::file(&directory).unwrap();
    let (kind, _) = refused(&engine(), UploadRequest::raw("http://127.0.0.1:1/", source));
    assert_eq!(kind, ErrorKind::NotRegularFile);
}

#[test]
fn made_up_bytes_arrive_as_they_are_made() {
    let (receiver, all) = receiver();
    let engine = engine();
    const LEN: u64 = 3_000_001;
    let send = |source: UploadSource| {
        accepted(&engine, UploadRequest::raw(receiver.url("/"), source));
        last(&all).files[0].clone()
    };
    let zeros = send(UploadSource::zeros(LEN));
    assert_eq!(zeros.sha256, sha256(&vec![0; LEN as usize]));
    let text: String = (0..)
        .map(|line| format!("{line:015x}\n"))
        .take(187_501)
        .collect();
    let sent = send(UploadSource::text(LEN));
    assert_eq!(sent.sha256, sha256(&text.as_bytes()[..LEN as usize]));
    let [one, again, other] = [1, 1, 2].map(|seed| send(UploadSource::random(seed, LEN)));
    assert_eq!(one.sha256, again.sha256);
    assert_ne!(one.sha256, other.sha256);
    assert_eq!(send(UploadSource::random(1, 0)).size, 0);
}

#[test]
fn a_body_that_no_length_can_tell_is_a_wrong_parameter() {
    let engine = engine();
    let part = |len| FilePart::new("f", UploadSource::zeros(len));
    let form = || UploadRequest::form("http://127.0.0.1:1/");
    let (kind, told) = refused(&engine, form().file(part(u64::MAX)));
    assert_eq!(kind, ErrorKind::InvalidParameter);
    assert!(told.contains("longer than a length can say"), "{told}");
    let two = form().file(part(u64::MAX / 2)).file(part(u64::MAX / 2));
    assert_eq!(refused(&engine, two).0, ErrorKind::InvalidParameter);
    let most = engine.preview(form().file(part(u64::MAX - 1000))).unwrap();
    assert!(most.plan.content_length() > u64::MAX - 1000);
}

#[test]
fn a_file_over_the_cap_fails_before_anything_is_sent() {
    let files = Files::new();
    let path = files.file("a.bin", 100);
    let (receiver, _) = receiver();
    let capped = engine_with(settings(|settings| settings.file_bytes_max = Some(100)));
    let url = receiver.url("/");
    let base = || UploadRequest::new(url.as_str(), &path, "f");
    accepted(&capped, base());
    accepted(&capped, base().file_bytes_max(100));
    let big = || UploadSource::zeros(101);
    let over = [
        (&capped, base().file_bytes_max(99)),
        (&capped, UploadRequest::raw(url.as_str(), big())),
        (&capped, base().file(FilePart::new("g", big()))),
        (&engine(), base().file_bytes_max(99)),
    ];
    let before = receiver.stats().connections;
    for (engine, request) in over {
        let outcome = engine.upload(request).wait();
        assert_eq!(outcome.errno(), 104, "{outcome:?}");
        assert!(
            outcome.err_msg().contains("file_bytes_max allows"),
            "{outcome:?}"
        );
    }
    assert_eq!(receiver.stats().connections, before);
    // Of a range, the range counts.
    let part = FilePart::new("g", big()).range(1, 100);
    accepted(&capped, UploadRequest::form(url.as_str()).file(part));
}

#[test]
fn what_cannot_be_is_refused_at_the_call_and_says_where() {
    let files = Files::new();
    let path = files.file("a.bin", 1);
    let engine = engine();
    let url = "http://127.0.0.1:1/";
    let form = || UploadRequest::form(url);
    let bytes = || UploadSource::bytes("x");
    let cases = [
        (form().file(FilePart::new("", bytes())), "files[0]"),
        (
            form()
                .file(FilePart::new("a", bytes()))
                .file(FilePart::new("b\0", bytes())),
            "files[1]",
        ),
        (
            form().file(FilePart::new("a", bytes()).file_name("\0")),
            "files[0]",
        ),
        (
            form().file(FilePart::new("a", bytes()).mime_type("x")),
            "files[0]",
        ),
        (
            form().file(FilePart::new("a", PathBuf::new())),
            "files[0] is missing",
        ),
        (
            form().file(FilePart::new("a", Path::new("a\0b"))),
            "files[0] holds a NUL",
        ),
        (
            UploadRequest::new(url, &path, "").file(FilePart::new("a", bytes())),
            "name, fileName",
        ),
        (
            UploadRequest::new(url, "", "n").file(FilePart::new("a", bytes())),
            "filePath is missing",
        ),
        (
            UploadRequest::raw(url, PathBuf::new()),
            "filePath is missing",
        ),
        (
            UploadRequest::raw(url, Path::new("\0")),
            "filePath holds a NUL",
        ),
        (UploadRequest::raw(url, bytes()).field("a", "1"), "formData"),
        (
            UploadRequest::raw(url, bytes()).file(FilePart::new("a", bytes())),
            "formData",
        ),
        (
            form().field("\0", "1").file(FilePart::new("a", bytes())),
            "formData",
        ),
    ];
    for (request, told) in cases {
        let text = format!("{request:?}");
        let (kind, message) = refused(&engine, request);
        assert_eq!(kind, ErrorKind::InvalidParameter, "{text} {message}");
        assert!(message.contains(told), "{told:?} in {message:?}");
    }
    let missing = form()
        .file(FilePart::new("a", path.as_path()))
        .file(FilePart::new("b", files.path("missing")));
    let outcome = engine.upload(missing).wait();
    assert_eq!(outcome.kind(), Some(ErrorKind::FileNotFound));
    let error = outcome.result.as_ref().unwrap_err();
    assert_eq!(error.detail(), "file 1 of the form");
    let many = (0..1001).fold(form(), |form, _| form.file(FilePart::new("a", bytes())));
    let (kind, told) = refused(&engine, many);
    assert_eq!(kind, ErrorKind::InvalidParameter);
    assert!(told.contains("too many parts"), "{told}");
}

#[test]
fn a_thousand_files_are_one_form() {
    let (receiver, all) = receiver();
    let form = UploadRequest::form(receiver.url("/"));
    let form = (0..1000_u32).fold(form, |form, number| {
        let bytes = number.to_le_bytes().repeat(number as usize % 50);
        form.file(FilePart::new("f", bytes).file_name(number.to_string()))
    });
    accepted(&engine(), form);
    let received = last(&all);
    assert_eq!(received.files.len(), 1000);
    for (number, file) in received.files.iter().enumerate() {
        assert_eq!(file.file_name.as_deref(), Some(&*number.to_string()));
        let bytes = (number as u32).to_le_bytes().repeat(number % 50);
        assert_eq!(file.sha256, sha256(&bytes));
    }
}

/// A raw body has no closing boundary: its last byte is what is kept back.
#[test]
fn a_raw_file_that_changes_is_never_sent_whole() {
    const BIG: usize = 32 << 20;
    type Change = fn(&Path);
    let changes: [Change; 3] = [
        |path| {
            let file = File::options().write(true).open(path).unwrap();
            file.set_len(20 << 20).unwrap();
        },
        |path| {
            let mut file = File::options().append(true).open(path).unwrap();
            file.write_all(b"more").unwrap();
        },
        |path| {
            let file = File::options().write(true).open(path).unwrap();
            let later = std::time::SystemTime::now() + std::time::Duration::from_secs(2);
            file.set_modified(later).unwrap();
        },
    ];
    for engine in roads() {
        for change in changes {
            for range in [None, Some((5, BIG as u64 - 10))] {
                let (begun, has_begun) = std::sync::mpsc::channel();
                let (got, total) = std::sync::mpsc::channel();
                let (open, wait) = gate();
                let peer = Peer::start(move |mut conversation, _| {
                    conversation.head();
                    conversation.read(1000);
                    begun.send(()).unwrap();
                    pass(&wait);
                    got.send(1000 + conversation.drain()).unwrap();
                });
                let files = Files::new();
                let path = files.file("big.bin", BIG);
                let mut request = UploadRequest::raw(peer.url(), path.as_path());
                if let Some((offset, length)) = range {
                    request = request.range(offset, length);
                }
                let task = engine.upload(request);
                has_begun.recv_timeout(PATIENCE).unwrap();
                change(&path);
                open.send(()).unwrap();
                let outcome = task.wait();
                assert_eq!(outcome.kind(), Some(ErrorKind::FileChanged), "{outcome:?}");
                let got = total.recv_timeout(PATIENCE).unwrap();
                assert!(
                    got < outcome.bytes_total,
                    "{got} of {}",
                    outcome.bytes_total
                );
            }
        }
    }
}

/// An empty raw body has not even a last byte.
#[test]
fn every_file_of_a_form_is_looked_at_before_its_end() {
    struct Grows;

    impl quintet::OpenSource for Grows {
        fn open(&self) -> Result<quintet::Opened, quintet::FileError> {
            let state = quintet::SourceState {
                len: 0,
                modified: None,
            };
            Ok(quintet::Opened {
                source: Box::new(Self),
                state,
            })
        }
    }

    impl quintet::Source for Grows {
        fn state(&self) -> io::Result<quintet::SourceState> {
            Ok(quintet::SourceState {
                len: 1,
                modified: None,
            })
        }

        fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
            Ok(0)
        }
    }

    let peer = Peer::start(|mut conversation, _| {
        conversation.drain();
    });
    let engine = engine();
    let files = Files::new();
    let path = files.file("a", 5);
    let grows = || UploadSource::custom(Grows);
    for request in [
        UploadRequest::raw(peer.url(), grows()),
        UploadRequest::form(peer.url()).file(FilePart::new("g", grows())),
        UploadRequest::form(peer.url())
            .file(FilePart::new("g", grows()))
            .file(FilePart::new("f", path.as_path())),
    ] {
        let outcome = engine.upload(request).wait();
        assert_eq!(outcome.kind(), Some(ErrorKind::FileChanged), "{outcome:?}");
    }
}

#[test]
fn what_is_encoded_is_what_is_uploaded() {
    let (receiver, all) = receiver();
    let files = Files::new();
    let path = files.file("a.txt", 200_000);
    let engine = engine();
    let url = receiver.url("/");
    let requests = [
        UploadRequest::new(url.as_str(), &path, "f")
            .field("a", "1")
            .header("X-Mine", "yes")
            .header("Content-Length", "7"),
        UploadRequest::form(url.as_str())
            .file(FilePart::new("f", UploadSource::zeros(70_000)))
            .file(FilePart::new("g", UploadSource::bytes("")))
            .field("z", ""),
        UploadRequest::raw(url.as_str(), path.as_path()).range(10, 100_000),
        UploadRequest::raw(url.as_str(), UploadSource::bytes("")),
        UploadRequest::form(url.as_str()),
        UploadRequest::form(url.as_str()).file(FilePart::new(
            "f",
            UploadSource::seekable(Cursor::new(content(9))).unwrap(),
        )),
    ];
    for request in requests {
        let mut body = Vec::new();
        let encoded = engine.encode_to(request.clone(), &mut body).unwrap();
        assert_eq!(encoded.content_length, body.len() as u64);
        // Whoever sends it by himself is understood in the same way.
        let by_hand = UploadRequest::raw(url.as_str(), body).mime_type(&*encoded.content_type);
        accepted(&engine, by_hand);
        let theirs = last(&all);
        accepted(&engine, request);
        let ours = last(&all);
        assert_eq!(found(&theirs), found(&ours));
        assert_eq!(theirs.bytes, ours.bytes);
        let names: Vec<_> = encoded.headers.iter().map(|(name, _)| name).collect();
        let own = ["User-Agent", "Accept", "x-request-id", "x-tt-logid"];
        assert_eq!(names[..4], own);
        assert_eq!(
            encoded.headers.get("x-request-id"),
            Some(encoded.trace.as_str().as_bytes())
        );
        if !encoded.ignored_headers.is_empty() {
            assert_eq!(encoded.ignored_headers, ["Content-Length"]);
            assert_eq!(names[4..], ["X-Mine"]);
        }
    }
}

#[test]
fn an_encoding_that_fails_says_why_and_is_not_whole() {
    let files = Files::new();
    let path = files.file("a.txt", 10);
    let engine = engine();
    let mut body = Vec::new();
    let missing = UploadRequest::new("http://h/", files.path("b"), "f");
    let error = engine.encode_to(missing, &mut body).unwrap_err();
    assert!(
        matches!(error, EncodeError::Request(error) if error.kind() == ErrorKind::FileNotFound)
    );
    assert!(body.is_empty());

    let short = UploadSource::reader_of(io::repeat(b'x').take(50), 100);
    let short = UploadRequest::form("http://h/").file(FilePart::new("f", short));
    let error = engine.encode_to(short, &mut body).unwrap_err();
    assert!(matches!(error, EncodeError::Request(error) if error.kind() == ErrorKind::FileChanged));
    assert!(!body.ends_with(b"--\r\n"));

    let mut room = [0; 20];
    let request = UploadRequest::new("http://h/", &path, "f");
    let error = engine.encode_to(request, &mut &mut room[..]).unwrap_err();
    assert!(matches!(error, EncodeError::Write(_)), "{error}");
}
