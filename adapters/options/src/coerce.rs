//! From an untyped value to the type that an option wants.

use std::time::Duration;

use quintet::Error;

use crate::number;
use crate::value::Value;

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

/// A number of milliseconds; zero if it is absent.
pub(crate) fn millis(name: &str, value: &Value) -> Result<Duration, Error> {
    match value {
        Value::Number(millis) => Duration::try_from_secs_f64(millis / 1e3).map_err(|_| {
            Error::parameter(name, "must be a finite number of milliseconds, 0 or more")
        }),
        absent if absent.is_absent() => Ok(Duration::ZERO),
        wrong => Err(must_be(name, "a number", wrong)),
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
