//! The responses that eleven clients were given: read whole, split anywhere, and byte by byte, and
//! compared with what those clients made of them.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Verdict, sha1, verdict};
use quintet_proto::{Limits, ResponseError};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    data: Data,
    clients: BTreeMap<String, String>,
    accept_count: usize,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Data {
    Once(String),
    Repeated(Vec<(String, usize)>),
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        let latin1 = |text: &str| -> Vec<u8> {
            text.chars()
                .map(|byte| u8::try_from(u32::from(byte)).unwrap())
                .collect()
        };
        match &self.data {
            Data::Once(text) => latin1(text),
            Data::Repeated(runs) => runs
                .iter()
                .flat_map(|(text, times)| latin1(text).repeat(*times))
                .collect(),
        }
    }

    /// What more clients made of it than anything else; `"error"` if they failed.
    fn commonest(&self) -> &str {
        let mut counts = BTreeMap::new();
        for outcome in self.clients.values() {
            let outcome = if outcome.starts_with("E ") {
                "error"
            } else {
                outcome
            };
            *counts.entry(outcome).or_insert(0) += 1;
        }
        let most = *counts.values().max().unwrap();
        let mut leaders = counts.into_iter().filter(|(_, count)| *count == most);
        let (leader, _) = leaders.next().unwrap();
        assert!(
            leaders.next().is_none(),
            "{}: the clients are undecided",
            self.id
        );
        leader
    }
}

fn cases() -> Vec<Case> {
    let vectors: Vectors = serde_json::from_str(include_str!("vectors/responses.json")).unwrap();
    assert_eq!(vectors.cases.len(), 182);
    vectors.cases
}

/// In the words of the vectors: status, length and the front of the body's SHA-1.
fn in_their_words(verdict: &Verdict) -> String {
    match verdict {
        Ok((status, body, _)) => {
            let [a, b, c, ..] = sha1(body);
            format!("{status}/{}/{a:02x}{b:02x}{c:02x}", body.len())
        }
        Err(_) => "error".into(),
    }
}

/// Where we differ from most clients, and why. None of these is a case on which all of them agree.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "curl-770",
        "6,06,6 are equal values (RFC 9112 6.3 item 5), as curl's own test asks",
    ),
    (
        "curl-1482",
        "chunked twice: only exactly `chunked` was offered (RFC 9112 6.1 forbids twice)",
    ),
    (
        "curl-1483",
        "chunked twice, in two fields: as curl-1482 (RFC 9110 5.3)",
    ),
    (
        "curl-1493",
        "identity is no transfer coding since RFC 7230; only exactly `chunked`",
    ),
    ("curl-1494", "identity twice: as curl-1493"),
    (
        "llhttp-invalid-10",
        "CR CR LF: a bare CR is malformed (RFC 9112 2.2), headers may hide in it",
    ),
    (
        "llhttp-sample-17",
        "HTTP/0.9 has no status line (RFC 9112 2.3)",
    ),
    (
        "llhttp-transfer-encoding-2",
        "a coding after chunked: the body could be neither framed nor decoded",
    ),
    (
        "llhttp-transfer-encoding-4",
        "chunkedchunked is an unknown coding, its body would be coded bytes",
    ),
    ("rfc-te-identity", "as curl-1493; the RFC allows the error"),
    (
        "rfc-te-chunked-gzip",
        "a coding after chunked; the RFC allows the error",
    ),
    ("rfc-te-xchunked", "an unknown coding"),
    (
        "rfc-chunk-zeros",
        "at most 16 hex digits, leading zeros included; the RFC allows the error",
    ),
    (
        "rfc-hdr-ctl",
        "a control byte in a value (RFC 9110 5.5 allows the error)",
    ),
    (
        "rfc-hdr-100",
        "101 fields with its Content-Length: one over the limit",
    ),
    ("rfc-sl-http0", "HTTP/0.9 has no status line (RFC 9112 2.3)"),
    ("rfc-1xx-1000", "more than 32 interim responses"),
];

#[test]
fn verdicts_are_those_of_most_clients_or_listed_with_a_reason() {
    let cases = cases();
    let mut different = BTreeSet::new();
    for case in &cases {
        let ours = verdict([&case.bytes()[..]], &Limits::default());
        let agrees = in_their_words(&ours) == case.commonest();
        if matches!(case.accept_count, 0 | 11) {
            assert!(
                agrees,
                "{}: {ours:?}, but all clients say {}",
                case.id,
                case.commonest()
            );
        }
        if !agrees {
            different.insert(case.id.as_str());
        }
    }
    assert_eq!(different, DIFFERENT.iter().map(|(id, _)| *id).collect());
}

#[test]
fn a_verdict_does_not_depend_on_how_the_bytes_are_cut() {
    for case in cases() {
        let bytes = case.bytes();
        let whole = verdict([&bytes[..]], &Limits::default());
        assert_eq!(
            verdict(bytes.chunks(1), &Limits::default()),
            whole,
            "{}: byte by byte",
            case.id
        );
        // Every position, or a thousand of them in a giant.
        let step = if bytes.len() > 20_000 {
            bytes.len() / 1_000
        } else {
            1
        };
        for at in (0..=bytes.len()).step_by(step) {
            let (front, back) = bytes.split_at(at);
            assert_eq!(
                verdict([front, back], &Limits::default()),
                whole,
                "{} at {at}",
                case.id
            );
        }
    }
}

/// Five clients hand a 101 that they never asked for to their caller as a success.
#[test]
fn an_unasked_101_is_malformed_though_clients_take_it() {
    for id in [
        "rfc-1xx-101",
        "llhttp-connection-10",
        "llhttp-connection-11",
    ] {
        let case = cases().into_iter().find(|case| case.id == id).unwrap();
        let takers: Vec<_> = case
            .clients
            .iter()
            .filter(|(_, said)| said.starts_with("101/"))
            .collect();
        let names: Vec<_> = takers
            .into_iter()
            .map(|(client, _)| client.as_str())
            .collect();
        assert_eq!(names, ["aiohttp", "curl", "go", "hyper", "pyhttp"], "{id}");
        let ours = verdict([&case.bytes()[..]], &Limits::default());
        assert_eq!(ours, Err(ResponseError::SwitchedProtocols), "{id}");
    }
}

#[test]
fn sha1_is_right() {
    let hex = |bytes: &[u8]| sha1(bytes).map(|byte| format!("{byte:02x}")).concat();
    assert_eq!(hex(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_eq!(hex(&[b'a'; 56]), "c2db330f6083854c99d4b5bfb6e8f29f201be699");
}
