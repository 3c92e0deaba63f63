//! Every knob of the receiver, tried by requests that are written out by hand.

use quintet_receiver::{Discard, PARTS_MAX, Received, Receiver, Settings, Think, Tls};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longest wait for something that must happen: reaching it is a failure, not a measurement. A machine that does much else
/// has made 10 seconds too few.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads answers off a connection one after another.
struct Client<S> {
    stream: S,
    unread: Vec<u8>,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

fn connect(receiver: &Receiver) -> Client<TcpStream> {
    let stream = TcpStream::connect(receiver.addr()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    Client {
        stream,
        unread: Vec::new(),
    }
}

impl<S: Read + Write> Client<S> {
    fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self.stream.flush().unwrap();
        self
    }

    fn answer(&mut self) -> Answer {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.more() > 0, "closed within a head");
        };
        let head = String::from_utf8(self.unread.drain(..end).collect()).unwrap();
        let status = head[9..12].parse().unwrap();
        let mut answer = Answer {
            status,
            head,
            body: Vec::new(),
        };
        let length = answer
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < length {
            assert!(self.more() > 0, "closed within a body");
        }
        answer.body = self.unread.drain(..length).collect();
        answer
    }

    fn more(&mut self) -> usize {
        let mut piece = [0; 4096];
        let read = self.stream.read(&mut piece).unwrap();
        self.unread.extend_from_slice(&piece[..read]);
        read
    }

    fn is_closed(&mut self) -> bool {
        self.unread.is_empty() && matches!(self.stream.read(&mut [0]), Ok(0) | Err(_))
    }
}

fn post(target: &str, content_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut request = format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

const FORM: &str = "multipart/form-data; boundary=XX";

fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, content) in parts {
        body.extend_from_slice(b"--XX\r\nContent-Disposition: form-data; ");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XX--\r\n");
    body
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn start(settings: Settings) -> Receiver {
    Receiver::start(settings).unwrap()
}

/// Collects the reports.
fn reporting(mut settings: Settings) -> (Receiver, Arc<Mutex<Vec<Received>>>) {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let into = reports.clone();
    settings.on_upload = Some(Arc::new(move |received| {
        into.lock().unwrap().push(received.clone())
    }));
    (start(settings), reports)
}

/// Waits for what the receiver's thread does by itself, such as noticing a closed connection.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_form_is_answered_part_by_part() {
    let (receiver, reports) = reporting(Settings::default());
    let body = form(&[
        ("name=\"first\"", &b"1"[..]),
        (
            "name=\"file\"; filename=\"文 a%22b.txt\"\r\nContent-Type: text/plain",
            b"hello",
        ),
        ("name=\"empty\"", b""),
        ("name=\"none\"; filename=\"none.bin\"", b""),
        ("name=\"值\"", "值 \u{1f600}".as_bytes()),
    ]);
    let mut client = connect(&receiver);
    let answer = client.send(post("/a?b=c", FORM, &body)).answer();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        answer.json(),
        json!({
            "complete": true,
            "bytes": body.len(),
            "fields": [
                { "name": "first", "value": "1", "size": 1, "sha256": sha256(b"1") },
                { "name": "empty", "value": "", "size": 0, "sha256": sha256(b"") },
                { "name": "值", "value": "值 \u{1f600}", "size": 8, "sha256": sha256("值 \u{1f600}".as_bytes()) },
            ],
            "files": [
                { "name": "file", "fileName": "文 a%22b.txt", "contentType": "text/plain", "size": 5, "sha256": sha256(b"hello") },
                { "name": "none", "fileName": "none.bin", "contentType": null, "size": 0, "sha256": sha256(b"") },
            ],
        })
    );
    let reports = reports.lock().unwrap();
    let [report] = &reports[..] else {
        panic!("{reports:?}")
    };
    assert_eq!(
        (report.method.as_str(), report.target.as_str()),
        ("POST", "/a?b=c")
    );
    assert_eq!(
        (report.connection, report.status, report.complete),
        (1, 200, true)
    );
    assert_eq!(report.peer, client.stream.local_addr().unwrap());
    assert!(
        report
            .headers
            .contains(&("host".to_owned(), "x".to_owned()))
    );
}

