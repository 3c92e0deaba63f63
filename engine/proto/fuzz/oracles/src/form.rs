//! Target `form`: what is planned is read back as it was given, by a naive reader and by multer; its length is what was
//! promised; and the plan tells the rest of the body from any offset. (`tests/corpus.rs` has actix-multipart read the
//! corpus as well.) If the lengths of some files become known only at their ends, the body is the same, and a naive
//! reader finds it in its chunks; the body that is one file alone is that file.
//!
//! Allowed differences: multer refuses a name with a control character, which a form may hold as a browser's may; it
//! takes a backslash before a quote for an escape, which the browsers' rule does not know; it reads a parameter
//! out of a name that looks like one; and it takes a Content-Type that it cannot read for none.
//!
//! Input: a byte for the newlines; then the parts, each a byte of which bit 0 makes it a file and bit 1 one of unknown
//! length, a name, perhaps a file name, perhaps a content type, and the content.

use bytes::Bytes;
use multer::{Field, Multipart};
use quintet_proto::{
    Boundary, CHUNK_END, ChunkLine, Form, FormMistake, LAST_CHUNK, NAME_BYTES_MAX, Newlines,
    PARTS_MAX, Part, PartBody, Plan, Segment, UNKNOWN_LENGTH,
};

use crate::chunks;
use crate::input::{Input, hash};
use crate::peers::{Pieces, wait};

/// A body, and what a receiver must read in it.
#[derive(Debug)]
pub struct Written {
    /// The boundary, without the dashes before it.
    pub boundary: String,
    /// The whole body.
    pub body: Vec<u8>,
    /// Its parts.
    pub parts: Vec<ReadPart>,
}

/// A part as it stands on the wire: names escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "a form's words")]
pub struct ReadPart {
    pub name: String,
    pub file_name: Option<String>,
    pub content_type: Option<String>,
    pub content: Vec<u8>,
}

/// Panics if the encoder does not do what it must with these bytes.
pub fn check(bytes: &[u8]) {
    let written = write(bytes);
    assert_eq!(naive(&written.body, &written.boundary), written.parts);
    if !written.parts.is_empty() {
        multer_reads(&written);
    }
}

/// Makes a form of these bytes, writes it, and checks what can be seen without a reader.
pub fn write(bytes: &[u8]) -> Written {
    let mut input = Input::new(bytes);
    let newlines = match input.byte() % 2 {
        0 => Newlines::AsGiven,
        _ => Newlines::Crlf,
    };
    let mut form = Form::with_newlines(newlines);
    let (mut parts, mut files) = (Vec::new(), Vec::<File<'_>>::new());
    while !input.is_empty() {
        let choice = input.byte();
        let is_file = choice & 1 == 1;
        let part = Part {
            name: input.text(),
            file_name: input.text_or_none(),
            content_type: input.text_or_none(),
            body: PartBody::File,
        };
        let content = input.bytes();
        let body = match is_file {
            true => PartBody::File,
            false => PartBody::Bytes(Bytes::copy_from_slice(content)),
        };
        match form.part(Part {
            body,
            ..part.clone()
        }) {
            Ok(()) => {
                parts.push(read_part(&part, content, is_file, newlines));
                files.extend(is_file.then_some(File {
                    content,
                    has_length: choice & 2 == 0,
                }));
            }
            Err(error) => {
                assert_eq!(error.part, parts.len());
                assert!(is_mistake(&part, parts.len(), error.mistake), "{error}");
            }
        }
    }

    // The input cannot hold it.
    let half = hash(bytes).to_le_bytes();
    let random = std::array::from_fn(|at| half[at % 8]);
    let boundary = Boundary::from_random(random);
    let lengths: Vec<_> = files.iter().map(File::len).collect();
    let plan = Plan::new(&form, &boundary, &lengths).expect("a length for each file");
    let body = whole(&plan, &files);
    let known: Vec<_> = files.iter().map(File::known_length).collect();
    let mut settling = Plan::new(&form, &boundary, &known).expect("a length for each file");
    assert_eq!(read_on(&mut settling, &files), body);
    assert_eq!(in_chunks(&body, bytes.len()), body);
    for file in &files {
        let alone = std::slice::from_ref(file);
        assert_eq!(whole(&Plan::raw(file.len()), alone), file.content);
        let mut raw = Plan::raw(file.known_length());
        assert_eq!(read_on(&mut raw, alone), file.content);
    }
    Written {
        boundary: boundary.as_str().to_owned(),
        body,
        parts,
    }
}

struct File<'a> {
    content: &'a [u8],
    has_length: bool,
}

