//! Target `head`: what is written as a request head is one request to httparse and to hyper's server, with the target,
//! the headers and the framing that were asked for.
//!
//! Allowed differences: hyper refuses a target that holds what RFC 3986 has no place for (the engine's own come from a
//! URL parser, which escapes it), and more headers than its own limit; refused is refused whole, never read as
//! something else. CONNECT has no body to hyper, and the engine does not use it here.
//!
//! Input: a byte that chooses method and framing, target, host, the length of the body, the engine's one header, and the
//! caller's headers, each a name and a value.

use quintet_proto::{
    Boundary, Form, Framing, Headers, Plan, RequestHead, Segment, is_engine_owned,
};

use crate::input::Input;
use crate::peers::hyper_server;

type Fields = Vec<(String, Vec<u8>)>;

/// Panics if the head does not say what it must.
pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let choice = input.byte();
    let method = match choice % 4 {
        0 => "POST".to_owned(),
        1 => "PUT".to_owned(),
        2 => "GET".to_owned(),
        _ => input.text(),
    };
    let (target, host) = (input.text(), input.text());
    let engine = (input.text(), input.text());
    let has_body = choice & 4 == 0;
    let forwarded = choice & 8 != 0;
    let mut headers = Headers::new();
    while !input.is_empty() {
        let (name, value) = (input.text(), input.bytes());
        match headers.push(&name, value) {
            Ok(()) => assert!(value.iter().all(|byte| !b"\r\n\0".contains(byte))),
            Err(_) => assert!(
                headers
                    .get(&name)
                    .is_none_or(|got| got != value || value.is_empty())
            ),
        }
    }

    let boundary = Boundary::from_random([choice; 16]);
    let plan = Plan::new(&Form::new(), &boundary, &[]).expect("a form without files");
    let framing = match has_body {
        true => Framing::Multipart {
            boundary: &boundary,
            content_length: plan.content_length(),
        },
        false => Framing::None,
    };
    let head = RequestHead {
        method: &method,
        target: &target,
        host: &host,
        framing,
        engine: &[(&engine.0, &engine.1)],
        headers: &headers,
    };
    let mut out = b"before".to_vec();
    let written = match forwarded {
        true => head.write_forwarded_to(&mut out),
        false => head.write_to(&mut out),
    };
    let out = out.strip_prefix(b"before").expect("it only appends");
    if written.is_err() {
        assert!(out.is_empty());
        return;
    }
    let target = match forwarded {
        true => format!("http://{host}{target}"),
        false => target.clone(),
    };
    let expected = expected(&head, &boundary, &plan);
    httparse_reads(out, &method, &target, &expected);

    let mut request = out.to_vec();
    if has_body {
        for segment in plan.segments() {
            let Segment::Bytes(bytes) = segment else {
                unreachable!("there is no file")
            };
            request.extend_from_slice(bytes);
        }
    }
    if method != "CONNECT" {
        hyper_reads(&request, out.len(), &method, &target, expected);
    }
}

fn expected(head: &RequestHead<'_>, boundary: &Boundary, plan: &Plan) -> Fields {
    let mut fields = vec![("Host".to_owned(), head.host.as_bytes().to_vec())];
    if let Framing::Multipart { .. } = head.framing {
        let content_type = format!("multipart/form-data; boundary={}", boundary.as_str());
        fields.push(("Content-Type".to_owned(), content_type.into()));
        fields.push((
            "Content-Length".to_owned(),
            plan.content_length().to_string().into(),
        ));
    }
    let engine = head
        .engine
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()));
    let callers = head
        .headers
        .iter()
        .filter(|(name, _)| !is_engine_owned(name));
    let more = engine
        .chain(callers)
        .map(|(name, value)| (name.to_owned(), trim(value).to_vec()));
    fields.extend(more);
    fields
}

/// Readers cut optional whitespace off a value.
fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

fn httparse_reads(head: &[u8], method: &str, target: &str, expected: &Fields) {
    let mut slots = vec![httparse::EMPTY_HEADER; expected.len()];
    let mut request = httparse::Request::new(&mut slots);
    assert_eq!(
        request.parse(head),
        Ok(httparse::Status::Complete(head.len()))
    );
    assert_eq!((request.method, request.path), (Some(method), Some(target)));
    assert_eq!(request.version, Some(1));
    let read: Fields = request
        .headers
        .iter()
        .map(|field| (field.name.to_owned(), trim(field.value).to_vec()))
        .collect();
    assert_eq!(&read, expected);
}

fn hyper_reads(request: &[u8], head_len: usize, method: &str, target: &str, expected: Fields) {
    let (seen, clean) = hyper_server(request, expected.len() + 1);
    let Some(one) = seen.first() else {
        assert!(
            !clean || target.bytes().any(|byte| !is_uri(byte)),
            "hyper saw no request"
        );
        return;
    };
    assert!(clean && seen.len() == 1, "hyper saw more than one request");
    assert_eq!((&*one.method, &*one.target), (method, target));
    assert_eq!(one.body, request[head_len..]);
    // hyper's map keeps the order of each name's values alone.
    let sorted = |fields: &Fields| {
        let mut fields: Fields = fields
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
            .collect();
        fields.sort_by(|left, right| left.0.cmp(&right.0));
        fields
    };
    assert_eq!(sorted(&one.headers), sorted(&expected));
}

/// Whether it has a place in a URI (RFC 3986 2).
fn is_uri(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte)
}
