//! Header fields of a request or a response: ordered, repeats kept, checked when added.

use alloc::vec::Vec;
use core::{fmt, iter};

use crate::Blame;
use crate::grammar::{is_token, is_value, trim_ows};
use crate::wipe::{reserve_wiped, wipe};

/// The most fields that [`Headers::push`] lets in.
pub const HEADERS_MAX: usize = 1_000;

/// The longest name and value together that [`Headers::push`] lets in, in bytes.
pub const HEADER_BYTES_MAX: usize = 65_536;

/// Names that a caller may not set, by their length: those of the engine, and those that speak of
/// the connection.
const ENGINE_OWNED: [&[&str]; 18] = {
    let mut names: [&[&str]; 18] = [&[]; 18];
    names[2] = &["te"];
    names[4] = &["host"];
    names[6] = &["expect"];
    names[7] = &["referer", "trailer", "upgrade"];
    names[10] = &["connection", "keep-alive", "x-tt-logid"];
    names[11] = &["x-tt-log-id"];
    names[12] = &["content-type", "x-request-id"];
    names[14] = &["content-length", "http2-settings"];
    names[15] = &["x-request-id-op"];
    names[16] = &["proxy-connection"];
    names[17] = &["transfer-encoding"];
    names
};

/// Whether `name` is a header that only the engine sets: what frames the request (RFC 9112 6), what
/// speaks of the connection (RFC 9110 7.6.1), and the trace.
///
/// Case and surrounding whitespace make no difference, so `" Host "`, which [`Headers::push`] would
/// refuse, is the engine's too.
pub fn is_engine_owned(name: &str) -> bool {
    is_owned(name.trim().as_bytes())
}

/// [`is_engine_owned`] for a name without whitespace around it.
pub(crate) fn is_owned(name: &[u8]) -> bool {
    ENGINE_OWNED.get(name.len()).is_some_and(|names| {
        names
            .iter()
            .any(|listed| listed.as_bytes().eq_ignore_ascii_case(name))
    })
}

/// Header fields in order, repeats kept. Names are compared without regard to ASCII case.
///
/// Its `Debug` shows the names alone: values may be secrets, and are overwritten when it is dropped.
///
/// ```
/// use quintet_proto::Headers;
///
/// let mut headers = Headers::new();
/// headers.push("Set-Cookie", b"a=1")?;
/// headers.push("set-cookie", b" b=2 ")?;
/// assert_eq!(headers.get("SET-COOKIE"), Some(&b"a=1"[..]));
/// assert_eq!(headers.get_all("set-cookie").nth(1), Some(&b"b=2"[..]));
/// assert!(headers.push("X", b"1\r\nY: 2").is_err());
/// # Ok::<(), quintet_proto::HeaderError>(())
/// ```
#[derive(Clone, Default)]
pub struct Headers {
    /// Field after field: the length of its name, that of its value, its name, its value. One
    /// allocation for all of it.
    bytes: Vec<u8>,
    count: usize,
}

/// What is reserved with the first field: two or three take no more.
const FIRST_BYTES: usize = 128;

/// What the two lengths before a field take.
const LENGTHS_BYTES: usize = 2 * size_of::<usize>();

