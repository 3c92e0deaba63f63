//! Retries: off unless asked for; what they cover, how long they wait, and what bounds them.
#![forbid(unsafe_code)]

#[path = "support/simulated.rs"]
mod simulated;
mod support;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use quintet::{
    Engine, ErrorKind, EventKind, Outcome, Random, Retry, RetryCause, Settings, UploadRequest,
};
use quintet_transport::{Connect, ConnectError, ConnectErrorKind, ConnectFuture, Target, Watch};
use simulated::{End, Network, SameFile, pass_time, simulated};
use support::*;

const SECOND: Duration = Duration::from_secs(1);
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

/// The longest wait that may come, always: 1 s, 2 s, 4 s …
struct Longest;

impl Random for Longest {
    fn bytes(&self) -> std::io::Result<[u8; 16]> {
        Ok([0xff; 16])
    }
}

fn engine_over(network: &Network, file_len: usize, settings: Settings) -> Engine {
    network
        .builder(file_len, settings)
        .random(Longest)
        .start_in_current_system()
}

fn request() -> (UploadRequest, Arc<Recorder>) {
    recorded("http://peer.test/up", &"a.bin".into())
}

fn retry(change: impl FnOnce(&mut Retry)) -> Retry {
    let mut retry = Retry::default();
    change(&mut retry);
    retry
}

/// What the retries were told to be: attempt, wait in seconds, status if that was the cause.
fn told(recorder: &Recorder) -> Vec<(u32, u64, Option<u16>)> {
    let events = recorder.events();
    let retries = events.iter().filter_map(|event| match &event.kind {
        EventKind::Retrying {
            attempt,
            after,
            because,
        } => {
            let status = match because {
                RetryCause::Status(status) => Some(*status),
                _ => None,
            };
            Some((*attempt, after.as_secs(), status))
        }
        _ => None,
    });
    retries.collect()
}

fn took(outcome: &Outcome) -> Duration {
    outcome.timings.done.unwrap() - outcome.timings.admitted.unwrap()
}

/// Answers each whole request with the next of these, the last one for ever.
fn answers(answers: &'static [&'static str]) -> Network {
    Network::new(1 << 16, move |mut end, number| async move {
        end.request().await;
        end.say(answers[number.min(answers.len() - 1)]).await;
    })
}

#[test]
fn nothing_is_retried_unless_asked_for() {
    simulated(async {
        let network = answers(&[BUSY, OK]);
        let engine = engine_over(&network, 1000, Settings::default());
        let outcome = engine.upload(request().0).await;
        assert_eq!((outcome.status(), outcome.attempts), (Some(503), 1));
        assert_eq!(network.connections(), 1);
    });
}

#[test]
fn an_answer_that_is_covered_is_tried_again_with_growing_waits() {
    simulated(async {
        let network = answers(&[BUSY, BUSY, BUSY, OK]);
        let engine = engine_over(&network, 1000, Settings::default());
        let (request, recorder) = request();
        let outcome = engine.upload(request.retry(Retry::default())).await;
        assert_eq!((outcome.status(), outcome.attempts), (Some(200), 4));
        let busy = Some(503);
        assert_eq!(told(&recorder), [(2, 1, busy), (3, 2, busy), (4, 4, busy)]);
        assert_eq!(took(&outcome), 7 * SECOND);
        recorder.check();
    });
}

#[test]
fn an_answer_that_is_not_covered_is_the_result_and_so_is_the_last() {
    simulated(async {
        let network = answers(&["HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n"]);
        let engine = engine_over(&network, 1000, Settings::default());
        let outcome = engine.upload(request().0.retry(Retry::default())).await;
        assert_eq!((outcome.status(), outcome.attempts), (Some(501), 1));
        let network = answers(&[BUSY]);
        let engine = engine_over(&network, 1000, Settings::default());
        let outcome = engine.upload(request().0.retry(Retry::default())).await;
        assert_eq!((outcome.status(), outcome.attempts), (Some(503), 4));
    });
}

#[test]
fn a_retry_after_is_waited_for_up_to_its_bound() {
    const SOON: &str = "HTTP/1.1 429 Slow\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n";
    const DATE: &str = "HTTP/1.1 503 S\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
        Retry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\nContent-Length: 0\r\n\r\n";
    const LATE: &str = "HTTP/1.1 503 S\r\nRetry-After: 301\r\nContent-Length: 0\r\n\r\n";
    simulated(async {
        let network = answers(&[SOON, DATE, LATE]);
        let engine = engine_over(&network, 1000, Settings::default());
        let (request, recorder) = request();
        let outcome = engine.upload(request.retry(Retry::default())).await;
        assert_eq!((outcome.status(), outcome.attempts), (Some(503), 3));
        assert_eq!(told(&recorder), [(2, 31, Some(429)), (3, 32, Some(503))]);
        assert_eq!(took(&outcome), 63 * SECOND);
    });
}

