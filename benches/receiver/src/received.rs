//! What one upload brought, as a value and as JSON.

use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// One upload as the receiver saw it; the argument of [`Settings::on_upload`](crate::Settings::on_upload).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Received {
    /// The client's address.
    pub peer: SocketAddr,
    /// Which connection it came on, counted from 1: equal numbers mean that it was reused.
    pub connection: u64,
    /// The request's method.
    pub method: String,
    /// Path and query as they stood in the request line.
    pub target: String,
    /// The request's headers in the order of arrival, values as UTF-8 with invalid bytes replaced.
    pub headers: Vec<(String, String)>,
    /// Parts without a file name, in order.
    pub fields: Vec<Field>,
    /// Parts with a file name, in order; or the one body that was not multipart.
    pub files: Vec<File>,
    /// Body bytes read, framing included.
    pub bytes: u64,
    /// Whether the body was read to its end and made sense.
    pub complete: bool,
    /// Whether it was answered before its end because the settings or the path said so.
    pub early: bool,
    /// Why it is not complete; `None` for an early answer.
    pub error: Option<String>,
    /// The status it is answered with; 0 when the client was gone before there was one.
    pub status: u16,
    /// From the request's head to this report.
    pub took: Duration,
}

/// A form field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// Its key.
    pub name: String,
    /// Its value; `None` beyond the bounds in the crate's documentation.
    pub value: Option<String>,
    /// Bytes of the value.
    pub size: u64,
    /// SHA-256 of the value in lower-case hex; empty when hashing is off.
    pub sha256: String,
}

/// A file, or a body that was not multipart.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// The form key; empty for a body that was not multipart.
    pub name: String,
    /// The client's name for it, undecoded: not to be used as a path.
    pub file_name: Option<String>,
    /// The part's content type, or the request's.
    pub content_type: Option<String>,
    /// Bytes.
    pub size: u64,
    /// SHA-256 in lower-case hex; empty when hashing is off.
    pub sha256: String,
    /// Its name in the folder of the settings; `None` when nothing is kept or it was not complete.
    pub stored_as: Option<String>,
}

impl Received {
    /// The answer's JSON, on one line.
    pub fn to_json(&self) -> String {
        let mut answer = Map::new();
        answer.insert("complete".into(), self.complete.into());
        if self.early {
            answer.insert("early".into(), true.into());
        }
        if let Some(error) = &self.error {
            answer.insert("error".into(), error.as_str().into());
        }
        answer.insert("bytes".into(), self.bytes.into());
        if self.complete {
            answer.insert(
                "fields".into(),
                self.fields.iter().map(Field::json).collect(),
            );
            answer.insert("files".into(), self.files.iter().map(File::json).collect());
        }
        Value::Object(answer).to_string()
    }
}

impl Field {
    fn json(&self) -> Value {
        let mut field = Map::new();
        field.insert("name".into(), self.name.as_str().into());
        if let Some(value) = &self.value {
            field.insert("value".into(), value.as_str().into());
        }
        field.insert("size".into(), self.size.into());
        field.insert("sha256".into(), self.sha256.as_str().into());
        Value::Object(field)
    }
}

impl File {
    fn json(&self) -> Value {
        let mut file = json!({
            "name": self.name,
            "fileName": self.file_name,
            "contentType": self.content_type,
            "size": self.size,
            "sha256": self.sha256,
        });
        if let Some(stored_as) = &self.stored_as {
            file["storedAs"] = stored_as.as_str().into();
        }
        file
    }
}
