//! Every limit, at the limit and one over it.

mod common;

use common::{Verdict, verdict};
use quintet_proto::{
    Boundary, BoundaryError, Form, FormMistake, HEADER_BYTES_MAX, HEADERS_MAX, HeaderError,
    Headers, Limits, NAME_BYTES_MAX, PARTS_MAX, Part, PartBody, Plan, PlanError, ResponseError,
    ResponseErrorClass, UNKNOWN_LENGTH,
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The verdict on `response`, which is the same whole and byte by byte.
fn read(response: &str, limits: &Limits) -> Verdict {
    let whole = verdict([response.as_bytes()], limits);
    assert_eq!(verdict(response.as_bytes().chunks(1), limits), whole);
    if let Err(error) = &whole {
        assert_eq!(error.class(), ResponseErrorClass::Limit);
    }
    whole
}

#[track_caller]
fn passes(response: &str, limits: &Limits) {
    assert_eq!(read(response, limits).map(|(status, ..)| status), Ok(200));
}

#[track_caller]
fn fails(response: &str, limits: &Limits, error: ResponseError) {
    assert_eq!(read(response, limits), Err(error));
}

fn head_with_fields(fields: usize) -> String {
    format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(fields))
}

fn head_of(bytes: usize) -> String {
    let (front, back) = ("HTTP/1.1 200 OK\r\nA: ", "\r\n\r\n");
    format!(
        "{front}{}{back}",
        "x".repeat(bytes - front.len() - back.len())
    )
}

#[test]
fn head_bytes() {
    let limits = Limits::default();
    passes(&head_of(65_536), &limits);
    fails(&head_of(65_537), &limits, ResponseError::HeadTooLong);
}

#[test]
fn head_bytes_count_for_each_head_alone() {
    let limits = Limits {
        head_bytes_max: OK.len(),
        ..Limits::default()
    };
    passes(
        &format!("{}{OK}", "HTTP/1.1 100 Continue\r\n\r\n".repeat(5)),
        &limits,
    );
}

#[test]
fn a_head_limit_of_zero_lets_nothing_in() {
    fails(
        OK,
        &Limits {
            head_bytes_max: 0,
            ..Limits::default()
        },
        ResponseError::HeadTooLong,
    );
}

#[test]
fn header_count() {
    for headers_max in [0, 1, 100, 101, 150] {
        let limits = Limits {
            headers_max,
            ..Limits::default()
        };
        passes(&head_with_fields(headers_max), &limits);
        fails(
            &head_with_fields(headers_max + 1),
            &limits,
            ResponseError::TooManyHeaders,
        );
    }
    assert_eq!(Limits::default().headers_max, 100);
}

#[test]
fn interim_responses() {
    let limits = Limits::default();
    passes(&("HTTP/1.1 100 Continue\r\n\r\n".repeat(32) + OK), &limits);
    let over = "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n".repeat(33) + OK;
    fails(&over, &limits, ResponseError::TooManyInterim);
}

#[test]
fn body_bytes_by_length() {
    let limits = Limits {
        body_bytes_max: 5,
        ..Limits::default()
    };
    passes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345", &limits);
    // At once: the body need not come.
    fails(
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n",
        &limits,
        ResponseError::BodyTooLong,
    );
    let limits = Limits {
        body_bytes_max: 0,
        ..Limits::default()
    };
    passes(OK, &limits);
}

#[test]
fn body_bytes_by_chunks() {
    let limits = Limits {
        body_bytes_max: 5,
        ..Limits::default()
    };
    passes(
        &format!("{CHUNKED}2\r\n12\r\n3\r\n345\r\n0\r\n\r\n"),
        &limits,
    );
    // As soon as the size is read.
    fails(
        &format!("{CHUNKED}2\r\n12\r\n4\r\n"),
        &limits,
        ResponseError::BodyTooLong,
    );
    fails(
        &format!("{CHUNKED}2\r\n12\r\nffffffffffffffff\r\n"),
        &limits,
        ResponseError::BodyTooLong,
    );
    // The sum does not fit 64 bits.
    let limits = Limits {
        body_bytes_max: u64::MAX,
        ..Limits::default()
    };
    fails(
        &format!("{CHUNKED}2\r\n12\r\nffffffffffffffff\r\n"),
        &limits,
        ResponseError::BodyTooLong,
    );
}

