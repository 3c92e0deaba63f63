//! From JavaScript's values to untyped ones.

use quintet_options::{DEPTH_MAX, Value};
use rquickjs::{Ctx, Error, Function, Object, Type, Value as JsValue};

/// Most values within one option, those of its lists and objects counted: a list may be long and hold nothing.
pub const VALUES_MAX: usize = 100_000;

/// Why a value cannot be read.
pub(crate) enum Trouble {
    /// For the message, after the name of the option.
    Wrong(&'static str),
    /// The script must stop.
    Stopped(Error),
}

/// Reads the value of one option.
pub(crate) struct Reader<'a, 'js> {
    ctx: &'a Ctx<'js>,
    /// `String.prototype.toWellFormed` as a function of its argument.
    well_formed: &'a Function<'js>,
    left: usize,
}

impl<'a, 'js> Reader<'a, 'js> {
    pub(crate) fn new(ctx: &'a Ctx<'js>, well_formed: &'a Function<'js>) -> Self {
        Self {
            ctx,
            well_formed,
            left: VALUES_MAX,
        }
    }

    pub(crate) fn read(&mut self, value: &JsValue<'js>) -> Result<Value, Trouble> {
        self.value(value, 0)
    }

    fn value(&mut self, value: &JsValue<'js>, depth: usize) -> Result<Value, Trouble> {
        if depth > DEPTH_MAX {
            return Err(Trouble::Wrong("is nested too deeply, or holds itself"));
        }
        self.left = self.left.checked_sub(1).ok_or(TOO_MANY)?;
        Ok(match value.type_of() {
            Type::Undefined | Type::Uninitialized => Value::Undefined,
            Type::Null => Value::Null,
            Type::Bool => Value::Bool(value.as_bool().unwrap_or_default()),
            Type::Int | Type::Float => Value::Number(value.as_number().unwrap_or_default()),
            Type::String => Value::String(self.text(value)?),
            Type::Function | Type::Constructor => Value::Function,
            Type::Symbol => Value::Other("a symbol"),
            Type::BigInt => Value::Other("a bigint"),
            _ => match value.as_object() {
                Some(object) => self.object(object, depth)?,
                None => Value::Other("of no known type"),
            },
        })
    }

    fn object(&mut self, object: &Object<'js>, depth: usize) -> Result<Value, Trouble> {
        if depth > 0 {
            // As JSON.stringify asks what it meets; a date is a text by it.
            let to_json: JsValue<'js> = self.caught(object.get("toJSON"))?;
            if let Some(to_json) = to_json.as_function() {
                let this = rquickjs::function::This(object.clone());
                let said: JsValue<'js> = self.caught(to_json.call((this,)))?;
                if said.as_object() != Some(object) {
                    return self.value(&said, depth + 1);
                }
            }
        }
        if object.is_array() {
            self.list(object, depth)
        } else {
            self.entries(object, depth)
        }
    }

    fn list(&mut self, list: &Object<'js>, depth: usize) -> Result<Value, Trouble> {
        // Beyond what fits an `i32`, and of a proxy's own making, so not asked of the array itself.
        let len: f64 = self.caught(list.get("length"))?;
        // Told before a hole of four billion elements is walked.
        if len > self.left as f64 {
            return Err(TOO_MANY);
        }
        let mut values = Vec::new();
        for at in 0..len as u32 {
            let value: JsValue<'js> = self.caught(list.get(at))?;
            values.push(self.value(&value, depth + 1)?);
        }
        Ok(Value::List(values))
    }

    fn entries(&mut self, object: &Object<'js>, depth: usize) -> Result<Value, Trouble> {
        let mut entries = Vec::new();
        for key in object.keys::<rquickjs::String<'js>>() {
            let key = self.caught(key)?;
            let value: JsValue<'js> = self.caught(object.get(key.clone()))?;
            let value = self.value(&value, depth + 1)?;
            entries.push((self.text(key.as_value())?, value));
        }
        Ok(Value::Map(entries))
    }

    /// Halves of a surrogate pair become U+FFFD, as wherever JavaScript writes UTF-8.
    fn text(&mut self, value: &JsValue<'js>) -> Result<String, Trouble> {
        let text = value.as_string().map(rquickjs::String::to_string);
        if let Some(Ok(text)) = text {
            return Ok(text);
        }
        let text = self.well_formed.call((value.clone(),));
        self.caught(text)
    }

    /// What a getter throws is a mistake in the option, unless the script must not go on at all.
    fn caught<T>(&self, result: rquickjs::Result<T>) -> Result<T, Trouble> {
        result.map_err(|error| {
            if error.is_exception() {
                let thrown = self.ctx.catch();
                if thrown.is_uncatchable_error() {
                    return Trouble::Stopped(self.ctx.throw(thrown));
                }
            }
            UNREADABLE
        })
    }
}

const TOO_MANY: Trouble = Trouble::Wrong("holds too many values");
/// For an option that throws when it is read.
pub(crate) const UNREADABLE: Trouble = Trouble::Wrong("cannot be read: its getter throws");
