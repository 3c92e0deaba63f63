//! What holds for any bytes, any form and any headers.

mod common;

use common::{Chunks, NaivePart, naive_chunks, naive_parts, verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use quintet_proto::{
    Boundary, EngineName, Form, Framing, Headers, Limits, Newlines, NoReuse, Part, PartBody, Plan,
    RequestHead, ResponseError, ResponseErrorClass, Reuse, Segment, UNKNOWN_LENGTH,
    is_engine_owned,
};

const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Bytes that are often nearly a response.
fn responses() -> impl Strategy<Value = Vec<u8>> {
    let pieces = select(vec![
        &b"HTTP/1.1 200 OK\r\n"[..],
        b"HTTP/1.0 404 \r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 204 No\n",
        b"HTTP/1.1 101 Switch\r\n\r\n",
        b"Content-Length: 3\r\n",
        b"content-length:5\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"X: folded\r\n once\r\n",
        b"Y: z\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b":",
        b"\0",
        b"3\r\nabc\r\n",
        b"2;x=y\r\nab\r\n",
        b"0\r\n",
        b"abc",
    ]);
    let piece = prop_oneof![20 => pieces.prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 1..4)];
    (any::<bool>(), vec(piece, 0..14)).prop_map(|(begun, pieces)| {
        let front = if begun {
            &b"HTTP/1.1 200 OK\r\n"[..]
        } else {
            b""
        };
        [front, &pieces.concat()].concat()
    })
}

fn chunk_codings() -> impl Strategy<Value = Vec<u8>> {
    let pieces = select(vec![
        &b"3\r\nabc\r\n"[..],
        b"A\r\n0123456789\r\n",
        b"0\r\n",
        b"\r\n",
        b"1",
        b"0",
        b"f",
        b" ",
        b";e=\"\r\n",
        b";x",
        b"\r",
        b"\n",
        b"abc",
        b"T: v\r\n",
        b"T:",
        b"\0",
        b"0\r\n\r\n",
        b"-",
    ]);
    vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

fn cut<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    ends.extend([0, bytes.len()]);
    ends.sort_unstable();
    ends.windows(2)
        .map(|pair| &bytes[pair[0]..pair[1]])
        .collect()
}

/// A form, the contents of its files, and what a receiver must read.
fn forms() -> impl Strategy<Value = (Form, Vec<Vec<u8>>, Vec<NaivePart>)> {
    // Without the percent sign: the browsers' escaping cannot be taken back where it was there
    // before.
    let text = "[^%\0]{1,12}";
    let content_type = select(vec![None, Some("text/plain"), Some("a/b; c=\"d;e\"")]);
    let content = vec(any::<u8>(), 0..40);
    let part = (
        text,
        proptest::option::of(text),
        content_type,
        content,
        any::<bool>(),
    );
    vec(part, 0..6).prop_map(|parts| {
        let mut form = Form::new();
        let mut files = Vec::new();
        let mut expected = Vec::new();
        for (name, file_name, content_type, content, is_file) in parts {
            let content_type = content_type.map(str::to_owned);
            form.part(Part {
                name: name.clone(),
                file_name: file_name.clone(),
                content_type: content_type.clone(),
                body: if is_file {
                    files.push(content.clone());
                    PartBody::File
                } else {
                    PartBody::Bytes(content.clone().into())
                },
            })
            .unwrap();
            expected.push(NaivePart {
                name,
                file_name,
                content_type,
                content,
            });
        }
        (form, files, expected)
    })
}

