//! What the wrappers do where they do something.
#![forbid(unsafe_code)]

mod support;

use std::io::{self, ErrorKind};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use quintet_transport::fault::{FaultConnect, FaultConnection, Script, What, Where};
use quintet_transport::memory::{self, Memory, MemoryConnect};
use quintet_transport::throttle::{LATE_BYTES_MAX, ThrottleConnect};
use quintet_transport::trace::{Happened, RECORD_BYTES_MAX, Replay, Trace, TraceConnect};
use quintet_transport::{Clock, Connect, ConnectError, ConnectErrorKind, Connection, Unwatched};
use support::{FARS, JumpingClock, OverMemory, target};

fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Connects, or waits, or fails; nothing here needs a second look.
fn connect(transport: &dyn Connect) -> Poll<Result<Box<dyn Connection>, ConnectError>> {
    transport
        .connect(&target(), &Unwatched)
        .as_mut()
        .poll(&mut noop())
}

fn connected(transport: &dyn Connect) -> Box<dyn Connection> {
    match connect(transport) {
        Poll::Ready(Ok(connection)) => connection,
        _ => panic!("not connected"),
    }
}

fn far() -> Memory {
    FARS.with_borrow_mut(|fars| fars.pop()).unwrap()
}

/// What a call came to, short enough to compare.
#[derive(Debug, PartialEq)]
enum Came {
    Bytes(usize),
    Waits,
    Failed(ErrorKind),
}

fn came(poll: Poll<io::Result<usize>>) -> Came {
    match poll {
        Poll::Pending => Came::Waits,
        Poll::Ready(Ok(bytes)) => Came::Bytes(bytes),
        Poll::Ready(Err(error)) => Came::Failed(error.kind()),
    }
}

fn write(connection: &mut dyn Connection, bytes: &[u8]) -> Came {
    came(connection.poll_write(&mut noop(), bytes))
}

fn read(connection: &mut dyn Connection, len: usize) -> (Came, Vec<u8>) {
    let mut buf = vec![0; len];
    let came = came(connection.poll_read(&mut noop(), &mut buf));
    if let Came::Bytes(bytes) = came {
        buf.truncate(bytes);
    }
    (came, buf)
}

fn faulty<const N: usize>(script: [(Where, What); N]) -> (FaultConnection<Memory>, Memory) {
    let (near, far) = memory::pair(1000);
    (FaultConnection::new(near, &Script::from(script)), far)
}

#[test]
fn a_reset_comes_at_its_byte_either_way() {
    let (mut near, mut far) = faulty([(Where::Read(3), What::Reset)]);
    write(&mut far, b"hello");
    assert_eq!(read(&mut near, 9), (Came::Bytes(3), b"hel".to_vec()));
    assert_eq!(
        read(&mut near, 9).0,
        Came::Failed(ErrorKind::ConnectionReset)
    );
    assert_eq!(
        write(&mut near, b"x"),
        Came::Failed(ErrorKind::ConnectionReset)
    );
    assert_eq!(read(&mut far, 9).0, Came::Bytes(0), "the far end is told");
    assert_eq!(near.did().len(), 1);
}

#[test]
fn at_byte_zero_a_fault_comes_first() {
    let (mut near, mut far) = faulty([(Where::Written(0), What::End)]);
    assert_eq!(read(&mut near, 1).0, Came::Bytes(0));
    assert_eq!(write(&mut near, b"on"), Came::Bytes(2));
    assert_eq!(read(&mut far, 9).1, b"on");
}

#[test]
fn a_stall_is_one_way_and_a_cut_both() {
    let (mut near, mut far) = faulty([(Where::Written(2), What::StallWrites)]);
    write(&mut far, b"back");
    assert_eq!(write(&mut near, b"abc"), Came::Bytes(2));
    assert_eq!(write(&mut near, b"c"), Came::Waits);
    assert!(near.poll_close(&mut noop()).is_pending());
    assert_eq!(read(&mut near, 9).1, b"back");

    let (mut near, mut far) = faulty([(Where::Read(2), What::StallReads)]);
    write(&mut far, b"back");
    assert_eq!(read(&mut near, 9).1, b"ba");
    assert_eq!(read(&mut near, 9).0, Came::Waits);
    assert_eq!(write(&mut near, b"abc"), Came::Bytes(3));

    let (mut near, mut far) = faulty([(Where::Written(1), What::Cut)]);
    write(&mut far, b"back");
    assert_eq!(write(&mut near, b"abc"), Came::Bytes(1));
    assert_eq!(read(&mut near, 9).0, Came::Waits);
    assert_eq!(write(&mut near, b"bc"), Came::Waits);
    assert_eq!(read(&mut far, 9).1, b"a");
    assert_eq!(read(&mut far, 9).0, Came::Waits, "it is still open");
}