impl File<'_> {
    fn len(&self) -> u64 {
        self.content.len() as u64
    }

    /// What is told of it before it is read.
    fn known_length(&self) -> u64 {
        match self.has_length {
            true => self.len(),
            false => UNKNOWN_LENGTH,
        }
    }
}

/// All of the body, after a look from every offset.
fn whole(plan: &Plan, files: &[File<'_>]) -> Vec<u8> {
    let of = |segment| match segment {
        Segment::Bytes(bytes) => bytes,
        Segment::File {
            source,
            offset,
            len,
        } => &files[source].content[offset as usize..][..len as usize],
    };
    let mut body = Vec::new();
    for segment in plan.segments() {
        let segment = of(segment);
        for at in 0..segment.len() {
            let rest = plan.at((body.len() + at) as u64).expect("the body goes on");
            // The same bytes where they lie: comparing them would take the square of their number.
            assert_eq!(of(rest).as_ptr_range(), segment[at..].as_ptr_range());
        }
        body.extend_from_slice(segment);
    }
    assert_eq!(plan.content_length(), body.len() as u64);
    assert_eq!(plan.at(plan.content_length()), None);
    body
}

/// All of the body as an upload comes to it: from front to end, a file of unknown length settled once nothing more
/// comes of it.
fn read_on(plan: &mut Plan, files: &[File<'_>]) -> Vec<u8> {
    /// Few enough that files come in more than one.
    const PIECE: usize = 7;
    let mut body = Vec::new();
    while let Some(segment) = plan.at(body.len() as u64) {
        match segment {
            Segment::Bytes(bytes) => body.extend_from_slice(bytes),
            Segment::File { source, offset, .. } => {
                let rest = &files[source].content[offset as usize..];
                match rest.chunks(PIECE).next() {
                    Some(piece) => body.extend_from_slice(piece),
                    None => assert!(plan.settle(source, offset), "a file that was settled"),
                }
            }
        }
    }
    assert_eq!(plan.content_length(), body.len() as u64);
    body
}

/// The body in chunks of growing size, read back.
fn in_chunks(body: &[u8], seed: usize) -> Vec<u8> {
    let (mut coded, mut rest, mut size) = (Vec::new(), body, 1 + seed % 16);
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        coded.extend_from_slice(ChunkLine::new(chunk.len() as u64).as_bytes());
        coded.extend_from_slice(chunk);
        coded.extend_from_slice(CHUNK_END);
        (rest, size) = (after, size * 2);
    }
    coded.extend_from_slice(LAST_CHUNK);
    chunks::naive(&coded).expect("a whole body and nothing after it")
}

/// Whether the part really has this mistake.
fn is_mistake(part: &Part, before: usize, mistake: FormMistake) -> bool {
    let file_name = part.file_name.as_deref().unwrap_or_default();
    let content_type = part.content_type.as_deref().unwrap_or_default();
    match mistake {
        FormMistake::NameEmpty => part.name.is_empty(),
        FormMistake::NameHoldsNul => part.name.contains('\0'),
        FormMistake::NameTooLong => part.name.len() > NAME_BYTES_MAX,
        FormMistake::FileNameHoldsNul => file_name.contains('\0'),
        FormMistake::FileNameTooLong => file_name.len() > NAME_BYTES_MAX,
        FormMistake::ContentTypeTooLong => content_type.len() > NAME_BYTES_MAX,
        // Whatever is refused, these are taken.
        FormMistake::ContentTypeMalformed => !["text/plain", "a/b;c=d"].contains(&content_type),
        FormMistake::TooManyParts => before == PARTS_MAX,
        _ => false,
    }
}

/// The rules of the WHATWG's encoding by search and replace.
fn read_part(part: &Part, content: &[u8], is_file: bool, newlines: Newlines) -> ReadPart {
    let crlf = |text: &str| {
        text.replace("\r\n", "\n")
            .replace('\r', "\n")
            .replace('\n', "\r\n")
    };
    let escaped = |name: &str| {
        let name = name.replace('"', "%22");
        name.replace('\r', "%0D").replace('\n', "%0A")
    };
    let normalises = newlines == Newlines::Crlf;
    let name = match normalises {
        true => crlf(&part.name),
        false => part.name.clone(),
    };
    let content = match normalises && !is_file && part.file_name.is_none() {
        // Latin-1 there and back.
        true => crlf(&content.iter().copied().map(char::from).collect::<String>())
            .chars()
            .map(|char| char as u8)
            .collect(),
        false => content.to_vec(),
    };
    ReadPart {
        name: escaped(&name),
        file_name: part.file_name.as_deref().map(escaped),
        content_type: part.content_type.clone(),
        content,
    }
}

/// RFC 7578 by searching for the boundary.
fn naive(body: &[u8], boundary: &str) -> Vec<ReadPart> {
    let delimiter = format!("\r\n--{boundary}");
    let body = [b"\r\n", body].concat();
    let mut rest = &body[..];
    let mut parts = Vec::new();
    assert_eq!(take_to(&mut rest, delimiter.as_bytes()), b"");
    while rest != b"--\r\n" {
        assert_eq!(
            take_to(&mut rest, b"\r\nContent-Disposition: form-data; name=\""),
            b""
        );
        let name = take_to(&mut rest, b"\"");
        let file_name = rest.strip_prefix(b"; filename=\"").map(|after| {
            rest = after;
            take_to(&mut rest, b"\"")
        });
        let content_type = rest.strip_prefix(b"\r\nContent-Type: ").map(|after| {
            rest = after;
            take_to(&mut rest, b"\r\n\r\n")
        });
        if content_type.is_none() {
            assert_eq!(take_to(&mut rest, b"\r\n\r\n"), b"");
        }
        let text = |bytes: &[u8]| str::from_utf8(bytes).expect("a name is UTF-8").to_owned();
        parts.push(ReadPart {
            name: text(name),
            file_name: file_name.map(text),
            content_type: content_type.map(text),
            content: take_to(&mut rest, delimiter.as_bytes()).to_vec(),
        });
    }
    parts
}

/// Takes what stands before `end` off the front, and `end` too.
fn take_to<'a>(rest: &mut &'a [u8], end: &[u8]) -> &'a [u8] {
    let at = rest.windows(end.len()).position(|window| window == end);
    let at = at.unwrap_or_else(|| panic!("{:?} is missing", String::from_utf8_lossy(end)));
    let (before, after) = rest.split_at(at);
    *rest = &after[end.len()..];
    before
}

