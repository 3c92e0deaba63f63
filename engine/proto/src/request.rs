//! The head of a request: request line and header fields, written once, as bytes.

use alloc::vec::Vec;
use core::fmt;

use crate::grammar::{HOST, TARGET, are, is_media_type, is_token, is_token_byte, is_value};
use crate::header::is_owned;
use crate::{Blame, Boundary, Headers, UNKNOWN_LENGTH};

/// Names that the head itself writes or must not hold.
const FRAMING: [&str; 4] = [
    "host",
    "content-type",
    "content-length",
    "transfer-encoding",
];

/// The name of a header that the engine gives: a token, and none of those that the head itself writes. One that is
/// known when the program is compiled is checked then.
///
/// ```
/// use quintet_proto::EngineName;
///
/// const ACCEPT: EngineName<'_> = EngineName::from_static("Accept");
/// assert_eq!(EngineName::new("Accept"), Ok(ACCEPT));
/// assert!(EngineName::new("Content-Length").is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineName<'a>(&'a str);

impl<'a> EngineName<'a> {
    /// # Errors
    ///
    /// [`RequestError::EngineHeader`] if it is no token (RFC 9110 5.6.2), or one of the names that the head itself writes:
    /// Host, Content-Type, Content-Length, Transfer-Encoding.
    pub const fn new(name: &'a str) -> Result<Self, RequestError> {
        let (bytes, mut at) = (name.as_bytes(), 0);
        let mut is_good = !bytes.is_empty();
        while at < bytes.len() {
            is_good &= is_token_byte(bytes[at]);
            at += 1;
        }
        let mut at = 0;
        while at < FRAMING.len() {
            is_good &= !name.eq_ignore_ascii_case(FRAMING[at]);
            at += 1;
        }
        match is_good {
            true => Ok(Self(name)),
            false => Err(RequestError::EngineHeader),
        }
    }

    /// Its text, as it was given.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

impl EngineName<'static> {
    /// For a constant.
    ///
    /// # Panics
    ///
    /// Where [`new`](Self::new) fails: of a constant, the program is then not compiled.
    pub const fn from_static(name: &'static str) -> Self {
        match Self::new(name) {
            Ok(name) => name,
            Err(_) => panic!("no name of a header that the engine may give"),
        }
    }
}

/// How the body of a request is delimited.
#[derive(Clone, Copy, Debug)]
pub enum Framing<'a> {
    /// No body and no header that speaks of one: a GET after a redirect.
    None,
    /// A multipart/form-data body of exactly `content_length` bytes.
    Multipart {
        /// The boundary that the body was planned with.
        boundary: &'a Boundary,
        /// [`Plan::content_length`](crate::Plan::content_length); an unknown one makes a body in chunks.
        content_length: u64,
    },
    /// A body that is a file and nothing else.
    Raw {
        /// A media type (RFC 9110 8.3.1).
        content_type: &'a str,
        /// As with [`Multipart`](Self::Multipart).
        content_length: u64,
    },
}

/// Everything that the head of an HTTP/1.1 request says (RFC 9112 2 and 3).
///
/// ```
/// use quintet_proto::{Boundary, EngineName, Framing, Headers, RequestHead};
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
///     engine: &[(EngineName::from_static("x-request-id"), "02")],
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
    pub engine: &'a [(EngineName<'a>, &'a str)],
    /// The caller's headers. Those that [`is_engine_owned`](crate::is_engine_owned) names are left out.
    pub headers: &'a Headers,
}

