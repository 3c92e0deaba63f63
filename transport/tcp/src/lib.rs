//! TCP and Unix sockets as Quintet transports: addresses raced (RFC 8305), files sent by the kernel.
//!
//! [`TcpConnect`] resolves a name, races its addresses and gives a connection; [`UnixConnect`]
//! connects every target to one socket path. Neither secures anything: a target with `secure` set
//! is refused, `quintet_tls::TlsConnect` goes over them.
//!
//! All of it must run inside a tokio runtime with I/O and time enabled, which the engine's is.
//!
//! ```
//! use quintet_tcp::TcpConnect;
//! use quintet_transport::{Connect, Host, Target, Unwatched};
//!
//! # let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
//! # let port = server.local_addr().unwrap().port();
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let target = Target { secure: false, host: Host::Name("localhost".into()), port };
//! let connection = TcpConnect::new().connect(&target, &Unwatched).await.unwrap();
//! assert_eq!(connection.info().peer.unwrap().port(), port);
//! # });
//! ```
#![deny(unsafe_code)] // Allowed in `sys.rs` alone.

mod connect;
mod connection;
mod race;
mod resolve;

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "linux.rs"]
mod platform;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "portable.rs"]
mod platform;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod sys;
#[cfg(unix)]
mod unix;

pub use connect::{DialError, TcpConnect};
pub use race::{ADDRESSES_TRIED_MAX, ATTEMPT_DELAY_DEFAULT, ATTEMPT_DELAY_MIN};
pub use resolve::{Resolve, ResolveFuture, SystemResolver};
#[cfg(unix)]
pub use unix::UnixConnect;
