//! The HTTP side of one connection: heads in, answers out, bodies counted; no I/O.

use crate::{Counts, HEAD_BYTES_MAX};

const HEADERS_MAX: usize = 64;
/// How every multipart body ends (RFC 2046, section 5.1.1).
const FORM_END: &[u8; 4] = b"--\r\n";
/// The end of a body that must be fed, not discarded, so that its last bytes are seen.
const FED_BYTES_MIN: u64 = 64;

/// Where a connection stands between requests.
#[derive(Default)]
pub(crate) struct Exchange {
    head: Vec<u8>,
    body: Option<Body>,
    answers: Vec<u8>,
    /// The peer wants no further request on this connection, or we do not.
    ending: bool,
}

struct Body {
    len: u64,
    left: u64,
    tail: [u8; FORM_END.len()],
}

/// The peer broke the rules.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken;

impl Exchange {
    /// Takes bytes that the peer sent, and counts every upload that they complete.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], counts: &mut Counts) -> Result<(), Broken> {
        while !bytes.is_empty() {
            if self.ending && self.body.is_none() {
                return Err(Broken);
            }
            bytes = match &mut self.body {
                Some(body) => body.feed(bytes),
                None => self.feed_head(bytes, counts)?,
            };
            self.end_body(counts);
        }
        Ok(())
    }

    /// Bytes of body that may be dropped unseen, and told by [`discarded`](Self::discarded).
    pub(crate) fn discardable(&self) -> u64 {
        self.left().saturating_sub(FED_BYTES_MIN)
    }

    /// That so many bytes, at most [`discardable`](Self::discardable), were dropped.
    pub(crate) fn discarded(&mut self, bytes: u64) {
        if let Some(body) = &mut self.body {
            body.left -= bytes;
        }
    }

    /// Bytes of this body that are still to come.
    pub(crate) fn left(&self) -> u64 {
        self.body.as_ref().map_or(0, |body| body.left)
    }

    /// What is to be sent.
    pub(crate) fn answers(&mut self) -> &mut Vec<u8> {
        &mut self.answers
    }

    /// Whether the connection ends once the answers are sent.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending && self.body.is_none()
    }

    /// Whether the peer may leave now.
    pub(crate) fn is_idle(&self) -> bool {
        self.body.is_none() && self.head.is_empty()
    }

    /// Begins a request once its head is complete; returns what follows the head.
    fn feed_head<'a>(&mut self, bytes: &'a [u8], counts: &Counts) -> Result<&'a [u8], Broken> {
        let before = self.head.len();
        // The usual case, a head in one piece, is parsed where it lies.
        let (len, request) = if before == 0 {
            match parse(bytes)? {
                None => return self.keep_head(bytes),
                Some(parsed) => parsed,
            }
        } else {
            self.head.extend_from_slice(bytes);
            match parse(&self.head)? {
                None => return self.keep_head(&[]),
                Some(parsed) => parsed,
            }
        };
        self.head.clear();
        self.begin(request, counts);
        Ok(&bytes[len - before..])
    }

    fn keep_head<'a>(&mut self, bytes: &[u8]) -> Result<&'a [u8], Broken> {
        self.head.extend_from_slice(bytes);
        match self.head.len() > HEAD_BYTES_MAX {
            true => Err(Broken),
            false => Ok(&[]),
        }
    }

    fn begin(&mut self, request: Request, counts: &Counts) {
        self.ending |= request.close;
        match request.kind {
            Kind::Counts => self.answer("200 OK", &counts.to_string()),
            Kind::Refused => {
                self.ending = true;
                self.answer("400 Bad Request", "");
            }
            Kind::Upload { len } => {
                if request.expects_continue {
                    self.answers
                        .extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                }
                self.body = Some(Body {
                    len,
                    left: len,
                    tail: [0; FORM_END.len()],
                });
            }
        }
    }

    fn end_body(&mut self, counts: &mut Counts) {
        if let Some(body) = self.body.take_if(|body| body.left == 0) {
            counts.requests += 1;
            counts.body_bytes += body.len;
            counts.malformed += u64::from(&body.tail != FORM_END);
            self.answer("200 OK", "ok");
        }
    }

    fn answer(&mut self, status: &str, body: &str) {
        let close = if self.ending {
            "Connection: close\r\n"
        } else {
            ""
        };
        let len = body.len();
        let answer = format!("HTTP/1.1 {status}\r\n{close}Content-Length: {len}\r\n\r\n{body}");
        self.answers.extend_from_slice(answer.as_bytes());
    }
}

