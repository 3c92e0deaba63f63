//! The hostile calls that end in a form or a request head.

mod common;

use common::naive_parts;
use quintet_proto::{
    Boundary, EngineName, Form, FormMistake, Framing, HeaderError, Headers, Newlines, Part,
    PartBody, Plan, RequestError, RequestHead, Segment, UNKNOWN_LENGTH, is_engine_owned,
};
use serde_json::Value;

fn calls() -> Vec<(String, Value)> {
    // One file name stands for a byte that is no UTF-8, which a JSON reader need not take.
    let json = include_str!("vectors/hostile_inputs.json").replace("\\udcff", "\\ufffd");
    let vectors: Value = serde_json::from_str(&json).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    cases
        .iter()
        .map(|case| (case["id"].as_str().unwrap().into(), case["call"].clone()))
        .collect()
}

/// The request head of a call with these headers, or the first that is refused.
fn head_of(headers: &Value) -> Result<Vec<u8>, HeaderError> {
    let mut kept = Headers::new();
    for (name, value) in headers.as_object().unwrap() {
        if !is_engine_owned(name) {
            kept.push(name, value.as_str().unwrap().as_bytes())?;
        }
    }
    let boundary = Boundary::from_text("B").unwrap();
    let mut out = Vec::new();
    head(&boundary, &kept).write_to(&mut out).unwrap();
    Ok(out)
}

fn head<'a>(boundary: &'a Boundary, headers: &'a Headers) -> RequestHead<'a> {
    RequestHead {
        method: "POST",
        target: "/up",
        host: "h",
        framing: Framing::Multipart {
            boundary,
            content_length: 7,
        },
        engine: &[],
        headers,
    }
}

const OWN: &str = "POST /up HTTP/1.1\r\nHost: h\r\n\
    Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 7\r\n";

#[test]
fn headers_of_the_engine_are_left_out_and_broken_ones_refused() {
    let mut seen = 0;
    for (id, call) in calls() {
        let Some(headers) = call.get("header").filter(|headers| headers.is_object()) else {
            continue;
        };
        seen += 1;
        let head = head_of(headers).map(|head| String::from_utf8(head).unwrap());
        let expected = match id.split('-').next().unwrap() {
            "forbidden" | "referer" | "ctype" => Ok(format!("{OWN}\r\n")),
            "hdr" if id.starts_with("hdr-name-") => Err(HeaderError::Name),
            "hdr" if id.starts_with("hdr-value-") => Err(HeaderError::Value),
            "hdr" => {
                let fields = headers.as_object().unwrap().iter();
                let lines = fields.map(|(n, v)| format!("{n}: {}\r\n", v.as_str().unwrap()));
                Ok(format!("{OWN}{}\r\n", lines.collect::<String>()))
            }
            _ => panic!("{id} is new"),
        };
        assert_eq!(head, expected, "{id}");
    }
    assert_eq!(seen, 32);
}

#[test]
fn names_keys_and_values_forge_no_part() {
    let boundary = Boundary::from_random([3; 16]);
    for (id, call) in calls() {
        if !(id.starts_with("name-") || id.starts_with("formdata-")) {
            continue;
        }
        let name = match &call["name"] {
            Value::String(name) => name.clone(),
            repeated => {
                let count = repeated["repeat"][1].as_u64().unwrap() as usize;
                repeated["repeat"][0].as_str().unwrap().repeat(count)
            }
        };
        let mut form = Form::new();
        let mut fields = Vec::new();
        let mut refused = None;
        for (key, value) in call["formData"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap().to_owned();
            match form.field(key, value.clone()) {
                Ok(()) => fields.push((key.clone(), value)),
                Err(error) => refused = Some(error.mistake),
            }
        }
        if let Err(error) = form.file(&name, "ok.bin", "application/octet-stream") {
            refused = Some(error.mistake);
        } else {
            fields.push((name, "data".into()));
        }
        let expected = match id.as_str() {
            "name-empty" => Some(FormMistake::NameEmpty),
            "formdata-key-NUL" => Some(FormMistake::NameHoldsNul),
            _ => None,
        };
        assert_eq!(refused, expected, "{id}");
        if refused.is_some() {
            continue;
        }
        let plan = Plan::new(&form, &boundary, &[4]).unwrap();
        let mut body = Vec::new();
        for segment in plan.segments() {
            match segment {
                Segment::Bytes(bytes) => body.extend_from_slice(bytes),
                Segment::File { .. } => body.extend_from_slice(b"data"),
            }
        }
        let read: Vec<_> = naive_parts(&body, boundary.as_str())
            .into_iter()
            .map(|part| (part.name, String::from_utf8(part.content).unwrap()))
            .collect();
        assert_eq!(read, fields, "{id}");
    }
}

