//! The head of a request: request line and header fields, written once, as bytes.

use alloc::vec::Vec;
use core::fmt;

use crate::grammar::{is_token, is_value_byte};
use crate::{Blame, Boundary, Headers, is_engine_owned};

/// How the body of a request is delimited.
#[derive(Clone, Copy, Debug)]
pub enum Framing<'a> {
    /// No body and no header that speaks of one: a GET after a redirect.
    None,
    /// A multipart/form-data body of exactly `content_length` bytes.
    Multipart {
        /// The boundary that the body was planned with.
        boundary: &'a Boundary,
        /// [`Plan::content_length`](crate::Plan::content_length).
        content_length: u64,
    },
}

/// Everything that the head of an HTTP/1.1 request says (RFC 9112 2 and 3).
///
/// ```
/// use quintet_proto::{Boundary, Framing, Headers, RequestHead};
///
/// let boundary = Boundary::from_text("B")?;
/// let mut headers = Headers::new();
/// headers.push("User-Agent", b"example")?;
/// headers.push("Content-Length", b"0")?; // the engine's: left out
///
/// let mut out = Vec::new();
/// RequestHead {
///     method: "POST",
///     target: "/up?x=1",
///     host: "example.com:8080",
///     framing: Framing::Multipart { boundary: &boundary, content_length: 42 },
///     engine: &[("x-request-id", "02")],
///     headers: &headers,
/// }
/// .write_to(&mut out)?;
/// assert_eq!(
///     out,
///     b"POST /up?x=1 HTTP/1.1\r\n\
///       Host: example.com:8080\r\n\
///       Content-Type: multipart/form-data; boundary=B\r\n\
///       Content-Length: 42\r\n\
///       x-request-id: 02\r\n\
///       User-Agent: example\r\n\r\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct RequestHead<'a> {
    /// A token such as `POST`.
    pub method: &'a str,
    /// Origin form, path and query (RFC 9112 3.2.1), already percent-encoded: begins with `/`,
    /// visible ASCII without `#`.
    pub target: &'a str,
    /// The Host header's value: a name or an address, with the port unless it is the scheme's own
    /// (RFC 9110 7.2). An IPv6 address stands in brackets.
    pub host: &'a str,
    /// What frames the body.
    pub framing: Framing<'a>,
    /// The engine's own further headers, written before the caller's.
    pub engine: &'a [(&'a str, &'a str)],
    /// The caller's headers. Those that [`is_engine_owned`] names are left out.
    pub headers: &'a Headers,
}

impl RequestHead<'_> {
    /// Appends the head, up to and with its empty line, to `out`. Host comes first, and exactly one
    /// header frames the body (none with [`Framing::None`]).
    ///
    /// # Errors
    ///
    /// [`RequestError`], and `out` is as it was, if the method, the target, the host or one of the
    /// engine's headers could not stand in a head without changing its meaning.
    pub fn write_to(&self, out: &mut Vec<u8>) -> Result<(), RequestError> {
        self.check()?;
        let lines = [
            self.method,
            " ",
            self.target,
            " HTTP/1.1\r\nHost: ",
            self.host,
            "\r\n",
        ];
        lines
            .iter()
            .for_each(|text| out.extend_from_slice(text.as_bytes()));
        if let Framing::Multipart {
            boundary,
            content_length,
        } = self.framing
        {
            out.extend_from_slice(b"Content-Type: multipart/form-data; boundary=");
            out.extend_from_slice(boundary.as_bytes());
            out.extend_from_slice(b"\r\nContent-Length: ");
            write_decimal(content_length, out);
            out.extend_from_slice(b"\r\n");
        }
        for (name, value) in self.engine {
            write_field(name, value.as_bytes(), out);
        }
        for (name, value) in self
            .headers
            .iter()
            .filter(|(name, _)| !is_engine_owned(name))
        {
            write_field(name, value, out);
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn check(&self) -> Result<(), RequestError> {
        if !is_token(self.method.as_bytes()) {
            return Err(RequestError::Method);
        }
        let visible = |byte: &u8| byte.is_ascii_graphic() && *byte != b'#';
        if !self.target.starts_with('/') || !self.target.as_bytes().iter().all(visible) {
            return Err(RequestError::Target);
        }
        if self.host.is_empty() || !self.host.as_bytes().iter().copied().all(is_host_byte) {
            return Err(RequestError::Host);
        }
        let misplaced = |(name, value): &(&str, &str)| {
            !is_token(name.as_bytes())
                || !value.bytes().all(is_value_byte)
                || [
                    "host",
                    "content-type",
                    "content-length",
                    "transfer-encoding",
                ]
                .iter()
                .any(|fixed| fixed.eq_ignore_ascii_case(name))
        };
        if self.engine.iter().any(misplaced) {
            return Err(RequestError::EngineHeader);
        }
        Ok(())
    }
}

/// `uri-host [ ":" port ]` by its characters (RFC 3986 3.2.2): unreserved, sub-delims, `%`, `:` and
/// the brackets of an address.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b'%'
                | b':'
                | b'['
                | b']'
        )
}

fn write_field(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn write_decimal(mut number: u64, out: &mut Vec<u8>) {
    // u64::MAX has 20 digits.
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Why a request head cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// The method is not a token.
    Method,
    /// The target is not an encoded path and query.
    Target,
    /// The host is empty or holds what no host can.
    Host,
    /// One of the engine's headers is malformed, or is one that the head itself writes.
    EngineHeader,
}

impl RequestError {
    /// Always the caller's mistake.
    pub const fn blame(&self) -> Blame {
        Blame::Caller
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method => "the method is not a token",
            Self::Target => "the request target is not an encoded path and query",
            Self::Host => "the host cannot stand in a Host header",
            Self::EngineHeader => "an engine header is malformed or not the engine's to give",
        })
    }
}

impl core::error::Error for RequestError {}