#[test]
fn body_bytes_to_the_end() {
    let limits = Limits {
        body_bytes_max: 5,
        ..Limits::default()
    };
    passes("HTTP/1.1 200 OK\r\n\r\n12345", &limits);
    fails(
        "HTTP/1.1 200 OK\r\n\r\n123456",
        &limits,
        ResponseError::BodyTooLong,
    );
}

#[test]
fn body_bytes_by_default() {
    assert_eq!(Limits::default().body_bytes_max, 32 * 1024 * 1024);
}

#[test]
fn chunk_line_bytes() {
    let limits = Limits::default();
    let chunk = |bytes: usize| {
        let extension = "e".repeat(bytes - "3;\r\n".len());
        format!("{CHUNKED}3;{extension}\r\nabc\r\n0\r\n\r\n")
    };
    passes(&chunk(4_096), &limits);
    fails(&chunk(4_097), &limits, ResponseError::ChunkLineTooLong);
    // The count starts anew with each line.
    let lines = format!("1;{}\r\na\r\n", "e".repeat(4_000)).repeat(3);
    passes(&format!("{CHUNKED}{lines}0\r\n\r\n"), &limits);
}

#[test]
fn chunk_size_digits() {
    let sized = |size: &str| {
        let response = format!("{CHUNKED}{size}\r\nabc\r\n0\r\n\r\n");
        verdict([response.as_bytes()], &Limits::default()).map(|(_, body, _)| body)
    };
    assert_eq!(sized("0000000000000003"), Ok(b"abc".to_vec()));
    assert_eq!(sized("00000000000000003"), Err(ResponseError::ChunkSize));
}

#[test]
fn trailer_bytes() {
    let limits = Limits::default();
    let trailers = |bytes: usize| {
        let value = "v".repeat(bytes - "T: \r\n\r\n".len());
        format!("{CHUNKED}0\r\nT: {value}\r\n\r\n")
    };
    passes(&trailers(16_384), &limits);
    fails(&trailers(16_385), &limits, ResponseError::TrailersTooLong);
}

#[test]
fn trailer_count() {
    let limits = Limits::default();
    passes(
        &format!("{CHUNKED}0\r\n{}\r\n", "T: v\r\n".repeat(100)),
        &limits,
    );
    let over = format!("{CHUNKED}0\r\n{}\r\n", "T: v\r\n".repeat(101));
    fails(&over, &limits, ResponseError::TooManyTrailers);
}

#[test]
fn names_of_a_part() {
    let at = "n".repeat(NAME_BYTES_MAX);
    let over = "n".repeat(NAME_BYTES_MAX + 1);
    let mut form = Form::new();
    form.field(&at, "").unwrap();
    form.file("f", &at, "a/b").unwrap();
    let content_type = format!("a/{}", "b".repeat(NAME_BYTES_MAX - 2));
    form.file("f", "", &content_type).unwrap();

    let mistake = |result: Result<(), quintet_proto::FormError>| result.unwrap_err().mistake;
    assert_eq!(mistake(form.field(&over, "")), FormMistake::NameTooLong);
    assert_eq!(
        mistake(form.file("f", &over, "a/b")),
        FormMistake::FileNameTooLong
    );
    let over = content_type + "b";
    assert_eq!(
        mistake(form.file("f", "", &over)),
        FormMistake::ContentTypeTooLong
    );
}

#[test]
fn parts_of_a_form() {
    let mut form = Form::new();
    for _ in 0..PARTS_MAX {
        form.field("a", "b").unwrap();
    }
    let error = form.field("a", "b").unwrap_err();
    assert_eq!(
        (error.part, error.mistake),
        (PARTS_MAX, FormMistake::TooManyParts)
    );
}

