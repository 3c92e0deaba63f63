//! The chunked transfer coding (RFC 9112 7.1), read from slices that may end anywhere.
//!
//! ```text
//!             ┌──────────────────── CR ──────────────────────┐
//!  ──► Size ──┼── SP HT ──► AfterSize ──┬── CR ──────────────┤
//!       ▲     └── ; ──► Extension ◄─ ; ─┘                    │
//!       │                   └── CR ──────────────────────────┤
//!       │                                                    ▼
//!       └── LF ── DataLf ◄── CR ── DataCr ◄── Data ◄─ LF ─ SizeLf
//!                                                            │ LF, size 0
//!       Done ◄── LF ── EndLf ◄── CR ── TrailerStart ◄────────┘
//!                                       │        ▲
//!                                 token │        └── LF ── TrailerLf
//!                                       ▼                      ▲ CR
//!                                      TrailerName ── : ──► TrailerValue
//! ```
//!
//! Every line ends in CR LF: a bare LF or CR is an error everywhere, for where readers disagree on
//! line ends they disagree on where a response ends. Extensions are skipped unread (RFC 9112
//! 7.1.1), trailers are checked, counted and dropped (RFC 9112 7.1.2).

use alloc::vec::Vec;

use crate::error::ResponseError;
use crate::grammar::{is_token_byte, is_value_byte};
use crate::response::Limits;

/// Sixteen hex digits are what 64 bits hold.
const SIZE_DIGITS_MAX: u32 = 16;

#[derive(Debug)]
pub(crate) struct Chunked {
    state: State,
    /// The size as far as it is read; then what is left of the chunk.
    size: u64,
    size_digits: u32,
    /// Bytes of the current chunk-size line, or of all trailers.
    line_bytes: usize,
    trailers: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size,
    AfterSize,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    EndLf,
    Done,
}

impl Chunked {
    pub(crate) const fn new() -> Self {
        Self {
            state: State::Size,
            size: 0,
            size_digits: 0,
            line_bytes: 0,
            trailers: 0,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Reads from the front of `input`, appends data to `body` and returns how much was read: all
    /// of it, unless the coding ended before.
    pub(crate) fn read(
        &mut self,
        input: &[u8],
        body: &mut Vec<u8>,
        limits: &Limits,
    ) -> Result<usize, ResponseError> {
        let mut at = 0;
        while at < input.len() && self.state != State::Done {
            if self.state == State::Data {
                let rest = &input[at..];
                let taken =
                    usize::try_from(self.size).map_or(rest.len(), |size| size.min(rest.len()));
                body.extend_from_slice(&rest[..taken]);
                at += taken;
                self.size -= taken as u64;
                if self.size == 0 {
                    self.state = State::DataCr;
                }
            } else {
                self.state = self.step(input[at], body.len() as u64, limits)?;
                at += 1;
            }
        }
        Ok(at)
    }

    /// The state after `byte`, in any state but `Data` and `Done`.
    fn step(&mut self, byte: u8, body_bytes: u64, limits: &Limits) -> Result<State, ResponseError> {
        use State::*;
        match self.state {
            Size | AfterSize | Extension | SizeLf => {
                self.line_bytes += 1;
                if self.line_bytes > limits.chunk_line_bytes_max {
                    return Err(ResponseError::ChunkLineTooLong);
                }
            }
            TrailerStart | TrailerName | TrailerValue | TrailerLf | EndLf => {
                self.line_bytes += 1;
                if self.line_bytes > limits.trailer_bytes_max {
                    return Err(ResponseError::TrailersTooLong);
                }
            }
            Data | DataCr | DataLf | Done => {}
        }
        match (self.state, byte) {
            (Size, _) if byte.is_ascii_hexdigit() => self.size_digit(byte),
            (Size, _) if self.size_digits == 0 => Err(ResponseError::ChunkSize),
            (Size | AfterSize, b' ' | b'\t') => Ok(AfterSize),
            (Size | AfterSize, b';') => Ok(Extension),
            (Size | AfterSize | Extension, b'\r') => Ok(SizeLf),
            (Extension, _) if byte != b'\n' => Ok(Extension),
            (SizeLf, b'\n') => self.size_read(body_bytes, limits),
            (Size | AfterSize | Extension | SizeLf, _) => Err(ResponseError::ChunkSize),

            (DataCr, b'\r') => Ok(DataLf),
            (DataLf, b'\n') => Ok(Size),
            (Data | DataCr | DataLf, _) => Err(ResponseError::ChunkEnd),

            (TrailerStart, b'\r') => Ok(EndLf),
            (TrailerStart, _) if is_token_byte(byte) => self.trailer(limits),
            (TrailerName, b':') => Ok(TrailerValue),
            (TrailerName, _) if is_token_byte(byte) => Ok(TrailerName),
            (TrailerValue, b'\r') => Ok(TrailerLf),
            (TrailerValue, _) if is_value_byte(byte) => Ok(TrailerValue),
            (TrailerLf, b'\n') => Ok(TrailerStart),
            (EndLf, b'\n') => Ok(Done),
            (TrailerStart | TrailerName | TrailerValue | TrailerLf | EndLf | Done, _) => {
                Err(ResponseError::Trailer)
            }
        }
    }

    fn size_digit(&mut self, digit: u8) -> Result<State, ResponseError> {
        self.size_digits += 1;
        if self.size_digits > SIZE_DIGITS_MAX {
            return Err(ResponseError::ChunkSize);
        }
        let value = char::from(digit)
            .to_digit(16)
            .ok_or(ResponseError::ChunkSize)?;
        self.size = self.size << 4 | u64::from(value);
        Ok(State::Size)
    }

    fn size_read(&mut self, body_bytes: u64, limits: &Limits) -> Result<State, ResponseError> {
        self.line_bytes = 0;
        self.size_digits = 0;
        if self.size == 0 {
            return Ok(State::TrailerStart);
        }
        match body_bytes.checked_add(self.size) {
            Some(total) if total <= limits.body_bytes_max => Ok(State::Data),
            _ => Err(ResponseError::BodyTooLong),
        }
    }

    fn trailer(&mut self, limits: &Limits) -> Result<State, ResponseError> {
        self.trailers += 1;
        if self.trailers > limits.headers_max {
            return Err(ResponseError::TooManyTrailers);
        }
        Ok(State::TrailerName)
    }
}
