//! Rates: of one upload and of all together; even, exact, shared fairly, changed while running.
#![forbid(unsafe_code)]

#[path = "support/simulated.rs"]
mod simulated;
mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use quintet::{Engine, EventKind, Settings, UploadRequest};
use quintet_receiver::{Receiver, Tls};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};
use simulated::{Network, pass_time, simulated};
use support::*;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const MB: u64 = 1_000_000;
const URL: &str = "http://peer.test/up";

/// When each piece of a body came.
type Pieces = Vec<(Instant, u64)>;

/// A peer that keeps when the pieces of each body came.
fn timing() -> (Network, Arc<Mutex<Vec<Pieces>>>) {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let keep = bodies.clone();
    let network = Network::new(1 << 20, move |mut end, _| {
        let keep = keep.clone();
        async move {
            let head = end.head().await;
            let pieces = end.timed(content_length(&head).unwrap()).await;
            keep.lock().unwrap().push(pieces);
            end.say(OK).await;
        }
    });
    (network, bodies)
}

/// Bytes that came in this time.
fn came(pieces: &Pieces, from: Instant, until: Instant) -> u64 {
    let within = pieces.iter().filter(|(at, _)| (from..until).contains(at));
    within.map(|(_, bytes)| bytes).sum()
}

fn is_within_two_percent(got: u64, right: u64) {
    assert!(
        got.abs_diff(right) <= right / 50,
        "{got}, and {right} is right"
    );
}

#[test]
fn what_comes_in_any_two_seconds_is_the_rate_and_no_burst_is_over_a_tenth_of_a_second() {
    for rate in [20_000, MB, 30 * MB] {
        simulated(async move {
            let (network, bodies) = timing();
            let engine = network.engine(5 * rate as usize, Settings::default());
            let began = Instant::now();
            let request = UploadRequest::new(URL, "a.bin", "file").rate_max(rate);
            assert_eq!(engine.upload(request).await.status(), Some(200));
            let pieces = bodies.lock().unwrap().pop().unwrap();
            for from in (0..300).map(|hundredth| began + hundredth * SECOND / 100) {
                is_within_two_percent(came(&pieces, from, from + 2 * SECOND), 2 * rate);
                assert!(came(&pieces, from, from + Duration::from_millis(1)) <= rate / 10);
            }
        });
    }
}

#[test]
fn the_rate_of_all_is_shared_equally_by_those_who_could_go_faster() {
    simulated(async {
        let (network, bodies) = timing();
        let all = settings(|settings| settings.rate_max = 5 * MB);
        let engine = network.engine(4 * MB as usize, all);
        let began = Instant::now();
        // One is slower by its own will: the four others share what it leaves.
        let slow = UploadRequest::new(URL, "a.bin", "file").rate_max(MB / 5);
        let slow = engine.upload(slow);
        let fast: Vec<_> = (0..4)
            .map(|_| engine.upload(UploadRequest::new(URL, "a.bin", "file")))
            .collect();
        pass_time(4 * SECOND).await;
        slow.abort();
        for task in fast {
            assert_eq!(task.await.status(), Some(200));
        }
        pass_time(SECOND).await;
        let bodies = bodies.lock().unwrap();
        assert_eq!(bodies.len(), 5);
        let (from, until) = (began + SECOND, began + 3 * SECOND);
        let mut shares: Vec<_> = bodies
            .iter()
            .map(|pieces| came(pieces, from, until))
            .collect();
        shares.sort_unstable();
        is_within_two_percent(shares.iter().sum(), 10 * MB);
        is_within_two_percent(shares[0], 2 * MB / 5);
        for share in &shares[1..] {
            is_within_two_percent(*share, 12 * MB / 5);
        }
    });
}

