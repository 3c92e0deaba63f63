//! Target `chunks`: the chunked coding against a reader of forty lines that sees all of it at once.
//!
//! What is accepted is the same, data and length, and with limits it is what the reference accepts within them.
//!
//! Input: a byte that chooses the limits, the lengths of the first pieces, the coded bytes.

use quintet_proto::{Exchange, Limits, Next, NoReuse, Receiving, ResponseErrorClass, Reuse};

use crate::input::{Input, cut};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Panics if the decoder does not do what it must with these bytes.
pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let limits = limits(usize::from(input.byte()));
    let lengths = input.bytes();
    let coded = input.rest();

    let mut exchange = Exchange::new(0, limits.clone());
    exchange.receive(HEAD).expect("a good head");
    let mut pieces = cut(coded, lengths).into_iter();
    let failed = pieces.find_map(|piece| exchange.receive(piece).err());
    let expected = reference(coded).filter(|read| read.is_within(&limits));
    let Some(expected) = expected else {
        assert_ne!(exchange.progress(), Receiving::Complete);
        let error = exchange.peer_ended().expect_err("it is not complete");
        assert!(error.class() == ResponseErrorClass::Closed || failed == Some(error));
        return;
    };
    assert_eq!(failed, None);
    let reuse = match coded.len() - expected.len {
        0 => Reuse::Yes,
        _ => Reuse::No(NoReuse::SurplusBytes),
    };
    assert_eq!(exchange.next(), Next::Finished(reuse));
    let response = exchange.into_response().expect("it is complete");
    assert_eq!(response.body, expected.data);
}

fn limits(choice: usize) -> Limits {
    let wide = Limits::default();
    if choice == 0 {
        return wide;
    }
    Limits {
        body_bytes_max: choice as u64 % 37,
        chunk_line_bytes_max: choice % 13,
        trailer_bytes_max: choice % 23,
        headers_max: 1 + choice % 3,
        ..wide
    }
}

/// A complete body.
#[derive(Default)]
struct Read {
    data: Vec<u8>,
    /// How many bytes its coding takes.
    len: usize,
    chunk_line_bytes: usize,
    trailer_bytes: usize,
    trailers: usize,
}

impl Read {
    fn is_within(&self, limits: &Limits) -> bool {
        self.data.len() as u64 <= limits.body_bytes_max
            && self.chunk_line_bytes <= limits.chunk_line_bytes_max
            && self.trailer_bytes <= limits.trailer_bytes_max
            && self.trailers <= limits.headers_max
    }
}

/// The data of a body that is coded so, and has nothing after it.
pub(crate) fn naive(coded: &[u8]) -> Option<Vec<u8>> {
    reference(coded)
        .filter(|read| read.len == coded.len())
        .map(|read| read.data)
}

/// RFC 9112 7.1, line by line; `None` if there is not a whole body.
fn reference(coded: &[u8]) -> Option<Read> {
    let mut read = Read::default();
    let mut rest = coded;
    loop {
        let line = &*line(&mut rest)?;
        read.chunk_line_bytes = read.chunk_line_bytes.max(line.chars().count() + 2);
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        let size = size.trim_end_matches([' ', '\t']);
        let is_hex = size.chars().all(|digit| digit.is_ascii_hexdigit());
        if extension.contains(['\r', '\n']) || !is_hex || size.len() > 16 {
            return None;
        }
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            break;
        }
        read.data.extend(rest.split_off(..size)?);
        rest.split_off(..2).filter(|end| end == b"\r\n")?;
    }
    loop {
        let line = line(&mut rest)?;
        read.trailer_bytes += line.chars().count() + 2;
        if line.is_empty() {
            read.len = coded.len() - rest.len();
            return Some(read);
        }
        read.trailers += 1;
        let (name, value) = line.split_once(':')?;
        let is_token =
            |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char);
        if name.is_empty() || !name.chars().all(is_token) {
            return None;
        }
        // Latin-1: the characters from U+0080 on are bytes, not controls.
        if value
            .chars()
            .any(|char| char != '\t' && char.is_ascii_control())
        {
            return None;
        }
    }
}

/// Takes a line off the front; without its CR LF, each byte a character.
fn line(rest: &mut &[u8]) -> Option<String> {
    let len = rest.windows(2).position(|pair| pair == b"\r\n")?;
    let line = rest.split_off(..len + 2)?;
    Some(line[..len].iter().copied().map(char::from).collect())
}
