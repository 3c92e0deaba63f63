//! The options of `tt.uploadFile` as untyped values, and its results under the names that the API gives them.
//!
//! A door (a JavaScript engine, a C interface, JSON) turns what its caller gave into a [`Value`]; [`read`] makes a request
//! of it, or tells what is wrong; [`progress`], [`headers_received`] and [`result`] make the objects for the callbacks.
//! So every door has the same types, the same empty rule, the same messages. It opens, connects and queues nothing.
//!
//! ```
//! use quintet::UploadRequest;
//! use quintet_options::{Call, Include, Value, read};
//!
//! let options = Value::from(serde_json::json!({
//!     "url": "https://example.test/up",
//!     "filePath": "photo.jpg",
//!     "name": "file",
//!     "formData": { "album": "spring", "year": 2026 },
//! }));
//! // What is wrong with a call is its outcome, like any other failure.
//! let call = read(&options, Include::default()).unwrap_or_else(Call::refused);
//! let request: UploadRequest = call.request;
//! # let _ = request;
//! ```
//!
//! # Types
//!
//! - Absent are `undefined`, `null` and `""`: an optional one takes its default, a required one fails.
//! - A text (`url`, `filePath`, `name`, `fileName`, `mimeType`) is a string and nothing else: a number is a wrong type, as
//!   in WeChat.
//! - `header` and `formData` are objects; a list is a wrong type. Their keys keep the object's order.
//! - A value of `formData`: a string as it is, also an empty one; a number or boolean as JavaScript prints it; a list or an
//!   object as `JSON.stringify` writes it; `null` and `undefined` are skipped; anything else (a function) is a wrong type.
//! - A value of `header`: the same, but a list or an object is a wrong type.
//! - `success`, `fail` and `complete` are functions; calling them is the door's business.
//! - Times are numbers of milliseconds, counts of bytes whole numbers up to 2^53 - 1.
//! - A known option that is not supported (`proxy`, `enableHttp2`, `enableQuic`) answers `feature not support`, unless it is absent or `false`; an option that
//!   nobody knows is ignored, also within an object.
//!
//! # Extensions
//!
//! None is asked for unless it is given; what each does is told where the request has it.
//!
//! | option | value | |
//! |---|---|---|
//! | `timeout` | ms; 0 means none | [`UploadRequest::timeout`](quintet::UploadRequest::timeout) |
//! | `fileName`, `mimeType` | texts | of the file of `filePath` |
//! | `enableProfile` | boolean | `profile` in a success |
//! | `files` | a list of `{ name, uri, fileName, mimeType, range }`, the first two required | further files, after that of `filePath`; without `filePath` and `name` the only ones |
//! | `raw` | boolean | the file of `filePath` is the body: without `name`, `formData`, `files` |
//! | `range` | `{ offset, length }` in bytes; without `offset` from 0 | of the file of `filePath` only this part is sent |
//! | `method` | `"POST"`, `"PUT"`, `"PATCH"` | [`UploadRequest::method`](quintet::UploadRequest::method) |
//! | `newlines` | `"as-given"`, `"crlf"` | [`UploadRequest::newlines`](quintet::UploadRequest::newlines) |
//! | `redirect` | `"off"`, `"same-origin"`, `"any"` | [`UploadRequest::redirects`](quintet::UploadRequest::redirects): no further than the engine's setting |
//! | `retry` | the most retries, or an object with any of [`Retry`](quintet::Retry)'s fields, in camel case: `{ retriesMax: 5, delayFirst: 500, statuses: [503] }` | [`UploadRequest::retry`](quintet::UploadRequest::retry) |
//! | `priority` | whole, -128 to 127 | [`UploadRequest::priority`](quintet::UploadRequest::priority) |
//! | `callerId`, `tags` | a text; a list of texts | for the host, to find the upload by |
//! | `rateLimit` | bytes a second; 0 means none | [`UploadRequest::rate_max`](quintet::UploadRequest::rate_max) |
//! | `fileBytesMax` | bytes | [`UploadRequest::file_bytes_max`](quintet::UploadRequest::file_bytes_max): no more than the engine's setting |
//! | `progressInterval` | ms; 0 tells of every write | [`UploadRequest::progress_interval`](quintet::UploadRequest::progress_interval) |
//!
//! The proxy, the domains and the certificates are the host's, who makes the engine: a caller that could choose them could
//! lead uploads past what the host allows.
#![forbid(unsafe_code)]

mod coerce;
mod files;
mod include;
#[cfg(feature = "json")]
mod json;
mod number;
mod options;
mod results;
mod retry;
mod stringify;
mod value;
mod words;

pub use include::Include;
pub use options::{Call, names, read};
pub use results::{headers_received, progress, result};
pub use value::{DEPTH_MAX, Value};
