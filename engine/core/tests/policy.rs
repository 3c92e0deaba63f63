//! The usual host policies, on real sockets: what they refuse is never dialled.
#![forbid(unsafe_code)]

mod support;

use quintet::{Engine, ErrorKind, Outcome, Redirects, Rules, UploadRequest};
use quintet_tcp::TcpConnect;
use support::*;

fn upload(rules: Rules, url: &str) -> std::sync::Arc<Outcome> {
    let files = Files::new();
    let engine = Engine::builder(TcpConnect::new())
        .settings(settings(|settings| settings.redirects = Redirects::Any))
        .policy(rules)
        .start()
        .expect("a thread");
    let path = files.file("a", 100);
    engine.upload(UploadRequest::new(url, path, "file")).wait()
}

fn answering(answer: &'static str) -> Peer {
    Peer::start(move |mut conversation, _| {
        conversation.request();
        conversation.say(answer);
    })
}

#[test]
fn a_listed_host_is_uploaded_to() {
    let peer = answering(OK);
    let rules = Rules::new().domain("127.0.0.1:*").expect("a pattern");
    assert_eq!(upload(rules, &peer.url()).status(), Some(200));
}

#[test]
fn what_a_rule_refuses_is_not_dialled() {
    let peer = answering(OK);
    let rules = |pattern: &str| Rules::new().domain(pattern).expect("a pattern");
    for rules in [
        rules("example.com"),
        rules("127.0.0.1"),
        Rules::new().https_only(),
        Rules::new().public_addresses_only(),
    ] {
        let outcome = upload(rules.clone(), &peer.url());
        assert_eq!(outcome.kind(), Some(ErrorKind::DomainDenied), "{rules:?}");
        assert_eq!(outcome.errno(), 105);
        assert!(outcome.may_retry);
    }
    assert_eq!(peer.connections(), 0);
}

#[test]
fn a_name_that_leads_inwards_is_refused_at_the_dial() {
    let peer = answering(OK);
    let url = format!("http://localhost:{}/", peer.addr.port());
    let outcome = upload(Rules::new().public_addresses_only(), &url);
    assert_eq!(outcome.kind(), Some(ErrorKind::DomainDenied));
    assert_eq!(peer.connections(), 0);
}

#[test]
fn a_redirect_out_of_the_list_is_not_followed() {
    let outside = answering(OK);
    let location = format!("http://localhost:{}/", outside.addr.port());
    let inside = Peer::start(move |mut conversation, _| {
        conversation.request();
        let moved = "HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n";
        conversation.say(&format!("{moved}Location: {location}\r\n\r\n"));
    });
    let rules = Rules::new().domain("127.0.0.1:*").expect("a pattern");
    let outcome = upload(rules, &inside.url());
    assert_eq!(outcome.kind(), Some(ErrorKind::DomainDenied));
    assert_eq!((inside.connections(), outside.connections()), (1, 0));
}
