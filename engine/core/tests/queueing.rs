//! Whose turn it is: priorities, caps of hosts, pauses, gates, and what the queue tells of itself.
#![forbid(unsafe_code)]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use quintet::{
    Engine, ErrorKind, Event, EventKind, LABEL_BYTES_MAX, Settings, TAGS_MAX, UploadRequest,
    UploadState, UploadTask,
};
use quintet_tcp::TcpConnect;
use support::turnstile::Turnstile;
use support::*;

/// An engine, a peer and a file.
struct Bench {
    engine: Engine,
    peer: Turnstile,
    path: PathBuf,
    _files: Files,
}

impl Bench {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        Self::over(engine_with(settings(change)))
    }

    fn over(engine: Engine) -> Self {
        let files = Files::new();
        Self {
            engine,
            peer: Turnstile::new(),
            path: files.file("a", 100),
            _files: files,
        }
    }

    /// With one slot, which `/first` has, at the peer.
    fn busy(change: impl FnOnce(&mut Settings)) -> Self {
        let bench = Self::new(|settings| {
            settings.active_max = 1;
            change(settings);
        });
        drop(bench.upload("/first"));
        assert_eq!(bench.peer.arrival(), "/first");
        bench
    }

    fn request(&self, target: &str) -> UploadRequest {
        UploadRequest::new(self.peer.url(target), &self.path, "file")
    }

    fn upload(&self, target: &str) -> UploadTask {
        self.engine.upload(self.request(target))
    }

    fn waiting(&self) -> Vec<quintet::UploadId> {
        self.engine.queue().wait().waiting
    }

    /// Lets one through and tells who comes in its place.
    fn then(&self, target: &str) -> String {
        self.peer.let_through(target);
        self.peer.arrival()
    }
}

fn ids<'a>(tasks: impl IntoIterator<Item = &'a UploadTask>) -> Vec<quintet::UploadId> {
    tasks.into_iter().map(UploadTask::id).collect()
}

#[test]
fn higher_priorities_go_first_and_each_in_order() {
    let bench = Bench::busy(|_| {});
    let asked = [
        ("/0a", 0, 0),
        ("/5a", 5, 0),
        ("/-3", -3, 2),
        ("/5b", 5, 1),
        ("/0b", 0, 3),
        ("/127", 127, 0),
        ("/-128", -128, 6),
    ];
    let tasks = asked.map(|(target, priority, position)| {
        let recorder = Recorder::new();
        let request = bench.request(target).priority(priority);
        let task = bench.engine.upload(request.listener(recorder.clone()));
        recorder.wait_for("queued");
        let told = recorder.events();
        assert!(
            matches!(told[0].kind, EventKind::Queued { position: at } if at == position),
            "{target}: {told:?}"
        );
        task
    });
    let order = [5, 1, 3, 0, 4, 2, 6];
    let waiting = bench.waiting();
    assert_eq!(waiting, ids(order.map(|at| &tasks[at])));
    let states: Vec<_> = tasks.iter().map(|task| task.state().wait()).collect();
    let positions = [3, 1, 5, 2, 4, 0, 6];
    let expected = positions.map(|position| UploadState::Queued {
        position,
        paused: false,
    });
    assert_eq!(states, expected);
    let mut last = "/first";
    for at in order {
        assert_eq!(bench.then(last), asked[at].0);
        last = asked[at].0;
    }
    bench.peer.let_through(last);
    assert!(tasks.iter().all(|task| task.wait().status() == Some(200)));
}

#[test]
fn a_priority_may_change_while_it_waits() {
    let bench = Bench::busy(|_| {});
    let [a, b, c] = ["/a", "/b", "/c"].map(|target| bench.upload(target));
    c.set_priority(1);
    a.set_priority(-1);
    assert_eq!(bench.waiting(), ids([&c, &b, &a]));
    c.set_priority(0);
    a.set_priority(0);
    assert_eq!(bench.waiting(), ids([&a, &b, &c]), "the order of the calls");
    b.set_priority(7);
    assert_eq!(bench.then("/first"), "/b");
    assert_eq!(b.state().wait(), UploadState::Active { paused: false });
    assert_eq!(bench.then("/b"), "/a");
    assert_eq!(bench.then("/a"), "/c");
    bench.peer.let_through("/c");
    c.wait();
    c.set_priority(3);
    assert_eq!(c.state().wait(), UploadState::Ended);
}

