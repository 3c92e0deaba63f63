//! What went over a connection: recorded with its times, written as text, read back, replayed.
//!
//! A traced connection declines file ranges: what goes past it cannot be recorded. Over TLS a trace is
//! plaintext, below it records; put it where the question is.
//!
//! # The text
//!
//! ```text
//! quintet trace 1
//! target http://upload.test:80
//! 0.000120000 > POST /up HTTP/1.1\r\n
//!             > authorization: ************\r\n
//! 0.031000000 < HTTP/1.1 200 OK\r\n
//! 0.031000000 ended
//! ```
//!
//! Two lines of head, then one line for each call that did something: seconds since the connection was there, and what.
//! `>` is what we wrote and `<` what we read, each with its bytes: printable ASCII as it is, `\r`, `\n`, `\t`, `\\`,
//! and `\xNN` for every other byte and for a space at the end of a line. A line that begins with a space goes on with the
//! bytes of the line before. `closed` is the end of our writing, `ended` the peer's end, `failed KIND` an error
//! ([`std::io::ErrorKind`] by name, `Other` for the rare ones), and `left out` says that there was no room for the rest.
//!
//! # Secrets
//!
//! The values of [`SECRET_HEADERS`], and of the headers that the caller names, are recorded as `*`, each as long as it
//! was. That goes for every line of either direction that begins like such a header, also in a body. Nothing else is
//! masked: URLs, form values and files are recorded as they are.
//!
//! ```
//! use quintet_transport::trace::{Replay, Trace};
//!
//! let text = "quintet trace 1\ntarget http://upload.test:80\n0.000000000 > ping\n0.500000000 < pong\n";
//! let trace: Trace = text.parse()?;
//! assert_eq!(trace.to_string(), text);
//! let transport = Replay::new([trace]); // says "pong" once four bytes were written
//! # Ok::<(), quintet_transport::trace::TraceError>(())
//! ```

use std::io;
use std::time::Duration;

mod mask;
mod record;
mod replay;
mod text;

pub use mask::SECRET_HEADERS;
pub use record::{RECORD_BYTES_MAX, TraceConnect};
pub use replay::Replay;
pub use text::TraceError;

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The target that was asked for, as `scheme://host:port`.
    pub target: String,
    /// What happened, in order.
    pub entries: Vec<Entry>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Since the connection was there.
    pub at: Duration,
    /// What.
    pub what: Happened,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happened {
    /// These bytes were taken from us.
    Sent(Vec<u8>),
    /// These bytes of the peer were given to us.
    Received(Vec<u8>),
    /// Our writing side was closed.
    Closed,
    /// The peer's end was read.
    Ended,
    /// A call failed.
    Failed(io::ErrorKind),
    /// There was no room for what came after.
    LeftOut,
}