#[test]
fn noise_comes_before_the_peers_bytes_and_is_the_same_every_time() {
    let heard = [(); 2].map(|()| {
        let noise = What::Garbage { seed: 7, bytes: 5 };
        let (mut near, mut far) = faulty([(Where::Read(2), noise)]);
        write(&mut far, b"abcd");
        [9, 3, 9, 9].map(|len| read(&mut near, len).1)
    });
    assert_eq!(heard[0], heard[1]);
    let [before, noise, rest, after] = &heard[0];
    assert_eq!((&before[..], noise.len(), rest.len()), (&b"ab"[..], 3, 2));
    assert_eq!(after, b"cd");
}

#[test]
fn short_calls_and_a_byte_a_call_move_everything() {
    for what in [What::Short { seed: 3 }, What::Trickle] {
        let (mut near, mut far) = faulty([(Where::Written(10), what)]);
        let bytes = [7; 100];
        let mut taken = 0;
        while taken < bytes.len() {
            let Came::Bytes(more) = write(&mut near, &bytes[taken..]) else {
                panic!("{what} stops")
            };
            assert!(what != What::Trickle || taken < 10 || more == 1);
            taken += more;
        }
        assert_eq!(read(&mut far, 999).0, Came::Bytes(100));
    }
}

#[test]
fn closing_can_be_where_it_breaks() {
    let (mut near, _far) = faulty([(Where::Close, What::Reset)]);
    assert_eq!(write(&mut near, b"x"), Came::Bytes(1));
    let Poll::Ready(Err(error)) = near.poll_close(&mut noop()) else {
        panic!()
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn acknowledgements_come_late_and_never_fall() {
    let (mut near, mut far) = faulty([(Where::Written(10), What::DelayAcks(4))]);
    write(&mut near, &[0; 10]);
    read(&mut far, 6);
    assert_eq!(near.info().acked, Some(2));
    read(&mut far, 4);
    assert_eq!(near.info().acked, Some(6));
}

#[test]
fn each_connection_has_its_script_and_what_was_done_is_told() {
    let scripts = [
        Script::none(),
        Script::from([(Where::Connect, What::Refuse)]),
        Script::from([(Where::Connect, What::Cut)]),
        Script::from([(Where::Written(1), What::Reset)]),
    ];
    let transport = FaultConnect::new(OverMemory(100), scripts);
    connected(&transport);
    let Poll::Ready(Err(error)) = connect(&transport) else {
        panic!()
    };
    assert_eq!(error.kind, ConnectErrorKind::Refused);
    assert!(connect(&transport).is_pending());
    write(&mut *connected(&transport), b"ab");
    write(&mut *connected(&transport), b"ab");
    let done: Vec<_> = transport.done().iter().map(ToString::to_string).collect();
    assert_eq!(
        done,
        [
            "connection 1, while connecting: refused",
            "connection 2, while connecting: cut",
            "connection 3, after 1 bytes written: reset",
        ]
    );
}

#[test]
fn a_seed_draws_the_same_scripts() {
    for seed in 0..50 {
        assert_eq!(Script::drawn(seed), Script::drawn(seed));
    }
    let kinds: std::collections::HashSet<_> = (0..500)
        .flat_map(|seed| Script::drawn(seed).faults().to_vec())
        .map(|did| std::mem::discriminant(&did.what))
        .collect();
    assert_eq!(kinds.len(), 11, "every kind is drawn");
    let (one, other) = (
        FaultConnect::seeded(OverMemory(100), 5),
        FaultConnect::seeded(OverMemory(100), 5),
    );
    for _ in 0..50 {
        for transport in [&one, &other] {
            if let Poll::Ready(Ok(mut near)) = connect(transport) {
                for _ in 0..20 {
                    write(&mut *near, b"four");
                }
            }
        }
    }
    assert_eq!(one.done(), other.done());
    assert!(!one.done().is_empty());
}

/// A clock that only the test moves.
#[derive(Clone, Default)]
struct Still(std::sync::Arc<std::sync::atomic::AtomicU64>);

impl Still {
    fn forward(&self, millis: u64) {
        let nanos = millis * 1_000_000;
        self.0.fetch_add(nanos, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for Still {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }

    fn sleep_until(&self, at: Duration) -> quintet_transport::Sleep {
        let clock = self.clone();
        Box::pin(std::future::poll_fn(move |_| match clock.now() >= at {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }))
    }
}

/// Writes as much as goes now.
fn write_now(near: &mut dyn Connection) -> usize {
    let mut taken = 0;
    while let Came::Bytes(more) = write(near, &[0; 5000]) {
        taken += more;
    }
    taken
}

#[test]
fn a_rate_is_kept_and_caught_up_by_a_hundredth_of_a_second() {
    let clock = Still::default();
    let transport = ThrottleConnect::new(OverMemory(1 << 20), clock.clone()).up(100_000);
    let mut near = connected(&transport);
    clock.forward(1000);
    let mut taken = write_now(&mut *near);
    assert_eq!(taken, 2000, "what was not used before is mostly lost");
    for _ in 0..100 {
        clock.forward(10);
        taken += write_now(&mut *near);
    }
    assert_eq!(taken, 102_000);
}

#[test]
fn a_shared_rate_is_for_all_and_reading_has_its_own() {
    let clock = Still::default();
    let transport = ThrottleConnect::new(OverMemory(1 << 20), clock.clone())
        .shared_up(100_000)
        .down(1000);
    let (mut one, mut two) = (connected(&transport), connected(&transport));
    let mut peer = far();
    let mut taken = 0;
    for _ in 0..100 {
        clock.forward(10);
        taken += write_now(&mut *one) + write_now(&mut *two);
    }
    assert!((99_000..=102_000).contains(&taken), "{taken}");
    write(&mut peer, &[1; 100]);
    assert_eq!(read(&mut *two, 100).0, Came::Bytes(10));
    assert_eq!(read(&mut *two, 100).0, Came::Bytes(10), "caught up");
    assert_eq!(read(&mut *two, 100).0, Came::Waits);
}

#[test]
fn latency_delays_the_connect_the_bytes_and_the_end() {
    let clock = Still::default();
    let transport =
        ThrottleConnect::new(OverMemory(1 << 20), clock.clone()).latency(Duration::from_millis(50));
    let (asked, watch) = (target(), Unwatched);
    let mut connecting = transport.connect(&asked, &watch);
    assert!(connecting.as_mut().poll(&mut noop()).is_pending());
    clock.forward(50);
    let Poll::Ready(Ok(mut near)) = connecting.as_mut().poll(&mut noop()) else {
        panic!()
    };
    let mut peer = far();
    write(&mut peer, b"one");
    assert_eq!(read(&mut *near, 9).0, Came::Waits);
    clock.forward(30);
    write(&mut peer, b"two");
    drop(peer);
    assert_eq!(read(&mut *near, 9).0, Came::Waits);
    clock.forward(20);
    assert_eq!(read(&mut *near, 9).1, b"one");
    assert_eq!(read(&mut *near, 9).0, Came::Waits);
    clock.forward(30);
    assert_eq!(read(&mut *near, 9).1, b"two");
    assert_eq!(read(&mut *near, 9).0, Came::Bytes(0));
    assert_eq!(read(&mut *near, 9).0, Came::Bytes(0), "and stays");
}

#[test]
fn what_is_late_is_bounded() {
    let clock = Still::default();
    let transport =
        ThrottleConnect::new(OverMemory(1 << 20), clock.clone()).latency(Duration::from_millis(1));
    let (asked, watch) = (target(), Unwatched);
    let mut connecting = transport.connect(&asked, &watch);
    assert!(connecting.as_mut().poll(&mut noop()).is_pending());
    clock.forward(1);
    let Poll::Ready(Ok(mut near)) = connecting.as_mut().poll(&mut noop()) else {
        panic!()
    };
    let mut peer = far();
    assert_eq!(write(&mut peer, &vec![0; 1 << 20]), Came::Bytes(1 << 20));
    assert_eq!(read(&mut *near, 9).0, Came::Waits);
    assert_eq!(
        write(&mut peer, &vec![0; 1 << 20]),
        Came::Bytes(LATE_BYTES_MAX)
    );
}

const REQUEST: &str =
    "POST /up HTTP/1.1\r\nAuthorization: Bearer abc\r\nX-Key: k\r\n\r\nbody  \r\n";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nset-cookie: id=1\r\ncontent-length: 1\r\n\r\n\u{e9}";

/// One exchange over a traced connection.
fn traced() -> Trace {
    let clock = Still::default();
    let transport = TraceConnect::new(OverMemory(4096), clock.clone()).secret_headers(["x-KEY"]);
    let mut near = connected(&transport);
    let mut peer = far();
    clock.forward(12);
    write(&mut *near, REQUEST.as_bytes());
    clock.forward(1000);
    write(&mut peer, ANSWER.as_bytes());
    drop(peer);
    assert_eq!(
        read(&mut *near, 25).1,
        &ANSWER.as_bytes()[..25],
        "only the record is masked"
    );
    read(&mut *near, 999);
    read(&mut *near, 999);
    assert!(near.poll_close(&mut noop()).is_ready());
    write(&mut *near, b"late");
    let mut traces = transport.take();
    assert!(transport.take().is_empty());
    write(&mut *near, b"later");
    traces.pop().unwrap()
}

#[test]
fn a_trace_is_text_and_back_without_its_secrets() {
    let trace = traced();
    let text = trace.to_string();
    assert_eq!(
        text,
        r"quintet trace 1
target http://upload.test:80
0.012000000 > POST /up HTTP/1.1\r\n
            > Authorization: ****** ***\r\n
            > X-Key: *\r\n
            > \r\n
            > body  \r\n
1.012000000 < HTTP/1.1 200 OK\r\n
            < set-cook
1.012000000 < ie: ****\r\n
            < content-length: 1\r\n
            < \r\n
            < \xc3\xa9
1.012000000 ended
1.012000000 closed
1.012000000 failed BrokenPipe
"
    );
    assert_eq!(text.parse(), Ok(trace));
}

#[test]
fn every_byte_survives_the_text() {
    let mut trace = traced();
    let bytes: Vec<u8> = (0..=255).chain(*b"  x  \n  ").cycle().take(1000).collect();
    trace.entries[0].what = Happened::Sent(bytes);
    assert_eq!(trace.to_string().parse(), Ok(trace));
}

#[test]
fn a_broken_trace_is_refused_by_line() {
    let head = "quintet trace 1\ntarget http://a:1\n";
    for (text, line) in [
        ("", 1),
        ("quintet trace 2\n", 1),
        ("quintet trace 1\nhello\n", 2),
        (&format!("{head}0.1 > a\n"), 3),
        (&format!("{head}0.000000000 > a\n   < b\n"), 4),
        (&format!("{head}   > b\n"), 3),
        (&format!("{head}0.000000000 > a\\q\n"), 3),
        (&format!("{head}0.000000000 > a\\xé\n"), 3),
        (&format!("{head}0.000000000 failed Somehow\n"), 3),
        (&format!("{head}0.000000000 slept\n"), 3),
        (&format!("{head}\n"), 3),
    ] {
        assert_eq!(text.parse::<Trace>().unwrap_err().line, line, "{text}");
    }
}

#[test]
fn a_replay_says_what_was_said_once_as_much_was_written() {
    let transport = Replay::new([traced()]);
    let mut near = connected(&transport);
    assert_eq!(write(&mut *near, &[0; 10]), Came::Bytes(10));
    assert_eq!(read(&mut *near, 9).0, Came::Waits);
    write(&mut *near, &vec![0; REQUEST.len() - 10]);
    let (came, bytes) = read(&mut *near, 20);
    assert_eq!(
        (came, &bytes[..]),
        (Came::Bytes(20), &ANSWER.as_bytes()[..20])
    );
    read(&mut *near, 5);
    assert!(read(&mut *near, 999).1.ends_with("\u{e9}".as_bytes()));
    assert_eq!(read(&mut *near, 9).0, Came::Bytes(0));
    let Poll::Ready(Err(error)) = connect(&transport) else {
        panic!()
    };
    assert_eq!(error.kind, ConnectErrorKind::Refused);
}

#[test]
fn what_is_recorded_is_bounded() {
    let transport = TraceConnect::new(OverMemory(32 << 20), JumpingClock::default());
    let mut near = connected(&transport);
    let half = vec![0; RECORD_BYTES_MAX / 2];
    for _ in 0..3 {
        assert_eq!(write(&mut *near, &half), Came::Bytes(half.len()));
    }
    let trace = transport.take().pop().unwrap();
    assert_eq!(trace.entries.len(), 2);
    assert_eq!(trace.entries[1].what, Happened::LeftOut);
}

#[test]
fn a_peer_of_this_program_runs_inside_its_connection() {
    let transport = MemoryConnect::new(4, |_, mut far: Memory| async move {
        let mut buf = [0; 3];
        loop {
            let read = std::future::poll_fn(|cx| far.poll_read(cx, &mut buf)).await;
            let Ok(read @ 1..) = read else { return };
            let mut rest = &buf[..read];
            while !rest.is_empty() {
                let taken = std::future::poll_fn(|cx| far.poll_write(cx, rest)).await;
                rest = &rest[taken.unwrap()..];
            }
        }
    });
    let mut near = connected(&transport);
    let (mut sent, mut heard) = (0, Vec::new());
    let bytes: Vec<u8> = (0..100).collect();
    while heard.len() < bytes.len() {
        if let Came::Bytes(taken) = write(&mut *near, &bytes[sent..]) {
            sent += taken;
        }
        heard.extend(match read(&mut *near, 9) {
            (Came::Bytes(_), bytes) => bytes,
            _ => Vec::new(),
        });
    }
    assert_eq!(heard, bytes);
    assert!(near.poll_close(&mut noop()).is_ready());
    assert_eq!(read(&mut *near, 9).0, Came::Bytes(0), "the peer is done");
}
