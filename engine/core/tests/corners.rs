//! Corners of a conversation, each on a real socket: early answers, breaks, redirects, stale connections, waits.
#![forbid(unsafe_code)]

mod support;

use std::time::Duration;

use quintet::{Engine, ErrorKind, Phase, Redirects, UploadRequest};
use support::*;

const BIG: usize = 32 << 20;
const TOO_LARGE: &str =
    "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 7\r\n\r\ntoo big";

/// Sends a file too big for any socket buffer to a peer that answers 413 at once and then does `then`.
fn early_413(then: impl Fn(Conversation) + Send + Sync + 'static) {
    let peer = Peer::start(move |mut conversation, _| {
        conversation.head();
        conversation.say(TOO_LARGE);
        then(conversation);
    });
    let files = Files::new();
    let (request, recorder) = recorded(&peer.url(), &files.file("big.bin", BIG));
    let outcome = engine().upload(request).wait();
    assert_eq!(outcome.status(), Some(413), "{outcome:?}");
    assert_eq!(outcome.result.as_ref().unwrap().data(), "too big");
    assert!(
        outcome.bytes_sent < outcome.bytes_total,
        "the body was stopped"
    );
    assert!(!outcome.may_retry);
    recorder.check();
}

#[test]
fn early_413_from_a_peer_that_drains() {
    early_413(|mut conversation| {
        conversation.drain();
    });
}

#[test]
fn early_413_from_a_peer_that_resets() {
    early_413(Conversation::reset);
}

#[test]
fn early_413_from_a_peer_that_neither_reads_nor_closes() {
    early_413(|conversation| {
        std::thread::sleep(PATIENCE);
        drop(conversation);
    });
}

#[test]
fn an_early_2xx_is_sent_to_the_end_first() {
    let peer = Peer::start(|mut conversation, _| {
        let head = conversation.head();
        conversation.say(OK);
        conversation.read(content_length(&head).unwrap());
        conversation.request();
        conversation.say(OK);
    });
    let files = Files::new();
    let engine = engine();
    let (request, recorder) = recorded(&peer.url(), &files.file("big.bin", BIG));
    let outcome = engine.upload(request).wait();
    assert_eq!(
        (outcome.status(), outcome.bytes_sent),
        (Some(200), outcome.bytes_total)
    );
    recorder.check();
    // The framing was clean on both sides, so the connection serves again.
    let again = engine
        .upload(UploadRequest::new(peer.url(), files.file("a", 1), "file"))
        .wait();
    assert_eq!((again.status(), again.timings.reused), (Some(200), true));
}

#[test]
fn an_early_2xx_and_a_reset_is_the_success() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.head();
        conversation.say(OK);
        conversation.read(1 << 20);
        conversation.reset();
    });
    let files = Files::new();
    let (request, recorder) = recorded(&peer.url(), &files.file("big.bin", BIG));
    let outcome = engine().upload(request).wait();
    assert_eq!(outcome.status(), Some(200), "{outcome:?}");
    assert!(outcome.bytes_sent < outcome.bytes_total);
    recorder.check();
}

#[test]
fn a_break_without_an_answer_is_closed() {
    for reset in [false, true] {
        let peer = Peer::start(move |mut conversation, _| {
            conversation.head();
            conversation.read(100_000);
            if reset {
                conversation.reset();
            }
        });
        let files = Files::new();
        let (request, recorder) = recorded(&peer.url(), &files.file("big.bin", BIG));
        let outcome = engine().upload(request).wait();
        assert_eq!(outcome.kind(), Some(ErrorKind::Closed), "{outcome:?}");
        assert_eq!((outcome.errno(), outcome.may_retry), (305, false));
        assert_eq!(outcome.err_msg(), "uploadFile:fail connection closed");
        recorder.check();
        assert_eq!(
            peer.connections(),
            1,
            "a fresh connection that broke is not tried again"
        );
    }
}

#[test]
fn what_is_no_http_is_malformed_and_stops_the_body() {
    for banner in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    ] {
        let peer = Peer::start(move |mut conversation, _| {
            conversation.say(banner);
            std::thread::sleep(PATIENCE);
        });
        let files = Files::new();
        let (request, recorder) = recorded(&peer.url(), &files.file("big.bin", BIG));
        let outcome = engine().upload(request).wait();
        assert_eq!(
            outcome.kind(),
            Some(ErrorKind::Malformed),
            "{banner:?} {outcome:?}"
        );
        recorder.check();
    }
}

