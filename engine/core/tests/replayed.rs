//! An upload over TCP that was recorded is done again without a network, and tells the same.
#![forbid(unsafe_code)]

mod support;

use quintet::{Engine, SystemClock, UploadRequest};
use quintet_receiver::Receiver;
use quintet_tcp::TcpConnect;
use quintet_transport::trace::{Replay, Trace, TraceConnect};
use support::*;

#[test]
fn a_recorded_upload_is_replayed_without_a_network() {
    let receiver = Receiver::start(quintet_receiver::Settings::default()).expect("a port");
    let files = Files::new();
    let path = files.file("a", 100_000);
    let request = || {
        UploadRequest::new(receiver.url("/up"), &path, "file")
            .header("Authorization", "Bearer of-a-secret")
            .header("X-Key", "another-secret")
    };
    let traced =
        TraceConnect::new(TcpConnect::new(), SystemClock::default()).secret_headers(["x-key"]);
    let engine = Engine::start(traced.clone()).expect("a thread");
    let first = engine.upload(request()).wait();
    assert_eq!(first.status(), Some(200));

    let text = traced.take().pop().expect("one connection").to_string();
    assert!(text.contains("> POST /up HTTP/1.1\\r\\n"), "{text}");
    assert!(!text.contains("secret"), "{text}");

    let trace: Trace = text.parse().expect("what it wrote itself");
    let engine = Engine::start(Replay::new([trace])).expect("a thread");
    let again = engine.upload(request()).wait();
    let body =
        |outcome: &quintet::Outcome| outcome.result.as_ref().map(|answer| answer.data()).ok();
    assert_eq!(body(&again), body(&first));
    assert_eq!(again.bytes_sent, first.bytes_sent);
    assert_eq!(again.wire_bytes_received, first.wire_bytes_received);
}