#[test]
fn a_form_means_the_same_in_every_cut() {
    let body = form(&[
        ("name=\"a\"", b"\r\n--X"),
        ("name=\"f\"; filename=\"f\"", b"\r\n--XY\r"),
    ]);
    let receiver = start(Settings::default());
    let mut client = connect(&receiver);
    let whole = client.send(post("/", FORM, &body)).answer().json();
    assert_eq!(whole["files"][0]["size"], 7);
    // Chunks give the parser exactly the pieces that we choose.
    for size in [1, 2, 3, 5, 7, 11, 64] {
        let mut request =
            format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nTransfer-Encoding: chunked\r\n\r\n")
                .into_bytes();
        for piece in body.chunks(size) {
            request.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            request.extend_from_slice(piece);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"0\r\n\r\n");
        assert_eq!(
            client.send(&request).answer().json(),
            whole,
            "pieces of {size}"
        );
    }
    assert_eq!(receiver.stats().connections, 1);
}

#[test]
fn a_body_of_another_type_is_one_file() {
    let receiver = start(Settings::default());
    let mut client = connect(&receiver);
    let answer = client.send(post("/", "text/x", "raw")).answer();
    assert_eq!(
        answer.json()["files"],
        json!([{ "name": "", "fileName": null, "contentType": "text/x", "size": 3, "sha256": sha256(b"raw") }])
    );
    let put = "PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
    let answer = client.send(put).answer();
    assert_eq!(answer.json()["files"][0]["contentType"], Value::Null);
    let stats = receiver.stats();
    assert_eq!(
        (
            stats.connections,
            stats.requests,
            stats.complete,
            stats.bytes
        ),
        (1, 2, 2, 3)
    );
    assert_eq!(stats.arrivals, ["/", "/x"]);
}

#[test]
fn values_beyond_their_bound_are_told_by_size_and_hash() {
    let receiver = start(Settings::default());
    let fits = vec![b'v'; quintet_receiver::FIELD_VALUE_BYTES_MAX];
    let over = vec![b'v'; fits.len() + 1];
    let body = form(&[("name=\"fits\"", &fits), ("name=\"over\"", &over)]);
    let json = connect(&receiver)
        .send(post("/", FORM, body))
        .answer()
        .json();
    assert_eq!(
        json["fields"][0]["value"].as_str().map(str::len),
        Some(fits.len())
    );
    assert_eq!(json["fields"][1].get("value"), None);
    assert_eq!(json["fields"][1]["sha256"], sha256(&over));

    // Sixteen that fit fill the whole bound; the seventeenth is not kept.
    let body = form(&[("name=\"n\"", &fits[..]); 17]);
    let json = connect(&receiver)
        .send(post("/", FORM, body))
        .answer()
        .json();
    let kept = |place: usize| json["fields"][place].get("value").is_some();
    assert_eq!((kept(0), kept(15), kept(16)), (true, true, false));
}

#[test]
fn parts_are_bounded() {
    let receiver = start(Settings::default());
    let part = ("name=\"n\"", &b""[..]);
    let answer = connect(&receiver)
        .send(post("/", FORM, form(&vec![part; PARTS_MAX])))
        .answer();
    assert_eq!(
        answer.json()["fields"].as_array().map(Vec::len),
        Some(PARTS_MAX)
    );
    let over = form(&vec![part; PARTS_MAX + 1]);
    let answer = connect(&receiver).send(post("/", FORM, over)).answer();
    assert_eq!(
        (answer.status, answer.header("connection")),
        (400, Some("close"))
    );
}