#[test]
fn an_answer_over_its_cap_fails() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.request();
        conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n12345678901");
        conversation.drain();
    });
    let files = Files::new();
    let engine = engine_with(settings(|settings| settings.limits.body_bytes_max = 10));
    let outcome = engine
        .upload(UploadRequest::new(peer.url(), files.file("a", 1), "file"))
        .wait();
    assert_eq!(
        outcome.kind(),
        Some(ErrorKind::ResponseTooLarge),
        "{outcome:?}"
    );
}

#[test]
fn a_307_and_a_308_send_the_body_again() {
    for status in [307, 308] {
        let peer = Peer::start(move |mut conversation, _| {
            let (head, body) = conversation.request();
            assert!(head.starts_with("POST /up HTTP/1.1\r\n"), "{head}");
            conversation.say(&format!(
                "HTTP/1.1 {status} X\r\nLocation: /there?x=1#y\r\nContent-Length: 0\r\n\r\n"
            ));
            let (again, same) = conversation.request();
            assert!(again.starts_with("POST /there?x=1 HTTP/1.1\r\n"), "{again}");
            assert_eq!(
                header(&head, "x-request-id"),
                header(&again, "x-request-id")
            );
            assert_ne!(
                header(&head, "content-type"),
                header(&again, "content-type")
            );
            assert_eq!(body.len(), same.len());
            conversation.say(OK);
        });
        let files = Files::new();
        let (request, recorder) = recorded(&peer.url(), &files.file("a.bin", 1_000_000));
        let outcome = engine().upload(request).wait();
        assert_eq!(
            (outcome.status(), outcome.bytes_sent),
            (Some(200), outcome.bytes_total)
        );
        recorder.check();
        assert_eq!(peer.connections(), 1);
    }
}

#[test]
fn a_303_becomes_a_get_without_a_body() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.request();
        conversation.say("HTTP/1.1 303 See Other\r\nLocation: done\r\nContent-Length: 0\r\n\r\n");
        let head = conversation.head();
        assert!(head.starts_with("GET /done HTTP/1.1\r\n"), "{head}");
        assert_eq!(
            (header(&head, "content-type"), content_length(&head)),
            (None, None)
        );
        conversation.say(OK);
    });
    let files = Files::new();
    let (request, recorder) = recorded(&peer.url(), &files.file("a.bin", 1_000));
    let outcome = engine().upload(request).wait();
    assert_eq!(outcome.status(), Some(200), "{outcome:?}");
    assert_eq!(outcome.bytes_sent, outcome.bytes_total);
    recorder.check();
}

#[test]
fn a_redirect_that_the_setting_refuses_is_the_result() {
    let other = Peer::start(|_, _| panic!("nobody may come here"));
    let elsewhere = other.url();
    let peer = Peer::start(move |mut conversation, _| {
        conversation.request();
        conversation.say(&format!(
            "HTTP/1.1 307 X\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n"
        ));
    });
    let files = Files::new();
    let request = || UploadRequest::new(peer.url(), files.file("a", 9), "file");
    let any = engine_with(settings(|settings| settings.redirects = Redirects::Any));
    // A call asks for less than the setting allows, and never gets more.
    for (engine, request) in [
        (engine(), request()),
        (engine(), request().redirects(Redirects::Any)),
        (any.clone(), request().redirects(Redirects::SameOrigin)),
        (any, request().redirects(Redirects::Off)),
    ] {
        assert_eq!(engine.upload(request).wait().status(), Some(307));
    }
    assert_eq!(other.connections(), 0);
}

#[test]
fn credentials_stay_behind_on_a_new_origin() {
    let other = Peer::start(|mut conversation, _| {
        let (head, _) = conversation.request();
        for secret in ["authorization", "cookie", "proxy-authorization"] {
            assert_eq!(header(&head, secret), None, "{head}");
        }
        assert_eq!(header(&head, "x-kept"), Some("1"));
        conversation.say(OK);
    });
    let elsewhere = other.url();
    let peer = Peer::start(move |mut conversation, _| {
        let (head, _) = conversation.request();
        assert_eq!(header(&head, "authorization"), Some("Bearer x"));
        conversation.say(&format!(
            "HTTP/1.1 308 X\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n"
        ));
    });
    let files = Files::new();
    let engine = engine_with(settings(|settings| settings.redirects = Redirects::Any));
    let request = UploadRequest::new(peer.url(), files.file("a", 9), "file")
        .header("Authorization", "Bearer x")
        .header("Cookie", "a=b")
        .header("Proxy-Authorization", "c")
        .header("X-Kept", "1");
    assert_eq!(engine.upload(request).wait().status(), Some(200));
}

