//! HTTP proxies that follow a script: what they are asked, and what becomes of every answer.
#![forbid(unsafe_code)]

mod script;

use std::cell::RefCell;
use std::net::SocketAddr;

use quintet_proxy::{Proxy, ProxyConnect};
use quintet_transport::{
    Connect, ConnectError, ConnectErrorKind, Connection, Host, Step, Target, Unwatched, Via, Watch,
};
use script::{Answer, Script, cuts, now, rest};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";

fn target(host: &str, port: u16) -> Target {
    let host = match host.parse() {
        Ok(ip) => Host::Ip(ip),
        Err(_) => Host::Name(host.into()),
    };
    Target {
        secure: false,
        host,
        port,
    }
}

fn proxy(url: &str) -> Proxy {
    url.parse().expect(url)
}

fn through(script: &Script, url: &str) -> ProxyConnect<Script> {
    ProxyConnect::new(script.clone(), proxy(url))
}

/// A tunnel to example.com:443 through a proxy that gives this answer.
fn tunnel(url: &str, answer: Answer) -> Result<Box<dyn Connection>, ConnectError> {
    let transport = through(&Script::new([answer]), url);
    now(transport.tunnel(&target("example.com", 443), &Unwatched))
}

#[test]
fn a_tunnel_is_asked_for_by_connect() {
    for (url, to, asked) in [
        (
            "http://proxy:3128",
            target("example.com", 443),
            "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
        ),
        (
            // printf 'user:p@ss' | base64
            "http://user:p%40ss@proxy:3128",
            target("::1", 8443),
            "CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\n\
             Proxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n",
        ),
    ] {
        let script = Script::new([vec![OK.to_vec()]]);
        let transport = through(&script, url);
        let connection = now(transport.tunnel(&to, &Unwatched)).unwrap();
        assert_eq!(String::from_utf8_lossy(&script.written()[0]), asked);
        assert_eq!(script.asked(), ["tunnel http://proxy:3128"]);
        let info = connection.info();
        assert_eq!((info.via, info.secured), (Some(Via::Tunnel), None));
        assert_eq!(
            info.acked,
            Some(0),
            "what the proxy was sent is no caller's"
        );
    }
}

#[test]
fn any_2xx_opens_it_and_no_byte_behind_the_head_is_lost() {
    for head in [
        "HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n",
        "HTTP/1.0 200\r\n\r\n",
        "HTTP/1.1 299 \n\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
        // RFC 9110, 9.3.6: to be ignored.
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: x\r\n\r\n",
    ] {
        let text = format!("{head}behind it");
        for answer in cuts(text.as_bytes()) {
            let mut connection = tunnel("http://proxy", answer).expect(head);
            assert_eq!(rest(&mut *connection), b"behind it", "{head}");
        }
    }
}

#[test]
fn every_other_answer_is_an_error_that_says_why() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(20_000));
    let endless = "HTTP/1.1 100 Continue\r\n\r\n".repeat(33);
    let wordy = format!("HTTP/1.1 500 {}\r\n\r\n", "x".repeat(10_000));
    for (answer, why) in [
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nbody",
            "CONNECT with 403 Forbidden",
        ),
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "not take this user and password",
        ),
        ("HTTP/1.0 502\r\n\r\n", "CONNECT with 502"),
        (
            "HTTP/1.1 301 Moved Permanently\r\nLocation: /\r\n\r\n",
            "CONNECT with 301",
        ),
        (&wordy, "CONNECT with 500 xxx"),
        ("", "closed before it answered"),
        ("H", "closed within the response head"),
        (
            "HTTP/1.1 200 OK\r\nX: y\r\n",
            "closed within the response head",
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\n",
            "closed within the response head",
        ),
        ("HTTP/2 200\r\n\r\n", "HTTP/1"),
        ("SSH-2.0-x\r\n", "HTTP/1"),
        ("\x05\x00", "HTTP/1"),
        ("HTTP/1.1 20x OK\r\n\r\n", "status line"),
        ("HTTP/1.1 200 OK\r\nX y\r\n\r\n", "header"),
        (
            "HTTP/1.1 101 Switching Protocols\r\n\r\n",
            "switched protocols",
        ),
        (&long, "head is too long"),
        (&endless, "too many interim"),
    ] {
        let all = match answer.len() {
            ..1_000 => cuts(answer.as_bytes()),
            _ => vec![vec![answer.as_bytes().to_vec()]],
        };
        for cut in all {
            let error = tunnel("http://user:secret@proxy", cut).err().expect(answer);
            let text = error.to_string();
            assert_eq!(error.kind, ConnectErrorKind::Proxy, "{text}");
            assert!(text.contains(why), "{answer:.60?}: {text}");
            assert!(
                text.contains("proxy http://proxy:1080: ") && text.len() < 300,
                "{text}"
            );
            assert!(!text.contains("secret") && !format!("{error:?}").contains("secret"));
        }
    }
    let error = tunnel("http://proxy", vec![b"HTTP/1.1 407 \r\n\r\n".to_vec()]);
    let error = error.err().expect("a refusal").to_string();
    assert!(error.contains("wants a user and a password"), "{error}");
}