#[test]
fn a_busy_host_lets_others_pass_and_its_uploads_keep_their_places() {
    let bench = Bench::new(|settings| settings.active_per_host_max = Some(1));
    let other = Turnstile::new();
    let mut tasks = Vec::from(["/1", "/2", "/3"].map(|target| bench.upload(target)));
    let elsewhere = UploadRequest::new(other.url("/else"), &bench.path, "file");
    let elsewhere = bench.engine.upload(elsewhere);
    assert_eq!(other.arrival(), "/else");
    assert_eq!(bench.peer.arrival(), "/1");
    assert_eq!(bench.waiting(), ids([&tasks[1], &tasks[2]]));
    tasks.push(bench.engine.upload(bench.request("/urgent").priority(1)));
    assert_eq!(bench.waiting()[0], tasks[3].id());
    assert_eq!(bench.then("/1"), "/urgent");
    assert_eq!(bench.then("/urgent"), "/2");
    assert_eq!(bench.peer.arrived(), [""; 0], "one at a time");
    bench.engine.set_active_per_host_max(Some(2));
    assert_eq!(bench.peer.arrival(), "/3");
    bench.peer.let_all_through();
    other.let_all_through();
    tasks.push(elsewhere);
    assert!(tasks.iter().all(|task| task.wait().status() == Some(200)));
}

#[test]
fn a_cap_of_hosts_that_is_set_later_counts_who_is_active_already() {
    let bench = Bench::new(|settings| settings.active_max = 3);
    let tasks = ["/1", "/2", "/3", "/4", "/5", "/6"].map(|target| bench.upload(target));
    (0..3).for_each(|_| drop(bench.peer.arrival()));
    bench.engine.set_active_per_host_max(Some(2));
    bench.peer.let_through("/1");
    tasks[0].wait();
    let queue = bench.engine.queue().wait();
    assert_eq!(queue.active, ids(&tasks[1..3]), "two are left, none came");
    assert_eq!(queue.waiting, ids(&tasks[3..]));
    assert_eq!(bench.then("/2"), "/4");
    bench.engine.set_active_per_host_max(None);
    assert_eq!(bench.peer.arrival(), "/5");
    bench.engine.set_active_max(4);
    assert_eq!(bench.peer.arrival(), "/6");
    bench.peer.let_all_through();
    assert!(tasks.iter().all(|task| task.wait().status() == Some(200)));
}

#[test]
fn a_paused_one_keeps_its_place_and_is_passed_over() {
    let bench = Bench::busy(|_| {});
    let (request, recorder) = recorded(&bench.peer.url("/a"), &bench.path);
    let a = bench.engine.upload(request);
    let [b, c] = ["/b", "/c"].map(|target| bench.upload(target));
    assert!(a.pause() && !a.pause());
    let paused = UploadState::Queued {
        position: 0,
        paused: true,
    };
    assert_eq!(a.state().wait(), paused);
    assert_eq!(bench.waiting(), ids([&a, &b, &c]));
    assert_eq!(bench.then("/first"), "/b");
    assert!(a.resume() && !a.resume());
    assert_eq!(bench.waiting(), ids([&a, &c]));
    assert_eq!(bench.then("/b"), "/a");
    assert_eq!(bench.then("/a"), "/c");
    a.wait();
    assert_eq!(
        recorder.names()[..4],
        ["queued", "paused", "resumed", "admitted"]
    );
    recorder.check();
    assert!(!a.pause(), "it is over");
    bench.peer.let_through("/c");
    c.wait();
}

#[test]
fn all_are_paused_and_resumed_at_once_and_a_newcomer_is_not() {
    let bench = Bench::busy(|_| {});
    let [a, b] = ["/a", "/b"].map(|target| bench.upload(target));
    assert!(a.pause());
    assert_eq!(bench.engine.pause_all().wait(), 2, "one was so already");
    let c = bench.upload("/c");
    // The active one has its whole body sent and is answered all the same.
    assert_eq!(bench.then("/first"), "/c");
    assert_eq!(bench.waiting(), ids([&a, &b]));
    assert_eq!(bench.engine.resume_all().wait(), 2);
    assert_eq!(bench.then("/c"), "/a");
    assert_eq!(bench.then("/a"), "/b");
    bench.peer.let_through("/b");
    assert!(
        [a, b, c]
            .iter()
            .all(|task| task.wait().status() == Some(200))
    );
}

