//! Abort at every stage: one outcome, the slot free, the socket closed, nothing of it sent on.
#![forbid(unsafe_code)]

mod support;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use quintet::{Engine, ErrorKind, Event, EventKind, Phase, UploadRequest, UploadTask};
use quintet_tls::{TlsConnect, TlsSettings};
use quintet_transport::{Connect, ConnectFuture, Step, Target, Watch};
use support::*;

/// Aborts an upload when `ready` returns, and checks what must hold at every stage: the outcome, the events, and that
/// the next upload gets the slot.
fn abort_when(
    engine: &Engine,
    url: &str,
    path_len: usize,
    ready: impl FnOnce(&Recorder),
) -> Arc<quintet::Outcome> {
    let files = Files::new();
    let (request, recorder) = recorded(url, &files.file("a.bin", path_len));
    let task = engine.upload(request);
    ready(&recorder);
    assert!(task.abort(), "the first abort takes effect");
    assert!(!task.abort(), "the second does not");
    let outcome = task.wait();
    assert_eq!(outcome.kind(), Some(ErrorKind::Aborted), "{outcome:?}");
    assert_eq!(
        (outcome.errno(), outcome.err_msg().as_str()),
        (301, "uploadFile:fail abort")
    );
    recorder.check();
    assert!(!task.abort(), "after the end it has no effect");

    // With one slot only, the next is admitted when the aborted one's is free.
    let (request, recorder) = recorded(url, &files.file("b.bin", 1));
    let next = engine.upload(request);
    recorder.wait_for("admitted");
    next.abort();
    assert!(next.wait().is_aborted());
    outcome
}

fn one_slot() -> quintet::Settings {
    settings(|settings| settings.active_max = 1)
}

fn plain() -> Engine {
    engine_with(one_slot())
}

#[test]
fn while_queued_no_byte_is_sent_and_no_slot_used() {
    let (open, wait) = gate();
    let peer = Peer::start(move |mut conversation, _| {
        conversation.request();
        pass(&wait);
        conversation.say(OK);
        conversation.request();
        conversation.say(OK);
    });
    let files = Files::new();
    let path = files.file("a", 10);
    let engine = plain();
    let first = engine.upload(UploadRequest::new(peer.url(), &path, "file"));
    let (request, recorder) = recorded(&peer.url(), &path);
    let second = engine.upload(request);
    let third = engine.upload(UploadRequest::new(peer.url(), &path, "file"));
    recorder.wait_for("queued");
    assert!(second.abort());
    let outcome = second.wait();
    assert_eq!(
        (outcome.kind(), outcome.phase),
        (Some(ErrorKind::Aborted), Phase::Queue)
    );
    assert_eq!((outcome.may_retry, outcome.timings.admitted), (true, None));
    assert_eq!(recorder.names(), ["queued", "done"]);
    open.send(()).unwrap();
    assert_eq!(first.wait().status(), Some(200));
    assert!(
        third.wait().timings.reused,
        "the aborted one left no trace on the connection"
    );
    assert_eq!(peer.connections(), 1);
}

/// Reaches `steps` and then never ends.
struct Hanging(&'static [Step]);

impl Connect for Hanging {
    fn connect<'a>(&'a self, _: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            self.0.iter().for_each(|step| watch.reached(*step));
            std::future::pending().await
        })
    }
}

