//! What is asked for is what the engine does.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use quintet::{Engine, Event, EventKind, Outcome, UploadRequest, UploadState};
use quintet_options::{Include, Value, read};
use quintet_tcp::TcpConnect;
use serde_json::{Value as Json, json};

/// Answers one request with each of these, over a connection of its own.
fn server(answers: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for answer in answers {
            let mut stream = listener.accept().unwrap().0;
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.ends_with(b"--\r\n") {
                match stream.read(&mut buffer).unwrap() {
                    0 => return,
                    len => request.extend_from_slice(&buffer[..len]),
                }
            }
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

const OK: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const AWAY: &str =
    "HTTP/1.1 307 Away\r\nLocation: /away\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

fn ended(answers: &'static [&'static str], options: Json) -> Arc<Outcome> {
    ended_with(answers, options, |request| request)
}

fn ended_with(
    answers: &'static [&'static str],
    mut options: Json,
    change: impl FnOnce(UploadRequest) -> UploadRequest,
) -> Arc<Outcome> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.bin");
    File::create(&file).unwrap().set_len(8 << 20).unwrap();
    options["url"] = server(answers).into();
    options["filePath"] = file.to_str().unwrap().into();
    options["name"] = "file".into();
    let call = read(&Value::from(options), Include::default()).unwrap();
    let engine = Engine::start(TcpConnect::new()).unwrap();
    engine.upload(change(call.request)).wait()
}

#[test]
fn a_retry_is_made_as_often_and_after_what_it_says() {
    for (retry, status, attempts) in [
        (json!(null), 503, 1),
        (json!(0), 503, 1),
        (json!({ "delayFirst": 0, "retriesMax": 1 }), 503, 2),
        (json!({ "delayFirst": 0 }), 200, 3),
        (json!({ "delayFirst": 0, "statuses": [500] }), 503, 1),
        (json!({ "delayMin": 3600000, "timeMax": 60000 }), 503, 1),
    ] {
        let outcome = ended(&[BUSY, BUSY, OK], json!({ "retry": retry }));
        assert_eq!(outcome.status(), Some(status), "{retry}");
        assert_eq!(outcome.attempts, attempts, "{retry}");
    }
}

#[test]
fn a_redirect_that_the_call_does_not_want_is_its_answer() {
    for (redirect, status) in [("", 200), ("off", 307), ("same-origin", 200), ("any", 200)] {
        let outcome = ended(&[AWAY, OK], json!({ "redirect": redirect }));
        assert_eq!(outcome.status(), Some(status), "{redirect:?}");
    }
}

#[test]
fn the_queue_knows_priority_id_and_tags() {
    let mut settings = quintet::Settings::default();
    settings.active_max = 0;
    let engine = Engine::builder(TcpConnect::new())
        .settings(settings)
        .start()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.txt");
    std::fs::write(&file, "hello").unwrap();
    let begin = |priority: i32, id: &str| {
        let options = json!({
            "url": "http://127.0.0.1:1/", "filePath": file.to_str(), "name": "file",
            "priority": priority, "callerId": id, "tags": ["all", id],
        });
        let call = read(&Value::from(options), Include::default()).unwrap();
        engine.upload(call.request)
    };
    let tasks = [begin(-128, "last"), begin(0, "middle"), begin(127, "first")];
    let position = |id: &str| {
        let status = engine.find(id).wait().expect(id);
        match status.state {
            UploadState::Queued { position, .. } => position,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(["first", "middle", "last"].map(position), [0, 1, 2]);
    assert_eq!(engine.abort_tagged("middle").wait(), 1);
    assert_eq!(engine.abort_tagged("all").wait(), 2);
    for task in tasks {
        assert_eq!(task.wait().errno(), 301);
    }
}

#[test]
fn progress_is_told_as_often_as_asked() {
    for (interval, told) in [(0, 8..usize::MAX), (1_000_000_000, 1..8)] {
        let options = json!({ "progressInterval": interval, "range": { "length": 8 << 20 } });
        let events = Arc::new(AtomicUsize::new(0));
        let count = events.clone();
        let listener = move |event: &Event| {
            let is_progress = matches!(event.kind, EventKind::Progress(_));
            count.fetch_add(usize::from(is_progress), Ordering::Relaxed);
        };
        let outcome = ended_with(&[OK], options, |request| {
            request.listener(Arc::new(listener))
        });
        assert_eq!(outcome.status(), Some(200));
        let events = events.load(Ordering::Relaxed);
        assert!(told.contains(&events), "{interval}: {events}");
    }
}

#[test]
fn a_rate_holds_the_body_back() {
    let slow = ended(&[OK], json!({ "rateLimit": 1, "timeout": 50 }));
    assert_eq!(slow.errno(), 302);
    assert!(slow.bytes_sent < 8 << 20, "{slow:?}");
}
