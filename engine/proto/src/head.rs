//! From the bytes of one response head to its status and fields; knows nothing of what follows it.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;
use core::mem::MaybeUninit;

use crate::error::ResponseError;
use crate::grammar::{is_value, trim_ows};
use crate::header::Headers;
use crate::response::{Limits, ResponseHead};

/// Reads the answer to a CONNECT at the front of `bytes`, interim answers skipped: its head, and how many bytes it ends
/// after. `None` while it is incomplete. What follows a 2xx there is no body, whatever the fields say, but the tunnel
/// (RFC 9110 9.3.6).
///
/// Feed it all that has come, from the first byte on, each time anew.
///
/// ```
/// use quintet_proto::{Limits, read_connect_answer};
///
/// let bytes = b"HTTP/1.1 200 Connection established\r\n\r\n\x16\x03";
/// let limits = Limits::default();
/// assert_eq!(read_connect_answer(&bytes[..20], &limits)?, None);
/// let (len, head) = read_connect_answer(bytes, &limits)?.unwrap();
/// assert_eq!((&bytes[len..], head.status), (&b"\x16\x03"[..], 200));
/// # Ok::<(), quintet_proto::ResponseError>(())
/// ```
///
/// # Errors
///
/// [`ResponseError`] if it is malformed, or over a limit: [`head_bytes_max`](Limits::head_bytes_max) is for all heads
/// together here.
pub fn read_connect_answer(
    bytes: &[u8],
    limits: &Limits,
) -> Result<Option<(usize, ResponseHead)>, ResponseError> {
    let within = &bytes[..bytes.len().min(limits.head_bytes_max)];
    let mut start = 0;
    for _ in 0..=limits.interim_max {
        match parse_head(&within[start..], limits)? {
            Parsed::Partial if within.len() == limits.head_bytes_max => {
                return Err(ResponseError::HeadTooLong);
            }
            Parsed::Partial => return Ok(None),
            Parsed::Interim { len, .. } => start += len,
            Parsed::Final { len, head } => return Ok(Some((start + len, head))),
        }
    }
    Err(ResponseError::TooManyInterim)
}

/// How many header slots stand on the stack.
const HEADERS_ON_STACK: usize = 100;

/// What stands at the front of some bytes.
pub(crate) enum Parsed {
    Partial,
    Interim { len: usize, status: u16 },
    Final { len: usize, head: ResponseHead },
}

/// Reads the head at the front of `bytes`. Once it says that a head is malformed, it says so of
/// every continuation.
pub(crate) fn parse_head(bytes: &[u8], limits: &Limits) -> Result<Parsed, ResponseError> {
    // httparse skips empty lines before a status line; RFC 9112 2.2 asks that of servers alone.
    if bytes.first().is_some_and(|first| *first != b'H') {
        return Err(ResponseError::Version);
    }
    let mut on_stack = [const { MaybeUninit::uninit() }; HEADERS_ON_STACK];
    let mut on_heap: Vec<_>;
    let slots = match on_stack.get_mut(..limits.headers_max) {
        Some(slots) => slots,
        None => {
            // The shortest field, "a:" and LF, takes three bytes.
            on_heap = vec![MaybeUninit::uninit(); limits.headers_max.min(bytes.len() / 3 + 1)];
            &mut on_heap[..]
        }
    };
    let mut parsed = httparse::Response::new(&mut []);
    // RFC 9112 5.2: a user agent replaces a fold in a response by spaces.
    let status = httparse::ParserConfig::default()
        .allow_obsolete_multiline_headers_in_responses(true)
        .parse_response_with_uninit_headers(&mut parsed, bytes, slots);
    let len = match status {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(Parsed::Partial),
        Err(error) => return Err(head_error(error)),
    };
    let (Some(minor_version), Some(status)) = (parsed.version, parsed.code) else {
        return Err(ResponseError::StatusLine);
    };
    match status {
        0..100 => Err(ResponseError::StatusLine),
        101 => Err(ResponseError::SwitchedProtocols),
        100..200 => Ok(Parsed::Interim { len, status }),
        _ => {
            let fields = parsed.headers.iter();
            let bytes = fields
                .map(|field| field.name.len() + field.value.len())
                .sum();
            let mut headers = Headers::with_capacity(parsed.headers.len(), bytes);
            for field in parsed.headers.iter() {
                push_unfolded(&mut headers, field);
            }
            let reason = reason_of(status, parsed.reason.unwrap_or_default());
            Ok(Parsed::Final {
                len,
                head: ResponseHead {
                    status,
                    reason,
                    minor_version,
                    headers,
                },
            })
        }
    }
}

fn push_unfolded(headers: &mut Headers, field: &httparse::Header<'_>) {
    // httparse lets line ends through where a fold is, and nowhere else.
    if is_value(field.value) {
        return headers.push_checked(field.name, trim_ows(field.value));
    }
    let mut value = Vec::with_capacity(field.value.len());
    for line in field.value.split(|byte| *byte == b'\n') {
        let line = trim_ows(line.strip_suffix(b"\r").unwrap_or(line));
        if !value.is_empty() && !line.is_empty() {
            value.push(b' ');
        }
        value.extend_from_slice(line);
    }
    headers.push_checked(field.name, &value);
}

/// `given` without an allocation, if it is what the status is always called.
fn reason_of(status: u16, given: &str) -> Cow<'static, str> {
    match standard_reason(status) {
        Some(standard) if standard == given => Cow::Borrowed(standard),
        _ if given.is_empty() => Cow::Borrowed(""),
        _ => Cow::Owned(given.into()),
    }
}

/// The reason phrases of RFC 9110 15.
fn standard_reason(status: u16) -> Option<&'static str> {
    Some(match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => return None,
    })
}

fn head_error(error: httparse::Error) -> ResponseError {
    match error {
        httparse::Error::Version => ResponseError::Version,
        httparse::Error::Status | httparse::Error::Token => ResponseError::StatusLine,
        httparse::Error::HeaderName => ResponseError::HeaderName,
        httparse::Error::HeaderValue => ResponseError::HeaderValue,
        httparse::Error::NewLine => ResponseError::HeadEnd,
        httparse::Error::TooManyHeaders => ResponseError::TooManyHeaders,
    }
}
