//! The objects that callbacks get.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use quintet::{Engine, Event, EventKind, Progress, UploadRequest};
use quintet_options::{Include, headers_received, progress, result};
use quintet_tcp::TcpConnect;
use serde_json::{Value as Json, json};

const ANSWER: &str = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-Twice: 1\r\nSet-Cookie: a=b\r\n\
                      x-twice: 2\r\nSet-Cookie: c=d; Path=/\r\nConnection: close\r\n\r\nok";

/// The URL of a server that answers once.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while !request.ends_with(b"--\r\n") {
            match stream.read(&mut buffer).unwrap() {
                0 => return,
                len => request.extend_from_slice(&buffer[..len]),
            }
        }
        stream.write_all(ANSWER.as_bytes()).unwrap();
    });
    url
}

fn keys(object: &Json) -> Vec<&str> {
    let entries = object.as_object().unwrap();
    entries.keys().map(String::as_str).collect()
}

#[test]
fn extensions_are_told_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.txt");
    std::fs::write(&file, "hello").unwrap();
    let engine = Engine::start(TcpConnect::new()).unwrap();
    let told: Arc<Mutex<Option<Json>>> = Arc::default();
    let listener = {
        let told = told.clone();
        move |event: &Event| {
            if let EventKind::HeadersReceived { status, headers } = &event.kind {
                *told.lock().unwrap() = Some(headers_received(*status, headers).into());
            }
        }
    };
    let request = UploadRequest::new(server(), file, "file").listener(Arc::new(listener));
    let outcome = engine.upload(request).wait();

    let base = Json::from(result(&outcome, Include::default()));
    assert_eq!(keys(&base), ["statusCode", "data", "errMsg", "trace"]);
    assert_eq!(
        (&base["statusCode"], &base["data"]),
        (&json!(201), &json!("ok"))
    );

    let header = json!({
        "Content-Length": "2",
        "X-Twice": "1, 2",
        "Set-Cookie": "a=b, c=d; Path=/",
        "Connection": "close",
    });
    assert_eq!(
        *told.lock().unwrap(),
        Some(json!({ "statusCode": 201, "header": header }))
    );

    let all = Json::from(result(&outcome, Include::all()));
    assert_eq!(keys(&all)[4..], ["header", "cookies", "profile"]);
    assert_eq!(all["header"], header);
    assert_eq!(all["cookies"], json!(["a=b", "c=d; Path=/"]));
    let profile = &all["profile"];
    for name in [
        "invokeStart",
        "queueEnd",
        "requestStart",
        "responseEnd",
        "port",
    ] {
        assert!(profile[name].is_number(), "{name}: {profile}");
    }
    assert_eq!(profile["socketReused"], false);
    assert_eq!(profile["peerIP"], "127.0.0.1");
    assert_eq!(profile["protocol"], "http1.1");
    assert_eq!(profile["receivedBytedCount"], ANSWER.len());
}

#[test]
fn progress_is_floored_and_whole_at_the_end_alone() {
    let told = |sent, total| {
        let mut told = Progress::default();
        (told.sent, told.total, told.acked) = (sent, total, Some(1));
        Json::from(progress(&told)).to_string()
    };
    assert_eq!(
        told(199, 200),
        r#"{"progress":99,"totalBytesSent":199,"totalBytesExpectedToSend":200}"#
    );
    assert_eq!(
        told(1 << 40, 1 << 40),
        r#"{"progress":100,"totalBytesSent":1099511627776,"totalBytesExpectedToSend":1099511627776}"#
    );
}