#[test]
fn one_that_gives_its_slot_away_waits_for_the_next_ahead_of_all() {
    let bench = Bench::busy(|settings| settings.paused_keeps_slot = false);
    let (request, recorder) = recorded(&bench.peer.url("/a"), &bench.path);
    let a = bench.engine.upload(request);
    assert_eq!(bench.then("/first"), "/a");
    let urgent = bench.engine.upload(bench.request("/urgent").priority(9));
    let b = bench.upload("/b");
    assert!(a.pause());
    assert_eq!(
        bench.peer.arrival(),
        "/urgent",
        "it has the slot of the paused one"
    );
    assert_eq!(a.state().wait(), UploadState::Parked);
    let later = bench.engine.upload(bench.request("/later").priority(9));
    let queue = bench.engine.queue().wait();
    assert_eq!((queue.active, queue.parked), (ids([&urgent]), ids([&a])));
    assert_eq!(queue.waiting, ids([&later, &b]));
    assert!(a.resume());
    assert_eq!(bench.waiting(), ids([&a, &later, &b]));
    assert!(a.pause());
    assert_eq!(
        bench.then("/urgent"),
        "/later",
        "paused again, it is passed over"
    );
    assert!(a.resume());
    bench.peer.let_through("/later");
    recorder.wait_for("resumed");
    assert_eq!(bench.waiting(), ids([&b]));
    assert_eq!(a.state().wait(), UploadState::Active { paused: false });
    bench.peer.let_all_through();
    assert!(
        [a, b, urgent, later]
            .iter()
            .all(|task| task.wait().status() == Some(200))
    );
    recorder.check();
    let pauses = recorder.names();
    let pauses = pauses
        .iter()
        .filter(|name| ["paused", "resumed"].contains(*name));
    assert_eq!(pauses.count(), 2, "told once: {:?}", recorder.names());
}

#[test]
fn one_without_its_slot_is_aborted_like_any_other() {
    let bench = Bench::busy(|settings| settings.paused_keeps_slot = false);
    let [a, b] = ["/a", "/b"].map(|target| bench.upload(target));
    assert_eq!(bench.then("/first"), "/a");
    assert!(a.pause());
    assert_eq!(bench.peer.arrival(), "/b");
    let c = bench.upload("/c");
    assert!(a.abort());
    assert!(a.wait().is_aborted());
    assert!(b.pause());
    assert_eq!(bench.peer.arrival(), "/c");
    assert!(b.resume());
    assert_eq!(bench.waiting(), ids([&b]));
    assert!(b.abort());
    assert!(b.wait().is_aborted());
    let queue = bench.engine.queue().wait();
    assert_eq!((queue.active, queue.waiting), (ids([&c]), vec![]));
    bench.peer.let_all_through();
    assert_eq!(c.wait().status(), Some(200));
}

#[test]
fn uploads_are_found_by_their_callers_names() {
    let bench = Bench::busy(|_| {});
    let request = |target| bench.request(target).tag("album").tag("").caller_id("");
    let a = bench.engine.upload(request("/a").caller_id("a").tag("x"));
    let b = bench.engine.upload(request("/b").tag("album"));
    let c = bench
        .engine
        .upload(bench.request("/c").caller_id("c").tag("other"));
    let engine = &bench.engine;
    let found = engine.find("c").wait().expect("it waits");
    assert_eq!((found.id, found.caller_id.as_deref()), (c.id(), Some("c")));
    let third = UploadState::Queued {
        position: 2,
        paused: false,
    };
    assert_eq!(found.state, third);
    let album = engine.tagged("album").wait();
    assert_eq!(
        album.iter().map(|status| status.id).collect::<Vec<_>>(),
        ids([&a, &b])
    );
    assert_eq!(album[1].caller_id, None);
    assert_eq!(engine.find("").wait(), None, "an empty id is none");
    assert_eq!(engine.tagged("").wait(), []);

    let twice = engine.upload(request("/twice").caller_id("a")).wait();
    assert_eq!(
        (twice.errno(), twice.kind()),
        (104, Some(ErrorKind::InvalidParameter))
    );
    assert!(
        twice
            .err_msg()
            .starts_with("uploadFile:fail invalid parameter: callerId")
    );

    assert_eq!(engine.abort_tagged("album").wait(), 2);
    assert!(a.wait().is_aborted() && b.wait().is_aborted());
    assert_eq!(engine.abort_tagged("album").wait(), 0);
    assert_eq!(engine.tagged("x").wait(), []);
    assert_eq!(bench.then("/first"), "/c");
    let state = engine.find("c").wait().expect("it is active").state;
    assert_eq!(state, UploadState::Active { paused: false });
    bench.peer.let_through("/c");
    c.wait();
    assert_eq!(engine.find("c").wait(), None);
}

