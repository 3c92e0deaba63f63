//! A receiving server for trying, testing and measuring uploads: it reads, hashes and reports, and
//! is never part of what an embedder of the engine links.
//!
//! [`Receiver::start`] runs an axum server on a thread of its own. POST, PUT and PATCH to any path
//! are uploads; each is streamed through SHA-256 and answered with what was found in it:
//!
//! ```json
//! {
//!   "complete": true,
//!   "bytes": 1234,
//!   "fields": [{ "name": "a", "value": "b", "size": 1, "sha256": "3e23…" }],
//!   "files": [{ "name": "file", "fileName": "x.txt", "contentType": "text/plain",
//!               "size": 999, "sha256": "9f86…", "storedAs": "000001-x.txt" }]
//! }
//! ```
//!
//! - `fields` and `files` each keep the order of the body. A part with a file name is a file, all
//!   else is a field. `bytes` counts the whole body, framing included.
//! - `value` is the field as UTF-8, invalid bytes replaced; it is left out beyond
//!   [`FIELD_VALUE_BYTES_MAX`], and when the values of one body add up to more than
//!   [`FIELD_VALUES_BYTES_MAX`]. `size` and `sha256` are always there.
//! - `storedAs` is there when [`Settings::dir`] is set: the name within it.
//! - A body that is not `multipart/form-data` is one file with an empty `name` and no `fileName`.
//! - An early answer is `{"complete":false,"early":true,"bytes":N}`; a body that is not valid is
//!   status 400 with `{"complete":false,"error":"…","bytes":N}`.
//!
//! With [`Settings::discard`] bodies are thrown away unparsed, and the answer says how many bytes came; such a receiver can
//! think, stall and reset as servers do.
//!
//! Two more paths, for clients that follow redirects: `/redirect/STATUS?to=URL` reads the body and
//! answers with that status and `Location`; `/redirect-early/STATUS?to=URL` answers without reading.
//! GET and HEAD on any other path say what this server is.
//!
//! ```
//! use std::io::{Read, Write};
//!
//! let receiver = quintet_receiver::Receiver::start(quintet_receiver::Settings::default())?;
//! let mut client = std::net::TcpStream::connect(receiver.addr())?;
//! client.write_all(b"POST /here HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer)?;
//! assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
//! assert!(answer.contains(r#""size":5"#));
//! # Ok::<(), std::io::Error>(())
//! ```
#![forbid(unsafe_code)]

mod body;
mod certificate;
mod connection;
mod discard;
mod multipart;
mod problem;
mod received;
mod receiver;
mod settings;
mod sink;
mod stats;
mod store;
mod throttle;
mod upload;

pub use certificate::{SelfMade, Tls};
pub use discard::{Discard, Think};
pub use received::{Field, File, Received};
pub use receiver::{Receiver, Stopper};
pub use settings::Settings;
pub use stats::Stats;

/// A field's value is kept for the answer up to this size; beyond it only size and hash are told.
pub const FIELD_VALUE_BYTES_MAX: usize = 64 * 1024;
/// All the values kept for one answer: what one upload can make the receiver hold.
pub const FIELD_VALUES_BYTES_MAX: usize = 1024 * 1024;
/// Parts of one body; one more is status 400. Every part stays in memory until the answer.
pub const PARTS_MAX: usize = 1_000;
/// The head of one part, and whatever stands before the first boundary: beyond this much without
/// an end, the body is refused (the parser itself would keep collecting).
pub const PART_HEAD_BYTES_MAX: usize = 64 * 1024;
/// A request's head; also the largest piece in which a body is read.
pub const REQUEST_HEAD_BYTES_MAX: usize = 256 * 1024;
/// Connections open at once; more wait in the listen queue.
pub const CONNECTIONS_MAX: usize = 1_024;
/// Request targets kept in [`Stats::arrivals`] by default; later ones are counted only.
pub const ARRIVALS_MAX: usize = 65_536;
