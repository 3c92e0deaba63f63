//! How names and file names are written inside the quotes of a Content-Disposition.
//!
//! The rule is the browsers' (WHATWG HTML, "multipart/form-data encoding algorithm"): the three
//! bytes that could end the quoted text are percent-escaped, and nothing else is touched, the
//! percent sign included.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::grammar::{UNESCAPED, are};

/// Whether there is nothing in `name` to escape, and no newline.
pub(crate) fn is_unescaped(name: &[u8]) -> bool {
    are(UNESCAPED, name)
}

/// Appends `name` to `out`, `"` as `%22`, CR as `%0D`, LF as `%0A`.
pub(crate) fn write_escaped(name: &[u8], out: &mut Vec<u8>) {
    for byte in name {
        match byte {
            b'"' => out.extend_from_slice(b"%22"),
            b'\r' => out.extend_from_slice(b"%0D"),
            b'\n' => out.extend_from_slice(b"%0A"),
            _ => out.push(*byte),
        }
    }
}

/// `text` with every CR without LF and every LF without CR made CR LF.
pub(crate) fn with_crlf(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + 16);
    let mut after_cr = false;
    for byte in text.iter().copied() {
        match byte {
            b'\r' => out.extend_from_slice(b"\r\n"),
            b'\n' if after_cr => {}
            b'\n' => out.extend_from_slice(b"\r\n"),
            _ => out.push(byte),
        }
        after_cr = byte == b'\r';
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::{with_crlf, write_escaped};
    use alloc::vec::Vec;

    #[test]
    fn quote_cr_and_lf_are_escaped_and_nothing_else() {
        let mut out = Vec::new();
        write_escaped("a\"b\r\nc%22\\\u{e9}\t\"".as_bytes(), &mut out);
        assert_eq!(out, "a%22b%0D%0Ac%22\\\u{e9}\t%22".as_bytes());
    }

    #[test]
    fn every_newline_becomes_crlf_once() {
        assert_eq!(
            *with_crlf(b"a\rb\nc\r\nd\n\re\r\r\n"),
            *b"a\r\nb\r\nc\r\nd\r\n\r\ne\r\n\r\n"
        );
        assert_eq!(*with_crlf(b"plain"), *b"plain");
    }
}
