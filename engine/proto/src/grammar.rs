//! The character classes of RFC 9110 that names, values and media types are checked with.

/// `tchar` (RFC 9110 5.6.2).
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
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
        )
}

/// `token`: at least one `tchar`.
pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().copied().all(is_token_byte)
}

/// What may stand in a field value (RFC 9110 5.5): HTAB, SP, VCHAR and obs-text.
pub(crate) const fn is_value_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// Cuts optional whitespace (SP and HTAB, RFC 9110 5.6.3) off both ends.
pub(crate) fn trim_ows(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Whether `text` is `type "/" subtype parameters` (RFC 9110 8.3.1 and 5.6.6).
pub(crate) fn is_media_type(text: &[u8]) -> bool {
    let essence_len = text.iter().position(|byte| *byte == b';');
    let (essence, parameters) = text.split_at(essence_len.unwrap_or(text.len()));
    let Some(slash) = essence.iter().position(|byte| *byte == b'/') else {
        return false;
    };
    let subtype = &essence[slash + 1..];
    // OWS may stand before a semicolon, but nothing may trail the whole.
    let subtype = if parameters.is_empty() {
        subtype
    } else {
        trim_ows_end(subtype)
    };
    is_token(&essence[..slash]) && is_token(subtype) && are_parameters(parameters)
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

fn trim_ows_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::is_media_type;

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
