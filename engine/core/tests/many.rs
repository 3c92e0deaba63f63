//! Ten thousand queued uploads: no descriptor each, a small and flat amount of memory, and all of them end.
#![forbid(unsafe_code)]
#![cfg(target_os = "linux")]

mod support;

use quintet::{EventKind, UploadRequest};
use quintet_receiver::Receiver;
use support::*;

const MANY: usize = 10_000;
/// Resident bytes that one queued upload may cost here, its own strings and its task included.
const BYTES_EACH_MAX: usize = 2_048;

fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("procfs");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("a VmRSS line");
    line.split_whitespace()
        .nth(1)
        .expect("a number")
        .parse::<usize>()
        .expect("kB")
        * 1024
}

#[test]
fn ten_thousand_queued_hold_no_descriptor_and_little_memory() {
    let receiver = Receiver::start(quintet_receiver::Settings::default()).expect("a port");
    let files = Files::new();
    let path = files.file("a", 10);
    let recorder = Recorder::new();
    let engine = engine_with(settings(|settings| settings.active_max = 0));
    let request = UploadRequest::new(receiver.url("/up"), &path, "file").field("key", "value");
    // What the allocator and the mailbox take once is not counted.
    for _ in 0..100 {
        engine.upload(request.clone()).abort();
    }
    let last = engine.upload(request.clone().listener(recorder.clone()));
    recorder.wait_for("queued");
    let (descriptors_before, resident_before) = (descriptors(), resident_bytes());

    let tasks: Vec<_> = (0..MANY).map(|_| engine.upload(request.clone())).collect();
    let heard = Recorder::new();
    let newest = engine.upload(request.listener(heard.clone()));
    heard.wait_for("queued");
    assert!(matches!(heard.events()[0].kind, EventKind::Queued { position } if position > MANY));
    let each = resident_bytes().saturating_sub(resident_before) / MANY;
    println!("{each} resident bytes for each of {MANY} queued uploads");
    assert_eq!(
        descriptors(),
        descriptors_before,
        "a queued upload holds no descriptor"
    );
    assert!(each <= BYTES_EACH_MAX, "{each} bytes each");

    engine.set_active_max(5);
    assert!(
        tasks
            .iter()
            .chain([&last, &newest])
            .all(|task| task.wait().status() == Some(200))
    );
    assert_eq!(receiver.stats().complete, MANY as u64 + 2);
    assert!(receiver.stats().connections <= 10, "{:?}", receiver.stats());
}