impl Headers {
    /// No fields.
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            count: 0,
        }
    }

    /// Adds a field after those already there. Spaces and tabs around `value` are cut off, the rest
    /// is kept byte for byte, UTF-8 and other bytes above 0x7F included; it may be empty.
    ///
    /// # Errors
    ///
    /// [`HeaderError`], and nothing is added, if `name` is not a token (RFC 9110 5.1), if `value`
    /// holds CR, LF, NUL or another control character except the tab (RFC 9110 5.5), if both
    /// together are longer than [`HEADER_BYTES_MAX`], or if there are [`HEADERS_MAX`] fields
    /// already.
    pub fn push(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        if !is_token(name.as_bytes()) {
            return Err(HeaderError::Name);
        }
        if !is_value(value) {
            return Err(HeaderError::Value);
        }
        let value = trim_ows(value);
        if name.len().saturating_add(value.len()) > HEADER_BYTES_MAX {
            return Err(HeaderError::TooLong);
        }
        if self.count >= HEADERS_MAX {
            return Err(HeaderError::TooMany);
        }
        let bytes = LENGTHS_BYTES + name.len() + value.len();
        let room = if self.is_empty() {
            bytes.max(FIRST_BYTES)
        } else {
            bytes
        };
        reserve_wiped(&mut self.bytes, room);
        self.push_checked(name, value);
        Ok(())
    }

    /// The first value under `name`.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.get_all(name).next()
    }

    /// Every value under `name`, in order.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.fields()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// Every field, in order, names as they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields().map(|(name, value)| {
            // Only tokens come in as names, and tokens are ASCII.
            let name = core::str::from_utf8(name).expect("a header name is ASCII");
            (name, value)
        })
    }

    /// How many fields there are, repeats counted.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Removes every field under `name` and says whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let mut kept = Self::with_capacity(0, self.bytes.len());
        for (other, value) in self
            .iter()
            .filter(|(other, _)| !other.eq_ignore_ascii_case(name))
        {
            kept.push_checked(other, value);
        }
        let removed = kept.len() < self.len();
        *self = kept;
        removed
    }

    /// No fields, but room for `count` whose names and values have `bytes` bytes.
    pub(crate) fn with_capacity(count: usize, bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(count * LENGTHS_BYTES + bytes),
            count: 0,
        }
    }

    /// At least as many bytes as all fields have when each stands on a line.
    pub(crate) fn lines_bytes(&self) -> usize {
        const { assert!(LENGTHS_BYTES >= ": \r\n".len()) };
        self.bytes.len()
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest = &self.bytes[..];
        iter::from_fn(move || {
            let (name_len, after) = rest.split_first_chunk()?;
            let (value_len, after) = after.split_first_chunk()?;
            let (name, after) = after.split_at(usize::from_ne_bytes(*name_len));
            let (value, after) = after.split_at(usize::from_ne_bytes(*value_len));
            rest = after;
            Some((name, value))
        })
    }

    /// Adds what is already known to be a token and a value.
    pub(crate) fn push_checked(&mut self, name: &str, value: &[u8]) {
        let lengths = [name.len(), value.len()].map(usize::to_ne_bytes);
        self.bytes.extend_from_slice(lengths.as_flattened());
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(value);
        self.count += 1;
    }
}

impl Drop for Headers {
    fn drop(&mut self) {
        wipe(&mut self.bytes);
    }
}

/// The same fields in the same order; names without regard to case.
impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .zip(other.iter())
                .all(|((name, value), (other_name, other_value))| {
                    name.eq_ignore_ascii_case(other_name) && value == other_value
                })
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|(name, _)| name))
            .finish()
    }
}

/// Why a field cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// The name is not a token.
    Name,
    /// The value holds a control character.
    Value,
    /// Name and value together are longer than [`HEADER_BYTES_MAX`].
    TooLong,
    /// There are [`HEADERS_MAX`] fields already.
    TooMany,
}

impl HeaderError {
    /// Always the caller's mistake.
    pub const fn blame(&self) -> Blame {
        Blame::Caller
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the header name is not a token",
            Self::Value => "the header value holds a control character",
            Self::TooLong => "the header is too long",
            Self::TooMany => "there are too many headers",
        })
    }
}

impl core::error::Error for HeaderError {}

#[cfg(test)]
mod tests {
    use super::ENGINE_OWNED;

    #[test]
    fn every_listed_name_stands_under_its_length() {
        for (len, names) in ENGINE_OWNED.iter().enumerate() {
            assert!(names.iter().all(|name| name.len() == len), "{names:?}");
        }
        assert_eq!(ENGINE_OWNED.concat().len(), 17);
    }
}