#[test]
fn hostile_bodies_are_refused_and_never_kept_in_memory() {
    let receiver = start(Settings::default());
    let endless_head = [
        &b"--XX\r\nContent-Disposition: form-data; name=\""[..],
        &[b'n'; 2 << 20],
    ];
    let many_heads = format!("--XX\r\n{}\r\n\r\n--XX--", "a: b\r\n".repeat(33));
    let dribble = [
        &b"--XX\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n"[..],
        &[b'\r'; 1 << 20],
    ];
    for (what, content_type, body) in [
        ("empty", FORM, &b""[..]),
        ("no boundary anywhere", FORM, &[b'a'; 4 << 20]),
        ("a head that never ends", FORM, &endless_head.concat()),
        ("too many headers", FORM, many_heads.as_bytes()),
        ("no closing boundary", FORM, &dribble.concat()),
        (
            "headers without a colon",
            FORM,
            b"--XX\r\nabc\r\n\r\nx\r\n--XX--\r\n",
        ),
        (
            "NUL in a name",
            FORM,
            b"--XX\r\nContent-Disposition: form-data; name=\"a\0b\"\r\n\r\n\r\n--XX--\r\n",
        ),
        (
            "boundary half there",
            FORM,
            b"--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--X",
        ),
        ("garbage after a boundary", FORM, b"--XXgarbage"),
        ("no boundary in the type", "multipart/form-data", b"--XX--"),
        ("an empty boundary", "multipart/form-data; boundary=", b"x"),
        (
            "a strange boundary",
            "multipart/form-data; boundary=\"\"",
            b"x",
        ),
    ] {
        let mut client = connect(&receiver);
        // The answer may come, and the connection end, before all is written.
        let _ = client.stream.write_all(&post("/", content_type, body));
        let answer = client.answer();
        assert_eq!(answer.status, 400, "{what}");
        let json = answer.json();
        assert_eq!(json["complete"], false, "{what}");
        assert!(
            json["error"]
                .as_str()
                .is_some_and(|error| !error.is_empty()),
            "{what}"
        );
        let read = json["bytes"].as_u64().unwrap();
        assert!(read < 2 << 20, "{what}: {read} bytes");
    }
    // Unusual, but no reason to refuse.
    for (what, content_type, body) in [
        ("no parts", FORM, &b"--XX--"[..]),
        ("text around the parts", FORM, b"before\r\n--XX--\r\nafter"),
        ("a type that is none", "\u{fffd};;;=", b"x"),
        ("no name", FORM, b"--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--\r\n"),
        ("no disposition", FORM, b"--XX\r\nA: b\r\n\r\nx\r\n--XX--\r\n"),
        ("a file name that is not UTF-8", FORM,
         b"--XX\r\nContent-Disposition: form-data; name=\"n\"; filename=\"\xff\"\r\n\r\nx\r\n--XX--\r\n"),
        ("a value that is not UTF-8", FORM,
         b"--XX\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n\xff\r\n--XX--\r\n"),
    ] {
        let answer = connect(&receiver).send(post("/", content_type, body)).answer();
        assert_eq!(answer.status, 200, "{what}");
    }
    let mut client = connect(&receiver);
    assert_eq!(client.send("\0\0\0\0\r\n\r\n").answer().status, 400);
    eventually("nothing is left in work", || receiver.stats().active == 0);
}

#[test]
fn files_are_stored_under_safe_and_new_names() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = start(Settings {
        dir: Some(dir.path().to_owned()),
        ..Settings::default()
    });
    let mut client = connect(&receiver);
    let mut names = Vec::new();
    for content in [&b"one"[..], b"two"] {
        let body = form(&[
            ("name=\"f\"; filename=\"../../etc/a b.txt\"", content),
            ("name=\"n\"", b"no file"),
            ("name=\"g\"; filename=\"..\"", b""),
        ]);
        let json = client.send(post("/", FORM, body)).answer().json();
        let stored = json["files"][0]["storedAs"].as_str().unwrap().to_owned();
        assert_eq!(std::fs::read(dir.path().join(&stored)).unwrap(), content);
        names.push(stored);
    }
    assert_eq!(names, ["000001-a b.txt", "000003-a b.txt"]);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 4);
}

#[test]
fn a_body_of_many_files_holds_no_descriptor_for_each() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = start(Settings {
        dir: Some(dir.path().to_owned()),
        ..Settings::default()
    });
    let part = ("name=\"f\"; filename=\"f\"", &b"x"[..]);
    let mut request = post("/", FORM, form(&vec![part; PARTS_MAX - 1]));
    // Without the closing boundary the files are all there and not yet kept.
    request.truncate(request.len() - 4);
    let mut client = connect(&receiver);
    client.send(request);
    let files = || std::fs::read_dir(dir.path()).unwrap().count();
    eventually("all are begun", || files() == PARTS_MAX - 1);
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        assert!(open.count() < 500);
    }
    assert_eq!(client.send("--\r\n").answer().status, 200);
    assert_eq!(files(), PARTS_MAX - 1);
}

