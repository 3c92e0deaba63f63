//! From an untyped value to the type that a setting wants, or what is wrong with it.

use std::str::FromStr;
use std::time::Duration;

use quintet_options::Value;

/// What is wrong with a setting: the place within it, if there is one (`.connect`), and why.
pub(crate) type Wrong = String;

/// Largest whole number below which JavaScript has every other.
const WHOLE_MAX: f64 = 9_007_199_254_740_991.0;

/// A whole number.
pub(crate) fn count(value: &Value) -> Result<u64, Wrong> {
    match value {
        Value::Number(number)
            if number.trunc() == *number && (0.0..=WHOLE_MAX).contains(number) =>
        {
            Ok(*number as u64)
        }
        _ => Err("must be a whole number, 0 or more".into()),
    }
}

/// As [`count`], as far as the platform counts.
pub(crate) fn size(value: &Value) -> Result<usize, Wrong> {
    usize::try_from(count(value)?).map_err(|_| "is larger than this platform counts".into())
}

/// A number of milliseconds.
pub(crate) fn millis(value: &Value) -> Result<Duration, Wrong> {
    let wrong = || Wrong::from("must be a finite number of milliseconds, 0 or more");
    match value {
        Value::Number(millis) => Duration::try_from_secs_f64(millis / 1e3).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

pub(crate) fn truth(value: &Value) -> Result<bool, Wrong> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        _ => Err("must be true or false".into()),
    }
}

pub(crate) fn text(value: &Value) -> Result<&str, Wrong> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err("must be a string".into()),
    }
}

/// A text, or a list of them.
pub(crate) fn texts(value: &Value) -> Result<Vec<&str>, Wrong> {
    match value {
        Value::List(values) => values.iter().map(text).collect(),
        one => Ok(vec![text(one)?]),
    }
}

/// What a text says, by its own type's rules.
pub(crate) fn parsed<T: FromStr<Err: std::fmt::Display>>(value: &Value) -> Result<T, Wrong> {
    text(value)?
        .parse()
        .map_err(|error: T::Err| error.to_string())
}

/// Reads an object by a table of its keys; `undefined` counts as not there, and a key that is in no row is wrong.
pub(crate) fn object<T>(into: &mut T, value: &Value, rows: &[Row<T>]) -> Result<(), Wrong> {
    let Value::Map(entries) = value else {
        return Err("must be an object".into());
    };
    for (key, value) in entries {
        let row = rows.iter().find(|(name, _)| name == key);
        let (_, read) = row.ok_or_else(|| format!("has no {key:?}"))?;
        if *value != Value::Undefined {
            read(into, value).map_err(|why| within(&format!(".{key}"), &why))?;
        }
    }
    Ok(())
}

/// What is wrong, and where: the place within comes after the place.
pub(crate) fn within(place: &str, why: &str) -> Wrong {
    let between = if why.starts_with('.') { "" } else { " " };
    format!("{place}{between}{why}")
}

/// A key, and what its value changes.
pub(crate) type Row<T> = (&'static str, fn(&mut T, &Value) -> Result<(), Wrong>);
