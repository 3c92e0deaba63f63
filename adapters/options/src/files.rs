//! The options that say what the body is made of: several files, a part of one, or a file and nothing around it.

use quintet::{Error, FilePart, UploadRequest, UploadSource};

use crate::coerce;
use crate::value::Value;

/// Whether the file is the whole body.
pub(crate) fn is_raw(options: &Value) -> bool {
    *options.get("raw") == Value::Bool(true)
}

/// Whether there is no file but those of `files`.
pub(crate) fn are_all(options: &Value) -> bool {
    let some = matches!(options.get("files"), Value::List(files) if !files.is_empty());
    some && options.get("filePath").is_absent() && options.get("name").is_absent()
}

/// `raw`.
pub(crate) fn raw(
    request: UploadRequest,
    option: &str,
    value: &Value,
    options: &Value,
) -> Result<UploadRequest, Error> {
    if coerce::truth(option, value)? == Some(true) && !options.get("name").is_absent() {
        return Err(Error::parameter("name", "cannot stand beside a raw body"));
    }
    Ok(request)
}

/// `files`, after the base file if there is one.
pub(crate) fn add(
    mut request: UploadRequest,
    option: &str,
    value: &Value,
    options: &Value,
) -> Result<UploadRequest, Error> {
    let files = coerce::list(option, value)?;
    if is_raw(options) && !files.is_empty() {
        return Err(Error::parameter(option, "cannot stand beside a raw body"));
    }
    if are_all(options) {
        for name in ["fileName", "mimeType"] {
            if !options.get(name).is_absent() {
                let why = "is that of filePath, which is absent: each of files has its own";
                return Err(Error::parameter(name, why));
            }
        }
    }
    for (index, file) in files.iter().enumerate() {
        request = request.file(part(&format!("{option}[{index}]"), file)?);
    }
    Ok(request)
}

/// One of `files`: `{ name, uri, fileName, mimeType, range }`.
fn part(which: &str, file: &Value) -> Result<FilePart, Error> {
    let Value::Map(_) = file else {
        return Err(coerce::must_be(which, "an object", file));
    };
    let text = |key| coerce::string(&format!("{which}.{key}"), file.get(key));
    let required = |key| match text(key) {
        Ok(empty) if empty.is_empty() => {
            let name = format!("{which}.{key}");
            Err(Error::parameter(&name, "is missing or empty"))
        }
        other => other,
    };
    let part = FilePart::new(required("name")?, UploadSource::path(required("uri")?))
        .file_name(text("fileName")?)
        .mime_type(text("mimeType")?);
    let bounds = bounds(&format!("{which}.range"), file.get("range"))?;
    Ok(match bounds {
        Some((offset, length)) => part.range(offset, length),
        None => part,
    })
}

/// `range`, of the base file or of the raw body.
pub(crate) fn range(
    request: UploadRequest,
    option: &str,
    value: &Value,
    _: &Value,
) -> Result<UploadRequest, Error> {
    Ok(match bounds(option, value)? {
        Some((offset, length)) => request.range(offset, length),
        None => request,
    })
}

/// `{ offset, length }`, the offset 0 if it is absent; `None` if all of it is.
fn bounds(name: &str, value: &Value) -> Result<Option<(u64, u64)>, Error> {
    if value.is_absent() {
        return Ok(None);
    }
    coerce::entries(name, value)?;
    let bytes = |key| {
        let name = format!("{name}.{key}");
        let bytes = coerce::whole(&name, value.get(key), 0..=coerce::WHOLE_MAX)?;
        Ok::<_, Error>((bytes.map(i64::unsigned_abs), name))
    };
    let (offset, _) = bytes("offset")?;
    match bytes("length")? {
        (Some(length), _) => Ok(Some((offset.unwrap_or(0), length))),
        (None, name) => Err(Error::parameter(&name, "is missing")),
    }
}
