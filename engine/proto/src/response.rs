//! Reads one response (interim ones skipped) from slices that may end anywhere.
//!
//! ```text
//!            interim head
//!              ┌─────┐
//!              ▼     │           length 0, 204, 304
//!  ──────────► Head ─┴──────────────────────────────────────────────────► Complete ◄─┐
//!               │                                                                    │
//!               └──► Length ── as many bytes ────────────────────────────────────────┤
//!               └──► Chunked ── last chunk and trailers ─────────────────────────────┤
//!               └──► UntilClose ── the peer ended ───────────────────────────────────┘
//!
//!  any of them but Complete ── a ResponseError ──► Failed
//! ```

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::chunked::Chunked;
use crate::error::ResponseError;
use crate::exchange::NoReuse;
use crate::grammar::trim_ows;
use crate::head::{Parsed, parse_head};
use crate::header::Headers;

/// What a body buffer gets at once; beyond, it grows with what really comes.
const BODY_BYTES_RESERVED_MAX: u64 = 65_536;

/// A version and a status: so much of a head is checked byte by byte, so that a peer that does not
/// speak HTTP is found out though it never ends a line.
const STATUS_BYTES: usize = "HTTP/1.1 200 ".len();

/// What a response may cost. Each limit is the largest value that passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one head, interim or final, from its first byte through its empty line.
    pub head_bytes_max: usize,
    /// Fields of one head, or of the trailers.
    pub headers_max: usize,
    /// Bytes of the body, chunk framing not counted. A larger Content-Length or chunk size fails
    /// as soon as it is read.
    pub body_bytes_max: u64,
    /// Interim (1xx) responses before the final one.
    pub interim_max: u32,
    /// Bytes of one chunk-size line with its extensions and line end.
    pub chunk_line_bytes_max: usize,
    /// Bytes of everything after the last chunk's line: the trailers and the empty line.
    pub trailer_bytes_max: usize,
}

impl Default for Limits {
    /// 64 KiB and 100 fields of head, 32 MiB of body, 32 interim responses, 4 KiB of chunk line, 16
    /// KiB of trailers.
    fn default() -> Self {
        Self {
            head_bytes_max: 65_536,
            headers_max: 100,
            body_bytes_max: 32 << 20,
            interim_max: 32,
            chunk_line_bytes_max: 4_096,
            trailer_bytes_max: 16_384,
        }
    }
}

/// Status line and header fields of a final response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// 200 to 999 (RFC 9110 15; what is above 599 is passed on as it came).
    pub status: u16,
    /// The reason phrase; empty if there was none, or if it was not ASCII.
    pub reason: String,
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    pub minor_version: u8,
    /// The fields as they came, folded lines joined by one space (RFC 9112 5.2).
    pub headers: Headers,
}

/// A complete response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status line and fields.
    pub head: ResponseHead,
    /// The content, freed of its transfer coding. Nothing else is decoded.
    pub body: Bytes,
}

#[derive(Debug)]
pub(crate) struct Reader {
    limits: Limits,
    state: State,
    /// Whether a byte came at all.
    begun: bool,
    /// The front of a head that came in several slices.
    stash: Vec<u8>,
    interim: u32,
    head: Option<ResponseHead>,
    body: Vec<u8>,
    /// Why, by its head or by what followed it, the connection ends with this response.
    no_reuse: Option<NoReuse>,
}

#[derive(Debug)]
enum State {
    Head,
    Length { left: u64 },
    Chunked(Chunked),
    UntilClose,
    Complete,
    Failed(ResponseError),
}

