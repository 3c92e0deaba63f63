//! Whose fault an error is, and what a peer's response can be wrong in.

use core::fmt;

/// Who made the mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Whoever asked for the upload; nothing was sent.
    Caller,
    /// The server, or something between it and us.
    Peer,
}

/// What a [`ResponseError`] means for an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseErrorClass {
    /// What came is not an HTTP/1.1 response.
    Malformed,
    /// What came is over one of [`Limits`](crate::Limits).
    Limit,
    /// The peer ended before the response was complete.
    Closed,
}

/// Why a response cannot be read. Always the peer's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseError {
    /// It does not begin with `HTTP/1.0` or `HTTP/1.1` (RFC 9112 2.3).
    Version,
    /// The rest of the status line is malformed, or the status is below 100 (RFC 9112 4).
    StatusLine,
    /// 101, though no upgrade was asked for (RFC 9110 15.2.2).
    SwitchedProtocols,
    /// A header name is not a token, or no colon follows it (RFC 9112 5).
    HeaderName,
    /// A header value holds a control character (RFC 9110 5.5).
    HeaderValue,
    /// The head's last line end is malformed (RFC 9112 2.2).
    HeadEnd,
    /// A Content-Length is not a number that fits 64 bits (RFC 9110 8.6).
    ContentLength,
    /// Two Content-Lengths differ (RFC 9112 6.3).
    ContentLengthsDiffer,
    /// A Transfer-Encoding other than exactly `chunked`, which is all that was offered (RFC 9112
    /// 6.1).
    TransferEncoding,
    /// A chunk size is not 1 to 16 hex digits, or its line is malformed (RFC 9112 7.1).
    ChunkSize,
    /// A chunk's data is not followed by CR LF (RFC 9112 7.1).
    ChunkEnd,
    /// A trailer field is malformed (RFC 9112 7.1.2).
    Trailer,
    /// A head is longer than [`head_bytes_max`](crate::Limits::head_bytes_max).
    HeadTooLong,
    /// A head has more fields than [`headers_max`](crate::Limits::headers_max).
    TooManyHeaders,
    /// More interim responses than [`interim_max`](crate::Limits::interim_max).
    TooManyInterim,
    /// The body is longer than [`body_bytes_max`](crate::Limits::body_bytes_max).
    BodyTooLong,
    /// A chunk-size line is longer than
    /// [`chunk_line_bytes_max`](crate::Limits::chunk_line_bytes_max).
    ChunkLineTooLong,
    /// The trailers are longer than [`trailer_bytes_max`](crate::Limits::trailer_bytes_max).
    TrailersTooLong,
    /// There are more trailers than [`headers_max`](crate::Limits::headers_max).
    TooManyTrailers,
    /// The peer ended without one byte of a final response.
    ClosedBeforeHead,
    /// The peer ended within a head.
    ClosedInHead,
    /// The peer ended before the body was complete.
    ClosedInBody,
}

impl ResponseError {
    /// Which of the three kinds of failure this is.
    pub const fn class(&self) -> ResponseErrorClass {
        match self {
            Self::Version
            | Self::StatusLine
            | Self::SwitchedProtocols
            | Self::HeaderName
            | Self::HeaderValue
            | Self::HeadEnd
            | Self::ContentLength
            | Self::ContentLengthsDiffer
            | Self::TransferEncoding
            | Self::ChunkSize
            | Self::ChunkEnd
            | Self::Trailer => ResponseErrorClass::Malformed,
            Self::HeadTooLong
            | Self::TooManyHeaders
            | Self::TooManyInterim
            | Self::BodyTooLong
            | Self::ChunkLineTooLong
            | Self::TrailersTooLong
            | Self::TooManyTrailers => ResponseErrorClass::Limit,
            Self::ClosedBeforeHead | Self::ClosedInHead | Self::ClosedInBody => {
                ResponseErrorClass::Closed
            }
        }
    }

    /// Always the peer's mistake.
    pub const fn blame(&self) -> Blame {
        Blame::Peer
    }
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "the response is not HTTP/1.0 or HTTP/1.1",
            Self::StatusLine => "the status line is malformed",
            Self::SwitchedProtocols => "the peer switched protocols unasked",
            Self::HeaderName => "a response header name is malformed",
            Self::HeaderValue => "a response header value is malformed",
            Self::HeadEnd => "the end of the response head is malformed",
            Self::ContentLength => "the response's content-length is not a number",
            Self::ContentLengthsDiffer => "the response has two different content-lengths",
            Self::TransferEncoding => "the response's transfer-encoding is not chunked alone",
            Self::ChunkSize => "a chunk size is malformed",
            Self::ChunkEnd => "a chunk is not followed by a line end",
            Self::Trailer => "a trailer is malformed",
            Self::HeadTooLong => "the response head is too long",
            Self::TooManyHeaders => "the response has too many headers",
            Self::TooManyInterim => "there are too many interim responses",
            Self::BodyTooLong => "the response body is too long",
            Self::ChunkLineTooLong => "a chunk-size line is too long",
            Self::TrailersTooLong => "the trailers are too long",
            Self::TooManyTrailers => "there are too many trailers",
            Self::ClosedBeforeHead => "the peer closed before it answered",
            Self::ClosedInHead => "the peer closed within the response head",
            Self::ClosedInBody => "the peer closed within the response body",
        })
    }
}

impl core::error::Error for ResponseError {}