#[test]
fn redirects_end_after_five() {
    let peer = Peer::start(|mut conversation, _| {
        for hop in 0.. {
            if conversation.request().0.is_empty() {
                break;
            }
            conversation.say(&format!(
                "HTTP/1.1 307 X\r\nLocation: /{hop}\r\nContent-Length: 0\r\n\r\n"
            ));
        }
    });
    let files = Files::new();
    let (request, recorder) = recorded(&peer.url(), &files.file("a", 9));
    assert_eq!(engine().upload(request).wait().status(), Some(307));
    let hops = recorder
        .events()
        .iter()
        .filter(|event| name(&event.kind) == "redirected")
        .count();
    assert_eq!(hops, 5);
    recorder.check();
}

#[test]
fn a_stale_pooled_connection_is_retried_once() {
    let peer = Peer::start(|mut conversation, number| {
        conversation.request();
        conversation.say(OK);
        if number == 0 {
            // Takes the next request's first byte, so that it is surely under way, and breaks.
            conversation.read(1);
            return conversation.reset();
        }
        conversation.drain();
    });
    let files = Files::new();
    let path = files.file("a", 1000);
    let engine = engine();
    for reused in [false, false] {
        let (request, recorder) = recorded(&peer.url(), &path);
        let outcome = engine.upload(request).wait();
        assert_eq!(outcome.status(), Some(200), "{outcome:?}");
        assert_eq!(outcome.timings.reused, reused);
        recorder.check();
    }
    assert_eq!(peer.connections(), 2);
}

#[test]
fn a_pooled_connection_that_answered_a_byte_is_not_retried() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.request();
        conversation.say(OK);
        conversation.request();
        conversation.say("H");
        conversation.reset();
    });
    let files = Files::new();
    let path = files.file("a", 1000);
    let engine = engine();
    let first = engine
        .upload(UploadRequest::new(peer.url(), &path, "file"))
        .wait();
    assert_eq!(first.status(), Some(200));
    let second = engine
        .upload(UploadRequest::new(peer.url(), &path, "file"))
        .wait();
    assert_eq!(second.kind(), Some(ErrorKind::Closed), "{second:?}");
    assert_eq!(peer.connections(), 1);
}

#[test]
fn a_stray_byte_on_an_idle_connection_answers_nothing() {
    let (open, wait) = gate();
    let peer = Peer::start(move |mut conversation, number| {
        conversation.request();
        conversation.say(OK);
        if number == 0 {
            pass(&wait);
            conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
        }
        conversation.drain();
    });
    let files = Files::new();
    let path = files.file("a", 1000);
    let engine = engine();
    assert!(
        engine
            .upload(UploadRequest::new(peer.url(), &path, "file"))
            .wait()
            .status()
            .is_some()
    );
    open.send(()).unwrap();
    // The stray answer is on its way: whether it is there before the next request or after, it is never its answer
    // once the engine has seen it idle. Wait until it surely has.
    std::thread::sleep(Duration::from_millis(50));
    let outcome = engine
        .upload(UploadRequest::new(peer.url(), &path, "file"))
        .wait();
    assert_eq!(
        outcome
            .result
            .as_ref()
            .map(|response| response.data())
            .unwrap(),
        "ok"
    );
    assert_eq!(peer.connections(), 2);
}

#[test]
fn a_peer_that_never_answers_is_a_timeout_in_its_phase() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.request();
        std::thread::sleep(PATIENCE);
    });
    let files = Files::new();
    let path = files.file("a", 1000);
    let stall = settings(|settings| settings.stall_timeout = Duration::from_millis(200));
    let stalled = engine_with(stall)
        .upload(UploadRequest::new(peer.url(), &path, "file"))
        .wait();
    assert_eq!(
        stalled.kind(),
        Some(ErrorKind::Timeout(Phase::Response)),
        "{stalled:?}"
    );
    assert_eq!(
        (stalled.errno(), stalled.err_string()),
        (302, "Connection timed out")
    );
    let request = UploadRequest::new(peer.url(), &path, "file").timeout(Duration::from_millis(200));
    let late = engine().upload(request).wait();
    assert_eq!(
        late.kind(),
        Some(ErrorKind::Timeout(Phase::Response)),
        "{late:?}"
    );
}