impl Reader {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Head,
            begun: false,
            stash: Vec::new(),
            interim: 0,
            head: None,
            body: Vec::new(),
            no_reuse: None,
        }
    }

    pub(crate) fn head(&self) -> Option<&ResponseHead> {
        self.head.as_ref()
    }

    pub(crate) fn body_bytes(&self) -> u64 {
        self.body.len() as u64
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.begun
    }

    pub(crate) fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.state, State::Failed(_))
    }

    pub(crate) fn no_reuse(&self) -> Option<NoReuse> {
        self.no_reuse
    }

    pub(crate) fn into_response(self) -> Option<Response> {
        match self.state {
            State::Complete => Some(Response {
                head: self.head?,
                body: self.body.into(),
            }),
            _ => None,
        }
    }

    pub(crate) fn receive(&mut self, mut input: &[u8]) -> Result<(), ResponseError> {
        self.begun |= !input.is_empty();
        while !input.is_empty() {
            match self.read(input) {
                Ok(read) => input = &input[read..],
                Err(error) => return Err(self.fail(error)),
            }
        }
        Ok(())
    }

    pub(crate) fn peer_ended(&mut self) -> Result<(), ResponseError> {
        let error = match self.state {
            State::UntilClose => {
                self.state = State::Complete;
                return Ok(());
            }
            State::Complete => {
                self.no_reuse.get_or_insert(NoReuse::PeerEnded);
                return Ok(());
            }
            State::Failed(error) => error,
            State::Head if self.stash.is_empty() => ResponseError::ClosedBeforeHead,
            // What is left may be malformed as well, which says more than that it is short.
            State::Head => match parse_head(&self.stash, &self.limits) {
                Err(error) => error,
                Ok(_) => ResponseError::ClosedInHead,
            },
            State::Length { .. } | State::Chunked(_) => ResponseError::ClosedInBody,
        };
        Err(self.fail(error))
    }

    fn fail(&mut self, error: ResponseError) -> ResponseError {
        self.state = State::Failed(error);
        error
    }

    /// Reads at least one byte from the front of `input`, which has one, and returns how many.
    fn read(&mut self, input: &[u8]) -> Result<usize, ResponseError> {
        match &mut self.state {
            State::Head => self.read_head(input),
            State::Length { left } => {
                let taken =
                    usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                self.body.extend_from_slice(&input[..taken]);
                *left -= taken as u64;
                if *left == 0 {
                    self.state = State::Complete;
                }
                Ok(taken)
            }
            State::Chunked(chunked) => {
                let read = chunked.read(input, &mut self.body, &self.limits)?;
                if chunked.is_done() {
                    self.state = State::Complete;
                }
                Ok(read)
            }
            State::UntilClose => {
                if self.body.len() as u64 + input.len() as u64 > self.limits.body_bytes_max {
                    return Err(ResponseError::BodyTooLong);
                }
                self.body.extend_from_slice(input);
                Ok(input.len())
            }
            State::Complete => {
                self.no_reuse = Some(NoReuse::SurplusBytes);
                Ok(input.len())
            }
            State::Failed(error) => Err(*error),
        }
    }

    /// A head that comes whole is read where it lies; only a partial one is copied.
    fn read_head(&mut self, input: &[u8]) -> Result<usize, ResponseError> {
        let stashed = self.stash.len();
        let room = self.limits.head_bytes_max.saturating_sub(stashed);
        let input = &input[..input.len().min(room)];
        let parsed = if stashed == 0 {
            parse_head(input, &self.limits)?
        } else {
            self.stash.extend_from_slice(input);
            // Only a line's end can complete a head, so that one fed byte by byte is read once a
            // line.
            if stashed < STATUS_BYTES || input.len() == room || input.contains(&b'\n') {
                parse_head(&self.stash, &self.limits)?
            } else {
                Parsed::Partial
            }
        };
        let len = match parsed {
            Parsed::Partial if input.len() == room => return Err(ResponseError::HeadTooLong),
            Parsed::Partial => {
                if stashed == 0 {
                    self.stash.extend_from_slice(input);
                }
                return Ok(input.len());
            }
            Parsed::Interim { len } => {
                self.interim += 1;
                if self.interim > self.limits.interim_max {
                    return Err(ResponseError::TooManyInterim);
                }
                len
            }
            Parsed::Final { len, head } => {
                self.begin_body(head)?;
                len
            }
        };
        self.stash.clear();
        // Not below 0: a head that ends within the stash was read when its last line end came.
        Ok(len - stashed)
    }

    fn begin_body(&mut self, head: ResponseHead) -> Result<(), ResponseError> {
        let (state, no_reuse) = body_of(&head, &self.limits)?;
        if let State::Length { left } = state {
            self.body
                .reserve_exact(left.min(BODY_BYTES_RESERVED_MAX) as usize);
        }
        self.no_reuse = ends_connection(&head).or(no_reuse);
        self.state = state;
        self.head = Some(head);
        self.stash = Vec::new();
        Ok(())
    }
}

