//! The bodies that browsers and curl send for the same forms, byte for byte.

mod common;

use std::collections::BTreeSet;

use quintet_proto::{Boundary, Form, FormMistake, Newlines, Part, PartBody, Plan, Segment};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    mode: String,
    parts: Vec<CasePart>,
    expected_body: String,
    boundary_count: u64,
    fixed_len: u64,
    curl_content_length: Option<u64>,
    curl_boundary_len: Option<u64>,
}

#[derive(Deserialize)]
struct CasePart {
    kind: String,
    name: String,
    filename: Option<String>,
    content_type: Option<String>,
    value: Option<String>,
    data: Option<String>,
}

fn wpt() -> Vec<Case> {
    read(include_str!("vectors/encoder_wpt.json"), 55)
}

fn curl() -> Vec<Case> {
    read(include_str!("vectors/encoder_curl.json"), 22)
}

fn read(json: &str, count: usize) -> Vec<Case> {
    let vectors: Vectors = serde_json::from_str(json).unwrap();
    assert_eq!(vectors.cases.len(), count);
    vectors.cases
}

impl Case {
    /// The body that is sent for the case, or the mistake in its form.
    fn send(&self, newlines: Newlines, boundary: &Boundary) -> Result<Vec<u8>, FormMistake> {
        let mut form = Form::with_newlines(newlines);
        let mut files = Vec::new();
        for part in &self.parts {
            let body = match part.kind.as_str() {
                "file" => {
                    files.push(part.data.as_ref().unwrap().as_bytes());
                    PartBody::File
                }
                _ => PartBody::Bytes(part.value.clone().unwrap().into()),
            };
            form.part(Part {
                name: part.name.clone(),
                file_name: part.filename.clone(),
                content_type: part.content_type.clone(),
                body,
            })
            .map_err(|error| error.mistake)?;
        }
        let lengths: Vec<_> = files.iter().map(|file| file.len() as u64).collect();
        let plan = Plan::new(&form, boundary, &lengths).unwrap();
        let mut body = Vec::new();
        for segment in plan.segments() {
            match segment {
                Segment::Bytes(bytes) => body.extend_from_slice(bytes),
                Segment::File {
                    source,
                    offset,
                    len,
                } => {
                    assert_eq!((offset, len), (0, lengths[source]));
                    body.extend_from_slice(files[source]);
                }
            }
        }
        assert_eq!(plan.content_length(), body.len() as u64, "{}", self.id);
        Ok(body)
    }

    fn agrees(&self, newlines: Newlines) -> bool {
        ["----quintet", "B", "'+_-.0123456789"]
            .into_iter()
            .all(|text| {
                let boundary = Boundary::from_text(text).unwrap();
                let Ok(body) = self.send(newlines, &boundary) else {
                    return false;
                };
                let length = self.fixed_len + self.boundary_count * text.len() as u64;
                let expected = self.expected_body.replace("{B}", text);
                body.len() as u64 == length && body == expected.as_bytes()
            })
    }
}

/// Forms that are refused or written otherwise on purpose, and why.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "wpt-form-2",
        "NUL in a name: servers cut the name there or refuse the request, so it is refused",
    ),
    (
        "wpt-file-15",
        "NUL in a file name, and in the name of a field: as wpt-form-2",
    ),
    (
        "curl-1189",
        "curl --form-escape writes backslashes; ours is the browsers' percent escaping",
    ),
    ("curl-1186-file", "curl --form-escape: as curl-1189"),
];

#[test]
fn bodies_are_byte_for_byte_those_of_browsers_and_curl() {
    let cases = wpt()
        .into_iter()
        .map(|case| (case, "whatwg", Newlines::Crlf))
        .chain(
            curl()
                .into_iter()
                .map(|case| (case, "percent", Newlines::AsGiven)),
        );
    let mut different = BTreeSet::new();
    for (case, mode, newlines) in cases {
        if !case.agrees(newlines) {
            different.insert(case.id);
        } else {
            assert_eq!(case.mode, mode, "{}", case.id);
        }
    }
    assert_eq!(
        different,
        DIFFERENT.iter().map(|(id, _)| id.to_string()).collect()
    );
}

#[test]
fn a_nul_in_a_name_is_refused() {
    let boundary = Boundary::from_text("B").unwrap();
    for (id, mistake) in [
        ("wpt-form-2", FormMistake::NameHoldsNul),
        ("wpt-file-15", FormMistake::NameHoldsNul),
    ] {
        let case = wpt().into_iter().find(|case| case.id == id).unwrap();
        assert_eq!(case.send(Newlines::Crlf, &boundary), Err(mistake), "{id}");
    }
}

#[test]
fn curl_escapes_like_us_unless_told_to_use_backslashes() {
    let boundary = Boundary::from_text("B").unwrap();
    for id in ["curl-1189", "curl-1186-file"] {
        let case = curl().into_iter().find(|case| case.id == id).unwrap();
        assert_eq!(case.mode, "backslash (curl --form-escape)");
        let body = String::from_utf8(case.send(Newlines::AsGiven, &boundary).unwrap()).unwrap();
        assert!(body.contains("%22") && !body.contains("\\\""), "{id}");
        let theirs = case.expected_body.replace("{B}", "B");
        assert_eq!(
            theirs.replace("\\\"", "%22").replace("\\\\", "\\"),
            body,
            "{id}"
        );
    }
}

#[test]
fn the_content_lengths_that_curl_expects_are_ours() {
    for case in curl().iter().filter(|case| case.mode == "percent") {
        let (Some(length), Some(boundary_len)) = (case.curl_content_length, case.curl_boundary_len)
        else {
            continue;
        };
        let boundary = Boundary::from_text(&"-".repeat(boundary_len as usize)).unwrap();
        let body = case.send(Newlines::AsGiven, &boundary).unwrap();
        assert_eq!(body.len() as u64, length, "{}", case.id);
    }
}

#[test]
fn names_and_contents_can_be_read_back() {
    let boundary = Boundary::from_random([9; 16]);
    for case in wpt().iter().chain(&curl()) {
        let Ok(body) = case.send(Newlines::AsGiven, &boundary) else {
            continue;
        };
        let parts = common::naive_parts(&body, boundary.as_str());
        assert_eq!(parts.len(), case.parts.len(), "{}", case.id);
        for (read, sent) in parts.iter().zip(&case.parts) {
            assert_eq!(read.name, sent.name, "{}", case.id);
            assert_eq!(read.file_name, sent.filename, "{}", case.id);
            assert_eq!(read.content_type, sent.content_type, "{}", case.id);
            let content = sent.data.as_ref().or(sent.value.as_ref()).unwrap();
            assert_eq!(read.content, content.as_bytes(), "{}", case.id);
        }
    }
}
