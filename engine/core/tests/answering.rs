//! The waits for an answer: they begin when the peer has the request, and interim answers are none.
#![forbid(unsafe_code)]

#[path = "support/simulated.rs"]
mod simulated;
mod support;

use std::io;
use std::net::TcpListener;
use std::task::{Context, Poll};
use std::time::Duration;

use quintet::{Engine, ErrorKind, Outcome, Phase, Settings, UploadRequest};
use quintet_transport::{Connect, ConnectFuture, Connection, Info, Target, Watch};
use simulated::{Network, SameFile, pass_time, simulated};
use support::*;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn request() -> UploadRequest {
    UploadRequest::new("http://peer.test/up", "a.bin", "file")
}

fn detail(outcome: &Outcome) -> &str {
    outcome.result.as_ref().expect_err("a failure").detail()
}

fn ten_seconds() -> Settings {
    settings(|settings| {
        settings.response_timeout = Some(10 * SECOND);
        settings.stall_timeout = 10 * HOUR;
    })
}

#[test]
fn the_answer_is_not_waited_for_while_the_body_lies_in_the_socket_buffer() {
    for (thinks, answered) in [(9, true), (13, false)] {
        simulated(async move {
            // All of it fits into the pipe, and nobody reads for an hour.
            let network = Network::new(1 << 16, move |mut end, _| async move {
                pass_time(HOUR).await;
                end.request().await;
                pass_time(thinks * SECOND).await;
                end.say(OK).await;
            });
            let outcome = network
                .engine(10_000, ten_seconds())
                .upload(request())
                .await;
            assert_eq!(outcome.status().is_some(), answered, "{outcome:?}");
            let body_sent = outcome.timings.body_sent.unwrap();
            assert!(body_sent < SECOND, "the transport had it at once");
            if !answered {
                assert_eq!(outcome.kind(), Some(ErrorKind::Timeout(Phase::Response)));
                let waited = outcome.timings.done.unwrap() - HOUR;
                assert!((10 * SECOND..13 * SECOND).contains(&waited), "{waited:?}");
            }
        });
    }
}

#[test]
fn a_buffer_that_drains_slowly_is_no_stall_and_one_that_does_not_is() {
    simulated(async {
        let network = Network::new(1 << 16, |mut end, number| async move {
            end.head().await;
            for _ in 0..100 {
                end.read(50).await;
                pass_time(20 * SECOND).await;
            }
            if number == 0 {
                end.read(1 << 20).await;
            }
            std::future::pending().await
        });
        let engine = network.engine(10_000, Settings::default());
        for _ in 0..2 {
            let outcome = engine.upload(request()).await;
            assert_eq!(outcome.kind(), Some(ErrorKind::Timeout(Phase::Response)));
            let took = outcome.timings.done.unwrap() - outcome.timings.admitted.unwrap();
            assert!(took > 2000 * SECOND && took < 2100 * SECOND, "{took:?}");
        }
    });
}

#[test]
fn an_interim_answer_does_not_begin_the_wait_for_the_final_ones_head() {
    simulated(async {
        let network = Network::new(1 << 10, |mut end, _| async move {
            let head = end.head().await;
            end.say("HTTP/1.1 103 Early Hints\r\n\r\n").await;
            let mut left = content_length(&head).unwrap();
            while left > 0 {
                left -= end.read(left.min(10_000)).await.len() as u64;
                pass_time(30 * SECOND).await;
            }
            end.say(OK).await;
        });
        let outcome = network
            .engine(100_000, Settings::default())
            .upload(request())
            .await;
        assert_eq!(outcome.status(), Some(200), "{outcome:?}");
    });
}

/// A network whose connections tell nothing of themselves: what moves is seen in what is read and written alone.
struct Mute(Network);

struct MuteConnection(Box<dyn Connection>);

impl Connect for Mute {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(
            async move { Ok(Box::new(MuteConnection(self.0.connect(target, watch).await?)) as _) },
        )
    }
}

impl Connection for MuteConnection {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, buf)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_read(cx, buf)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_close(cx)
    }

    fn info(&self) -> Info {
        Info::default()
    }
}

/// Found by the simulation: bytes of a body were the only ones that counted.
#[test]
fn any_byte_of_an_answer_is_a_sign_of_life() {
    simulated(async {
        let network = Network::new(1 << 10, |mut end, _| async move {
            end.request().await;
            end.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                .await;
            // Not one byte of a body for four minutes, nor a minute without any byte.
            for byte in ["2", ";", "n", "e", "w", "s"] {
                pass_time(40 * SECOND).await;
                end.say(byte).await;
            }
            end.say("\r\nok\r\n0\r\n\r\n").await;
        });
        let engine = Engine::builder(Mute(network))
            .files(SameFile::new(1000))
            .start_in_current_system();
        let outcome = engine.upload(request()).await;
        assert_eq!(outcome.status(), Some(200), "{outcome:?}");
    });
}

/// Found by the simulation: it was stamped with its last byte.
#[test]
fn an_answer_that_ends_with_its_connection_is_stamped_with_that_end() {
    simulated(async {
        let network = Network::new(1 << 10, |mut end, _| async move {
            end.request().await;
            end.say("HTTP/1.1 200 OK\r\n\r\nok").await;
            pass_time(10 * SECOND).await;
        });
        let engine = network.engine(1000, Settings::default());
        let outcome = engine.upload(request()).await;
        assert_eq!(outcome.result.as_ref().expect("an answer").data(), "ok");
        let timings = &outcome.timings;
        let waited = timings.done.unwrap() - timings.first_byte.unwrap();
        assert_eq!(waited, 10 * SECOND);
    });
}

#[test]
fn on_a_socket_a_full_buffer_is_a_stall_and_silence_after_the_whole_request_is_no_answer() {
    let files = Files::new();
    let path = files.file("a.bin", 400_000);
    let short = settings(|settings| {
        settings.response_timeout = Some(Duration::from_millis(50));
        settings.stall_timeout = Duration::from_millis(400);
    });
    let engine = engine_with(short);

    // What the peer's system may hold is less than the body: it cannot confirm all of it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let small = socket2::SockRef::from(&listener).set_recv_buffer_size(4096);
    small.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let full = engine.upload(UploadRequest::new(url, &path, "file")).wait();
    assert!(
        matches!(full.kind(), Some(ErrorKind::Timeout(_))),
        "{full:?}"
    );
    assert_eq!(detail(&full), "nothing moved for too long");

    let peer = Peer::start(|mut conversation, _| {
        conversation.request();
        conversation.drain();
    });
    let silent = engine
        .upload(UploadRequest::new(peer.url(), &path, "file"))
        .wait();
    assert_eq!(silent.kind(), Some(ErrorKind::Timeout(Phase::Response)));
    if cfg!(target_os = "linux") {
        assert_eq!(detail(&silent), "no answer came to the whole request");
    }
}
