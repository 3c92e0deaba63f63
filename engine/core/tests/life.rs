//! What is done to an engine as a whole, and what is done after a success.
#![forbid(unsafe_code)]

mod support;

use std::path::PathBuf;
use std::sync::mpsc;

use quintet::{
    Engine, ErrorKind, EventKind, LocalFiles, Settings, SuspendActive, UploadRequest, UploadState,
    UploadTask,
};
use quintet_tcp::TcpConnect;
use support::turnstile::Turnstile;
use support::*;

/// An engine with one slot, which `/first` has at the peer, and one that waits.
struct Bench {
    engine: Engine,
    peer: Turnstile,
    first: UploadTask,
    second: UploadTask,
    path: PathBuf,
    _files: Files,
}

impl Bench {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let engine = engine_with(settings(|settings| {
            settings.active_max = 1;
            change(settings);
        }));
        let (files, peer) = (Files::new(), Turnstile::new());
        let path = files.file("a", 100);
        let [first, second] = ["/first", "/second"]
            .map(|target| engine.upload(UploadRequest::new(peer.url(target), &path, "file")));
        assert_eq!(peer.arrival(), "/first");
        Self {
            engine,
            peer,
            first,
            second,
            path,
            _files: files,
        }
    }

    fn upload(&self, target: &str) -> UploadTask {
        let url = self.peer.url(target);
        self.engine
            .upload(UploadRequest::new(url, &self.path, "file"))
    }
}

#[test]
fn suspended_the_active_pause_and_nobody_is_admitted() {
    let bench = Bench::new(|_| {});
    assert!(bench.engine.suspend().wait());
    assert!(!bench.engine.suspend().wait(), "it is suspended already");
    let paused = UploadState::Active { paused: true };
    assert_eq!(bench.first.state().wait(), paused);
    let queue = bench.engine.queue().wait();
    assert!(queue.suspended && queue.waiting == [bench.second.id()]);
    bench.engine.set_active_max(5);
    let third = bench.upload("/third");
    assert_eq!(bench.engine.queue().wait().waiting.len(), 2);
    assert!(bench.engine.resume().wait());
    assert!(!bench.engine.resume().wait());
    let mut came = [bench.peer.arrival(), bench.peer.arrival()];
    came.sort_unstable();
    assert_eq!(came, ["/second", "/third"]);
    let running = UploadState::Active { paused: false };
    assert_eq!(bench.first.state().wait(), running);
    bench.peer.let_all_through();
    for task in [bench.first, bench.second, third] {
        assert_eq!(task.wait().status(), Some(200));
    }
}

#[test]
fn who_was_paused_by_its_caller_stays_so_after_a_suspension() {
    let bench = Bench::new(|_| {});
    assert!(bench.first.pause() && bench.second.pause());
    assert!(bench.engine.suspend().wait());
    assert!(bench.first.resume(), "its caller's part");
    let paused = UploadState::Active { paused: true };
    assert_eq!(bench.first.state().wait(), paused, "the engine's part");
    assert!(bench.first.pause());
    assert!(bench.engine.resume().wait());
    assert_eq!(bench.first.state().wait(), paused);
    bench.first.resume();
    bench.second.resume();
    bench.peer.let_all_through();
    assert_eq!(bench.first.wait().status(), Some(200));
    assert_eq!(bench.second.wait().status(), Some(200));
}

#[test]
fn suspended_the_active_end_as_interrupted_where_the_setting_says_so() {
    let bench = Bench::new(|settings| settings.suspend_active = SuspendActive::Interrupt);
    assert!(bench.engine.suspend().wait());
    let outcome = bench.first.wait();
    assert_eq!(outcome.kind(), Some(ErrorKind::Interrupted));
    assert_eq!(
        (outcome.errno(), outcome.err_msg().as_str()),
        (301, "uploadFile:fail interrupted")
    );
    assert_eq!(outcome.err_string(), "Network request cancelled");
    assert!(!outcome.is_aborted());
    let queue = bench.engine.queue().wait();
    assert_eq!(queue.waiting, [bench.second.id()], "it has not begun");
    assert!(bench.engine.resume().wait());
    assert_eq!(bench.peer.arrival(), "/second");
    bench.peer.let_all_through();
    assert_eq!(bench.second.wait().status(), Some(200));
}

#[test]
fn suspended_the_active_go_on_where_the_setting_says_so() {
    let bench = Bench::new(|settings| settings.suspend_active = SuspendActive::Run);
    assert!(bench.engine.suspend().wait());
    bench.peer.let_all_through();
    assert_eq!(bench.first.wait().status(), Some(200));
    let queue = bench.engine.queue().wait();
    assert_eq!((queue.active, queue.waiting.len()), (vec![], 1));
    bench.engine.resume().wait();
    assert_eq!(bench.second.wait().status(), Some(200));
}

#[test]
fn all_are_aborted_and_a_newcomer_is_not() {
    let bench = Bench::new(|settings| settings.paused_keeps_slot = false);
    let [third, fourth] = ["/third", "/fourth"].map(|target| bench.upload(target));
    // One of each kind: parked, active, waiting, waiting and paused.
    assert!(bench.first.pause() && fourth.pause());
    assert_eq!(bench.peer.arrival(), "/second");
    assert_eq!(bench.engine.abort_all().wait(), 4);
    let newcomer = bench.upload("/newcomer");
    for task in [&bench.first, &bench.second, &third, &fourth] {
        assert!(task.wait().is_aborted());
        assert!(!task.abort(), "it took effect already");
    }
    assert_eq!(bench.peer.arrival(), "/newcomer");
    bench.peer.let_all_through();
    assert_eq!(newcomer.wait().status(), Some(200));
    assert_eq!(bench.engine.abort_all().wait(), 0);
}