#[test]
fn an_incomplete_upload_is_reported_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (receiver, reports) = reporting(Settings {
        dir: Some(dir.path().to_owned()),
        ..Settings::default()
    });
    let request = post(
        "/",
        FORM,
        form(&[
            ("name=\"f\"; filename=\"whole\"", b"whole"),
            ("name=\"g\"; filename=\"half\"", &[b'h'; 100_000]),
        ]),
    );
    let mut client = connect(&receiver);
    client.send(&request[..request.len() / 2]);
    eventually("the files are begun", || {
        std::fs::read_dir(dir.path()).unwrap().count() == 2
    });
    assert_eq!(receiver.stats().active, 1);
    drop(client);
    eventually("it is reported", || !reports.lock().unwrap().is_empty());
    let report = reports.lock().unwrap().remove(0);
    assert!(!report.complete && !report.early);
    assert!(report.error.is_some());
    assert!(report.bytes > 10_000);
    let stats = receiver.stats();
    assert_eq!((stats.active, stats.complete, stats.incomplete), (0, 0, 1));
    eventually("the files are gone", || {
        std::fs::read_dir(dir.path()).unwrap().count() == 0
    });
}

#[test]
fn a_stop_reports_what_it_cuts_off() {
    let dir = tempfile::tempdir().unwrap();
    let (receiver, reports) = reporting(Settings {
        dir: Some(dir.path().to_owned()),
        ..Settings::default()
    });
    let mut client = connect(&receiver);
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
    eventually("it is begun", || receiver.stats().bytes == 4);
    receiver.stop();
    let report = reports.lock().unwrap().remove(0);
    assert_eq!(
        (report.complete, report.bytes, report.status),
        (false, 4, 0)
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    assert!(client.is_closed());
}

#[test]
fn the_status_is_chosen() {
    for status in [200, 201, 204, 304, 413, 500, 599] {
        let receiver = start(Settings {
            status,
            ..Settings::default()
        });
        let mut client = connect(&receiver);
        for _ in 0..2 {
            assert_eq!(
                client.send(post("/", FORM, form(&[]))).answer().status,
                status
            );
        }
    }
    for status in [0, 100, 199, 600, 1000] {
        let refused = Receiver::start(Settings {
            status,
            ..Settings::default()
        })
        .unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    }
}

#[test]
fn an_early_answer_reads_no_further() {
    let (receiver, reports) = reporting(Settings {
        status: 413,
        answer_early: Some(10),
        ..Settings::default()
    });
    let mut client = connect(&receiver);
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n0123456");
    eventually("it waits for the tenth byte", || {
        receiver.stats().bytes == 7
    });
    let answer = client.send("789").answer();
    assert_eq!(
        (answer.status, answer.header("connection")),
        (413, Some("close"))
    );
    assert_eq!(
        answer.json(),
        json!({ "complete": false, "early": true, "bytes": 10 })
    );
    assert!(client.is_closed());
    let stats = receiver.stats();
    assert_eq!((stats.early, stats.complete, stats.incomplete), (1, 0, 0));
    assert_eq!(reports.lock().unwrap().len(), 1);
    // What fits is read as usual.
    let mut client = connect(&receiver);
    assert_eq!(
        client.send(post("/", "a/b", "0123456789")).answer().json()["complete"],
        true
    );
}

#[test]
fn an_early_answer_survives_a_client_that_goes_on_sending() {
    let receiver = start(Settings {
        status: 413,
        answer_early: Some(1),
        ..Settings::default()
    });
    let mut client = connect(&receiver);
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n");
    for _ in 0..200 {
        if client.stream.write_all(&[0; 10_000]).is_err() {
            break;
        }
    }
    assert_eq!(client.answer().status, 413);
}

#[test]
fn without_lingering_the_connection_is_reset() {
    let receiver = start(Settings {
        answer_early: Some(0),
        linger: Duration::ZERO,
        ..Settings::default()
    });
    let mut client = connect(&receiver);
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n");
    let until = Instant::now() + PATIENCE;
    while client.stream.write_all(&[0; 10_000]).is_ok() {
        assert!(Instant::now() < until, "no reset");
    }
}

#[test]
fn an_early_answer_may_be_followed_by_the_rest() {
    let (receiver, reports) = reporting(Settings {
        answer_early: Some(2),
        drain: true,
        ..Settings::default()
    });
    let mut client = connect(&receiver);
    let answer = client
        .send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123")
        .answer();
    assert_eq!((answer.status, answer.header("connection")), (200, None));
    assert_eq!(receiver.stats().active, 0);
    let next = client
        .send("456789")
        .send(post("/next", "a/b", ""))
        .answer();
    assert_eq!(next.json()["complete"], true);
    // The rest is read beside the next request.
    eventually("both are reported", || reports.lock().unwrap().len() == 2);
    let stats = receiver.stats();
    assert_eq!((stats.connections, stats.complete, stats.early), (1, 2, 1));
    let reports = reports.lock().unwrap();
    let first = reports.iter().find(|report| report.target == "/").unwrap();
    assert_eq!((first.bytes, first.complete, first.early), (10, true, true));
}

#[test]
fn the_answer_is_delayed() {
    let delay = Duration::from_millis(150);
    let receiver = start(Settings {
        delay,
        ..Settings::default()
    });
    let begun = Instant::now();
    assert_eq!(
        connect(&receiver)
            .send(post("/", "a/b", "x"))
            .answer()
            .status,
        200
    );
    assert!(begun.elapsed() >= delay);
}

#[test]
fn reading_keeps_to_the_rate() {
    let receiver = start(Settings {
        rate: Some(200_000),
        ..Settings::default()
    });
    let begun = Instant::now();
    let request = post("/", "a/b", [b'x'; 100_000]);
    let answer = connect(&receiver).send(&request).answer();
    let took = begun.elapsed();
    assert_eq!(
        answer.json()["files"][0]["sha256"],
        sha256(&[b'x'; 100_000])
    );
    assert!(took >= Duration::from_millis(400), "{took:?}");
    let refused = Receiver::start(Settings {
        rate: Some(0),
        ..Settings::default()
    })
    .unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn a_small_receive_buffer_is_felt_by_the_sender() {
    let taken = |receive_buffer_bytes| {
        let receiver = start(Settings {
            rate: Some(1),
            receive_buffer_bytes,
            ..Settings::default()
        });
        let client = connect(&receiver);
        socket2::SockRef::from(&client.stream)
            .set_send_buffer_size(8 * 1024)
            .unwrap();
        client
            .stream
            .set_write_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let (mut stream, mut taken) = (&client.stream, 0);
        while let Ok(bytes) = stream.write(&[0; 1024]) {
            taken += bytes;
        }
        taken
    };
    let (small, usual) = (taken(Some(4 * 1024)), taken(None));
    assert!(
        small * 2 < usual,
        "{small} bytes taken with a small buffer, {usual} without"
    );
}

#[test]
fn connections_are_kept_or_closed() {
    for close in [false, true] {
        let receiver = start(Settings {
            close,
            ..Settings::default()
        });
        let mut client = connect(&receiver);
        let answer = client.send(post("/", FORM, form(&[]))).answer();
        assert_eq!(answer.header("connection"), close.then_some("close"));
        if close {
            assert!(client.is_closed());
        } else {
            assert_eq!(client.send(post("/", FORM, form(&[]))).answer().status, 200);
        }
    }
}

#[test]
fn a_standing_body_is_given_up() {
    let idle = Duration::from_millis(100);
    let (receiver, reports) = reporting(Settings {
        idle,
        ..Settings::default()
    });
    let mut client = connect(&receiver);
    let answer = client
        .send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01")
        .answer();
    assert_eq!(answer.status, 400);
    assert!(
        reports.lock().unwrap()[0]
            .error
            .as_ref()
            .unwrap()
            .contains("stood still")
    );
    // So is a connection that begins nothing.
    assert!(connect(&receiver).is_closed());
}

#[test]
fn a_client_that_closed_its_sending_side_is_answered() {
    let receiver = start(Settings {
        delay: Duration::from_millis(50),
        ..Settings::default()
    });
    let mut client = connect(&receiver);
    client.send(post("/", "a/b", "x"));
    client.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.answer().status, 200);
}

#[test]
fn no_more_targets_are_kept_than_asked_for() {
    let receiver = start(Settings {
        arrivals_max: 1,
        ..Settings::default()
    });
    let mut client = connect(&receiver);
    for target in ["/kept", "/counted"] {
        client.send(post(target, "text/plain", "x"));
        assert_eq!(client.answer().status, 200);
    }
    let stats = receiver.stats();
    assert_eq!(
        (stats.complete, &*stats.arrivals),
        (2, &["/kept".into()][..])
    );
}

#[test]
fn uploads_at_once_are_counted() {
    let receiver = start(Settings::default());
    let mut clients: Vec<_> = (0..3).map(|_| connect(&receiver)).collect();
    for (place, client) in clients.iter_mut().enumerate() {
        client.send(format!(
            "POST /{place} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n"
        ));
        eventually("it has come", || {
            receiver.stats().active == place as u64 + 1
        });
    }
    for client in &mut clients {
        assert_eq!(client.send("x").answer().status, 200);
    }
    let stats = receiver.stats();
    assert_eq!(
        (stats.active, stats.active_most, stats.connections),
        (0, 3, 3)
    );
    assert_eq!(stats.arrivals, ["/0", "/1", "/2"]);
}

#[test]
fn redirects_tell_where_to_go() {
    let receiver = start(Settings::default());
    let mut client = connect(&receiver);
    let target = "/redirect/307?to=%2Fupload%3Fa%3Db";
    let answer = client
        .send(post(target, FORM, form(&[("name=\"a\"", b"b")])))
        .answer();
    assert_eq!(
        (answer.status, answer.header("location")),
        (307, Some("/upload?a=b"))
    );
    assert_eq!(answer.json()["fields"][0]["value"], "b");
    let get = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.send(get).answer().status, 307);

    for target in [
        "/redirect/200?to=/",
        "/redirect/400?to=/",
        "/redirect/x?to=/",
        "/redirect/307",
        "/redirect/307?to=a%0d%0aX:y",
    ] {
        let answer = connect(&receiver)
            .send(post(target, FORM, form(&[])))
            .answer();
        assert_eq!(
            (answer.status, answer.header("location")),
            (400, None),
            "{target}"
        );
    }

    let mut client = connect(&receiver);
    client.send("POST /redirect-early/308?to=/x HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n");
    let answer = client.answer();
    assert_eq!(
        (answer.status, answer.header("location")),
        (308, Some("/x"))
    );
    assert_eq!(answer.json()["early"], true);
    assert!(client.is_closed());
}

