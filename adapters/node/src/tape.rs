//! Untyped values as the JavaScript half writes them (lib/tape.js): a letter for each, and aside what the letter cannot hold.
//! Reading JavaScript's own values here would run getters, which may throw, and take a call for each.

use std::vec::IntoIter;

use quintet_options::Value;

/// A value, written down.
pub(crate) struct Tape {
    letters: IntoIter<u8>,
    texts: IntoIter<String>,
    numbers: IntoIter<f64>,
}

impl Tape {
    pub(crate) fn new(letters: String, texts: Vec<String>, numbers: Vec<f64>) -> Self {
        Self {
            letters: letters.into_bytes().into_iter(),
            texts: texts.into_iter(),
            numbers: numbers.into_iter(),
        }
    }

    /// The value. It nests no deeper than the JavaScript half lets it.
    pub(crate) fn read(mut self) -> Value {
        self.next().unwrap_or_default()
    }

    /// `None` at the end, and where a list or an object ends.
    fn next(&mut self) -> Option<Value> {
        Some(match self.letters.next()? {
            b's' => Value::String(self.texts.next()?),
            b'd' => Value::Number(self.numbers.next()?),
            b't' => Value::Bool(true),
            b'f' => Value::Bool(false),
            b'n' => Value::Null,
            b'c' => Value::Function,
            b'y' => Value::Other("a symbol"),
            b'i' => Value::Other("a bigint"),
            b'[' => Value::List(std::iter::from_fn(|| self.next()).collect()),
            b'{' => Value::Map(std::iter::from_fn(|| self.entry()).collect()),
            b']' | b'}' => return None,
            _ => Value::Undefined,
        })
    }

    fn entry(&mut self) -> Option<(String, Value)> {
        let value = self.next()?;
        Some((self.texts.next()?, value))
    }
}
