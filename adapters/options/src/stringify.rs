//! Values as `JSON.stringify` writes them, without spaces.

use std::fmt::Write;

use crate::number;
use crate::value::Value;

/// The text of `value`; what JSON lacks is `null` in a list, and left out of an object.
pub(crate) fn text(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) if number.is_finite() => out.push_str(&number::text(*number)),
        Value::String(text) => quote(out, text),
        Value::List(values) => write_list(out, values),
        Value::Map(entries) => write_map(out, entries),
        Value::Null | Value::Number(_) | Value::Undefined | Value::Function | Value::Other(_) => {
            out.push_str("null")
        }
    }
}

fn write_list(out: &mut String, values: &[Value]) {
    out.push('[');
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(out, value);
    }
    out.push(']');
}

fn write_map(out: &mut String, entries: &[(String, Value)]) {
    out.push('{');
    let kept = entries.iter().filter(|(_, value)| value.is_json());
    for (at, (key, value)) in kept.enumerate() {
        if at > 0 {
            out.push(',');
        }
        quote(out, key);
        out.push(':');
        write(out, value);
    }
    out.push('}');
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..'\x20' => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_json_stringify_does() {
        let list = Value::List(vec![
            Value::Undefined,
            Value::Function,
            f64::NAN.into(),
            1e21.into(),
            true.into(),
            "a\"\\\u{8}\u{c}\n\r\t\u{1}\u{7f}你\u{2028}".into(),
        ]);
        let map = Value::Map(vec![
            ("b".into(), list),
            ("gone".into(), Value::Undefined),
            ("too".into(), Value::Other("a symbol")),
            ("a".into(), Value::Null),
        ]);
        assert_eq!(
            text(&map),
            "{\"b\":[null,null,null,1e+21,true,\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\u{7f}你\u{2028}\"],\"a\":null}"
        );
        assert_eq!(text(&Value::Map(vec![])), "{}");
        assert_eq!(text(&Value::List(vec![])), "[]");
    }
}
