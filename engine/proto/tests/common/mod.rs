//! Naive counterparts that the crate is compared with: slow, short, and written from the RFCs
//! alone.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]

use quintet_proto::{Exchange, Limits, Next, ResponseError, Reuse};

/// What became of a response: the response and whether the connection lived before the peer's end,
/// or the error.
pub type Verdict = Result<(u16, Vec<u8>, Option<Reuse>), ResponseError>;

/// Feeds `inputs` and then the peer's end to an exchange whose 3-byte body was sent.
pub fn verdict<'a>(inputs: impl IntoIterator<Item = &'a [u8]>, limits: &Limits) -> Verdict {
    let mut exchange = Exchange::new(3, limits.clone());
    exchange.body_sent(3);
    for input in inputs {
        exchange.receive(input)?;
    }
    let reuse = match exchange.next() {
        Next::Finished(reuse) => Some(reuse),
        Next::Listen => None,
        Next::Send => panic!("the body was sent"),
    };
    exchange.peer_ended()?;
    let response = exchange
        .into_response()
        .expect("no error, so it is complete");
    Ok((response.head.status, response.body.into(), reuse))
}

/// SHA-1 (RFC 3174): the vectors name bodies by the front of it.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64), 0);
    if padded.len() - bytes.len() < 9 {
        padded.resize(padded.len() + 64, 0);
    }
    let end = padded.len();
    padded[end - 8..].copy_from_slice(&(bytes.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks(64) {
        let mut w: Vec<u32> = block
            .chunks(4)
            .map(|word| u32::from_be_bytes(word.try_into().unwrap()))
            .collect();
        for i in 16..80 {
            w.push((w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16]).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (i, word) in w.into_iter().enumerate() {
            let (f, k) = match i {
                0..20 => ((b & c) | (!b & d), 0x5a827999_u32),
                20..40 => (b ^ c ^ d, 0x6ed9eba1),
                40..60 => ((b & c) | (b & d) | (c & d), 0x8f1bbcdc),
                _ => (b ^ c ^ d, 0xca62c1d6),
            };
            let sum = [f, e, k, word]
                .into_iter()
                .fold(a.rotate_left(5), u32::wrapping_add);
            (a, b, c, d, e) = (sum, a, b.rotate_left(30), c, d);
        }
        for (total, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *total = total.wrapping_add(part);
        }
    }
    let mut digest = [0; 20];
    for (out, word) in digest.chunks_mut(4).zip(state) {
        out.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

/// What the chunked coding at the front of some bytes is.
#[derive(Debug, PartialEq, Eq)]
pub enum Chunks {
    /// The data, and how many bytes its coding takes.
    Whole(Vec<u8>, usize),
    /// As far as it goes it may become one.
    Unfinished,
    Malformed,
}

/// RFC 9112 7.1 read line by line, without limits.
pub fn naive_chunks(coded: &[u8]) -> Chunks {
    let mut data = Vec::new();
    let mut at = 0;
    loop {
        let Some(line) = line(coded, at) else {
            return Chunks::Unfinished;
        };
        at += line.len() + 2;
        let digits = line
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        let mut extension = &line[digits..];
        while let [b' ' | b'\t', rest @ ..] = extension {
            extension = rest;
        }
        let extension_good = extension.is_empty() || extension[0] == b';';
        if !(1..=16).contains(&digits) || !extension_good || has_bare_end(line) {
            return Chunks::Malformed;
        }
        let size = u64::from_str_radix(str::from_utf8(&line[..digits]).unwrap(), 16).unwrap();
        if size == 0 {
            break;
        }
        let end = usize::try_from(size).unwrap().saturating_add(at);
        let Some(chunk) = coded.get(at..end) else {
            return Chunks::Unfinished;
        };
        data.extend_from_slice(chunk);
        match coded.get(end..end + 2) {
            None => return Chunks::Unfinished,
            Some(b"\r\n") => at = end + 2,
            Some(_) => return Chunks::Malformed,
        }
    }
    loop {
        let Some(line) = line(coded, at) else {
            return Chunks::Unfinished;
        };
        at += line.len() + 2;
        if line.is_empty() {
            return Chunks::Whole(data, at);
        }
        if httparse::parse_headers(&[line, b"\r\n\r\n"].concat(), &mut [httparse::EMPTY_HEADER])
            .is_err()
            || has_bare_end(line)
        {
            return Chunks::Malformed;
        }
    }
}

/// The line from `at` on, without its CR LF.
fn line(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let rest = &bytes[at..];
    rest.windows(2)
        .position(|pair| pair == b"\r\n")
        .map(|end| &rest[..end])
}

fn has_bare_end(line: &[u8]) -> bool {
    line.iter().any(|byte| matches!(byte, b'\r' | b'\n'))
}

/// One part as a receiver sees it.
#[derive(Debug, PartialEq, Eq)]
pub struct NaivePart {
    pub name: String,
    pub file_name: Option<String>,
    pub content_type: Option<String>,
    pub content: Vec<u8>,
}

/// RFC 7578 read by searching for the boundary; escapes are taken back.
pub fn naive_parts(body: &[u8], boundary: &str) -> Vec<NaivePart> {
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = [b"\r\n", body].concat();
    let mut parts = Vec::new();
    loop {
        let (preamble, after) = split(&rest, delimiter.as_bytes());
        assert!(preamble.is_empty());
        if after == b"--\r\n" {
            return parts;
        }
        let after = after
            .strip_prefix(b"\r\n")
            .expect("a line end after the boundary");
        let (head, content) = split(after, b"\r\n\r\n");
        let (content, _) = split(content, delimiter.as_bytes());
        let head = str::from_utf8(head).unwrap();
        let parameter = |key: &str| {
            let (_, value) = head.split_once(&format!("; {key}=\""))?;
            let value = value.split('"').next()?;
            Some(
                value
                    .replace("%22", "\"")
                    .replace("%0D", "\r")
                    .replace("%0A", "\n"),
            )
        };
        let content_type = head
            .split_once("\r\nContent-Type: ")
            .map(|(_, value)| value.into());
        parts.push(NaivePart {
            name: parameter("name").expect("a name"),
            file_name: parameter("filename"),
            content_type,
            content: content.to_vec(),
        });
        let used = "\r\n".len() + head.len() + "\r\n\r\n".len() + content.len();
        rest = rest[delimiter.len() + used..].to_vec();
    }
}

fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> (&'a [u8], &'a [u8]) {
    let at = bytes
        .windows(separator.len())
        .position(|window| window == separator)
        .expect("the separator is there");
    (&bytes[..at], &bytes[at + separator.len()..])
}
