//! Shutdown, dropped handles, panics, and programs that run actix: a result always comes.
#![forbid(unsafe_code)]

mod support;

use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{self, Poll, Wake, Waker};

use actix::prelude::*;
use quintet::{
    Engine, ErrorKind, Event, EventKind, EventStream, Phase, Shutdown, UploadRequest, UploadTask,
    event_stream, to_recipient,
};
use quintet_receiver::Receiver;
use quintet_tcp::TcpConnect;
use quintet_transport::{Connect, ConnectFuture, Target, Watch};
use support::*;

fn silent_peer() -> Peer {
    Peer::start(|mut conversation, _| {
        conversation.drain();
    })
}

#[test]
fn a_shutdown_ends_queued_and_active_uploads() {
    let peer = silent_peer();
    let files = Files::new();
    let path = files.file("a", 1 << 20);
    let engine = engine_with(settings(|settings| settings.active_max = 2));
    let recorders: Vec<_> = (0..6)
        .map(|_| {
            let (request, recorder) = recorded(&peer.url(), &path);
            (engine.upload(request), recorder)
        })
        .collect();
    recorders[1].1.wait_for("body sent");
    assert!(engine.shutdown(), "it ends within its time");
    for (task, recorder) in &recorders {
        let outcome = task.outcome().expect("over when the engine is");
        assert_eq!(
            (outcome.kind(), outcome.errno()),
            (Some(ErrorKind::ShutDown), 301)
        );
        recorder.check();
    }
    assert_eq!(recorders[5].0.wait().phase, Phase::Queue);
    let late = engine
        .upload(UploadRequest::new(peer.url(), &path, "file"))
        .wait();
    assert_eq!(late.kind(), Some(ErrorKind::ShutDown));
    assert!(engine.shutdown(), "twice is the same");
}

#[test]
fn the_engine_lives_as_long_as_a_task_of_it() {
    let receiver = Receiver::start(quintet_receiver::Settings::default()).expect("a port");
    let files = Files::new();
    let task = engine().upload(UploadRequest::new(
        receiver.url("/up"),
        files.file("a", 10),
        "f",
    ));
    assert_eq!(task.wait().status(), Some(200));
}

#[test]
fn with_the_last_handle_the_engine_ends_and_listeners_are_told() {
    let peer = silent_peer();
    let files = Files::new();
    let (request, recorder) = recorded(&peer.url(), &files.file("a", 10));
    drop(engine().upload(request));
    recorder.wait_for("done");
    recorder.check();
}

#[test]
fn a_listener_that_panics_harms_nobody() {
    let receiver = Receiver::start(quintet_receiver::Settings::default()).expect("a port");
    let files = Files::new();
    let (request, recorder) = recorded(&receiver.url("/up"), &files.file("a", 10));
    let request = request.listener(Arc::new(|_: &Event| panic!("a listener's own defect")));
    assert_eq!(engine().upload(request).wait().status(), Some(200));
    recorder.check();
}

/// Panics on the first call, connects on the others.
struct Defective(std::sync::atomic::AtomicBool, TcpConnect);

impl Connect for Defective {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        assert!(
            self.0.swap(true, std::sync::atomic::Ordering::SeqCst),
            "a transport's defect"
        );
        self.1.connect(target, watch)
    }
}

#[test]
fn a_panic_ends_its_upload_alone_and_frees_the_slot() {
    let receiver = Receiver::start(quintet_receiver::Settings::default()).expect("a port");
    let files = Files::new();
    let path = files.file("a", 10);
    let transport = Defective(Default::default(), TcpConnect::new());
    let one = settings(|settings| settings.active_max = 1);
    let engine = Engine::builder(transport).settings(one).start().unwrap();
    let (request, recorder) = recorded(&receiver.url("/up"), &path);
    let broken = engine.upload(request);
    let next = engine.upload(UploadRequest::new(receiver.url("/up"), &path, "file"));
    let outcome = broken.wait();
    assert_eq!(
        (outcome.kind(), outcome.errno()),
        (Some(ErrorKind::Internal), 304)
    );
    recorder.check();
    assert_eq!(next.wait().status(), Some(200));
}

#[test]
fn events_come_as_a_stream_and_the_task_is_a_future() {
    let receiver = Receiver::start(quintet_receiver::Settings::default()).expect("a port");
    let files = Files::new();
    let path = files.file("a", 3 << 20);
    System::new().block_on(async {
        let engine = engine();
        let (listener, mut events) = event_stream();
        let request = UploadRequest::new(receiver.url("/up"), path, "file").listener(listener);
        let mut task = engine.upload(request);
        let mut names = Vec::new();
        while let Some(event) = events.next().await {
            names.push(name(&event.kind));
        }
        names.dedup();
        assert_eq!(
            names,
            [
                "admitted",
                "started",
                "resolved",
                "connected",
                "head sent",
                "progress",
                "body sent",
                "headers received",
                "done"
            ]
        );
        assert_eq!((&mut task).await.status(), Some(200));
        assert_eq!(task.outcome().unwrap().status(), Some(200));
        assert!(
            task.events().next().await.is_none(),
            "after the end there are none"
        );
    });
}

/// Hears the events of a task, and whenever it is woken, in the midst of their telling, asks for events anew.
struct Asking {
    task: UploadTask,
    heard: Mutex<EventStream>,
    asked: Mutex<Vec<EventStream>>,
}

impl Asking {
    fn listen(self: &Arc<Self>) {
        let waker = Waker::from(self.clone());
        let mut heard = self.heard.lock().unwrap();
        while let Poll::Ready(Some(_)) = next(&mut heard, &waker) {}
    }
}