#[test]
fn rates_change_while_the_upload_runs_and_while_it_waits() {
    simulated(async {
        let (network, bodies) = timing();
        let engine = network.engine(20 * MB as usize, Settings::default());
        let began = Instant::now();
        let request = UploadRequest::new(URL, "a.bin", "file").rate_max(1);
        let task = engine.upload(request);
        let after = |seconds: u32| began + seconds * SECOND;
        pass_time(2 * SECOND).await;
        task.set_rate_max(MB);
        pass_time(2 * SECOND).await;
        engine.set_rate_max(2 * MB);
        task.set_rate_max(0);
        pass_time(2 * SECOND).await;
        engine.set_rate_max(0);
        assert_eq!(task.await.status(), Some(200));
        assert_eq!(Instant::now(), after(6), "the rest goes at once");
        let pieces = bodies.lock().unwrap().pop().unwrap();
        assert!(came(&pieces, began, after(2)) <= 2);
        is_within_two_percent(came(&pieces, after(2), after(4)), 2 * MB);
        is_within_two_percent(came(&pieces, after(4), after(6)), 4 * MB);
    });
}

#[test]
fn a_rate_holds_also_for_a_body_that_waited_for_the_servers_word() {
    simulated(async {
        let network = Network::new(1 << 20, |mut end, _| async move {
            let head = end.head().await;
            end.say("HTTP/1.1 100 Continue\r\n\r\n").await;
            pass_time(2 * SECOND).await;
            end.timed(content_length(&head).unwrap()).await;
            end.say(OK).await;
        });
        let asks = settings(|settings| settings.expect_continue_above = Some(0));
        let engine = network.engine(5 * MB as usize, asks);
        let task = engine.upload(UploadRequest::new(URL, "a.bin", "file"));
        pass_time(SECOND).await;
        // The pipe is full; what it does not hold goes at this rate.
        task.set_rate_max(MB);
        let outcome = task.await;
        assert_eq!(outcome.status(), Some(200));
        let took = outcome.timings.done.unwrap();
        assert!(took > 5 * SECOND && took < 7 * SECOND, "{took:?}");
    });
}

#[test]
fn a_slow_pace_is_no_stall_and_a_pause_stops_it() {
    simulated(async {
        let (network, _) = timing();
        let stall = settings(|settings| settings.stall_timeout = SECOND / 4);
        let engine = network.engine(10, stall);
        let (request, recorder) = recorded(URL, &"a.bin".into());
        let task = engine.upload(request.rate_max(1));
        pass_time(10 * SECOND + SECOND / 2).await;
        task.pause();
        pass_time(1000 * SECOND).await;
        let sent = |recorder: &Recorder| {
            let events = recorder.events();
            let sent = events.iter().filter_map(|event| match event.kind {
                EventKind::Progress(progress) => Some(progress.sent),
                _ => None,
            });
            sent.max().unwrap()
        };
        assert_eq!(sent(&recorder), 10);
        task.resume();
        task.set_rate_max(0);
        assert_eq!(task.await.status(), Some(200));
        recorder.check();
    });
}

#[test]
fn every_road_can_be_paced() {
    let files = Files::new();
    let (small, large) = (
        files.file("small.bin", 10_000),
        files.file("large.bin", 3_000_000),
    );
    let plain = Receiver::start(quintet_receiver::Settings::default()).unwrap();
    let secure = Receiver::start(quintet_receiver::Settings {
        tls: Some(Tls::SelfMade),
        ..quintet_receiver::Settings::default()
    })
    .unwrap();
    let root = TlsSettings::only_given_roots()
        .add_root_pem(secure.root_pem().unwrap().as_bytes())
        .unwrap();
    let roads: [(Engine, &Receiver); 3] = [
        (Engine::start(TcpConnect::new()).unwrap(), &plain),
        (
            Engine::start(TcpConnect::new().send_files(false)).unwrap(),
            &plain,
        ),
        (
            Engine::start(TlsConnect::new(TcpConnect::new(), root).unwrap()).unwrap(),
            &secure,
        ),
    ];
    for (engine, receiver) in roads {
        engine.set_rate_max(60_000_000);
        for path in [&small, &large] {
            let (request, recorder) = recorded(&receiver.url("/up"), path);
            let outcome = engine.upload(request.rate_max(30_000_000)).wait();
            assert_eq!(outcome.status(), Some(200), "{outcome:?}");
            recorder.check();
            let answer = outcome.result.as_ref().unwrap().data();
            assert!(answer.contains(r#""complete":true"#), "{answer}");
        }
    }
}
