//! Target `call`: any call of the engine either says which parameter is wrong, and then asks for no socket, or is one
//! request whose headers and parts are those that were given.
//!
//! Input: URL, path, name, perhaps a file name, perhaps a media type; then headers and fields, each a byte that tells which,
//! a name and a value.

use quintet::{Error, ErrorKind, Preview, UploadRequest};
use quintet_proto::is_engine_owned;

use crate::engine::{Bench, FILE_BYTES};
use crate::input::Input;

static BENCH: Bench = Bench::new();

/// What was given, for what was made of it.
struct Given {
    headers: Vec<(String, String)>,
    fields: usize,
}

/// Panics if the call ends in anything but what it must.
pub fn check(bytes: &[u8]) {
    let (request, given) = request(bytes);
    BENCH.with(|bench| {
        let previewed = bench.engine.preview(request.clone());
        assert!(bench.asked.take().1.is_empty(), "a preview dialled");
        match previewed {
            Ok(preview) => is_what_was_given(&preview, &given),
            Err(error) => {
                names_a_parameter(&error);
                let outcome = bench.engine.upload(request).wait();
                assert!(bench.asked.take().1.is_empty(), "a refused call dialled");
                let upload = outcome.result.as_ref().expect_err("it was refused before");
                assert_eq!(upload.to_string(), error.to_string());
            }
        }
    });
}

fn request(bytes: &[u8]) -> (UploadRequest, Given) {
    let mut input = Input::new(bytes);
    let (url, path, name) = (input.text(), input.text(), input.text());
    let mut request = UploadRequest::new(url, path, name);
    if let Some(file_name) = input.text_or_none() {
        request = request.file_name(file_name);
    }
    if let Some(mime_type) = input.text_or_none() {
        request = request.mime_type(mime_type);
    }
    let mut given = Given {
        headers: Vec::new(),
        fields: 0,
    };
    while !input.is_empty() {
        let is_header = input.byte() & 1 == 0;
        let (name, value) = (input.text(), input.text());
        if is_header {
            given.headers.push((name.clone(), value.clone()));
            request = request.header(name, value);
        } else {
            given.fields += 1;
            request = request.field(name, value);
        }
    }
    (request, given)
}

fn names_a_parameter(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::InvalidParameter);
    assert_eq!(error.kind().errno(), 104);
    let text = error.to_string();
    let rest = text
        .strip_prefix("invalid parameter: ")
        .expect("the reason comes first");
    let parameters = [
        "url ",
        "filePath ",
        "name ",
        "name, fileName ",
        "header ",
        "formData ",
    ];
    assert!(parameters.iter().any(|it| rest.starts_with(it)), "{text}");
}

fn is_what_was_given(preview: &Preview, given: &Given) {
    let mut slots = [httparse::EMPTY_HEADER; 128];
    let mut head = httparse::Request::new(&mut slots);
    let read = head.parse(&preview.head);
    assert_eq!(read, Ok(httparse::Status::Complete(preview.head.len())));
    assert_eq!((head.method, head.version), (Some("POST"), Some(1)));
    let count = |name: &str| {
        let fields = head.headers.iter();
        fields
            .filter(|field| field.name.eq_ignore_ascii_case(name))
            .count()
    };
    for name in [
        "host",
        "content-type",
        "content-length",
        "user-agent",
        "accept",
        "x-request-id",
    ] {
        let callers = given
            .headers
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let own = if is_engine_owned(name) {
            1
        } else {
            callers.count().max(1)
        };
        assert_eq!(count(name), own, "{name}");
    }
    assert_eq!(count("transfer-encoding"), 0);
    let (ignored, kept): (Vec<_>, Vec<_>) = given
        .headers
        .iter()
        .partition(|(name, _)| is_engine_owned(name));
    assert!(
        ignored
            .iter()
            .map(|(name, _)| name)
            .eq(&preview.ignored_headers)
    );
    for (name, value) in kept {
        let value = value.trim_matches([' ', '\t']).as_bytes();
        assert!(
            head.headers
                .iter()
                .any(|field| field.name == name && field.value == value)
        );
    }
    // The caller's, and at most the seven that the engine writes.
    assert!(head.headers.len() <= given.headers.len() + 7);

    let length = head
        .headers
        .iter()
        .find(|field| field.name == "Content-Length");
    let length = length.map(|field| String::from_utf8_lossy(field.value).parse());
    assert_eq!(length, Some(Ok(preview.plan.content_length())));
    let delimiters = parts(preview);
    assert_eq!(delimiters, given.fields + 1);
    assert!(preview.plan.content_length() > FILE_BYTES);
}

/// How many parts begin in the body. No value can hold the boundary, which is new.
fn parts(preview: &Preview) -> usize {
    let head = String::from_utf8_lossy(&preview.head);
    // With the line before it: a host may say "boundary=" too.
    let (_, after) = head
        .split_once("\r\nContent-Type: multipart/form-data; boundary=")
        .expect("a boundary");
    let (boundary, _) = after.split_once("\r\n").expect("the line ends");
    let delimiter = format!("--{boundary}\r\n");
    let segments = preview.plan.segments().map(|segment| match segment {
        quintet::Segment::Bytes(bytes) => bytes,
        quintet::Segment::File { .. } => b"",
    });
    let body = segments.collect::<Vec<_>>().concat();
    body.windows(delimiter.len())
        .filter(|window| *window == delimiter.as_bytes())
        .count()
}
