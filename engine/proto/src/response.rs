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

use alloc::borrow::Cow;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::chunked::Chunked;
use crate::error::ResponseError;
use crate::exchange::NoReuse;
use crate::grammar::trim_ows;
use crate::head::{Parsed, parse_head};
use crate::header::Headers;
use crate::planted;

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
    /// The reason phrase; empty if there was none, or if it was not ASCII. Borrowed if it is the
    /// one that RFC 9110 15 gives the status.
    pub reason: Cow<'static, str>,
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
    /// Whether a 100 (Continue) came.
    continues: bool,
    head: Option<ResponseHead>,
    body: Vec<u8>,
    /// Why, by its head or by what followed it, the connection ends with this response.
    no_reuse: Option<NoReuse>,
    /// Whether the final head asks to close.
    closes: bool,
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
            continues: false,
            head: None,
            body: Vec::new(),
            no_reuse: None,
            closes: false,
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

    /// Whether the front of a head has come, and not its end.
    pub(crate) fn is_in_head(&self) -> bool {
        matches!(self.state, State::Head) && !self.stash.is_empty()
    }

    pub(crate) fn continues(&self) -> bool {
        self.continues
    }

    pub(crate) fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.state, State::Failed(_))
    }

    /// Whether the final head, if it is there, has `Connection: close`.
    pub(crate) fn closes(&self) -> bool {
        self.closes
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
            State::Length { .. } if planted::is("cut-answer-taken") => {
                self.state = State::Complete;
                return Ok(());
            }
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
                if !planted::is("reuse-after-surplus-bytes") {
                    self.no_reuse = Some(NoReuse::SurplusBytes);
                }
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
            Parsed::Interim { len, status } => {
                self.continues |= status == 100;
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
        let said = Said::of(&head.headers);
        let (state, no_reuse) = body_of(&head, &said, &self.limits)?;
        if let State::Length { left } = state {
            self.body
                .reserve_exact(left.min(BODY_BYTES_RESERVED_MAX) as usize);
        }
        self.no_reuse = ends_connection(&head, &said).or(no_reuse);
        self.closes = said.close;
        self.state = state;
        self.head = Some(head);
        self.stash = Vec::new();
        Ok(())
    }
}

/// What the fields of a head say of its body and its connection, read in one pass.
struct Said {
    /// The one Content-Length: repeated fields and lists are taken if all their values are the same
    /// (RFC 9112 6.3 item 5).
    length: Result<Option<u64>, ResponseError>,
    /// Whether there is a Content-Length that is not exactly `0`.
    length_not_zero: bool,
    coding: Coding,
    /// Which options stand in a Connection field (RFC 9110 7.6.1).
    close: bool,
    keep_alive: bool,
}

enum Coding {
    None,
    Chunked,
    Other,
}

impl Said {
    fn of(headers: &Headers) -> Self {
        let mut said = Self {
            length: Ok(None),
            length_not_zero: false,
            coding: Coding::None,
            close: false,
            keep_alive: false,
        };
        for (name, value) in headers.fields() {
            // The lengths alone rule most fields out.
            match name.len() {
                10 if is_caseless(name, b"connection") => said.connection(value),
                14 if is_caseless(name, b"content-length") => said.content_length(value),
                17 if is_caseless(name, b"transfer-encoding") => {
                    said.transfer_encoding(value);
                }
                _ => {}
            }
        }
        said
    }

    fn connection(&mut self, value: &[u8]) {
        for option in value.split(|byte| *byte == b',').map(trim_ows) {
            self.close |= is_caseless(option, b"close");
            self.keep_alive |= is_caseless(option, b"keep-alive");
        }
    }

    fn content_length(&mut self, value: &[u8]) {
        self.length_not_zero |= value != b"0";
        for length in value.split(|byte| *byte == b',').map(trim_ows) {
            self.length = match (self.length, decimal(length)) {
                (Err(error), _) => Err(error),
                (Ok(_), None) => Err(ResponseError::ContentLength),
                (Ok(Some(before)), Some(this)) if before != this => {
                    Err(ResponseError::ContentLengthsDiffer)
                }
                (Ok(_), this) => Ok(this),
            };
        }
    }

    fn transfer_encoding(&mut self, value: &[u8]) {
        self.coding = match self.coding {
            Coding::None if is_caseless(value, b"chunked") => Coding::Chunked,
            _ => Coding::Other,
        };
    }
}

/// Whether `text`, a field's name or value, is `lower`, which has only lower-case letters and `-`,
/// but for its case.
fn is_caseless<const N: usize>(text: &[u8], lower: &[u8; N]) -> bool {
    // The bit is the letters' case; what else it makes a `-` is CR, which no field holds.
    <&[u8; N]>::try_from(text).is_ok_and(|text| {
        let pairs = text.iter().zip(lower);
        pairs.fold(true, |same, (byte, lower)| same & (byte | 0x20 == *lower))
    })
}

/// How the body is delimited (RFC 9112 6.3), and whether that spoils the connection.
fn body_of(
    head: &ResponseHead,
    said: &Said,
    limits: &Limits,
) -> Result<(State, Option<NoReuse>), ResponseError> {
    // Item 1: no body, whatever the fields say. A reader that believes them would wait for one, or
    // take the next response for it, so the connection ends here unless they say "nothing".
    if matches!(head.status, 204 | 304) {
        let framed = !matches!(said.coding, Coding::None) || said.length_not_zero;
        return Ok((State::Complete, framed.then_some(NoReuse::BodilessFraming)));
    }
    match said.coding {
        Coding::None => {}
        Coding::Other => return Err(ResponseError::TransferEncoding),
        // Item 3 and 6.1: the coding decides, but someone on the way may have read it otherwise.
        Coding::Chunked => {
            let no_reuse = if head.minor_version == 0 {
                Some(NoReuse::TransferEncodingInHttp10)
            } else if said.length != Ok(None) {
                Some(NoReuse::TransferEncodingWithLength)
            } else {
                None
            };
            return Ok((State::Chunked(Chunked::new()), no_reuse));
        }
    }
    match said.length? {
        None => Ok((State::UntilClose, Some(NoReuse::ReadToClose))),
        Some(0) => Ok((State::Complete, None)),
        Some(length) if length > limits.body_bytes_max => Err(ResponseError::BodyTooLong),
        Some(left) => Ok((State::Length { left }, None)),
    }
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
fn ends_connection(head: &ResponseHead, said: &Said) -> Option<NoReuse> {
    if said.close {
        Some(NoReuse::PeerCloses)
    } else if head.minor_version == 0 && !said.keep_alive {
        Some(NoReuse::Http10)
    } else {
        None
    }
}
