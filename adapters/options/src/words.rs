//! The options that are one of a few words, a small number, or a list of words.

use quintet::{Error, Method, Redirects, UploadRequest};

use crate::coerce;
use crate::value::Value;

/// `method`: `POST`, `PUT` or `PATCH`.
pub(crate) fn method(
    request: UploadRequest,
    option: &str,
    value: &Value,
    _: &Value,
) -> Result<UploadRequest, Error> {
    Ok(request.method(match &*coerce::string(option, value)? {
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        _ => return Err(Error::parameter(option, "must be POST, PUT or PATCH")),
    }))
}

/// `redirect`: `off`, `same-origin` or `any`.
pub(crate) fn redirect(
    request: UploadRequest,
    option: &str,
    value: &Value,
    _: &Value,
) -> Result<UploadRequest, Error> {
    Ok(request.redirects(match &*coerce::string(option, value)? {
        "off" => Redirects::Off,
        "same-origin" => Redirects::SameOrigin,
        "any" => Redirects::Any,
        _ => return Err(Error::parameter(option, "must be off, same-origin or any")),
    }))
}

/// `newlines`: `as-given` or `crlf`. The request was made by it, for it holds for what is added later.
pub(crate) fn newlines(
    request: UploadRequest,
    option: &str,
    value: &Value,
    _: &Value,
) -> Result<UploadRequest, Error> {
    match &*coerce::string(option, value)? {
        "as-given" | "crlf" => Ok(request),
        _ => Err(Error::parameter(option, "must be as-given or crlf")),
    }
}

/// Whether `newlines` asks for those of a browser.
pub(crate) fn normalizes_newlines(options: &Value) -> bool {
    matches!(options.get("newlines"), Value::String(word) if word == "crlf")
}

/// `priority`.
pub(crate) fn priority(
    request: UploadRequest,
    option: &str,
    value: &Value,
    _: &Value,
) -> Result<UploadRequest, Error> {
    let priority = coerce::whole(option, value, i8::MIN.into()..=i8::MAX.into())?;
    Ok(match priority {
        Some(priority) => request.priority(priority as i8),
        None => request,
    })
}

/// `tags`: texts, of which an empty one counts as absent.
pub(crate) fn tags(
    mut request: UploadRequest,
    option: &str,
    value: &Value,
    _: &Value,
) -> Result<UploadRequest, Error> {
    for (index, tag) in coerce::list(option, value)?.iter().enumerate() {
        let tag = coerce::string(&format!("{option}[{index}]"), tag)?;
        request = request.tag(tag);
    }
    Ok(request)
}