impl Wake for Asking {
    fn wake(self: Arc<Self>) {
        self.asked.lock().unwrap().push(self.task.events());
        self.listen();
    }
}

fn next(stream: &mut EventStream, waker: &Waker) -> Poll<Option<Event>> {
    pin!(stream.next()).poll(&mut task::Context::from_waker(waker))
}

#[test]
fn events_that_are_asked_for_while_the_end_is_told_end_too() {
    let (answer, wait) = gate();
    let peer = Peer::start(move |mut conversation, _| {
        conversation.request();
        pass(&wait);
        conversation.say(OK);
    });
    let files = Files::new();
    let path = files.file("a", 10);
    let task = engine().upload(UploadRequest::new(peer.url(), path, "file"));
    let asking = Arc::new(Asking {
        heard: Mutex::new(task.events()),
        task,
        asked: Mutex::default(),
    });
    asking.listen();
    answer.send(()).expect("the peer waits");
    assert_eq!(asking.task.wait().status(), Some(200));
    let mut asked = asking.asked.lock().unwrap();
    assert!(!asked.is_empty());
    for stream in asked.iter_mut() {
        let mut last = None;
        loop {
            match next(stream, Waker::noop()) {
                Poll::Ready(Some(event)) => last = Some(event.kind),
                Poll::Ready(None) => break,
                Poll::Pending => panic!("it would be waited for in vain, after {last:?}"),
            }
        }
        assert!(matches!(last, Some(EventKind::Done(_))), "{last:?}");
    }
}

struct Collector(mpsc::Sender<Event>);

impl Actor for Collector {
    type Context = Context<Self>;
}

impl Handler<Event> for Collector {
    type Result = ();

    fn handle(&mut self, event: Event, _: &mut Self::Context) {
        let _ = self.0.send(event);
    }
}

#[test]
fn inside_actix_requests_and_events_are_messages() {
    let receiver = Receiver::start(quintet_receiver::Settings::default()).expect("a port");
    let peer = silent_peer();
    let files = Files::new();
    let path = files.file("a", 10);
    System::new().block_on(async {
        let engine = builder().start_in_current_system();
        let (send, events) = mpsc::channel();
        let collector = Collector(send).start();
        let request = UploadRequest::new(receiver.url("/up"), &path, "file")
            .listener(to_recipient(collector.recipient()));
        let task = engine.scheduler().send(request).await.unwrap();
        assert_eq!(task.await.status(), Some(200));
        actix::clock::sleep(std::time::Duration::from_millis(20)).await;
        let last = events.try_iter().last().unwrap();
        assert!(matches!(last.kind, EventKind::Done(_)));
        assert!(
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                engine.upload(UploadRequest::new("", "", "")).wait()
            }))
            .is_err()
        );
        let request = UploadRequest::new(peer.url(), &path, "file");
        let open = engine.scheduler().send(request).await.unwrap();
        engine.scheduler().send(Shutdown).await.unwrap();
        assert_eq!(open.await.kind(), Some(ErrorKind::ShutDown));
    });
}

#[test]
fn a_refused_call_is_told_after_the_call_with_its_trace() {
    let engine = engine();
    for (request, parameter) in [
        (UploadRequest::new("", "a", "f"), "url"),
        (UploadRequest::new("ftp://h/", "a", "f"), "url"),
        (UploadRequest::new("http://h/", "", "f"), "filePath"),
        (UploadRequest::new("http://h/", "a", ""), "name"),
        (
            UploadRequest::new("http://h/", "a", "f").header("a b", "c"),
            "header",
        ),
        (
            UploadRequest::new("http://h/", "a", "f").field("", "c"),
            "formData",
        ),
    ] {
        let recorder = Recorder::new();
        let task = engine.upload(request.listener(recorder.clone()));
        let outcome = task.wait();
        let expected = format!("uploadFile:fail invalid parameter: {parameter} ");
        assert!(
            outcome.err_msg().starts_with(&expected),
            "{}",
            outcome.err_msg()
        );
        assert_eq!(
            (outcome.errno(), outcome.err_string()),
            (104, "invalid parameter")
        );
        assert_eq!(&outcome.trace, task.trace());
        assert_eq!(outcome.trace.as_str().len(), 53);
        assert_eq!(recorder.names(), ["done"]);
    }
}

#[test]
fn an_engine_that_goes_with_its_threads_variables_ends_its_uploads() {
    thread_local!(static KEPT: std::cell::RefCell<Option<Engine>> = const { std::cell::RefCell::new(None) });
    let (told, heard) = std::sync::mpsc::channel();
    let files = Files::new();
    let path = files.file("a", 10);
    let thread = std::thread::spawn(move || {
        let peer = silent_peer();
        // Used before the engine is, and so destroyed after what that uses of this thread.
        KEPT.with(|kept| kept.replace(None));
        let engine = engine();
        let listener = Arc::new(move |event: &Event| {
            if let quintet::EventKind::Done(outcome) = &event.kind {
                let _ = told.send(outcome.kind());
            }
        });
        let request = UploadRequest::new(peer.url(), path, "file");
        drop(engine.upload(request.listener(listener)));
        KEPT.with(|kept| kept.replace(Some(engine)));
    });
    thread.join().expect("no panic");
    let kind = heard.recv_timeout(PATIENCE).expect("it ends");
    assert_eq!(kind, Some(ErrorKind::ShutDown));
}
