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
//! - `timeout` is a number of milliseconds; 0 means none.
//! - `success`, `fail` and `complete` are functions; calling them is the door's business.
//! - A known option that is not supported answers `feature not support`, unless it is absent or `false`; an option that
//!   nobody knows is ignored.
#![forbid(unsafe_code)]

mod coerce;
mod include;
#[cfg(feature = "json")]
mod json;
mod number;
mod options;
mod results;
mod stringify;
mod value;

pub use include::Include;
pub use options::{Call, names, read, read_with};
pub use results::{headers_received, progress, result};
pub use value::{DEPTH_MAX, Value};
