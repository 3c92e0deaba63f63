//! A server that throws uploads away and counts them: the other side of a benchmark that measures clients.
//!
//! [`Sink::bind`] opens a plain and a TLS port on loopback; [`Sink::run`] serves both with one thread. It speaks
//! HTTP/1.1 with keep-alive. A POST with a Content-Length is read to its end and answered with a 200 of
//! two bytes; `GET /counts` answers with [`Counts`]; anything else is refused with 400 and the end of the connection.
//!
//! What it does to cost the sender little, and to cost it the same every time:
//!
//! - A plain body is dropped inside the kernel (`MSG_TRUNC`): no byte of it is copied. Only its last bytes are read, to see
//!   that they close a form.
//! - While much is still to come it is woken once in [`LOW_WATER_BYTES_MAX`] (`SO_RCVLOWAT`), never above half of the receive
//!   buffer (more would clamp the TCP window) and never above what still comes; nothing blocks in `recv`, because
//!   a blocked `recv` that has part of its low water is not woken for the rest.
//! - TLS is 1.3 with AES-128-GCM alone, so every client seals with the same cipher; no tickets unless told.
//! - It can be pinned to one processor, and names the congestion control that its sockets use. Note that this is the
//!   receiver's; what counts for CPU is the sender's.
#![deny(unsafe_code)] // Allowed in `sys.rs` alone.

mod connection;
mod counts;
mod exchange;
mod serve;
mod server;
mod settings;
mod sys;
mod tls;

pub use counts::Counts;
pub use serve::serve;
pub use server::Sink;
pub use settings::Settings;

/// Bytes that must have come before a large body is looked at again.
pub const LOW_WATER_BYTES_MAX: u64 = 256 * 1024;
/// A request's head, at most.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Bytes thrown away for one connection before another has its turn.
pub const TURN_BYTES_MAX: u64 = 4 * 1024 * 1024;
