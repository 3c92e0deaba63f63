//! SOCKS5 proxies that follow a script: what they are asked, and what becomes of every answer.
#![forbid(unsafe_code)]

mod script;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use quintet_proxy::ProxyConnect;
use quintet_tcp::{Resolve, ResolveFuture};
use quintet_transport::{
    Connect, ConnectError, ConnectErrorKind, Connection, Host, Step, Target, Unwatched, Via, Watch,
};
use script::{Answer, Script, cuts, now, rest};

/// No login, and a way from 10.0.0.9:4096.
const OPENED: &[u8] = b"\x05\x00\x05\x00\x00\x01\x0a\x00\x00\x09\x10\x00";

fn target(host: Host) -> Target {
    Target {
        secure: false,
        host,
        port: 443,
    }
}

fn named() -> Target {
    target(Host::Name("example.com".into()))
}

fn tunnel(script: &Script, url: &str) -> Result<Box<dyn Connection>, ConnectError> {
    let transport = ProxyConnect::new(script.clone(), url.parse().expect(url));
    now(transport.tunnel(&named(), &Unwatched))
}

fn once(url: &str, answer: Answer) -> Result<Box<dyn Connection>, ConnectError> {
    tunnel(&Script::new([answer]), url)
}

#[test]
fn it_is_asked_for_a_name_or_an_address() {
    for (host, place) in [
        (
            Host::Name("example.com".into()),
            &b"\x03\x0bexample.com"[..],
        ),
        (Host::Ip([10, 0, 0, 1].into()), b"\x01\x0a\x00\x00\x01"),
        (
            Host::Ip("fd00::1".parse().unwrap()),
            b"\x04\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01",
        ),
    ] {
        let script = Script::new([vec![OPENED.to_vec()]]);
        let transport = ProxyConnect::new(script.clone(), "socks5h://proxy".parse().unwrap());
        // The same with TLS above and without.
        let connection = now(transport.connect(&target(host), &Unwatched)).unwrap();
        let asked = [b"\x05\x01\x00\x05\x01\x00", place, b"\x01\xbb"].concat();
        assert_eq!(script.written(), [asked]);
        let info = connection.info();
        assert_eq!((info.via, info.acked), (Some(Via::Tunnel), Some(0)));
    }
}

#[test]
fn a_login_is_offered_and_given_if_it_is_wanted() {
    let script = Script::new([vec![[b"\x05\x02\x01\x00", &OPENED[2..]].concat()]]);
    tunnel(&script, "socks5h://user:p%40ss@proxy").unwrap();
    let asked = b"\x05\x02\x00\x02\x01\x04user\x04p@ss\x05\x01\x00\x03\x0bexample.com\x01\xbb";
    assert_eq!(script.written(), [asked]);

    let script = Script::new([vec![OPENED.to_vec()]]);
    tunnel(&script, "socks5h://user:p%40ss@proxy").unwrap();
    let asked = b"\x05\x02\x00\x02\x05\x01\x00\x03\x0bexample.com\x01\xbb";
    assert_eq!(script.written(), [asked]);
}

#[test]
fn every_cut_and_every_bound_address_leaves_the_targets_bytes() {
    for bound in [
        &b"\x01\x0a\x00\x00\x09\x10\x00"[..],
        b"\x04\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x10\x00",
        b"\x03\x05a.com\x10\x00",
        b"\x03\x00\x10\x00",
    ] {
        let text = [b"\x05\x00\x05\x00\x00", bound, b"behind it"].concat();
        for answer in cuts(&text) {
            let mut connection = once("socks5h://proxy", answer).unwrap();
            assert_eq!(rest(&mut *connection), b"behind it", "{bound:?}");
        }
    }
}