#[test]
fn plain_requests_are_the_proxys_to_read_unless_it_is_asked_for_a_tunnel() {
    let plain = target("example.com", 80);
    for (url, authorization) in [
        ("http://proxy", None),
        ("http://user:p%40ss@proxy", Some("Basic dXNlcjpwQHNz")),
    ] {
        let script = Script::default();
        let transport = through(&script, url);
        let connection = now(transport.connect(&plain, &Unwatched)).unwrap();
        let via = connection.info().via;
        let authorization = authorization.map(Into::into);
        assert_eq!(via, Some(Via::Forward { authorization }));
        assert_eq!(format!("{via:?}"), "Some(Forward)");
        assert_eq!(script.written(), [b""]);
    }
    let script = Script::new([vec![OK.to_vec()]]);
    let asked = proxy("http://proxy").tunnel_plain(true);
    let transport = ProxyConnect::new(script.clone(), asked);
    let connection = now(transport.connect(&plain, &Unwatched)).unwrap();
    assert_eq!(connection.info().via, Some(Via::Tunnel));
    assert!(script.written()[0].starts_with(b"CONNECT example.com:80 "));
}

#[test]
fn what_goes_past_the_proxy_is_asked_of_the_transport_below_as_it_came() {
    let script = Script::default();
    let past = proxy("http://proxy").no_proxy("past.test, 10.0.0.0/8".parse().unwrap());
    let transport = ProxyConnect::new(script.clone(), past);
    let connection = now(transport.connect(&target("past.test", 80), &Unwatched)).unwrap();
    assert_eq!(connection.info().via, None);
    now(transport.tunnel(&target("10.1.1.1", 443), &Unwatched)).unwrap();
    now(transport.connect(&target("other.test", 80), &Unwatched)).unwrap();
    assert_eq!(
        script.asked(),
        [
            "connect http://past.test:80",
            "tunnel http://10.1.1.1:443",
            "tunnel http://proxy:1080",
        ]
    );
}

#[test]
fn a_proxy_over_tls_is_asked_of_a_transport_that_secures() {
    let script = Script::default();
    let transport = through(&script, "https://proxy");
    now(transport.connect(&target("h", 80), &Unwatched)).unwrap();
    assert_eq!(script.asked(), ["tunnel https://proxy:443"]);
}

#[test]
fn a_secure_target_is_refused_before_anything_is_dialled() {
    let script = Script::default();
    let mut secure = target("localhost", 443);
    secure.secure = true;
    let all = proxy("http://proxy").no_proxy("*".parse().unwrap());
    for transport in [
        through(&script, "socks5h://proxy"),
        ProxyConnect::new(script.clone(), all),
    ] {
        for connecting in [
            transport.connect(&secure, &Unwatched),
            transport.tunnel(&secure, &Unwatched),
        ] {
            let error = now(connecting).err().expect("a refusal");
            assert_eq!(error.kind, ConnectErrorKind::Unsupported);
        }
    }
    assert!(script.asked().is_empty());
}

#[test]
fn a_host_that_is_no_name_gets_into_no_request() {
    let script = Script::default();
    let long = "x".repeat(256);
    for name in ["", "h\r\nX: 1", "h h", "\u{e9}", "h\0", &long] {
        for url in ["http://proxy", "socks5h://proxy"] {
            let transport = through(&script, url);
            let to = Target {
                host: Host::Name(name.into()),
                ..target("h", 443)
            };
            let error = now(transport.tunnel(&to, &Unwatched)).err().expect(name);
            assert_eq!(error.kind, ConnectErrorKind::NotResolved, "{error}");
        }
    }
    assert!(script.asked().is_empty());
}

/// Permits one port alone.
struct Watching(RefCell<Vec<Step>>, u16);

impl Watch for Watching {
    fn reached(&self, step: Step) {
        self.0.borrow_mut().push(step);
    }

    fn permit(&self, address: &SocketAddr) -> bool {
        address.port() == self.1
    }
}

#[test]
fn connected_is_the_way_through_and_secured_is_never_the_way_to_the_proxy() {
    for (answer, reached) in [
        (OK, &[Step::Resolved, Step::Connected][..]),
        (b"HTTP/1.1 403 No\r\n\r\n", &[Step::Resolved]),
    ] {
        let watching = Watching(RefCell::default(), 0);
        let transport = through(&Script::new([vec![answer.to_vec()]]), "https://proxy");
        let _ = now(transport.tunnel(&target("h", 443), &watching));
        assert_eq!(*watching.0.borrow(), reached);
    }
}

#[test]
fn the_watch_is_asked_for_a_target_whose_address_is_known() {
    for (port, expected) in [(443, None), (444, Some(ConnectErrorKind::Forbidden))] {
        let script = Script::new([vec![OK.to_vec()]]);
        let transport = through(&script, "http://proxy");
        let watching = Watching(RefCell::default(), 443);
        let ended = now(transport.tunnel(&target("10.0.0.1", port), &watching));
        assert_eq!(ended.err().map(|error| error.kind), expected);
        assert_eq!(script.asked().is_empty(), expected.is_some());
    }
}