/// What a part of a form is asked to be; its content, and whether that is a file.
type AskedPart = (String, Option<String>, Option<&'static str>, Vec<u8>, bool);

fn asked_parts() -> impl Strategy<Value = Vec<AskedPart>> {
    let text = || "[a-z\"%\r\n\u{e9}]{1,12}";
    let content_type = select(vec![None, Some("text/plain"), Some("a/b; c=\"d;e\"")]);
    let content = vec(
        prop_oneof![select(vec![b'\r', b'\n', b'"']), any::<u8>()],
        0..20,
    );
    let part = (
        text(),
        proptest::option::of(text()),
        content_type,
        content,
        any::<bool>(),
    );
    vec(part, 0..12)
}

fn form_of(parts: &[AskedPart], newlines: Newlines) -> Form {
    let mut form = Form::with_newlines(newlines);
    for (name, file_name, content_type, content, is_file) in parts {
        form.part(Part {
            name: name.clone(),
            file_name: file_name.clone(),
            content_type: content_type.map(str::to_owned),
            body: if *is_file {
                PartBody::File
            } else {
                PartBody::Bytes(content.clone().into())
            },
        })
        .unwrap();
    }
    form
}

/// RFC 7578 4 and the browsers' escaping, by search and replace.
fn naive_body(parts: &[AskedPart], newlines: Newlines, boundary: &str) -> Vec<u8> {
    let normalised = |text: &[u8]| match newlines {
        Newlines::AsGiven => text.to_vec(),
        // Latin-1 there and back.
        Newlines::Crlf => (text.iter().copied().map(char::from).collect::<String>())
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .replace('\n', "\r\n")
            .chars()
            .map(|character| character as u8)
            .collect(),
    };
    let escaped = |name: &str| {
        name.replace('"', "%22")
            .replace('\r', "%0D")
            .replace('\n', "%0A")
    };
    let mut body = Vec::new();
    for (name, file_name, content_type, content, is_file) in parts {
        let name = String::from_utf8(normalised(name.as_bytes())).unwrap();
        let mut head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
            escaped(&name)
        );
        if let Some(file_name) = file_name {
            head += &format!("; filename=\"{}\"", escaped(file_name));
        }
        if let Some(content_type) = content_type {
            head += &format!("\r\nContent-Type: {content_type}");
        }
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\n\r\n");
        if *is_file || file_name.is_some() {
            body.extend_from_slice(content);
        } else {
            body.extend_from_slice(&normalised(content));
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}

fn bytes_of<'a>(segment: Segment<'a>, files: &'a [Vec<u8>]) -> &'a [u8] {
    match segment {
        Segment::Bytes(bytes) => bytes,
        Segment::File {
            source,
            offset,
            len,
        } => &files[source][offset as usize..(offset + len) as usize],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_segmentation_gives_the_same_verdict(
        bytes in responses(),
        cuts in vec(any::<Index>(), 0..6),
        tight in any::<bool>(),
    ) {
        let limits = if tight {
            Limits {
                head_bytes_max: 60,
                headers_max: 2,
                body_bytes_max: 4,
                interim_max: 1,
                chunk_line_bytes_max: 4,
                trailer_bytes_max: 8,
            }
        } else {
            Limits::default()
        };
        let whole = verdict([&bytes[..]], &limits);
        prop_assert_eq!(&verdict(bytes.chunks(1), &limits), &whole);
        prop_assert_eq!(&verdict(cut(&bytes, &cuts), &limits), &whole);
    }

    #[test]
    fn any_bytes_at_all_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..200)) {
        let whole = verdict([&bytes[..]], &Limits::default());
        prop_assert_eq!(verdict(bytes.chunks(1), &Limits::default()), whole);
    }

    #[test]
    fn chunks_are_read_as_the_naive_reader_reads_them(
        coded in chunk_codings(),
        cuts in vec(any::<Index>(), 0..6),
    ) {
        let response = [CHUNKED, &coded].concat();
        let ours = verdict(cut(&response, &cuts), &Limits::default());
        match naive_chunks(&coded) {
            Chunks::Whole(data, len) => {
                let reuse = if len == coded.len() {
                    Reuse::Yes
                } else {
                    Reuse::No(NoReuse::SurplusBytes)
                };
                prop_assert_eq!(ours, Ok((200, data, Some(reuse))));
            }
            // The naive reader judges whole lines and knows no limit.
            Chunks::Unfinished => prop_assert!(ours.is_err()),
            Chunks::Malformed => prop_assert!(
                matches!(ours, Err(error) if error.class() == ResponseErrorClass::Malformed)
                    || ours == Err(ResponseError::BodyTooLong),
                "{ours:?}"
            ),
        }
    }

    #[test]
    fn a_planned_form_is_read_back_as_it_was_given(
        (form, files, expected) in forms(),
        random in any::<[u8; 16]>(),
    ) {
        let boundary = Boundary::from_random(random);
        let lengths: Vec<_> = files.iter().map(|file| file.len() as u64).collect();
        let plan = Plan::new(&form, &boundary, &lengths).unwrap();
        let segments: Vec<_> = plan.segments().collect();
        let body: Vec<&[u8]> = segments.iter().map(|segment| bytes_of(*segment, &files)).collect();
        let body = body.concat();

        prop_assert_eq!(plan.content_length(), body.len() as u64);
        prop_assert!(segments.iter().all(|segment| !bytes_of(*segment, &files).is_empty()));
        prop_assert!(
            !segments.windows(2).any(|pair| matches!(pair, [Segment::Bytes(_), Segment::Bytes(_)]))
        );
        prop_assert_eq!(naive_parts(&body, boundary.as_str()), expected);

        let mut end = 0;
        for segment in segments {
            let start = end;
            end += bytes_of(segment, &files).len();
            for offset in start..end {
                let rest = plan.at(offset as u64).map(|segment| bytes_of(segment, &files));
                prop_assert_eq!(rest, Some(&body[offset..end]));
            }
        }
        prop_assert_eq!(plan.at(end as u64), None);
        prop_assert_eq!(plan.at(u64::MAX), None);
    }

    #[test]
    fn a_settled_plan_is_the_plan_of_what_was_found(
        (form, files, _) in forms(),
        unknown in vec(any::<bool>(), 6),
        random in any::<[u8; 16]>(),
    ) {
        let boundary = Boundary::from_random(random);
        let lengths: Vec<_> = files.iter().map(|file| file.len() as u64).collect();
        let known = Plan::new(&form, &boundary, &lengths).unwrap();
        let told: Vec<_> = lengths
            .iter()
            .zip(&unknown)
            .map(|(len, unknown)| if *unknown { UNKNOWN_LENGTH } else { *len })
            .collect();
        let mut plan = Plan::new(&form, &boundary, &told).unwrap();
        // As a sender goes: from segment to segment, settling each file where it finds its end.
        let mut body = Vec::new();
        let mut offset = 0;
        while let Some(segment) = plan.at(offset) {
            match segment {
                Segment::File { source, offset: at, .. } if told[source] == UNKNOWN_LENGTH
                    && at == lengths[source] =>
                {
                    prop_assert_eq!(plan.content_length(), UNKNOWN_LENGTH);
                    prop_assert!(plan.settle(source, at));
                    prop_assert!(!plan.settle(source, at + 1));
                    continue;
                }
                Segment::File { source, offset: at, len } => {
                    let file = &files[source][at as usize..];
                    let read = &file[..file.len().min(len as usize)];
                    body.extend_from_slice(read);
                    offset += read.len() as u64;
                }
                Segment::Bytes(bytes) => {
                    body.extend_from_slice(bytes);
                    offset += bytes.len() as u64;
                }
            }
        }
        prop_assert_eq!(plan.content_length(), known.content_length());
        let expected: Vec<_> = known.segments().map(|segment| bytes_of(segment, &files)).collect();
        prop_assert_eq!(body, expected.concat());
        for offset in 0..known.content_length() {
            let rest = |plan: &Plan| plan.at(offset).map(|it| bytes_of(it, &files).to_vec());
            // A file that turned out to be empty cuts the text around it in two.
            prop_assert!(rest(&known).unwrap().starts_with(&rest(&plan).unwrap()));
        }
    }

    #[test]
    fn forms_put_together_are_one_form(parts in asked_parts(), cut in any::<Index>()) {
        let cut = cut.index(parts.len() + 1);
        let mut front = form_of(&parts[..cut], Newlines::AsGiven);
        let mut back = form_of(&parts[cut..], Newlines::AsGiven);
        front.append(&back.take()).unwrap();
        prop_assert_eq!(front, form_of(&parts, Newlines::AsGiven));
        prop_assert_eq!(back, Form::new());
    }

    #[test]
    fn a_request_head_is_exactly_one_request(
        method in prop_oneof!["[A-Z]{1,7}", any::<String>()],
        target in prop_oneof![4 => "/[!-\"$-~]{0,30}", 1 => any::<String>()],
        host in prop_oneof![4 => "[a-z0-9.-]{1,20}(:[0-9]{1,5})?", 1 => any::<String>()],
        fields in vec(
            (
                prop_oneof![
                    "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}",
                    "(?i)content-length|transfer-encoding|host|connection|content-type|x",
                    any::<String>(),
                ],
                prop_oneof![vec(0x20..0x7f_u8, 0..20), vec(any::<u8>(), 0..8)],
            ),
            0..8,
        ),
        content_length in 0..UNKNOWN_LENGTH,
    ) {
        let mut headers = Headers::new();
        for (name, value) in &fields {
            let _ = headers.push(name, value);
        }
        let boundary = Boundary::from_random([1; 16]);
        let mut out = Vec::new();
        let head = RequestHead {
            method: &method,
            target: &target,
            host: &host,
            framing: Framing::Multipart { boundary: &boundary, content_length },
            engine: &[(EngineName::from_static("x-request-id"), "02")],
            headers: &headers,
        };
        if head.write_to(&mut out).is_err() {
            prop_assert!(out.is_empty());
            return Ok(());
        }
        let mut slots = [httparse::EMPTY_HEADER; 20];
        let mut request = httparse::Request::new(&mut slots);
        prop_assert_eq!(request.parse(&out), Ok(httparse::Status::Complete(out.len())));
        prop_assert_eq!(request.method, Some(&method[..]));
        prop_assert_eq!(request.path, Some(&target[..]));
        prop_assert_eq!(request.version, Some(1));

        let content_type = format!("multipart/form-data; boundary={}", boundary.as_str());
        let content_length = content_length.to_string();
        let own = [
            ("Host", host.as_bytes()),
            ("Content-Type", content_type.as_bytes()),
            ("Content-Length", content_length.as_bytes()),
            ("x-request-id", b"02"),
        ];
        let callers = headers.iter().filter(|(name, _)| !is_engine_owned(name));
        let expected: Vec<_> = own.into_iter().chain(callers).collect();
        let read: Vec<_> = request.headers.iter().map(|field| (field.name, field.value)).collect();
        prop_assert_eq!(&read, &expected);
        let framing = read.iter().filter(|(name, _)| {
            ["content-length", "transfer-encoding"].iter().any(|it| it.eq_ignore_ascii_case(name))
        });
        prop_assert_eq!(framing.count(), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_is_the_naive_body_whatever_buffer_it_gets(
        parts in asked_parts(),
        crlf in any::<bool>(),
        boundary in "[a-z0-9]{1,70}",
        buffer in vec(any::<u8>(), 0..3_000),
    ) {
        let newlines = if crlf { Newlines::Crlf } else { Newlines::AsGiven };
        let form = form_of(&parts, newlines);
        let files: Vec<_> = parts.iter().filter(|part| part.4).map(|part| part.3.clone()).collect();
        let lengths: Vec<_> = files.iter().map(|file| file.len() as u64).collect();
        prop_assert_eq!(form.file_count(), files.len());
        prop_assert_eq!(&form.clone(), &form);

        let boundary_text = Boundary::from_text(&boundary).unwrap();
        let plan = Plan::new(&form, &boundary_text, &lengths).unwrap();
        let segments: Vec<_> = plan.segments().map(|segment| bytes_of(segment, &files)).collect();
        let body = segments.concat();
        prop_assert_eq!(&body, &naive_body(&parts, newlines, &boundary));
        prop_assert_eq!(plan.content_length(), body.len() as u64);
        let nonempty = files.iter().filter(|file| !file.is_empty()).count();
        prop_assert_eq!(segments.len(), 2 * nonempty + 1);

        let (place, room) = (buffer.as_ptr(), buffer.capacity());
        let text_bytes = body.len() - files.concat().len();
        let again = Plan::new_in(buffer, &form, &boundary_text, &lengths).unwrap();
        prop_assert_eq!(&again, &plan);
        let buffer = again.into_buffer();
        if room >= text_bytes {
            prop_assert_eq!((buffer.as_ptr(), buffer.capacity()), (place, room));
        }
        prop_assert_eq!(plan.into_buffer().capacity(), text_bytes);
    }

    #[test]
    fn a_field_and_a_file_are_the_parts_that_they_stand_for(
        parts in asked_parts(),
        crlf in any::<bool>(),
    ) {
        let newlines = if crlf { Newlines::Crlf } else { Newlines::AsGiven };
        let mut form = Form::with_newlines(newlines);
        let mut asked = Vec::new();
        for (name, file_name, content_type, content, _) in parts {
            match (file_name, content_type) {
                (Some(file_name), Some(content_type)) => {
                    form.file(&name, &file_name, content_type).unwrap();
                    asked.push((name, Some(file_name), Some(content_type), content, true));
                }
                _ => {
                    form.field(&name, &content).unwrap();
                    asked.push((name, None, None, content, false));
                }
            }
            // A part that is refused changes nothing.
            let before = form.clone();
            let error = form.file("f", "nul\0", "a/b").unwrap_err();
            prop_assert_eq!(error.part, asked.len());
            prop_assert_eq!(&form, &before);
        }
        prop_assert_eq!(form, form_of(&asked, newlines));
    }
}