#[test]
fn a_shutdown_answers_everyone_wherever_they_stand() {
    let bench = Bench::new(|settings| settings.paused_keeps_slot = false);
    let [third, fourth] = ["/third", "/fourth"].map(|target| bench.upload(target));
    assert!(bench.first.pause());
    assert_eq!(bench.peer.arrival(), "/second");
    assert!(fourth.pause());
    bench.engine.set_gate(false);
    assert!(bench.first.resume(), "parked, and now it waits for a slot");
    assert!(bench.engine.suspend().wait());
    assert!(bench.engine.shutdown());
    for task in [bench.first, bench.second, third, fourth] {
        assert_eq!(task.wait().kind(), Some(ErrorKind::ShutDown));
    }
}

/// What there is to remove, and an engine whose listener is heard.
struct Disposal {
    engine: Engine,
    recorder: std::sync::Arc<Recorder>,
    files: Files,
}

impl Disposal {
    fn new(root: impl FnOnce(&Files) -> LocalFiles) -> Self {
        let (files, recorder) = (Files::new(), Recorder::new());
        let engine = Engine::builder(TcpConnect::new())
            .files(root(&files))
            .listener(recorder.clone())
            .start()
            .unwrap();
        Self {
            engine,
            recorder,
            files,
        }
    }

    /// What the engine's listener was told after the end.
    fn failure(&self) -> String {
        self.recorder.wait_for("after success failed");
        let told = self.recorder.events();
        match &told.last().expect("events").kind {
            EventKind::AfterSuccessFailed { detail } => detail.clone(),
            other => unreachable!("the failure comes last, not {other:?}"),
        }
    }
}

/// A peer that answers every request with this status.
fn answering(status: u16) -> Peer {
    Peer::start(move |mut conversation, _| {
        while !conversation.request().0.is_empty() {
            conversation.say(&format!(
                "HTTP/1.1 {status} As Asked\r\nContent-Length: 0\r\n\r\n"
            ));
        }
    })
}

#[test]
fn a_file_is_removed_after_its_success_and_no_other() {
    let disposal = Disposal::new(|_| LocalFiles::anywhere());
    let kept = disposal.files.file("kept", 10);
    for status in [500, 304] {
        let request = UploadRequest::new(answering(status).url(), &kept, "file");
        let outcome = disposal
            .engine
            .upload(request.remove_after_success())
            .wait();
        assert_eq!(outcome.status(), Some(status));
    }
    let path = disposal.files.file("a", 10);
    let request = UploadRequest::new(answering(204).url(), &path, "file");
    let outcome = disposal
        .engine
        .upload(request.remove_after_success())
        .wait();
    assert_eq!(outcome.status(), Some(204));
    until("the file is gone", || !path.exists());
    assert!(kept.exists());
    assert!(!disposal.recorder.names().contains(&"after success failed"));
}

#[test]
fn beneath_a_directory_it_is_removed_there() {
    let disposal = Disposal::new(|files| LocalFiles::beneath(files.path("")));
    std::fs::create_dir(disposal.files.path("in")).unwrap();
    let path = disposal.files.file("in/a", 10);
    let request = UploadRequest::new(answering(200).url(), "in/a", "file");
    let outcome = disposal
        .engine
        .upload(request.remove_after_success())
        .wait();
    assert_eq!(outcome.status(), Some(200));
    until("the file is gone", || !path.exists());
}

#[test]
fn a_file_that_is_another_by_then_stays_and_the_outcome_stands() {
    let disposal = Disposal::new(|_| LocalFiles::anywhere());
    let path = disposal.files.file("a", 10);
    let (recorder, other) = (Recorder::new(), path.clone());
    // Told before it is removed: here another file takes its place.
    let replaces = move |event: &quintet::Event| {
        if matches!(event.kind, EventKind::Done(_)) {
            std::fs::write(&other, "another one").unwrap();
        }
    };
    let request = UploadRequest::new(answering(200).url(), &path, "file")
        .listener(recorder.clone())
        .listener(std::sync::Arc::new(replaces))
        .remove_after_success();
    let outcome = disposal.engine.upload(request).wait();
    let detail = disposal.failure();
    assert!(detail.contains("not the one that was sent"), "{detail}");
    assert_eq!(outcome.status(), Some(200));
    assert!(path.exists());
    recorder.check();
}

#[test]
fn the_host_disposes_of_a_file_in_its_own_way_and_what_fails_is_told() {
    let disposal = Disposal::new(|_| LocalFiles::anywhere());
    let path = disposal.files.file("a", 10);
    let (called, call) = mpsc::channel();
    let request = UploadRequest::new(answering(201).url(), &path, "file").after_success(
        move |path, outcome| {
            called.send((path.to_owned(), outcome.status())).unwrap();
            Err(std::io::Error::other("the archive is full"))
        },
    );
    let outcome = disposal.engine.upload(request).wait();
    assert_eq!(call.recv_timeout(PATIENCE).unwrap(), (path, Some(201)));
    assert_eq!(disposal.failure(), "the archive is full");
    assert_eq!(outcome.status(), Some(201));
}
