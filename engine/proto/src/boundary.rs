//! The text between the parts of a form.

use core::fmt;

use crate::Blame;

/// RFC 2046 5.1.1.
const BYTES_MAX: usize = 70;
/// What a line that holds a boundary begins with, after the line end before it.
const DASHES: &[u8] = b"\r\n--";
const PREFIX: &[u8] = b"\r\n------quintet";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// The boundary of a multipart body (RFC 2046 5.1.1): 1 to 70 characters, here only such as need
/// no quoting in a Content-Type parameter.
///
/// A boundary that a peer of the caller can guess lets a field's value forge parts, so a real one
/// is made of 128 random bits, new for each request.
///
/// ```
/// use quintet_proto::Boundary;
///
/// let boundary = Boundary::from_random([0xa5; 16]);
/// assert_eq!(boundary.as_str(), "----quinteta5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Boundary {
    /// The boundary as it stands between parts: after a line end and two dashes.
    delimiter: [u8; DASHES.len() + BYTES_MAX],
    delimiter_len: u8,
}

impl Boundary {
    /// A fixed prefix and `random` as 32 lower-case hex digits.
    ///
    /// `random` must come from the operating system's generator; nothing here can check that.
    pub fn from_random(random: [u8; 16]) -> Self {
        let mut delimiter = [0; DASHES.len() + BYTES_MAX];
        let (prefix, rest) = delimiter.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX);
        for (pair, byte) in rest.chunks_exact_mut(2).zip(random) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 0xf)];
        }
        Self {
            delimiter,
            delimiter_len: (PREFIX.len() + 2 * random.len()) as u8,
        }
    }

    /// Takes `text` as it is: for tests and for a body that was made elsewhere.
    ///
    /// # Errors
    ///
    /// [`BoundaryError`] if `text` is empty, longer than 70 bytes, or holds anything but ASCII
    /// letters, digits, `'`, `+`, `_`, `-` and `.`: the `bcharsnospace` of RFC 2046 that are also
    /// token characters.
    pub fn from_text(text: &str) -> Result<Self, BoundaryError> {
        let text = text.as_bytes();
        if text.is_empty() {
            return Err(BoundaryError::Empty);
        }
        if text.len() > BYTES_MAX {
            return Err(BoundaryError::TooLong);
        }
        let allowed = |byte: &u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'\'' | b'+' | b'_' | b'-' | b'.')
        };
        if !text.iter().all(allowed) {
            return Err(BoundaryError::Character);
        }
        let mut delimiter = [0; DASHES.len() + BYTES_MAX];
        delimiter[..DASHES.len()].copy_from_slice(DASHES);
        delimiter[DASHES.len()..][..text.len()].copy_from_slice(text);
        Ok(Self {
            delimiter,
            delimiter_len: (DASHES.len() + text.len()) as u8,
        })
    }

    /// The boundary without the two dashes that precede it in a body.
    pub fn as_str(&self) -> &str {
        // Both constructors write ASCII only.
        core::str::from_utf8(self.as_bytes()).expect("a boundary is ASCII")
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.delimiter()[DASHES.len()..]
    }

    /// CR LF, two dashes and the boundary (RFC 2046 5.1.1).
    pub(crate) fn delimiter(&self) -> &[u8] {
        &self.delimiter[..usize::from(self.delimiter_len)]
    }
}

impl fmt::Debug for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Boundary").field(&self.as_str()).finish()
    }
}

/// Why a text is not a [`Boundary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BoundaryError {
    /// No character at all.
    Empty,
    /// More than 70 bytes.
    TooLong,
    /// A character that a boundary may not have, or only inside quotes.
    Character,
}

impl BoundaryError {
    /// Always the caller's mistake.
    pub const fn blame(&self) -> Blame {
        Blame::Caller
    }
}

impl fmt::Display for BoundaryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the boundary is empty",
            Self::TooLong => "the boundary is longer than 70 bytes",
            Self::Character => "the boundary holds a character that is not allowed in one",
        })
    }
}

impl core::error::Error for BoundaryError {}