#[test]
fn other_methods_are_told_what_this_is() {
    let receiver = start(Settings::default());
    let mut client = connect(&receiver);
    let answer = client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer();
    assert_eq!(answer.json()["receiver"], "quintet-receiver");
    assert_eq!(
        client
            .send("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n")
            .answer()
            .status,
        405
    );
    assert_eq!(receiver.stats().requests, 2);
    assert_eq!(receiver.stats().arrivals.len(), 0);
}

#[test]
fn an_expectation_is_met() {
    let receiver = start(Settings::default());
    let mut client = connect(&receiver);
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(client.answer().status, 100);
    assert_eq!(client.send("x").answer().status, 200);
}

#[test]
fn hashing_can_be_off() {
    let receiver = start(Settings {
        digest: false,
        ..Settings::default()
    });
    let json = connect(&receiver)
        .send(post("/", "a/b", "x"))
        .answer()
        .json();
    assert_eq!(json["files"][0]["sha256"], "");
    assert_eq!(json["files"][0]["size"], 1);
}

#[test]
fn a_panic_in_the_report_harms_nobody() {
    let settings = Settings {
        on_upload: Some(Arc::new(|_| panic!("on purpose"))),
        ..Settings::default()
    };
    let receiver = start(settings);
    let mut client = connect(&receiver);
    for _ in 0..2 {
        assert_eq!(client.send(post("/", "a/b", "x")).answer().status, 200);
    }
}

