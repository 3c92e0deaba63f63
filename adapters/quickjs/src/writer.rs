//! From untyped values to JavaScript's.

use quintet_options::Value;
use rquickjs::{Array, Ctx, IntoJs, Object, Result, Value as JsValue};

/// What the API's objects are made of; never a function.
pub(crate) fn write<'js>(ctx: &Ctx<'js>, value: Value) -> Result<JsValue<'js>> {
    match value {
        Value::Null => Ok(JsValue::new_null(ctx.clone())),
        Value::Bool(truth) => Ok(JsValue::new_bool(ctx.clone(), truth)),
        Value::Number(number) => Ok(JsValue::new_number(ctx.clone(), number)),
        Value::String(text) => text.into_js(ctx),
        Value::List(values) => {
            let array = Array::new(ctx.clone())?;
            for (at, value) in values.into_iter().enumerate() {
                array.set(at, write(ctx, value)?)?;
            }
            array.into_js(ctx)
        }
        Value::Map(entries) => {
            let object = Object::new(ctx.clone())?;
            for (key, value) in entries {
                // Defined, not set: a server's header may be called `__proto__`.
                let value = write(ctx, value)?;
                let property = rquickjs::object::Property::from(value);
                object.prop(key, property.enumerable().writable().configurable())?;
            }
            object.into_js(ctx)
        }
        Value::Undefined | Value::Function | Value::Other(_) => {
            Ok(JsValue::new_undefined(ctx.clone()))
        }
    }
}