#[test]
fn while_resolving_connecting_and_securing() {
    let stages: [(&'static [Step], &str, Phase); 3] = [
        (&[], "started", Phase::Dns),
        (&[Step::Resolved], "resolved", Phase::Connect),
        (&[Step::Resolved, Step::Connected], "connected", Phase::Tls),
    ];
    for (steps, event, phase) in stages {
        let engine = Engine::builder(Hanging(steps))
            .settings(one_slot())
            .start()
            .unwrap();
        let outcome = abort_when(&engine, "https://a.test/", 10, |recorder| {
            recorder.wait_for(event)
        });
        assert_eq!((outcome.phase, outcome.may_retry), (phase, true));
    }
}

#[test]
fn in_a_real_handshake_the_socket_is_closed() {
    let (closed, is_closed) = mpsc::channel();
    let peer = Peer::start(move |mut conversation, _| {
        conversation.drain();
        closed.send(()).unwrap();
    });
    let tls = TlsConnect::new(transport(), TlsSettings::webpki_roots()).unwrap();
    let engine = Engine::builder(tls).settings(one_slot()).start().unwrap();
    let SocketAddr::V4(addr) = peer.addr else {
        unreachable!("bound to IPv4")
    };
    let url = format!("https://{addr}/");
    let outcome = abort_when(&engine, &url, 10, |recorder| recorder.wait_for("connected"));
    assert_eq!(outcome.phase, Phase::Tls);
    is_closed
        .recv_timeout(PATIENCE)
        .expect("the peer sees the end");
}

/// A peer that reads `read` bytes of the body, says `says`, and then reads on only when the test lets it.
fn stopping_peer(
    read: u64,
    says: &'static str,
) -> (
    Peer,
    mpsc::Receiver<()>,
    mpsc::Sender<()>,
    mpsc::Receiver<u64>,
) {
    let (reached, is_reached) = mpsc::channel();
    let (open, wait) = gate();
    let (rest, got) = mpsc::channel();
    let peer = Peer::start(move |mut conversation, _| {
        conversation.head();
        conversation.read(read);
        conversation.say(says);
        reached.send(()).unwrap();
        pass(&wait);
        let _ = rest.send(read + conversation.drain());
    });
    (peer, is_reached, open, got)
}

#[test]
fn in_the_body_the_receiver_sees_an_incomplete_request() {
    const BIG: usize = 64 << 20;
    let (peer, reached, open, got) = stopping_peer(1000, "");
    let engine = plain();
    let outcome = abort_when(&engine, &peer.url(), BIG, |recorder| {
        reached.recv_timeout(PATIENCE).unwrap();
        recorder.wait_for("progress");
    });
    assert_eq!((outcome.phase, outcome.may_retry), (Phase::Body, false));
    open.send(()).unwrap();
    let got = got.recv_timeout(PATIENCE).unwrap();
    assert!(got < BIG as u64, "{got}");
    assert!(
        got <= outcome.bytes_sent,
        "more arrived ({got}) than was reported ({outcome:?})"
    );
}

#[test]
fn while_waiting_and_in_the_answer() {
    for (says, phase) in [
        ("", Phase::Response),
        ("HTTP/1.1 200 OK\r\nContent-Le", Phase::ResponseHead),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
            Phase::ResponseBody,
        ),
    ] {
        let (peer, reached, open, got) = stopping_peer(100, says);
        let engine = plain();
        let outcome = abort_when(&engine, &peer.url(), 10, |recorder| {
            reached.recv_timeout(PATIENCE).unwrap();
            recorder.wait_for("body sent");
            // The bytes of the answer are on loopback; what is asserted of them holds once they were read.
            std::thread::sleep(Duration::from_millis(if says.is_empty() { 0 } else { 50 }));
        });
        assert_eq!(outcome.phase, phase, "{outcome:?}");
        open.send(()).unwrap();
        got.recv_timeout(PATIENCE).expect("the peer sees the end");
    }
}

#[test]
fn from_inside_a_progress_event() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.drain();
    });
    let files = Files::new();
    let path = files.file("big.bin", 64 << 20);
    let recorder = Recorder::new();
    let own: Arc<OnceLock<UploadTask>> = Arc::default();
    let cell = own.clone();
    let abort = Arc::new(move |event: &Event| {
        if matches!(event.kind, EventKind::Progress(_)) {
            let task = loop {
                // The first event may come before the call has returned to the test's thread.
                if let Some(task) = cell.get() {
                    break task;
                }
                std::thread::yield_now();
            };
            task.abort();
        }
    });
    let request = UploadRequest::new(peer.url(), path, "file").listener(abort);
    let task = engine().upload(request.listener(recorder.clone()));
    own.set(task).unwrap();
    let outcome = own.get().unwrap().wait();
    assert_eq!(outcome.kind(), Some(ErrorKind::Aborted), "{outcome:?}");
    recorder.check();
    let told = recorder
        .events()
        .iter()
        .filter(|event| name(&event.kind) == "progress")
        .count();
    assert_eq!(told, 1, "no progress after the abort");
}

#[test]
fn an_accepted_abort_is_never_followed_by_success() {
    let peer = Peer::start(|mut conversation, _| {
        while !conversation.request().0.is_empty() {
            conversation.say(OK);
        }
    });
    let files = Files::new();
    let path = files.file("a", 10);
    let engine = engine();
    let mut aborted = 0;
    for pause in 0..300 {
        let (request, recorder) = recorded(&peer.url(), &path);
        let task = engine.upload(request);
        (0..pause * 20).for_each(|_| std::hint::spin_loop());
        let accepted = task.abort();
        let outcome = task.wait();
        assert_eq!(outcome.is_aborted(), accepted, "{outcome:?}");
        assert_eq!(outcome.status().is_some(), !accepted);
        recorder.check();
        aborted += u32::from(accepted);
    }
    assert!(aborted > 0, "every abort came too late to show anything");
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_left_behind() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.drain();
    });
    let files = Files::new();
    let path = files.file("big.bin", 16 << 20);
    let mine = || {
        // Only what this test holds: its file and its connections.
        let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        let targets = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
        targets.filter(|target| *target == path).count()
    };
    let engine = engine();
    for _ in 0..20 {
        let (request, recorder) = recorded(&peer.url(), &path);
        let task = engine.upload(request);
        recorder.wait_for("head sent");
        task.abort();
        task.wait();
    }
    until("the file is closed", || mine() == 0);
}