#[test]
fn start_fails_where_it_cannot_serve() {
    let first = start(Settings::default());
    let taken = Settings {
        listen: first.addr(),
        ..Settings::default()
    };
    assert_eq!(
        Receiver::start(taken).unwrap_err().kind(),
        std::io::ErrorKind::AddrInUse
    );
    let nowhere = Settings {
        dir: Some("/nonexistent/folder".into()),
        ..Settings::default()
    };
    assert_eq!(
        Receiver::start(nowhere).unwrap_err().kind(),
        std::io::ErrorKind::NotFound
    );
    let pem = Tls::Pem {
        cert: b"none".to_vec(),
        key: b"none".to_vec(),
    };
    let no_pem = Settings {
        tls: Some(pem),
        ..Settings::default()
    };
    assert_eq!(
        Receiver::start(no_pem).unwrap_err().kind(),
        std::io::ErrorKind::InvalidInput
    );
}

#[test]
fn wait_ends_with_a_stopper() {
    let receiver = start(Settings::default());
    let stopper = receiver.stopper();
    let waiting = std::thread::spawn(move || receiver.wait());
    stopper.stop();
    assert_eq!(waiting.join().unwrap().requests, 0);
    stopper.stop();
}

fn discarding(discard: Discard) -> Settings {
    Settings {
        discard: Some(discard),
        ..Settings::default()
    }
}