#[test]
fn an_id_is_free_again_when_the_end_is_told() {
    let bench = Bench::new(|_| {});
    bench.peer.let_all_through();
    let (again, engine) = (bench.request("/2").caller_id("one"), bench.engine.clone());
    let (told, second) = std::sync::mpsc::channel();
    let listener = Arc::new(move |event: &Event| {
        if matches!(event.kind, EventKind::Done(_)) {
            told.send(engine.upload(again.clone())).unwrap();
        }
    });
    let first = bench.request("/1").caller_id("one").listener(listener);
    bench.engine.upload(first).wait();
    let second = second.recv_timeout(PATIENCE).unwrap();
    assert_eq!(second.wait().status(), Some(200));
}

#[test]
fn names_have_bounds() {
    let bench = Bench::new(|_| {});
    let long = "x".repeat(LABEL_BYTES_MAX + 1);
    let many = (0..=TAGS_MAX).fold(bench.request("/"), |request, at| {
        request.tag(at.to_string())
    });
    let wrong = [
        (bench.request("/").caller_id(long.as_str()), "callerId"),
        (bench.request("/").tag(long.as_str()), "tag"),
        (many, "tag"),
    ];
    for (request, parameter) in wrong {
        let outcome = bench.engine.upload(request).wait();
        let expected = format!("uploadFile:fail invalid parameter: {parameter} ");
        assert!(outcome.err_msg().starts_with(&expected), "{outcome:?}");
    }
    assert_eq!(
        bench.engine.tagged(long).wait(),
        [],
        "nothing is left of it"
    );
}

#[test]
fn a_shut_gate_parks_and_fails_nobody() {
    let bench = Bench::new(|settings| settings.active_max = 2);
    let first = bench.upload("/first");
    assert_eq!(bench.peer.arrival(), "/first");
    bench.engine.set_gate(false);
    let (request, recorder) = recorded(&bench.peer.url("/a"), &bench.path);
    let a = bench.engine.upload(request);
    recorder.wait_for("queued");
    bench.peer.let_through("/first");
    assert_eq!(first.wait().status(), Some(200), "what runs is not touched");
    let queue = bench.engine.queue().wait();
    assert_eq!(
        (queue.gate_open, queue.active, queue.waiting),
        (false, vec![], ids([&a]))
    );
    bench.engine.set_gate(true);
    assert_eq!(bench.peer.arrival(), "/a");
    bench.peer.let_through("/a");
    assert_eq!(a.wait().status(), Some(200));
}

#[test]
fn the_hosts_gate_is_asked_before_each_admission() {
    let (permits, asked) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let (answer, count) = (permits.clone(), asked.clone());
    let engine = Engine::builder(TcpConnect::new())
        .gate(move || {
            count.fetch_add(1, Ordering::SeqCst);
            answer.load(Ordering::SeqCst)
        })
        .start()
        .unwrap();
    let bench = Bench::over(engine);
    let tasks = ["/a", "/b"].map(|target| bench.upload(target));
    assert_eq!(bench.waiting(), ids(&tasks));
    let before = asked.load(Ordering::SeqCst);
    bench.engine.ask_gate();
    assert_eq!(bench.waiting(), ids(&tasks));
    assert_eq!(asked.load(Ordering::SeqCst), before + 1, "one no is enough");
    permits.store(true, Ordering::SeqCst);
    bench.engine.ask_gate();
    assert_eq!(bench.waiting(), []);
    assert_eq!(asked.load(Ordering::SeqCst), before + 3, "one yes for each");
    for target in ["/a", "/b"] {
        bench.peer.let_through(target);
    }
    assert!(tasks.iter().all(|task| task.wait().status() == Some(200)));
    permits.store(false, Ordering::SeqCst);
    let c = bench.upload("/c");
    assert_eq!(bench.waiting(), ids([&c]));
    permits.store(true, Ordering::SeqCst);
    // A call asks too, and who came before goes before.
    let d = bench.upload("/d");
    assert_eq!(bench.engine.queue().wait().active, ids([&c, &d]));
    bench.peer.let_all_through();
    assert!([c, d].iter().all(|task| task.wait().status() == Some(200)));
}

#[test]
fn an_engine_that_has_ended_has_nothing_in_it() {
    let bench = Bench::busy(|_| {});
    let waiting = bench.engine.upload(bench.request("/a").caller_id("a"));
    assert!(bench.engine.shutdown());
    assert_eq!(waiting.wait().kind(), Some(ErrorKind::ShutDown));
    assert_eq!(bench.engine.queue().wait(), quintet::Queue::default());
    assert_eq!(bench.engine.find("a").wait(), None);
    assert_eq!(bench.engine.abort_all().wait(), 0);
    assert_eq!(waiting.state().wait(), UploadState::Ended);
    assert!(!waiting.pause());
}