#[test]
fn a_connection_that_breaks_before_an_answer_is_tried_again_and_one_that_breaks_in_it_is_not() {
    simulated(async {
        let network = Network::new(1 << 16, |mut end, number| async move {
            end.request().await;
            match number {
                0 => {}
                1 => end.say("HTTP/1.1 200").await,
                _ => {
                    end.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
                        .await
                }
            }
        });
        let engine = engine_over(&network, 1000, Settings::default());
        let outcome = engine.upload(request().0.retry(Retry::default())).await;
        assert_eq!(
            (outcome.kind(), outcome.attempts),
            (Some(ErrorKind::Closed), 3)
        );
    });
}

#[test]
fn the_row_begins_anew_when_bytes_were_confirmed_and_ends_with_the_total() {
    simulated(async {
        for (reads, connections) in [(false, 2), (true, 6)] {
            let network = Network::new(1 << 10, move |mut end, _| async move {
                if reads {
                    end.head().await;
                    end.read(2000).await;
                }
            });
            let engine = engine_over(&network, 1 << 20, Settings::default());
            let policy = retry(|retry| (retry.retries_max, retry.retries_total_max) = (1, 5));
            let (request, recorder) = request();
            let outcome = engine.upload(request.retry(policy)).await;
            assert_eq!(outcome.kind(), Some(ErrorKind::Closed));
            assert_eq!(network.connections(), connections);
            assert_eq!(outcome.attempts as usize, connections);
            recorder.check();
        }
    });
}

#[test]
fn a_stall_is_tried_again() {
    simulated(async {
        let network = Network::new(1 << 10, |mut end, number| async move {
            if number == 0 {
                std::future::pending::<()>().await;
            }
            end.request().await;
            end.say(OK).await;
        });
        let engine = engine_over(&network, 1 << 20, Settings::default());
        let outcome = engine.upload(request().0.retry(Retry::default())).await;
        assert_eq!((outcome.status(), outcome.attempts), (Some(200), 2));
        assert_eq!(took(&outcome), 61 * SECOND);
    });
}

/// Fails to connect in these ways, one after the other, and then hangs.
struct Unreachable(&'static [ConnectErrorKind], AtomicUsize);

impl Connect for Unreachable {
    fn connect<'a>(&'a self, _: &'a Target, _: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            match self.0.get(self.1.fetch_add(1, Ordering::SeqCst)) {
                Some(kind) => Err(ConnectError::new(*kind, "as the test says")),
                None => std::future::pending().await,
            }
        })
    }
}

#[test]
fn no_connection_is_tried_again_but_not_after_a_tls_failure() {
    use ConnectErrorKind::{NoRoute, NotResolved, Refused, Tls};
    let attempts = |kinds| {
        simulated(async move {
            let engine = Engine::builder(Unreachable(kinds, AtomicUsize::new(0)))
                .files(SameFile::once(10))
                .start_in_current_system();
            let outcome = engine.upload(request().0.retry(Retry::default())).await;
            (outcome.attempts, outcome.errno())
        })
    };
    // The last attempt of the first hangs and times out, which is a retry too many.
    assert_eq!(attempts(&[NotResolved, NoRoute, Refused]), (4, 302));
    assert_eq!(attempts(&[Tls]), (1, 305));
    assert_eq!(attempts(&[ConnectErrorKind::Forbidden]), (1, 105));
}

#[test]
fn the_engine_spends_no_more_on_retries_than_its_budget() {
    simulated(async {
        let network = answers(&[BUSY]);
        let budget = settings(|settings| {
            (settings.retry_percent, settings.retry_reserve) = (50, 1);
        });
        let engine = engine_over(&network, 1000, budget);
        for attempts in [2, 2, 1, 2, 1, 2] {
            let outcome = engine.upload(request().0.retry(Retry::default())).await;
            assert_eq!(outcome.attempts, attempts);
        }
    });
}

#[test]
fn an_abort_or_a_shutdown_ends_the_wait_at_once() {
    simulated(async {
        let network = answers(&[BUSY]);
        let engine = engine_over(&network, 1000, Settings::default());
        let slow = retry(|retry| retry.delay_min = 3600 * SECOND);
        let (first, second) = (
            engine.upload(request().0.retry(slow.clone())),
            engine.upload(request().0.retry(slow)),
        );
        pass_time(SECOND).await;
        assert!(first.abort());
        let outcome = first.await;
        assert!(outcome.is_aborted());
        assert_eq!((took(&outcome), outcome.attempts), (SECOND, 1));
        engine.shutdown();
        let outcome = second.await;
        assert_eq!(
            (outcome.kind(), took(&outcome)),
            (Some(ErrorKind::ShutDown), SECOND)
        );
    });
}

