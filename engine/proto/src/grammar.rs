//! The character classes of RFC 9110 that names, values and media types are checked with.

/// `tchar` (RFC 9110 5.6.2).
pub(crate) const TOKEN: u8 = 1;
/// What may stand in a field value (RFC 9110 5.5): HTAB, SP, VCHAR and obs-text.
pub(crate) const VALUE: u8 = 1 << 1;
/// What may stand in `uri-host [ ":" port ]` (RFC 3986 3.2.2): unreserved, sub-delims, `%`, `:` and
/// the brackets of an address.
pub(crate) const HOST: u8 = 1 << 2;
/// What may stand in an encoded path and query: visible ASCII without `#`.
pub(crate) const TARGET: u8 = 1 << 3;
/// All but NUL.
pub(crate) const NOT_NUL: u8 = 1 << 4;
/// All but the three bytes that are escaped in names.
pub(crate) const UNESCAPED: u8 = 1 << 5;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = classes_of(byte as u8);
        byte += 1;
    }
    classes
};

const fn classes_of(byte: u8) -> u8 {
    let token = byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        );
    let host = byte.is_ascii_alphanumeric()
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
        );
    let value = byte == b'\t' || (byte >= b' ' && byte != 0x7f);
    let target = byte.is_ascii_graphic() && byte != b'#';
    let unescaped = !matches!(byte, b'"' | b'\r' | b'\n');
    (token as u8 * TOKEN)
        | (value as u8 * VALUE)
        | (host as u8 * HOST)
        | (target as u8 * TARGET)
        | ((byte != 0) as u8 * NOT_NUL)
        | (unescaped as u8 * UNESCAPED)
}

/// Whether `byte` is of the class.
pub(crate) const fn is(class: u8, byte: u8) -> bool {
    CLASSES[byte as usize] & class != 0
}

/// The classes that every byte of `text` is of; all of them if there is no byte.
pub(crate) fn common_classes(text: &[u8]) -> u8 {
    let common = |left: u8, byte: &u8| left & CLASSES[usize::from(*byte)];
    // Eight at a time: a loop of a known length is unrolled, and the answer is needed only at the
    // end.
    let (eights, rest) = text.as_chunks::<8>();
    let classes = eights
        .iter()
        .fold(u8::MAX, |left, eight| eight.iter().fold(left, common));
    rest.iter().fold(classes, common)
}

/// Whether every byte of `text` is of the class.
pub(crate) fn are(class: u8, text: &[u8]) -> bool {
    common_classes(text) & class != 0
}

pub(crate) const fn is_token_byte(byte: u8) -> bool {
    is(TOKEN, byte)
}

pub(crate) const fn is_value_byte(byte: u8) -> bool {
    is(VALUE, byte)
}

/// `token`: at least one `tchar`.
pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && are(TOKEN, text)
}

/// Whether `text` can stand as a field value.
pub(crate) fn is_value(text: &[u8]) -> bool {
    // A value is nearly always visible ASCII with spaces, of which sixteen bytes are checked at
    // once; the last sixteen may be seen twice.
    let plain = |bytes: &[u8; 16]| {
        bytes
            .iter()
            .fold(true, |plain, byte| plain & (b' '..0x7f).contains(byte))
    };
    if let Some(last) = text.last_chunk()
        && plain(last)
        && text.as_chunks().0.iter().all(plain)
    {
        return true;
    }
    are(VALUE, text)
}

/// Cuts optional whitespace (SP and HTAB, RFC 9110 5.6.3) off both ends.
pub(crate) fn trim_ows(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Whether `text` is `type "/" subtype parameters` (RFC 9110 8.3.1 and 5.6.6).
pub fn is_media_type(text: &[u8]) -> bool {
    let type_len = token_len(text);
    let Some(after_slash) = text[type_len..].strip_prefix(b"/") else {
        return false;
    };
    let subtype_len = token_len(after_slash);
    type_len > 0 && subtype_len > 0 && are_parameters(&after_slash[subtype_len..])
}

/// Whether `text` is `*( OWS ";" OWS [ parameter ] )`.
fn are_parameters(mut text: &[u8]) -> bool {
    while !text.is_empty() {
        let [b';', rest @ ..] = trim_ows_start(text) else {
            return false;
        };
        let rest = trim_ows_start(rest);
        match parameter_len(rest) {
            Some(len) => text = &rest[len..],
            None => return false,
        }
    }
    true
}

/// The length of the parameter at the front of `text`, 0 if there is none before the next
/// semicolon, `None` if what stands there is not one.
fn parameter_len(text: &[u8]) -> Option<usize> {
    let name_len = token_len(text);
    if name_len == 0 {
        return matches!(text, [] | [b';', ..]).then_some(0);
    }
    let value = text[name_len..].strip_prefix(b"=")?;
    let value_len = match value {
        [b'"', ..] => quoted_string_len(value)?,
        _ => token_len(value),
    };
    (value_len > 0).then_some(name_len + 1 + value_len)
}

fn token_len(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_token_byte(**byte)).count()
}

/// The length of the `quoted-string` (RFC 9110 5.6.4) at the front of `text`, its quotes included.
fn quoted_string_len(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.iter().copied().enumerate().skip(1) {
        match byte {
            _ if !is_value_byte(byte) => return None,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn trim_ows_start(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{is_media_type, is_token, is_value};

    #[test]
    fn a_byte_that_may_not_stand_is_found_in_every_place() {
        let text = [b'x'; 40];
        for len in 1..=text.len() {
            assert!(is_token(&text[..len]) && is_value(&text[..len]));
            for at in 0..len {
                let with = |byte| {
                    let mut text = text;
                    text[at] = byte;
                    (is_token(&text[..len]), is_value(&text[..len]))
                };
                for byte in [b'\0', 0x1f, 0x7f, b'\r', b'\n'] {
                    assert_eq!(with(byte), (false, false), "{byte} at {at} of {len}");
                }
                for byte in [b'\t', b' ', b':', 0x80, 0xff] {
                    assert_eq!(with(byte), (false, true), "{byte} at {at} of {len}");
                }
                assert_eq!(with(b'~'), (true, true));
            }
        }
        assert!(!is_token(b"") && is_value(b""));
    }

    #[test]
    fn media_types_follow_the_grammar() {
        for good in [
            "text/plain",
            "image/svg+xml",
            "text/html;charset=utf-8",
            "text/html ; charset=\"a; \\\" b\" ;q=1",
            "text/html;",
            "text/html; ;a=b",
        ] {
            assert!(is_media_type(good.as_bytes()), "{good:?}");
        }
        for bad in [
            "",
            "text",
            "/plain",
            "text/",
            "text/pl ain",
            "text/plain ",
            " text/plain",
            "text /plain",
            "text/plain\r\nX: 1",
            "text/plain;a",
            "text/plain;a=",
            "text/plain;a=b c",
            "text/plain;a=\"b",
            "text/plain;a=\"b\r\n\"",
            "text/plain;a=\"\0\"",
            "text/plain;a=\"b\"c",
            "text/plain, text/html",
        ] {
            assert!(!is_media_type(bad.as_bytes()), "{bad:?}");
        }
    }
}
