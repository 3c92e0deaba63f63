//! Expect: 100-continue: asked above a size, waited for no longer than a second, and not asked of those who refuse.
#![forbid(unsafe_code)]

#[path = "support/simulated.rs"]
mod simulated;
mod support;

use std::time::Duration;

use quintet::{Outcome, Settings, UploadRequest};
use simulated::{End, Network, pass_time, simulated};
use support::*;

const SECOND: Duration = Duration::from_secs(1);
const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
const REFUSED: &str = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n";
const TOO_LARGE: &str = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n";

fn above(bytes: u64) -> Settings {
    settings(|settings| settings.expect_continue_above = Some(bytes))
}

fn request() -> UploadRequest {
    UploadRequest::new("http://peer.test/up", "a.bin", "file")
}

fn expects(head: &str) -> bool {
    header(head, "expect").is_some_and(|value| value == "100-continue")
}

fn took(outcome: &Outcome) -> Duration {
    outcome.timings.done.unwrap() - outcome.timings.admitted.unwrap()
}

#[test]
fn nobody_is_asked_by_default_nor_for_a_small_body() {
    simulated(async {
        let network = Network::new(1 << 16, |mut end, _| async move {
            let (head, _) = end.request().await;
            assert!(!head.to_lowercase().contains("expect"), "{head}");
            end.say(OK).await;
        });
        for settings in [Settings::default(), above(1 << 20)] {
            let outcome = network.engine(1000, settings).upload(request()).await;
            assert_eq!(outcome.status(), Some(200));
            assert_eq!(took(&outcome), Duration::ZERO);
        }
    });
}

/// Reads the head, which must ask, and makes sure that nothing else comes for half a second.
async fn asked(end: &mut End) -> String {
    let head = end.head().await;
    assert!(expects(&head), "{head}");
    pass_time(SECOND / 2).await;
    assert!(end.is_silent());
    head
}

#[test]
fn the_body_goes_when_the_peer_says_so_or_after_a_second_of_silence() {
    simulated(async {
        let network = Network::new(1 << 16, |mut end, number| async move {
            let head = asked(&mut end).await;
            match number {
                0 => end.say(CONTINUE).await,
                // Another interim answer is not the word.
                _ => end.say("HTTP/1.1 103 Early Hints\r\n\r\n").await,
            }
            let length = content_length(&head).unwrap();
            assert_eq!(end.read(length).await.len() as u64, length);
            end.say(OK).await;
        });
        // Small enough to have gone with the head in one write.
        let engine = network.engine(1000, above(500));
        for waits in [SECOND / 2, SECOND] {
            let outcome = engine.upload(request()).await;
            assert_eq!(
                (outcome.status(), outcome.bytes_sent),
                (Some(200), outcome.bytes_total)
            );
            assert_eq!(took(&outcome), waits);
        }
    });
}

#[test]
fn a_final_answer_before_the_body_means_that_it_is_not_sent() {
    simulated(async {
        for answer in [TOO_LARGE, OK] {
            let network = Network::new(1 << 16, move |mut end, _| async move {
                asked(&mut end).await;
                end.say(answer).await;
                pass_time(10 * SECOND).await;
                assert_eq!(end.read(1).await.len(), 0, "nothing, and then the end");
            });
            let outcome = network.engine(1 << 20, above(0)).upload(request()).await;
            assert_eq!((outcome.bytes_sent, outcome.attempts), (0, 1));
            assert_eq!(
                outcome.status().unwrap(),
                if answer == OK { 200 } else { 413 }
            );
            pass_time(20 * SECOND).await;
        }
    });
}

#[test]
fn a_417_repeats_the_request_once_without_asking_and_is_remembered() {
    simulated(async {
        let network = Network::new(1 << 16, |mut end, number| async move {
            let head = end.head().await;
            assert_eq!(expects(&head), number == 0, "{head}");
            if number == 0 {
                return end.say(REFUSED).await;
            }
            end.read(content_length(&head).unwrap()).await;
            end.say(if number == 1 { OK } else { REFUSED }).await;
        });
        let engine = network.engine(1 << 17, above(1 << 16));
        assert_eq!(engine.upload(request()).await.status(), Some(200));
        assert_eq!(network.connections(), 2);
        // Remembered: nothing was asked, so a 417 is the answer.
        assert_eq!(engine.upload(request()).await.status(), Some(417));
        assert_eq!(network.connections(), 3);
    });
}

#[test]
fn on_a_socket_the_body_waits_for_the_word() {
    let peer = Peer::start(|mut conversation, _| {
        let head = conversation.head();
        assert!(expects(&head), "{head}");
        conversation.say(CONTINUE);
        conversation.read(content_length(&head).unwrap());
        conversation.say(OK);
    });
    let files = Files::new();
    let request = UploadRequest::new(peer.url(), files.file("a.bin", 300_000), "file")
        // The engine's: what the caller says of it is ignored.
        .header("Expect", "nothing");
    let outcome = engine_with(above(100_000)).upload(request).wait();
    assert_eq!(
        (outcome.status(), outcome.bytes_sent),
        (Some(200), outcome.bytes_total)
    );
}