#[test]
fn what_is_discarded_is_counted_and_not_looked_at() {
    let (receiver, reports) = reporting(discarding(Discard::default()));
    let mut client = connect(&receiver);
    for bytes in [0, 7, 300_000] {
        let answer = client.send(post("/", "multipart/form-data", vec![b'x'; bytes]));
        assert_eq!(answer.answer().json()["bytes"], bytes);
    }
    assert_eq!(receiver.stats().bytes, 300_007);
    assert_eq!(receiver.stats().complete, 3);
    assert!(reports.lock().unwrap().iter().all(|report| report.complete));
}

#[test]
fn thoughts_and_stalls_take_their_time() {
    let thinking = Discard {
        think: Think::Uniform(Duration::from_millis(30), Duration::from_millis(60)),
        ..Discard::default()
    };
    let stalling = Discard {
        stall: Some((Duration::ZERO, Duration::from_millis(300))),
        ..Discard::default()
    };
    let started = Instant::now();
    for (discard, least) in [(thinking, 30), (stalling, 0)] {
        let (receiver, reports) = reporting(discarding(discard));
        let mut client = connect(&receiver);
        assert_eq!(client.send(post("/", "a/b", "x")).answer().status, 200);
        let least = Duration::from_millis(least);
        assert!(reports.lock().unwrap()[0].took >= least);
    }
    // The second was answered when its stall, which began with the receiver, was over.
    assert!(started.elapsed() >= Duration::from_millis(330));
}

#[test]
fn who_is_to_be_reset_gets_no_answer() {
    let receiver = start(discarding(Discard {
        reset: 1.0,
        ..Discard::default()
    }));
    let mut stream = connect(&receiver).stream;
    let mut answer = Vec::new();
    // Writing fails where the reset comes first; reading ends without a byte, or fails.
    let _ = stream.write_all(&post("/", "a/b", vec![0; 5_000_000]));
    let _ = stream.read_to_end(&mut answer);
    assert_eq!(answer, b"");
    eventually("it is counted", || receiver.stats().incomplete == 1);
    let wrong = discarding(Discard {
        reset: 1.5,
        ..Discard::default()
    });
    assert!(Receiver::start(wrong).is_err());
}

#[test]
fn a_server_of_http_1_0_ends_its_connections() {
    let receiver = start(discarding(Discard {
        http10: true,
        ..Discard::default()
    }));
    let mut client = connect(&receiver);
    let mut answer = String::new();
    let stream = &mut client.send(post("/", "a/b", "x")).stream;
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    assert!(
        answer
            .to_ascii_lowercase()
            .contains("connection: close\r\n")
    );
}