#[test]
fn every_reply_and_every_broken_answer_is_an_error_that_says_why() {
    use ConnectErrorKind::{NoRoute, Proxy, Refused};
    for (answer, kind, why) in [
        (
            &b"\x05\x00\x05\x01\x00\x01\0\0\0\0\0\0"[..],
            Proxy,
            "general failure",
        ),
        (b"\x05\x00\x05\x02", Proxy, "not allowed by its rules"),
        (b"\x05\x00\x05\x03", NoRoute, "network unreachable"),
        (b"\x05\x00\x05\x04", NoRoute, "host unreachable"),
        (b"\x05\x00\x05\x05", Refused, "connection refused"),
        (b"\x05\x00\x05\x06", NoRoute, "TTL expired"),
        (b"\x05\x00\x05\x07", Proxy, "cannot CONNECT"),
        (b"\x05\x00\x05\x08", Proxy, "type of address"),
        (b"\x05\x00\x05\x09", Proxy, "unknown reply 9"),
        (b"\x05\xff", Proxy, "takes no login"),
        (b"\x05\x01", Proxy, "chose way 1"),
        (
            b"\x05\x02\x01\x01",
            Proxy,
            "not take this user and password",
        ),
        (b"", Proxy, "closed before it answered"),
        (b"\x05", Proxy, "closed before it answered"),
        (b"\x05\x00", Proxy, "closed before it answered"),
        (b"\x05\x00\x05", Proxy, "closed before it answered"),
        (
            b"\x05\x00\x05\x00\x00\x01\x0a",
            Proxy,
            "closed before it answered",
        ),
        (
            b"\x05\x00\x05\x00\x00\x03\xffx",
            Proxy,
            "closed before it answered",
        ),
        (b"\x05\x02\x01", Proxy, "closed before it answered"),
        (b"\x05\x00\x05\x00\x00\x02\x0a", Proxy, "not speak SOCKS5"),
        (b"\x04\x00", Proxy, "not speak SOCKS5"),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            Proxy,
            "not speak SOCKS5",
        ),
        (b"\x05\x00\x00\x5a", Proxy, "not speak SOCKS5"),
    ] {
        for cut in cuts(answer) {
            let error = once("socks5h://user:secret@proxy", cut).err().expect(why);
            let text = error.to_string();
            assert_eq!(error.kind, kind, "{text}");
            assert!(text.contains(why), "{answer:?}: {text}");
            assert!(text.contains("proxy socks5h://proxy:1080: "), "{text}");
            assert!(!text.contains("secret") && !format!("{error:?}").contains("secret"));
        }
    }
    for (answer, why) in [
        (&b"\x05\xff"[..], "wants a user and a password"),
        (b"\x05\x02", "chose way 2"),
    ] {
        let error = once("socks5h://proxy", vec![answer.to_vec()]).err();
        let text = error.expect(why).to_string();
        assert!(text.contains(why), "{text}");
    }
}

/// One name with three addresses.
struct Three;

impl Resolve for Three {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> ResolveFuture<'a> {
        assert_eq!((name, port), ("example.com", 443));
        let addresses = ["[::1]:443", "10.0.0.1:443", "10.0.0.2:443"];
        let addresses = addresses.map(|address| address.parse().unwrap());
        Box::pin(async move { Ok(Vec::from(addresses)) })
    }
}

/// No name at all.
struct Nothing;

impl Resolve for Nothing {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> ResolveFuture<'a> {
        Box::pin(async { Err(io::Error::other("asked in vain")) })
    }
}

/// Refuses this address, and remembers whether connecting was told more than once.
struct Without(&'static str, AtomicBool);

impl Watch for Without {
    fn reached(&self, step: Step) {
        if step == Step::Resolved {
            assert!(!self.1.swap(true, Ordering::Relaxed), "told once");
        }
    }

    fn permit(&self, address: &SocketAddr) -> bool {
        !address.to_string().starts_with(self.0)
    }
}

fn resolved_here(
    script: &Script,
    resolver: impl Resolve + 'static,
    refused: &'static str,
) -> Option<ConnectError> {
    let transport = ProxyConnect::new(script.clone(), "socks5://proxy".parse().unwrap());
    let transport = Arc::new(transport.resolver(resolver));
    let watch = Without(refused, AtomicBool::new(false));
    now(transport.tunnel(&named(), &watch)).err()
}

#[test]
fn a_name_resolved_here_has_its_addresses_tried_in_turn() {
    let no_route = || vec![b"\x05\x00\x05\x03\x00\x01\0\0\0\0\0\0".to_vec()];
    let script = Script::new([no_route(), no_route(), vec![OPENED.to_vec()]]);
    assert!(resolved_here(&script, Three, "none").is_none());
    let asked = script.written();
    assert_eq!(asked.len(), 3);
    assert!(asked[0].ends_with(b"\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xbb"));
    assert!(asked[1].ends_with(b"\x01\x0a\x00\x00\x01\x01\xbb"));
    assert!(asked[2].ends_with(b"\x01\x0a\x00\x00\x02\x01\xbb"));

    // What the watch does not permit is not asked for; what has nothing to do with the address is final.
    let script = Script::new([no_route(), vec![b"\x05\x00\x05\x02".to_vec()]]);
    let error = resolved_here(&script, Three, "[").expect("a refusal");
    assert_eq!(error.kind, ConnectErrorKind::Proxy);
    assert_eq!(script.written().len(), 2);
    assert!(script.written()[0].ends_with(b"\x01\x0a\x00\x00\x01\x01\xbb"));
}

#[test]
fn a_name_without_a_permitted_address_is_not_asked_for() {
    let script = Script::default();
    let error = resolved_here(&script, Three, "").expect("a refusal");
    assert_eq!(error.kind, ConnectErrorKind::Forbidden);
    let error = resolved_here(&script, Nothing, "none").expect("a refusal");
    assert_eq!(error.kind, ConnectErrorKind::NotResolved);
    assert!(error.to_string().contains("asked in vain"), "{error}");
    assert!(script.asked().is_empty());
}
