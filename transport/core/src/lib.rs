//! What a transport is: [`Connect`] makes a [`Connection`] to a [`Target`], and nothing else.
//!
//! A connection is poll-style and usable as `dyn`. Four calls matter: write, read, close, and (where
//! the platform can) send a range of a file without passing it through user space. TLS, a proxy, a
//! throttle or a fault injector is one more connection over a connection.
//!
//! Those for every network are here, each a [`Connect`] over any other: [`fault`], [`throttle`], [`trace`]; [`memory`] needs no
//! network. Whether a transport is right tells [`conformance`], in a test of its own crate. Nothing here asks the system for the time:
//! what waits is given a [`Clock`].
//!
//! The engine runs on one thread, so connections and connect futures need not be `Send`; the
//! [`Connect`] value itself is shared with that thread and must be.
//!
//! # A transport in a few lines
//!
//! ```
//! use quintet_transport::{memory, Connection, Info};
//! use std::{io, task::{Context, Poll}};
//!
//! /// Passes everything on and counts what was written.
//! struct Counting { inner: Box<dyn Connection>, bytes: u64 }
//!
//! impl Connection for Counting {
//!     fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
//!         let written = std::task::ready!(self.inner.poll_write(cx, buf))?;
//!         self.bytes += written as u64;
//!         Poll::Ready(Ok(written))
//!     }
//!     fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
//!         self.inner.poll_read(cx, buf)
//!     }
//!     fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
//!         self.inner.poll_close(cx)
//!     }
//!     fn info(&self) -> Info { self.inner.info() }
//! }
//! # let (near, _far) = memory::pair(1024);
//! # let mut counting = Counting { inner: Box::new(near), bytes: 0 };
//! # let mut cx = Context::from_waker(std::task::Waker::noop());
//! # assert!(matches!(counting.poll_write(&mut cx, b"abc"), Poll::Ready(Ok(3))));
//! # assert_eq!(counting.bytes, 3);
//! ```
#![forbid(unsafe_code)]

mod clock;
pub mod conformance;
mod connect;
mod connection;
pub mod fault;
pub mod memory;
mod seed;
pub mod throttle;
pub mod trace;

pub use clock::{Alarm, Clock, Sleep};
pub use connect::{
    Connect, ConnectError, ConnectErrorKind, ConnectFuture, Host, Step, Target, Unwatched, Watch,
};
pub use connection::{Connection, FileSend, Info, Secured, SecurityError, Tcp, Via};