impl Body {
    /// Takes what belongs to the body; returns what follows it.
    fn feed<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let taken = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (piece, rest) = bytes.split_at(taken);
        self.left -= taken as u64;
        for &byte in &piece[piece.len().saturating_sub(FORM_END.len())..] {
            self.tail.rotate_left(1);
            self.tail[FORM_END.len() - 1] = byte;
        }
        rest
    }
}

struct Request {
    kind: Kind,
    close: bool,
    expects_continue: bool,
}

enum Kind {
    Upload { len: u64 },
    Counts,
    Refused,
}

/// The head at the front of `bytes` with its length, or `None` if it is not complete.
fn parse(bytes: &[u8]) -> Result<Option<(usize, Request)>, Broken> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Request::new(&mut headers);
    let len = match head.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Broken),
    };
    let value = |name: &str| {
        let mut headers = head.headers.iter();
        let header = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    let length = value("content-length").and_then(|value| value.trim().parse().ok());
    let kind = match (head.method, head.path, length) {
        (Some("GET"), Some("/counts"), _) => Kind::Counts,
        (Some("POST"), _, Some(len)) if len > 0 => Kind::Upload { len },
        _ => Kind::Refused,
    };
    let says =
        |name, what: &str| value(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(what));
    let request = Request {
        kind,
        close: says("connection", "close"),
        expects_continue: says("expect", "100-continue"),
    };
    Ok(Some((len, request)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[u8] = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12345--\r\n\
        POST /b HTTP/1.1\r\nHost: x\r\ncontent-length: 6\r\nConnection: close\r\n\r\n123456";

    fn after(pieces: &[&[u8]]) -> (Result<(), Broken>, Counts, Exchange) {
        let (mut counts, mut exchange) = (Counts::default(), Exchange::default());
        let mut fed = pieces.iter().map(|piece| exchange.feed(piece, &mut counts));
        let result = fed.find(Result::is_err).unwrap_or(Ok(()));
        (result, counts, exchange)
    }

    #[test]
    fn requests_are_counted_whole_and_byte_by_byte() {
        let bytes: Vec<&[u8]> = TWO.chunks(1).collect();
        for pieces in [&[TWO][..], &bytes] {
            let (result, counts, mut exchange) = after(pieces);
            assert_eq!(result, Ok(()));
            assert_eq!(
                (counts.requests, counts.body_bytes, counts.malformed),
                (2, 15, 1)
            );
            assert!(exchange.is_ending());
            let text = String::from_utf8(std::mem::take(exchange.answers())).unwrap();
            assert_eq!(text.matches("200 OK").count(), 2);
            assert_eq!(text.matches("Connection: close").count(), 1);
        }
    }

    #[test]
    fn nothing_may_follow_a_request_that_closes() {
        let tail: &[u8] = b"x";
        assert_eq!(after(&[TWO, tail]).0, Err(Broken));
    }

    #[test]
    fn a_length_that_is_missing_is_refused() {
        let chunked: &[u8] = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let (result, counts, mut exchange) = after(&[chunked]);
        assert_eq!((result, counts.requests), (Ok(()), 0));
        assert!(exchange.answers().starts_with(b"HTTP/1.1 400 "));
        assert!(exchange.is_ending());
    }

    #[test]
    fn the_last_bytes_of_a_body_are_never_discarded() {
        let head: &[u8] = b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n";
        let (_, mut counts, mut exchange) = after(&[head]);
        assert_eq!(exchange.discardable(), 936);
        exchange.discarded(936);
        let mut end = [0; 64];
        end[60..].copy_from_slice(FORM_END);
        assert_eq!(exchange.feed(&end, &mut counts), Ok(()));
        assert_eq!((counts.body_bytes, counts.malformed), (1000, 0));
    }
}