impl RequestHead<'_> {
    /// Appends the head, up to and with its empty line, to `out`. Host comes first, and exactly one
    /// header frames the body (none with [`Framing::None`]).
    ///
    /// # Errors
    ///
    /// [`RequestError`], and `out` is as it was, if the method, the target, the host, a raw body's
    /// content type or one of the engine's headers could not stand in a head without changing its meaning.
    pub fn write_to(&self, out: &mut Vec<u8>) -> Result<(), RequestError> {
        self.write(["", ""], out)
    }

    /// As [`write_to`](Self::write_to), to a proxy that makes the request to the origin itself: the
    /// target stands in absolute form, `http://`, host and target (RFC 9112 3.2.2).
    ///
    /// ```
    /// # use quintet_proto::{Framing, Headers, RequestHead};
    /// # let headers = Headers::new();
    /// # let (framing, engine) = (Framing::None, &[][..]);
    /// # let mut out = Vec::new();
    /// let head = RequestHead { method: "GET", target: "/up?x=1", host: "h:8080", framing, engine, headers: &headers };
    /// head.write_forwarded_to(&mut out)?;
    /// assert_eq!(out, b"GET http://h:8080/up?x=1 HTTP/1.1\r\nHost: h:8080\r\n\r\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As those of [`write_to`](Self::write_to).
    pub fn write_forwarded_to(&self, out: &mut Vec<u8>) -> Result<(), RequestError> {
        self.write(["http://", self.host], out)
    }

    /// `origin` stands before the target.
    fn write(&self, origin: [&str; 2], out: &mut Vec<u8>) -> Result<(), RequestError> {
        self.check()?;
        out.reserve(self.bytes_max() + origin[0].len() + origin[1].len());
        for text in [
            self.method,
            " ",
            origin[0],
            origin[1],
            self.target,
            " HTTP/1.1\r\nHost: ",
            self.host,
        ] {
            out.extend_from_slice(text.as_bytes());
        }
        match self.framing {
            Framing::None => {}
            Framing::Multipart {
                boundary,
                content_length,
            } => {
                out.extend_from_slice(MULTIPART_TYPE);
                out.extend_from_slice(boundary.as_bytes());
                write_length(content_length, out);
            }
            Framing::Raw {
                content_type,
                content_length,
            } => {
                out.extend_from_slice(CONTENT_TYPE);
                out.extend_from_slice(content_type.as_bytes());
                write_length(content_length, out);
            }
        }
        for (EngineName(name), value) in self.engine {
            write_field(name.as_bytes(), value.as_bytes(), out);
        }
        for (name, value) in self.headers.fields().filter(|(name, _)| !is_owned(name)) {
            write_field(name, value, out);
        }
        out.extend_from_slice(b"\r\n\r\n");
        Ok(())
    }

    /// At least as many bytes as are written.
    fn bytes_max(&self) -> usize {
        const LINE: usize = "  HTTP/1.1\r\nHost: \r\n\r\n".len();
        let framing = match self.framing {
            Framing::None => 0,
            Framing::Multipart { boundary, .. } => {
                MULTIPART_TYPE.len() + boundary.as_bytes().len() + LENGTH_MAX
            }
            Framing::Raw { content_type, .. } => {
                CONTENT_TYPE.len() + content_type.len() + LENGTH_MAX
            }
        };
        let engine = self.engine.iter();
        let engine: usize = engine
            .map(|(EngineName(name), value)| name.len() + value.len() + 4)
            .sum();
        let line = self.method.len() + self.target.len() + LINE + self.host.len();
        line + framing + engine + self.headers.lines_bytes()
    }

    fn check(&self) -> Result<(), RequestError> {
        if !is_token(self.method.as_bytes()) {
            return Err(RequestError::Method);
        }
        if !self.target.starts_with('/') || !are(TARGET, self.target.as_bytes()) {
            return Err(RequestError::Target);
        }
        if self.host.is_empty() || !are(HOST, self.host.as_bytes()) {
            return Err(RequestError::Host);
        }
        if let Framing::Raw { content_type, .. } = self.framing
            && !is_media_type(content_type.as_bytes())
        {
            return Err(RequestError::ContentType);
        }
        let mut values = self.engine.iter().map(|(_, value)| value.as_bytes());
        if !values.all(is_value) {
            return Err(RequestError::EngineHeader);
        }
        Ok(())
    }
}

const CONTENT_TYPE: &[u8] = b"\r\nContent-Type: ";
const MULTIPART_TYPE: &[u8] = b"\r\nContent-Type: multipart/form-data; boundary=";
const CONTENT_LENGTH: &[u8] = b"\r\nContent-Length: ";
const CHUNKED: &[u8] = b"\r\nTransfer-Encoding: chunked";
/// A length takes more than the name of the coding.
const LENGTH_MAX: usize = CONTENT_LENGTH.len() + DECIMAL_MAX;

fn write_length(content_length: u64, out: &mut Vec<u8>) {
    if content_length == UNKNOWN_LENGTH {
        return out.extend_from_slice(CHUNKED);
    }
    out.extend_from_slice(CONTENT_LENGTH);
    write_decimal(content_length, out);
}

/// The line end before it is written with it: the one after it is the next field's.
fn write_field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
}

/// `u64::MAX` has 20 digits.
const DECIMAL_MAX: usize = 20;

fn write_decimal(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; DECIMAL_MAX];
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
    /// The content type of a raw body is not a media type.
    ContentType,
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
            Self::ContentType => "the content type is not a media type",
            Self::EngineHeader => "an engine header is malformed or not the engine's to give",
        })
    }
}

impl core::error::Error for RequestError {}
