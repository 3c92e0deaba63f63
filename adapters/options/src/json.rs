//! Values from and to serde_json's.

use serde_json::{Map, Value as Json};

use crate::value::Value;

/// Largest whole number below which every other one has a number of its own.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Numbers of more digits than JavaScript keeps are rounded as it would round them.
impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(truth),
            Json::Number(number) => number.as_f64().map_or(Self::Null, Self::Number),
            Json::String(text) => Self::String(text),
            Json::Array(values) => Self::List(values.into_iter().map(Self::from).collect()),
            Json::Object(entries) => {
                let entries = entries.into_iter();
                Self::Map(entries.map(|(key, value)| (key, value.into())).collect())
            }
        }
    }
}

/// What JSON lacks becomes `null`, and is left out of an object.
impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(truth) => Self::Bool(truth),
            Value::Number(number) if number.trunc() == number && number.abs() <= WHOLE_MAX => {
                Self::from(number as i64)
            }
            Value::Number(number) => Self::from(number),
            Value::String(text) => Self::String(text),
            Value::List(values) => values.into_iter().map(Self::from).collect(),
            Value::Map(entries) => {
                let kept = entries.into_iter().filter(|(_, value)| value.is_json());
                Self::Object(
                    kept.map(|(key, value)| (key, value.into()))
                        .collect::<Map<_, _>>(),
                )
            }
            Value::Null | Value::Undefined | Value::Function | Value::Other(_) => Self::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_comes_back_as_it_went() {
        let json = json!({"b": [1, -2, 1.5, true, null, "x"], "a": {"z": {}, "y": []}});
        assert_eq!(Json::from(Value::from(json.clone())), json);
        assert_eq!(
            Json::from(Value::from(json.clone())).to_string(),
            json.to_string()
        );
    }

    #[test]
    fn numbers_lose_what_javascript_would_lose() {
        let read = |text: &str| Value::from(serde_json::from_str::<Json>(text).unwrap());
        assert_eq!(
            read("9007199254740993"),
            Value::Number(9_007_199_254_740_992.0)
        );
        assert_eq!(
            read("18446744073709551615"),
            Value::Number(18_446_744_073_709_551_616.0)
        );
        assert_eq!(Json::from(Value::Number(f64::NAN)), Json::Null);
    }

    #[test]
    fn what_json_lacks_is_left_out() {
        let value = Value::Map(vec![
            ("a".into(), Value::Function),
            ("b".into(), Value::List(vec![Value::Undefined])),
        ]);
        assert_eq!(Json::from(value), json!({"b": [null]}));
    }
}