#[test]
fn a_request_line_holds_nothing_but_a_path_and_a_query() {
    let boundary = Boundary::from_text("B").unwrap();
    let headers = Headers::new();
    let good = head(&boundary, &headers);
    for target in [
        "",
        "up",
        "*",
        "http://h/up",
        "/a b",
        "/a\r\nX: 1",
        "/a\0",
        "/a\x7f",
        "/\u{e9}",
        "/#f",
    ] {
        let mut out = b"kept".to_vec();
        let result = RequestHead { target, ..good }.write_to(&mut out);
        assert_eq!(
            (result, &out[..]),
            (Err(RequestError::Target), &b"kept"[..]),
            "{target:?}"
        );
    }
    for method in ["", "PO ST", "POST\r\n", "P:"] {
        let result = RequestHead { method, ..good }.write_to(&mut Vec::new());
        assert_eq!(result, Err(RequestError::Method), "{method:?}");
    }
    for host in [
        "",
        "h\r\nX: 1",
        "h h",
        "h/x",
        "u@h",
        "h?q",
        "h#f",
        "h\\h",
        "\u{e9}",
        "h\0",
    ] {
        let result = RequestHead { host, ..good }.write_to(&mut Vec::new());
        assert_eq!(result, Err(RequestError::Host), "{host:?}");
    }
    let engine = [(EngineName::from_static("x-request-id"), "1\r\nX: 1")];
    let engine = &engine[..];
    let result = RequestHead { engine, ..good }.write_to(&mut Vec::new());
    assert_eq!(result, Err(RequestError::EngineHeader));
    for name in [
        "",
        "x request-id",
        "Content-Length",
        "transfer-encoding",
        "HOST",
        "content-Type",
    ] {
        assert_eq!(
            EngineName::new(name),
            Err(RequestError::EngineHeader),
            "{name:?}"
        );
    }
}

#[test]
fn a_get_after_a_redirect_frames_nothing() {
    let mut headers = Headers::new();
    headers.push("Accept", b"*/*").unwrap();
    let mut out = Vec::new();
    RequestHead {
        method: "GET",
        target: "/",
        host: "[::1]:8080",
        framing: Framing::None,
        engine: &[(EngineName::from_static("Connection"), "close")],
        headers: &headers,
    }
    .write_to(&mut out)
    .unwrap();
    let expected = "GET / HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: close\r\nAccept: */*\r\n\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn a_raw_body_has_its_own_type_and_one_of_unknown_length_goes_in_chunks() {
    let boundary = Boundary::from_text("B").unwrap();
    let headers = Headers::new();
    let written = |framing| {
        let mut out = Vec::new();
        let head = RequestHead {
            method: "PUT",
            framing,
            ..head(&boundary, &headers)
        };
        let written = head.write_to(&mut out);
        written.map(|()| String::from_utf8(out).unwrap())
    };
    let raw = |content_type, content_length| Framing::Raw {
        content_type,
        content_length,
    };
    const PUT: &str = "PUT /up HTTP/1.1\r\nHost: h\r\nContent-Type: ";
    let cases = [
        (raw("text/plain", 0), "text/plain\r\nContent-Length: 0"),
        (
            raw("a/b; c=d", UNKNOWN_LENGTH),
            "a/b; c=d\r\nTransfer-Encoding: chunked",
        ),
        (
            Framing::Multipart {
                boundary: &boundary,
                content_length: UNKNOWN_LENGTH,
            },
            "multipart/form-data; boundary=B\r\nTransfer-Encoding: chunked",
        ),
    ];
    for (framing, rest) in cases {
        assert_eq!(written(framing), Ok(format!("{PUT}{rest}\r\n\r\n")));
    }
    for odd in ["", "text", "a/b\r\nX: y", "a/b\0"] {
        assert_eq!(written(raw(odd, 1)), Err(RequestError::ContentType));
    }
}

#[test]
fn removing_a_header_removes_every_one_of_that_name() {
    let mut headers = Headers::new();
    for (name, value) in [("Cookie", "a"), ("X", "1"), ("cookie", "b"), ("Y", "2")] {
        headers.push(name, value.as_bytes()).unwrap();
    }
    assert!(headers.remove("COOKIE"));
    assert!(!headers.remove("cookie"));
    let left: Vec<_> = headers.iter().collect();
    assert_eq!(left, [("X", &b"1"[..]), ("Y", b"2")]);
}

#[test]
fn debug_shows_no_values() {
    let mut headers = Headers::new();
    headers.push("Authorization", b"secret").unwrap();
    let mut form = Form::with_newlines(Newlines::Crlf);
    form.part(Part {
        name: "key".into(),
        file_name: None,
        content_type: None,
        body: PartBody::Bytes("secret".into()),
    })
    .unwrap();
    let plan = Plan::new(&form, &Boundary::from_text("B").unwrap(), &[]).unwrap();
    let shown = format!("{headers:?} {form:?} {plan:?}");
    assert!(
        !shown.contains("secret") && shown.contains("Authorization"),
        "{shown}"
    );
}