/// How the body is delimited (RFC 9112 6.3), and whether that spoils the connection.
fn body_of(
    head: &ResponseHead,
    limits: &Limits,
) -> Result<(State, Option<NoReuse>), ResponseError> {
    let headers = &head.headers;
    let encoded = headers.get("transfer-encoding").is_some();
    // Item 1: no body, whatever the fields say. A reader that believes them would wait for one, or
    // take the next response for it, so the connection ends here unless they say "nothing".
    if matches!(head.status, 204 | 304) {
        let framed = encoded || headers.get_all("content-length").any(|value| value != b"0");
        return Ok((State::Complete, framed.then_some(NoReuse::BodilessFraming)));
    }
    if encoded {
        let mut codings = headers.get_all("transfer-encoding");
        let chunked =
            |coding: Option<&[u8]>| coding.is_some_and(|c| c.eq_ignore_ascii_case(b"chunked"));
        if !chunked(codings.next()) || codings.next().is_some() {
            return Err(ResponseError::TransferEncoding);
        }
        // Item 3 and 6.1: the coding decides, but someone on the way may have read it otherwise.
        let no_reuse = if head.minor_version == 0 {
            Some(NoReuse::TransferEncodingInHttp10)
        } else {
            headers
                .get("content-length")
                .map(|_| NoReuse::TransferEncodingWithLength)
        };
        return Ok((State::Chunked(Chunked::new()), no_reuse));
    }
    match content_length(headers)? {
        None => Ok((State::UntilClose, Some(NoReuse::ReadToClose))),
        Some(0) => Ok((State::Complete, None)),
        Some(length) if length > limits.body_bytes_max => Err(ResponseError::BodyTooLong),
        Some(left) => Ok((State::Length { left }, None)),
    }
}

/// The one Content-Length: repeated fields and lists are taken if all their values are the same
/// (RFC 9112 6.3 item 5).
fn content_length(headers: &Headers) -> Result<Option<u64>, ResponseError> {
    let mut length = None;
    let values = headers
        .get_all("content-length")
        .flat_map(|value| value.split(|b| *b == b','));
    for value in values {
        let this = decimal(trim_ows(value)).ok_or(ResponseError::ContentLength)?;
        if *length.get_or_insert(this) != this {
            return Err(ResponseError::ContentLengthsDiffer);
        }
    }
    Ok(length)
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Whether the peer keeps the connection open after this response (RFC 9112 9.3).
fn ends_connection(head: &ResponseHead) -> Option<NoReuse> {
    if has_connection_option(head, b"close") {
        Some(NoReuse::PeerCloses)
    } else if head.minor_version == 0 && !has_connection_option(head, b"keep-alive") {
        Some(NoReuse::Http10)
    } else {
        None
    }
}

/// Whether `option` stands in a Connection field (RFC 9110 7.6.1).
pub(crate) fn has_connection_option(head: &ResponseHead, option: &[u8]) -> bool {
    head.headers
        .get_all("connection")
        .flat_map(|value| value.split(|byte| *byte == b','))
        .any(|given| trim_ows(given).eq_ignore_ascii_case(option))
}