fn multer_reads(written: &Written) {
    let control = |text: &str| {
        text.chars()
            .any(|char| char.is_ascii_control() && char != '\t')
    };
    let names = |part: &ReadPart| [Some(part.name.clone()), part.file_name.clone()];
    let all = |part: &ReadPart| names(part).into_iter().flatten().any(|name| control(&name));
    if written.parts.iter().any(all) {
        return;
    }
    // In pieces, so that a boundary is met in two.
    let pieces: Vec<_> = written
        .body
        .chunks(61)
        .map(Bytes::copy_from_slice)
        .collect();
    let mut multipart = Multipart::new(Pieces(pieces.into_iter()), &*written.boundary);
    for part in &written.parts {
        let field = wait(multipart.next_field()).expect("multer reads it");
        let field: Field<'_> = field.expect("as many parts as were given");
        let odd = |name: &str| name.contains('\\') || name.to_lowercase().contains("name");
        if !names(part).iter().flatten().any(|name| odd(name)) {
            assert_eq!(field.name(), Some(&*part.name));
            assert_eq!(field.file_name(), part.file_name.as_deref());
        }
        let content = wait(field.bytes()).expect("multer reads the content");
        assert_eq!(content, part.content);
    }
    assert!(
        wait(multipart.next_field())
            .expect("multer reads the end")
            .is_none()
    );
}
