//! Multipart form-data and HTTP/1.1 for one upload, without I/O, clock or randomness.
//!
//! ```text
//!   Form ──► Plan ──► segments ──────────────────► the transport
//!   RequestHead ────► bytes ─────────────────────►     │
//!                                                      │ how many bytes it took
//!   Exchange ◄─────────────────────────────────────────┤ what the peer sent
//!      │                                               │
//!      └──► Next: send, listen or finished             │ that the peer ended
//! ```
//!
//! A [`Form`] is what was asked, a [`Plan`] is what will be sent, a [`RequestHead`] goes before it,
//! and an [`Exchange`] watches both directions and reads the response. Nothing here opens a file or
//! a socket: a plan names a range of a file by its index, and whoever owns the file sends it.
//!
//! ```
//! use quintet_proto::{
//!     Boundary, Exchange, Form, Framing, Headers, Limits, Next, Plan, RequestHead, Reuse,
//! };
//!
//! let mut form = Form::new();
//! form.field("album", "summer")?;
//! form.file("photo", "beach.jpg", "image/jpeg")?;
//!
//! let boundary = Boundary::from_random([7; 16]);
//! let plan = Plan::new(&form, &boundary, &[4_000])?;
//!
//! let mut head = Vec::new();
//! RequestHead {
//!     method: "POST",
//!     target: "/upload",
//!     host: "example.com",
//!     framing: Framing::Multipart { boundary: &boundary, content_length: plan.content_length() },
//!     engine: &[],
//!     headers: &Headers::new(),
//! }
//! .write_to(&mut head)?;
//!
//! let mut exchange = Exchange::new(plan.content_length(), Limits::default());
//! assert_eq!(exchange.next(), Next::Send);
//! exchange.body_sent(plan.content_length());
//! assert_eq!(exchange.next(), Next::Listen);
//! exchange.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
//! assert_eq!(exchange.next(), Next::Finished(Reuse::Yes));
//! assert_eq!(exchange.into_response().unwrap().body, "ok");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod boundary;
mod chunk_line;
mod chunked;
mod error;
mod escape;
mod exchange;
mod form;
mod grammar;
mod head;
mod header;
mod plan;
#[cfg_attr(quintet_planted, path = "planted_on.rs")]
mod planted;
mod record;
mod request;
mod response;
mod short_list;
mod wipe;

pub use boundary::{Boundary, BoundaryError};
pub use chunk_line::{CHUNK_END, CHUNK_LINE_BYTES_MAX, ChunkLine, LAST_CHUNK};
pub use error::{Blame, ResponseError, ResponseErrorClass};
pub use exchange::{Exchange, Next, NoReuse, Receiving, Reuse};
pub use form::{Form, FormError, FormMistake, NAME_BYTES_MAX, Newlines, PARTS_MAX, Part, PartBody};
pub use grammar::is_media_type;
pub use head::read_connect_answer;
pub use header::{HEADER_BYTES_MAX, HEADERS_MAX, HeaderError, Headers, is_engine_owned};
pub use plan::{Plan, PlanError, Segment, UNKNOWN_LENGTH};
pub use request::{EngineName, Framing, RequestError, RequestHead};
pub use response::{Limits, Response, ResponseHead};
pub use wipe::{reserve_wiped, wipe};
