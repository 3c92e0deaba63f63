//! A value of no known type, as callers give it and callbacks get it.

use crate::stringify;

/// Lists and objects within each other that a door takes: more is refused there, so that what is done with a value may
/// recurse.
pub const DEPTH_MAX: usize = 64;

/// What JavaScript and JSON have in common, and marks for what only JavaScript has.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// JavaScript's `undefined`; never in JSON.
    #[default]
    Undefined,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number, of JavaScript's precision: whole up to 2^53.
    Number(f64),
    /// Text.
    String(String),
    /// A list.
    List(Vec<Value>),
    /// An object: its keys, each once, in its order.
    Map(Vec<(String, Value)>),
    /// Something that can be called; the door keeps it.
    Function,
    /// Something that no option takes (a symbol, …): what it is, with its article.
    Other(&'static str),
}

impl Value {
    /// The value under `key`; `Undefined` if there is none, or this is no object.
    pub fn get(&self, key: &str) -> &Value {
        let found = match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| name == key),
            _ => None,
        };
        found.map_or(&Self::Undefined, |(_, value)| value)
    }

    /// As `JSON.stringify` writes it, without spaces; what JSON lacks is `null` in a list, and left out of an object.
    ///
    /// ```
    /// use quintet_options::Value;
    /// let value = Value::Map(vec![("a".into(), 1.0.into()), ("gone".into(), Value::Undefined)]);
    /// assert_eq!(value.json_text(), r#"{"a":1}"#);
    /// ```
    pub fn json_text(&self) -> String {
        stringify::text(self)
    }

    /// Whether it counts as not given.
    pub fn is_absent(&self) -> bool {
        match self {
            Self::Undefined | Self::Null => true,
            Self::String(text) => text.is_empty(),
            _ => false,
        }
    }

    /// Whether JSON has such values.
    pub(crate) fn is_json(&self) -> bool {
        !matches!(self, Self::Undefined | Self::Function | Self::Other(_))
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
            Self::Function => "a function",
            Self::Other(kind) => kind,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}
