//! From an untyped value to the type that an option wants.

use std::ops::RangeInclusive;
use std::time::Duration;

use quintet::Error;

use crate::number;
use crate::value::Value;

/// The largest whole number that JavaScript calls safe: it is no rounding of another.
pub(crate) const WHOLE_MAX: i64 = (1 << 53) - 1;

/// Letters of a key that a message shows.
const KEY_SHOWN_MAX: usize = 40;

/// A text; empty if it is absent.
pub(crate) fn string(name: &str, value: &Value) -> Result<String, Error> {
    match value {
        Value::String(text) => Ok(text.clone()),
        absent if absent.is_absent() => Ok(String::new()),
        wrong => Err(must_be(name, "a string", wrong)),
    }
}

/// A truth; `None` if it is absent.
pub(crate) fn truth(name: &str, value: &Value) -> Result<Option<bool>, Error> {
    match value {
        Value::Bool(truth) => Ok(Some(*truth)),
        absent if absent.is_absent() => Ok(None),
        wrong => Err(must_be(name, "a boolean", wrong)),
    }
}

/// A number of milliseconds; `None` if it is absent.
pub(crate) fn millis(name: &str, value: &Value) -> Result<Option<Duration>, Error> {
    match value {
        Value::Number(millis) => match Duration::try_from_secs_f64(millis / 1e3) {
            Ok(time) => Ok(Some(time)),
            Err(_) => {
                let why = "must be a finite number of milliseconds, 0 or more";
                Err(Error::parameter(name, why))
            }
        },
        absent if absent.is_absent() => Ok(None),
        wrong => Err(must_be(name, "a number", wrong)),
    }
}

/// A whole number within these; `None` if it is absent.
pub(crate) fn whole(
    name: &str,
    value: &Value,
    range: RangeInclusive<i64>,
) -> Result<Option<i64>, Error> {
    let (least, most) = (*range.start(), *range.end());
    match value {
        Value::Number(number)
            if number.trunc() == *number && (least as f64..=most as f64).contains(number) =>
        {
            Ok(Some(*number as i64))
        }
        Value::Number(_) => {
            let why = format!("must be a whole number from {least} to {most}");
            Err(Error::parameter(name, why))
        }
        absent if absent.is_absent() => Ok(None),
        wrong => Err(must_be(name, "a number", wrong)),
    }
}

/// The values of a list; none if it is absent.
pub(crate) fn list<'a>(name: &str, value: &'a Value) -> Result<&'a [Value], Error> {
    match value {
        Value::List(values) => Ok(values),
        absent if absent.is_absent() => Ok(&[]),
        wrong => Err(must_be(name, "a list", wrong)),
    }
}

/// Nothing, or what can be called.
pub(crate) fn callback(name: &str, value: &Value) -> Result<(), Error> {
    match value {
        Value::Function => Ok(()),
        absent if absent.is_absent() => Ok(()),
        wrong => Err(must_be(name, "a function", wrong)),
    }
}

/// The entries of an object; none if it is absent.
pub(crate) fn entries<'a>(name: &str, value: &'a Value) -> Result<&'a [(String, Value)], Error> {
    match value {
        Value::Map(entries) => Ok(entries),
        absent if absent.is_absent() => Ok(&[]),
        wrong => Err(must_be(name, "an object", wrong)),
    }
}

/// The text of a form field; `None` for one that is skipped.
pub(crate) fn field(key: &str, value: &Value) -> Result<Option<String>, Error> {
    match value {
        Value::List(_) | Value::Map(_) => Ok(Some(value.json_text())),
        other => plain("formData", key, other),
    }
}

/// The value of a header; `None` for one that is skipped.
pub(crate) fn header(key: &str, value: &Value) -> Result<Option<String>, Error> {
    plain("header", key, value)
}

fn plain(name: &str, key: &str, value: &Value) -> Result<Option<String>, Error> {
    match value {
        Value::Undefined | Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) => Ok(Some(number::text(*number))),
        Value::Bool(truth) => Ok(Some(truth.to_string())),
        wrong => {
            let key: String = key.chars().take(KEY_SHOWN_MAX).collect();
            let why = format!("holds {} under {key:?}", wrong.kind());
            Err(Error::parameter(name, why))
        }
    }
}

pub(crate) fn must_be(name: &str, wanted: &str, given: &Value) -> Error {
    Error::parameter(name, format!("must be {wanted}, and is {}", given.kind()))
}
