//! Target `url`: the host that the policy is asked for is the one that is dialled and the one in the Host header, and the
//! request line holds nothing but its path and query.
//!
//! Input: the URL, as it is.

use quintet::UploadRequest;
use quintet_transport::{Host, Target};
use url::{Position, Url};

use crate::engine::Bench;

static BENCH: Bench = Bench::new();

/// Panics if they are not all the same.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let request = UploadRequest::new(&*text, "a.bin", "file");
    BENCH.with(|bench| {
        let Ok(preview) = bench.engine.preview(request.clone()) else {
            assert_eq!(bench.asked.take(), (vec![], vec![]));
            return;
        };
        let outcome = bench.engine.upload(request).wait();
        let (urls, targets) = bench.asked.take();
        let [url, again] = &urls[..] else {
            panic!("the policy was asked {} times", urls.len());
        };
        let [target] = &targets[..] else {
            panic!("{} dials", targets.len());
        };
        assert_eq!(url, again);
        assert_eq!(outcome.url(), Some(url));

        let mut slots = [httparse::EMPTY_HEADER; 16];
        let mut head = httparse::Request::new(&mut slots);
        head.parse(&preview.head).expect("a request head");
        let hosts = head.headers.iter().filter(|field| field.name == "Host");
        let hosts: Vec<_> = hosts
            .map(|field| String::from_utf8_lossy(field.value))
            .collect();
        let [host] = &hosts[..] else {
            panic!("{} Host headers", hosts.len());
        };
        same(url, target, host);
        assert_eq!(
            head.path,
            Some(&url[Position::BeforePath..Position::AfterQuery])
        );
    });
}

fn same(url: &Url, target: &Target, host: &str) {
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    assert_eq!(target.secure, url.scheme() == "https");
    assert!(target.secure || url.scheme() == "http");
    assert_eq!(host_of(url.host_str().expect("a host")), target.host);
    assert_eq!(url.port_or_known_default(), Some(target.port));
    assert_ne!(target.port, 0);
    // As a server takes it apart.
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().expect("a port")),
        _ => (host, if target.secure { 443 } else { 80 }),
    };
    assert_eq!((host_of(name), port), (target.host.clone(), target.port));
    if let Host::Name(name) = &target.host {
        assert!(
            name.parse::<std::net::IpAddr>().is_err(),
            "{name} is an address"
        );
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase())
        );
    }
}

/// As the system's own reader of addresses has it; one address can be written in several ways.
fn host_of(text: &str) -> Host {
    let inside = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    match inside.unwrap_or(text).parse() {
        Ok(ip) => Host::Ip(ip),
        Err(_) => Host::Name(text.to_owned()),
    }
}
