//! HTTP and SOCKS5 proxies for Quintet: [`ProxyConnect`] reaches a target through a [`Proxy`], over any other transport.
//!
//! ```
//! use quintet_proxy::{Proxy, ProxyConnect};
//! use quintet_tcp::TcpConnect;
//!
//! let proxy: Proxy = "http://user:secret@proxy.example:3128".parse()?;
//! let proxy = proxy.no_proxy("localhost, 10.0.0.0/8, .internal.example".parse()?);
//! assert_eq!(proxy.to_string(), "http://proxy.example:3128"); // the login is never shown
//! let transport = ProxyConnect::new(TcpConnect::new(), proxy);
//! # let _: &dyn quintet_transport::Connect = &transport;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! For `https` targets TLS goes over it: `TlsConnect::new(ProxyConnect::new(TcpConnect::new(), proxy), settings)`.
//! Nothing is read from the environment: which proxy is used, the program says.
//!
//! # What happens on the way
//!
//! | proxy | plain target | secure target (TLS above asks for a tunnel) |
//! |---|---|---|
//! | `http` | the proxy reads each request, whose target is the absolute URL (RFC 9112, 3.2.2) | CONNECT (RFC 9110, 9.3.6) |
//! | `http`, [`tunnel_plain`](Proxy::tunnel_plain) | CONNECT | CONNECT |
//! | `https` | as `http`, the proxy itself reached over TLS: the transport below must be one that secures | |
//! | `socks5` | a tunnel to an address that is resolved on this side (RFC 1928, 1929) | the same |
//! | `socks5h` | a tunnel to a name that the proxy resolves | the same |
//!
//! TLS passes a secure target down by [`Connect::tunnel`](quintet_transport::Connect::tunnel), with `secure` off: that
//! is how this transport knows that the bytes are not requests that a proxy could read. A secure target that reaches it
//! by itself is refused: nothing here would secure it.
//!
//! The engine learns by [`Info::via`](quintet_transport::Info::via) whether it speaks to a proxy or through one: it
//! writes the absolute URL and the proxy's login for the one, and keeps a caller's own `Proxy-Authorization` from the
//! origin behind the other. To a proxy without login in its settings the caller's own is sent. What a proxy answers to
//! a request that it reads, 407 and 502 too, is the answer to the upload, like any other status.
//!
//! # What the host policy sees
//!
//! [`Watch::permit`](quintet_transport::Watch::permit) is asked for the address that is dialled, which is the proxy's,
//! and for the target's own where it is known here: an address literal, or a name that `socks5` resolved. A name that
//! the proxy resolves (`http`, `https`, `socks5h`) has no address on this side, so that only the policy for URLs can
//! keep an upload from the proxy's inner network.
//!
//! # Bounds
//!
//! The answer to a CONNECT may have 16 KiB of head, interim answers included; what comes after it in the same read is
//! kept for the reader, at most 18 KiB. A name can have 255 bytes. A SOCKS5 proxy is asked for at most
//! [`ADDRESSES_TRIED_MAX`](quintet_tcp::ADDRESSES_TRIED_MAX) addresses of a name, one after the other, each over a
//! connection of its own.
#![forbid(unsafe_code)]

mod connect;
mod connection;
mod http;
mod no_proxy;
mod proxy;
mod socks;
mod talk;

pub use connect::ProxyConnect;
pub use no_proxy::{NoProxy, NoProxyError};
pub use proxy::{Proxy, ProxyError, ProxyKind};