#[test]
fn a_peer_that_stops_reading_is_a_timeout_in_the_body() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.head();
        std::thread::sleep(PATIENCE);
    });
    let files = Files::new();
    let stall = settings(|settings| settings.stall_timeout = Duration::from_millis(300));
    let (request, recorder) = recorded(&peer.url(), &files.file("big.bin", BIG));
    let outcome = engine_with(stall).upload(request).wait();
    assert_eq!(
        outcome.kind(),
        Some(ErrorKind::Timeout(Phase::Body)),
        "{outcome:?}"
    );
    recorder.check();
}

#[test]
fn an_answer_that_drips_is_a_timeout_of_its_head() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.request();
        let endless = "HTTP/1.1 200 OK\r\nX: "
            .chars()
            .chain(std::iter::repeat('x'));
        for byte in endless {
            if !conversation.say(&byte.to_string()) {
                break;
            }

            std::thread::sleep(Duration::from_millis(10));
        }
    });
    let files = Files::new();
    let slow = settings(|settings| settings.response_head_timeout = Duration::from_millis(300));
    let request = UploadRequest::new(peer.url(), files.file("a", 1000), "file");
    let outcome = engine_with(slow).upload(request).wait();
    assert_eq!(
        outcome.kind(),
        Some(ErrorKind::Timeout(Phase::ResponseHead)),
        "{outcome:?}"
    );
}

#[test]
fn no_connection_tells_why() {
    let files = Files::new();
    let path = files.file("a", 1);
    let engine = engine();
    // A port that was just free.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = engine
        .upload(UploadRequest::new(format!("http://{free}/"), &path, "f"))
        .wait();
    assert_eq!(
        (refused.kind(), refused.errno()),
        (Some(ErrorKind::Refused), 305)
    );
    assert!(refused.may_retry);
    let unknown = engine
        .upload(UploadRequest::new("http://no.such.invalid/", &path, "f"))
        .wait();
    assert_eq!(
        (unknown.kind(), unknown.errno()),
        (Some(ErrorKind::NoNetwork), 303)
    );
    let secure = engine
        .upload(UploadRequest::new(format!("https://{free}/"), &path, "f"))
        .wait();
    assert_eq!(
        (secure.kind(), secure.errno()),
        (Some(ErrorKind::Unsupported), 103)
    );
}

#[test]
fn an_engine_is_a_handle_for_many_threads() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    shared(&engine());
    fn sent<T: Send>(_: &T) {}
    let files = Files::new();
    let engine: Engine = engine();
    sent(&engine.upload(UploadRequest::new(
        "http://127.0.0.1:1/",
        files.file("a", 1),
        "f",
    )));
}

#[test]
fn who_has_a_slot_already_begins_before_who_gets_that_of_a_missing_file() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.drain();
    });
    let files = Files::new();
    let engine = engine_with(settings(|settings| settings.active_max = 0));
    let recorder = Recorder::new();
    let tasks: Vec<_> = (0..3)
        .map(|number: u8| {
            let path = files.file(&number.to_string(), 10);
            let request = UploadRequest::new(peer.url(), path, "file");
            engine.upload(request.listener(recorder.clone()))
        })
        .collect();
    let ids = |wanted: &str| {
        let events = recorder.events().into_iter();
        let events = events.filter(|event| name(&event.kind) == wanted);
        events.map(|event| event.id).collect::<Vec<_>>()
    };
    until("three in the queue", || ids("queued").len() == 3);
    std::fs::remove_file(files.path("0")).unwrap();
    // The first two have a slot each; the first has no file, so the third gets its slot.
    engine.set_active_max(2);
    assert_eq!(tasks[0].wait().kind(), Some(ErrorKind::FileNotFound));
    until("two have a slot", || ids("admitted").len() == 2);
    assert_eq!(ids("admitted"), [tasks[1].id(), tasks[2].id()]);
}
