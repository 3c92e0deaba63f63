//! What an outcome tells beside its answer: where it went, its cookies, its profile, how far an early answer let it go.
#![forbid(unsafe_code)]

mod support;

use quintet::UploadRequest;
use support::*;

#[test]
fn cookies_come_as_a_list_in_order() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.request();
        conversation.say(concat!(
            "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nX-Other: b\r\nset-cookie: b=2, 3\r\n",
            "Content-Length: 0\r\n\r\n"
        ));
    });
    let files = Files::new();
    let request = UploadRequest::new(peer.url(), files.file("a", 10), "file");
    let outcome = engine().upload(request).wait();
    let response = outcome.result.as_ref().expect("an answer");
    assert_eq!(response.cookies(), ["a=1; Path=/", "b=2, 3"]);
}

#[test]
fn the_url_is_that_of_the_last_hop_and_is_not_shown_by_debug() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.request();
        conversation.say(
            "HTTP/1.1 303 See Other\r\nLocation: /done?token=secret\r\nContent-Length: 0\r\n\r\n",
        );
        conversation.request();
        conversation.say(OK);
    });
    let files = Files::new();
    let request = UploadRequest::new(peer.url(), files.file("a", 10), "file");
    let outcome = engine().upload(request).wait();
    let url = outcome.url().expect("it was sent");
    assert_eq!(
        url.as_str(),
        format!("http://{}/done?token=secret", peer.addr)
    );
    assert!(!format!("{outcome:?}").contains("secret"));

    let refused = engine().upload(UploadRequest::new("", "a", "file")).wait();
    assert!(refused.url().is_none());
}

#[test]
fn a_profile_is_in_order_and_counts_what_went_over_the_wire() {
    let peer = Peer::start(|mut conversation, _| {
        while !conversation.request().0.is_empty() {
            conversation.say(OK);
        }
    });
    let files = Files::new();
    let path = files.file("a", 1000);
    let engine = engine();
    let url = peer.url().replace("127.0.0.1", "localhost");
    let upload = || {
        let request = UploadRequest::new(url.clone(), &path, "file");
        engine.upload(request).wait()
    };
    let (first, second) = (upload(), upload());
    for outcome in [&first, &second] {
        let profile = outcome.profile();
        let times: Vec<f64> = profile.fields().map(|(_, at)| at).collect();
        assert!(times.is_sorted(), "{profile:?}");
        assert_eq!(Some(times[0] as u64), outcome.trace.unix_millis());
        assert_eq!(profile.received_byted_count, OK.len() as u64);
        assert!(profile.send_bytes_count > outcome.bytes_total);
        assert_eq!(outcome.peer, Some(peer.addr));
        assert!(!outcome.stopped_early());
    }
    let names = |outcome: &quintet::Outcome| -> Vec<_> {
        let profile = outcome.profile();
        profile.fields().map(|(name, _)| name).collect()
    };
    let reused = [
        "invokeStart",
        "queueStart",
        "queueEnd",
        "requestStart",
        "requestEnd",
        "responseStart",
        "responseEnd",
    ];
    assert_eq!(names(&second), reused);
    assert!(second.profile().socket_reused && !first.profile().socket_reused);
    let made = [
        "domainLookUpStart",
        "domainLookUpEnd",
        "connectStart",
        "connectEnd",
    ];
    assert!(made.iter().all(|name| names(&first).contains(name)));
}

#[test]
fn an_early_answer_tells_how_far_the_body_had_come() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.head();
        conversation.read(100_000);
        conversation.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
        conversation.drain();
    });
    let files = Files::new();
    let request = UploadRequest::new(peer.url(), files.sparse("a", 1 << 33), "file");
    let outcome = engine().upload(request).wait();
    assert_eq!(outcome.status(), Some(413));
    assert!(outcome.stopped_early());
    assert!((100_000..1 << 33).contains(&outcome.bytes_sent));
    if cfg!(target_os = "linux") {
        let acked = outcome.bytes_acked.expect("Linux tells");
        assert!((100_000..=outcome.bytes_sent).contains(&acked));
    }
}