#[test]
fn bytes_of_a_plan() {
    let boundary = Boundary::from_random([0; 16]);
    let mut form = Form::new();
    form.part(Part {
        name: "f".into(),
        file_name: None,
        content_type: None,
        body: PartBody::File,
    })
    .unwrap();
    let framing = Plan::new(&form, &boundary, &[0]).unwrap().content_length();
    let most = UNKNOWN_LENGTH - 1 - framing;
    let plan = Plan::new(&form, &boundary, &[most]).unwrap();
    assert_eq!(plan.content_length(), UNKNOWN_LENGTH - 1);
    for over in [most + 1, UNKNOWN_LENGTH - 1] {
        let over = Plan::new(&form, &boundary, &[over]);
        assert_eq!(over, Err(PlanError::TooLong));
    }
    let open = Plan::new(&form, &boundary, &[UNKNOWN_LENGTH]).unwrap();
    assert_eq!(open.content_length(), UNKNOWN_LENGTH);
    assert_eq!(
        Plan::new(&form, &boundary, &[]),
        Err(PlanError::FileLengths)
    );
    assert_eq!(
        Plan::new(&form, &boundary, &[1, 2]),
        Err(PlanError::FileLengths)
    );
}

#[test]
fn bytes_of_a_plan_beside_a_file_of_unknown_length() {
    let boundary = Boundary::from_random([0; 16]);
    let mut form = Form::new();
    form.file("a", "a", "text/plain").unwrap();
    form.file("b", "b", "text/plain").unwrap();
    let plan = |lengths: [u64; 2]| Plan::new(&form, &boundary, &lengths);
    assert!(plan([UNKNOWN_LENGTH, 1]).is_ok());
    for too_long in [
        [UNKNOWN_LENGTH, UNKNOWN_LENGTH - 1],
        [UNKNOWN_LENGTH - 1, UNKNOWN_LENGTH],
        [u64::MAX / 2, u64::MAX / 2],
    ] {
        assert_eq!(plan(too_long), Err(PlanError::TooLong));
    }
}

#[test]
fn parts_of_forms_put_together() {
    let mut form = Form::new();
    for _ in 0..PARTS_MAX {
        form.field("a", "b").unwrap();
    }
    let whole = form.take();
    form.field("c", "d").unwrap();
    let before = form.clone();
    assert_eq!(
        form.append(&whole).unwrap_err().mistake,
        FormMistake::TooManyParts
    );
    assert_eq!(form, before);
}

#[test]
fn bytes_of_a_header() {
    let mut headers = Headers::new();
    let value = vec![b'v'; HEADER_BYTES_MAX - 1];
    headers.push("n", &value).unwrap();
    assert_eq!(headers.push("nn", &value), Err(HeaderError::TooLong));
    // What is cut off does not count.
    headers.push("n", &[&value[..], b"  "].concat()).unwrap();
}

#[test]
fn count_of_headers() {
    let mut headers = Headers::new();
    for _ in 0..HEADERS_MAX {
        headers.push("n", b"v").unwrap();
    }
    assert_eq!(headers.push("n", b"v"), Err(HeaderError::TooMany));
    assert_eq!(headers.len(), HEADERS_MAX);
}

#[test]
fn bytes_of_a_boundary() {
    assert!(Boundary::from_text(&"b".repeat(70)).is_ok());
    assert_eq!(
        Boundary::from_text(&"b".repeat(71)),
        Err(BoundaryError::TooLong)
    );
    assert_eq!(Boundary::from_text(""), Err(BoundaryError::Empty));
    for character in [
        " ", "/", ":", "=", "?", "(", ")", ",", "\"", "\r", "\u{e9}", "*",
    ] {
        assert_eq!(
            Boundary::from_text(character),
            Err(BoundaryError::Character),
            "{character}"
        );
    }
}
