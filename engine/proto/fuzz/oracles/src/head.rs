//! Target `head`: what is written as a request head is one request to httparse and to hyper's server, with the target,
//! the headers and the framing that were asked for, and hyper finds the body in it: a form or a raw one, with its length or
//! in chunks.
//!
//! Allowed differences: hyper refuses a target that holds what RFC 3986 has no place for (the engine's own come from a
//! URL parser, which escapes it), and more headers than its own limit; refused is refused whole, never read as
//! something else. CONNECT has no body to hyper, and the engine does not use it here.
//!
//! Input: a byte that chooses method and framing, target, host, the engine's one header, for a raw body its media type and
//! its bytes, for chunks the size of each, and the caller's headers, each a name and a value.

use quintet_proto::{
    Boundary, CHUNK_END, ChunkLine, EngineName, Form, Framing, Headers, LAST_CHUNK, Plan,
    RequestHead, Segment, UNKNOWN_LENGTH, is_engine_owned,
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
    let raw = (choice & 16 != 0).then(|| (input.text(), input.bytes()));
    let chunk_bytes = (choice & 32 != 0).then(|| 1 + usize::from(input.byte()));
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
    let body = match &raw {
        _ if !has_body => Vec::new(),
        Some((_, bytes)) => bytes.to_vec(),
        None => closing(&boundary),
    };
    let content_length = match chunk_bytes {
        Some(_) => UNKNOWN_LENGTH,
        None => body.len() as u64,
    };
    let framing = match &raw {
        _ if !has_body => Framing::None,
        Some((content_type, _)) => Framing::Raw {
            content_type,
            content_length,
        },
        None => Framing::Multipart {
            boundary: &boundary,
            content_length,
        },
    };
    let Ok(engine_name) = EngineName::new(&engine.0) else {
        return;
    };
    let head = RequestHead {
        method: &method,
        target: &target,
        host: &host,
        framing,
        engine: &[(engine_name, &engine.1)],
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
    let expected = expected(&head);
    httparse_reads(out, &method, &target, &expected);

    let mut request = out.to_vec();
    match chunk_bytes {
        Some(chunk_bytes) if has_body => write_chunks(&body, chunk_bytes, &mut request),
        _ => request.extend_from_slice(&body),
    }
    if method != "CONNECT" {
        hyper_reads(&request, &body, &method, &target, expected);
    }
}

/// The body of a form without parts.
fn closing(boundary: &Boundary) -> Vec<u8> {
    let plan = Plan::new(&Form::new(), boundary, &[]).expect("a form without files");
    let segments = plan.segments().map(|segment| match segment {
        Segment::Bytes(bytes) => bytes,
        Segment::File { .. } => unreachable!("there is no file"),
    });
    segments.collect::<Vec<_>>().concat()
}

fn write_chunks(body: &[u8], chunk_bytes: usize, request: &mut Vec<u8>) {
    for chunk in body.chunks(chunk_bytes) {
        request.extend_from_slice(ChunkLine::new(chunk.len() as u64).as_bytes());
        request.extend_from_slice(chunk);
        request.extend_from_slice(CHUNK_END);
    }
    request.extend_from_slice(LAST_CHUNK);
}

fn expected(head: &RequestHead<'_>) -> Fields {
    let mut fields = vec![("Host".to_owned(), head.host.as_bytes().to_vec())];
    let body = match head.framing {
        Framing::None => None,
        Framing::Multipart {
            boundary,
            content_length,
        } => {
            let content_type = format!("multipart/form-data; boundary={}", boundary.as_str());
            Some((content_type, content_length))
        }
        // It may end in a semicolon and a space (RFC 9110 5.6.6), and readers cut the space.
        Framing::Raw {
            content_type,
            content_length,
        } => Some((content_type.trim_end().to_owned(), content_length)),
    };
    if let Some((content_type, content_length)) = body {
        fields.push(("Content-Type".to_owned(), content_type.into()));
        fields.push(match content_length {
            UNKNOWN_LENGTH => ("Transfer-Encoding".to_owned(), b"chunked".to_vec()),
            length => ("Content-Length".to_owned(), length.to_string().into()),
        });
    }
    let engine = head
        .engine
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
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

fn hyper_reads(request: &[u8], body: &[u8], method: &str, target: &str, expected: Fields) {
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
    assert_eq!(one.body, body);
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