#[test]
fn no_attempt_begins_that_its_time_does_not_allow() {
    simulated(async {
        let network = answers(&[BUSY]);
        let engine = engine_over(&network, 1000, Settings::default());
        let attempts = async |request: UploadRequest| engine.upload(request).await.attempts;
        let own = retry(|retry| retry.time_max = Some(3 * SECOND));
        assert_eq!(attempts(request().0.retry(own)).await, 2);
        let total = request().0.retry(Retry::default()).timeout(3 * SECOND);
        assert_eq!(attempts(total).await, 2);
    });
}

#[test]
fn a_paused_upload_begins_no_attempt() {
    simulated(async {
        let network = answers(&[BUSY, OK]);
        let engine = engine_over(&network, 1000, Settings::default());
        let task = engine.upload(request().0.retry(Retry::default()));
        pass_time(SECOND / 2).await;
        task.pause();
        pass_time(3600 * SECOND).await;
        assert_eq!(network.connections(), 1);
        task.resume();
        assert_eq!(task.await.status(), Some(200));
    });
}

#[test]
fn a_body_that_cannot_be_read_again_is_not_sent_again() {
    simulated(async {
        for lost in [true, false] {
            let network = Network::new(1 << 10, move |mut end: End, _| async move {
                end.head().await;
                if !lost {
                    end.say(BUSY).await;
                }
            });
            let engine = network
                .builder(0, Settings::default())
                .files(SameFile::once(1 << 20))
                .start_in_current_system();
            let outcome = engine.upload(request().0.retry(Retry::default())).await;
            assert_eq!((network.connections(), outcome.attempts), (1, 1));
        }
    });
}

#[test]
fn after_a_redirect_the_upload_begins_at_its_first_url_but_an_accepted_body_is_not_sent_again() {
    const SEE: &str = "HTTP/1.1 303 See Other\r\nLocation: /seen\r\nContent-Length: 0\r\n\r\n";
    const MOVED: &str =
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: /moved\r\nContent-Length: 0\r\n\r\n";
    for (hop, lines) in [
        (SEE, ["POST /up", "GET /seen", "GET /seen", ""]),
        (
            MOVED,
            ["POST /up", "POST /moved", "POST /up", "POST /moved"],
        ),
    ] {
        simulated(async move {
            let network = Network::new(1 << 16, move |mut end, number| async move {
                let (head, _) = end.request().await;
                assert!(head.starts_with(lines[number]), "{head}");
                let busy_once = match number {
                    0 => hop,
                    1 => BUSY,
                    _ if head.starts_with("POST /up") => hop,
                    _ => OK,
                };
                end.say(busy_once).await;
            });
            let engine = engine_over(&network, 1000, Settings::default());
            let outcome = engine.upload(request().0.retry(Retry::default())).await;
            assert_eq!((outcome.status(), outcome.attempts), (Some(200), 2));
        });
    }
}

fn at_once() -> Retry {
    retry(|retry| retry.delay_first = Duration::ZERO)
}

#[test]
fn on_sockets_the_trace_and_the_body_are_the_same_and_the_boundary_is_new() {
    let (heads, heard) = std::sync::mpsc::channel();
    let peer = Peer::start(move |mut conversation, number| {
        let (head, body) = conversation.request();
        let boundary = header(&head, "content-type").unwrap().to_owned();
        let file = content(100_000);
        let whole = body.windows(file.len()).any(|part| part == file);
        let trace = header(&head, "x-request-id").unwrap().to_owned();
        heads.send((trace, boundary, whole)).unwrap();
        match number {
            0 => conversation.reset(),
            1 => drop(conversation.say(BUSY)),
            _ => drop(conversation.say(OK)),
        }
    });
    let files = Files::new();
    let (request, recorder) = recorded(&peer.url(), &files.file("a.bin", 100_000));
    let task = engine().upload(request.retry(at_once()));
    let outcome = task.wait();
    assert_eq!((outcome.status(), outcome.attempts), (Some(200), 3));
    recorder.check();
    let heard: Vec<_> = heard.try_iter().collect();
    assert_eq!(heard.len(), 3);
    for (trace, _, whole) in &heard {
        assert_eq!((trace.as_str(), whole), (task.trace().as_str(), &true));
    }
    assert!(heard[0].1 != heard[1].1 && heard[1].1 != heard[2].1);
}

#[test]
fn a_file_that_changed_between_two_attempts_is_a_failure() {
    let files = Files::new();
    let path = files.file("a.bin", 100_000);
    let changes = path.clone();
    let peer = Peer::start(move |mut conversation, _| {
        conversation.request();
        let file = std::fs::OpenOptions::new().append(true).open(&changes);
        file.unwrap().write_all(b"more").unwrap();
        conversation.say(BUSY);
    });
    let request = UploadRequest::new(peer.url(), &path, "file").retry(at_once());
    let outcome = engine().upload(request).wait();
    assert_eq!(
        (outcome.kind(), outcome.attempts),
        (Some(ErrorKind::FileChanged), 2)
    );
    assert_eq!(peer.connections(), 1);
}
