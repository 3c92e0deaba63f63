//! Never more than five, first in first out, as the receiver sees it; by any order of calls: see `admission.rs`.
#![forbid(unsafe_code)]

mod support;

use std::sync::mpsc;

use quintet::{EventKind, UploadRequest};
use quintet_receiver::Receiver;
use support::*;

#[test]
fn the_sixth_starts_as_the_first_ends() {
    let (arrived, arrival) = mpsc::channel();
    let (open, wait) = gate();
    let peer = Peer::start(move |mut conversation, _| {
        while !conversation.request().0.is_empty() {
            arrived.send(()).unwrap();
            pass(&wait);
            conversation.say(OK);
        }
    });
    let files = Files::new();
    let path = files.file("a", 100);
    let engine = engine();
    let (request, recorder) = recorded(&peer.url(), &path);
    let five: Vec<_> = (0..5)
        .map(|_| engine.upload(UploadRequest::new(peer.url(), &path, "file")))
        .collect();
    let sixth = engine.upload(request);
    for _ in 0..5 {
        arrival.recv_timeout(PATIENCE).unwrap();
    }
    recorder.wait_for("queued");
    assert_eq!((peer.connections(), recorder.names()), (5, vec!["queued"]));
    open.send(()).unwrap();
    arrival
        .recv_timeout(PATIENCE)
        .expect("the sixth comes when one has gone");
    (0..5).for_each(|_| open.send(()).unwrap());
    assert_eq!(sixth.wait().status(), Some(200));
    assert!(five.iter().all(|task| task.wait().status() == Some(200)));
}

#[test]
fn the_receiver_never_sees_more_than_five_and_all_come_in_order() {
    let settings = quintet_receiver::Settings {
        delay: std::time::Duration::from_millis(3),
        ..quintet_receiver::Settings::default()
    };
    let receiver = Receiver::start(settings).expect("a port");
    let files = Files::new();
    let path = files.file("a", 5000);
    let recorder = Recorder::new();
    let engine = quintet::Engine::builder(quintet_tcp::TcpConnect::new())
        .listener(recorder.clone())
        .start()
        .unwrap();
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let url = receiver.url(&format!("/{number}"));
            engine.upload(UploadRequest::new(url, &path, "file"))
        })
        .collect();
    assert!(tasks.iter().all(|task| task.wait().status() == Some(200)));
    let stats = receiver.stats();
    assert!(stats.active_most <= 5, "{stats:?}");
    assert_eq!(stats.complete, 200);
    // Five connections race, so an arrival may be overtaken by the four beside it, never by more.
    for (at, target) in stats.arrivals.iter().enumerate() {
        let number: usize = target[1..].parse().unwrap();
        assert!(number.abs_diff(at) < 5, "number {number} arrived as {at}");
    }
    let admitted: Vec<_> = recorder
        .events()
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Admitted))
        .map(|event| event.id)
        .collect();
    assert!(
        admitted.is_sorted() && admitted.len() == 200,
        "admitted in the order of the calls"
    );
}

#[test]
fn a_slot_is_free_before_its_outcome_is_told() {
    let receiver = Receiver::start(quintet_receiver::Settings::default()).expect("a port");
    let files = Files::new();
    let path = files.file("a", 10);
    let engine = engine_with(settings(|settings| {
        settings.active_max = 1;
        settings.queue_max = 0;
    }));
    let (told, second) = mpsc::channel();
    let again = UploadRequest::new(receiver.url("/again"), &path, "file");
    let inner = engine.clone();
    let request = again
        .clone()
        .listener(std::sync::Arc::new(move |event: &quintet::Event| {
            if let EventKind::Done(_) = event.kind {
                told.send(inner.upload(again.clone())).unwrap();
            }
        }));
    assert_eq!(engine.upload(request).wait().status(), Some(200));
    let second = second.recv_timeout(PATIENCE).unwrap().wait();
    assert_eq!(
        second.status(),
        Some(200),
        "with no queue, it found the slot free: {second:?}"
    );
}

#[test]
fn a_full_queue_refuses_and_a_raised_cap_admits() {
    let (open, wait) = gate();
    let peer = Peer::start(move |mut conversation, _| {
        conversation.request();
        pass(&wait);
        conversation.say(OK);
    });
    let files = Files::new();
    let path = files.file("a", 10);
    let engine = engine_with(settings(|settings| {
        settings.active_max = 0;
        settings.queue_max = 2;
    }));
    let tasks: Vec<_> = (0..3)
        .map(|_| engine.upload(UploadRequest::new(peer.url(), &path, "file")))
        .collect();
    let full = tasks[2].wait();
    assert_eq!(
        (full.errno(), full.err_msg().as_str()),
        (102, "uploadFile:fail queue full")
    );
    assert_eq!(peer.connections(), 0);
    engine.set_active_max(2);
    until("both are under way", || peer.connections() == 2);
    (0..2).for_each(|_| open.send(()).unwrap());
    assert!(
        tasks[..2]
            .iter()
            .all(|task| task.wait().status() == Some(200))
    );
}
