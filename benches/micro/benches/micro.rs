//! Single steps of an upload, each by itself: `cargo bench -p quintet-micro`. A time says something only beside another
//! one of the same machine and minute.
#![forbid(unsafe_code)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

use divan::{Bencher, black_box};
use quintet::admission::{Admission, Ask};
use quintet::{Engine, Event, EventKind, Listener, UploadId, UploadRequest, event_stream};
use quintet_latency::Latency;
use quintet_proto::{
    Boundary, EngineName, Exchange, Form, Framing, Headers, Limits, Next, Plan, RequestHead,
};
use quintet_tcp::TcpConnect;

fn main() {
    // Many to a sample: most of them take no longer than the clock needs to be read.
    divan::Divan::from_args().sample_size(100).main();
}

fn form() -> Form {
    let mut form = Form::new();
    form.field("album", "spring").expect("a field");
    form.file("photo", "beach.jpg", "image/jpeg")
        .expect("a file part");
    form
}

fn boundary() -> Boundary {
    Boundary::from_random([7; 16])
}

#[divan::bench]
fn plan_of_a_field_and_a_file(bencher: Bencher<'_, '_>) {
    let (form, boundary) = (form(), boundary());
    bencher.bench_local(|| Plan::new(black_box(&form), &boundary, &[4096]));
}

#[divan::bench]
fn encode_head(bencher: Bencher<'_, '_>) {
    let (boundary, headers) = (boundary(), Headers::new());
    let head = RequestHead {
        method: "POST",
        target: "/upload",
        host: "example.test",
        framing: Framing::Multipart {
            boundary: &boundary,
            content_length: 4406,
        },
        engine: &[
            (EngineName::from_static("User-Agent"), "quintet"),
            (EngineName::from_static("Accept"), "*/*"),
        ],
        headers: &headers,
    };
    let mut output = Vec::with_capacity(1024);
    bencher.bench_local(|| {
        output.clear();
        black_box(&head).write_to(&mut output)
    });
}

#[divan::bench(args = [2, 4096])]
fn parse_response(bencher: Bencher<'_, '_>, body_bytes: usize) {
    let answer = format!(
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\nContent-Type: text/plain\r\n\
         Content-Length: {body_bytes}\r\nConnection: keep-alive\r\n\r\n{}",
        "a".repeat(body_bytes)
    );
    bencher.bench_local(|| {
        let mut exchange = Exchange::new(0, Limits::default());
        exchange
            .receive(black_box(answer.as_bytes()))
            .expect("a good answer");
        assert!(matches!(exchange.next(), Next::Finished(_)));
        exchange.into_response()
    });
}

/// One upload comes and one ends while a million wait.
#[divan::bench]
fn admission_with_a_million_queued(bencher: Bencher<'_, '_>) {
    const QUEUED: u64 = 1_000_000;
    let mut admission: Admission<u64, u8> = Admission::new(5, QUEUED as usize + 1);
    for number in 1..=QUEUED {
        admission.submit(UploadId::from(number), Ask::default(), number);
    }
    let (mut first, mut last) = (1, QUEUED);
    bencher.bench_local(|| {
        last += 1;
        black_box(admission.submit(UploadId::from(last), Ask::default(), last));
        black_box(admission.finish(UploadId::from(first)));
        black_box(admission.admit());
        first += 1;
    });
}

/// Cancels from the middle of a million, and one more comes.
#[divan::bench]
fn cancel_in_a_million_queued(bencher: Bencher<'_, '_>) {
    const QUEUED: u64 = 1_000_000;
    let mut admission: Admission<u64, u8> = Admission::new(5, QUEUED as usize + 1);
    for number in 1..=QUEUED {
        admission.submit(UploadId::from(number), Ask::default(), number);
    }
    let (mut middle, mut last) = (QUEUED / 2, QUEUED);
    bencher.bench_local(|| {
        last += 1;
        black_box(admission.cancel(UploadId::from(middle)));
        black_box(admission.submit(UploadId::from(last), Ask::default(), last));
        middle += 1;
    });
}

#[divan::bench]
fn histogram_record_of_an_upload(bencher: Bencher<'_, '_>) {
    let latency = Latency::new();
    let done = event(|kind| matches!(kind, EventKind::Done(_)));
    bencher.bench_local(|| latency.on_event(black_box(&done)));
}

#[divan::bench]
fn event_to_a_function(bencher: Bencher<'_, '_>) {
    let heard = Mutex::new(0_u64);
    let listener: Arc<dyn Listener> = Arc::new(move |event: &Event| {
        *heard.lock().expect("nobody panics") += u64::from(event.id);
    });
    let admitted = event(|kind| matches!(kind, EventKind::Admitted));
    bencher.bench_local(|| listener.on_event(black_box(&admitted)));
}

#[divan::bench]
fn event_to_a_stream_and_out(bencher: Bencher<'_, '_>) {
    let (listener, mut stream) = event_stream();
    let admitted = event(|kind| matches!(kind, EventKind::Admitted));
    let mut cx = Context::from_waker(Waker::noop());
    bencher.bench_local(|| {
        listener.on_event(black_box(&admitted));
        let next = std::pin::pin!(stream.next());
        match Future::poll(next, &mut cx) {
            Poll::Ready(event) => event,
            Poll::Pending => unreachable!("one was just told"),
        }
    });
}

/// One of the events of an upload that went well.
fn event(wanted: impl Fn(&EventKind) -> bool) -> Event {
    let found = EVENTS.iter().find(|event| wanted(&event.kind));
    found.expect("every upload tells it").clone()
}

static EVENTS: LazyLock<Vec<Event>> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let peer = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
            .expect("room for an answer");
        // To its end, so that nothing is reset.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let engine = Engine::start(TcpConnect::new()).expect("a thread");
    let heard: Arc<Mutex<Vec<Event>>> = Arc::default();
    let keep = heard.clone();
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let request =
        UploadRequest::new(url, manifest, "file").listener(Arc::new(move |event: &Event| {
            keep.lock().expect("nobody panics").push(event.clone());
        }));
    let outcome = engine.upload(request).wait();
    assert_eq!(outcome.status(), Some(200), "{outcome:?}");
    engine.shutdown();
    peer.join().expect("a peer that served");
    let heard = heard.lock().expect("nobody panics");
    heard.clone()
});
