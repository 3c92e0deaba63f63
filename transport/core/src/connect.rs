//! Making a connection: the target, the steps on the way, and what can go wrong.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use crate::Connection;

/// Makes connections. The outermost transport is what the engine is given; a layered one (TLS, a
/// proxy) holds the `Connect` below it.
pub trait Connect: Send + Sync {
    /// Starts to connect to `target`, and calls `watch` as each [`Step`] is reached.
    ///
    /// The future ends with a connection that is ready for request bytes (for a secure target: after
    /// the handshake), or with the step that failed. Dropping it gives up at once and leaves
    /// nothing behind. It sets no deadline of its own for the whole: the engine does.
    ///
    /// A transport that cannot secure a connection must refuse a target with `secure == true` by
    /// [`ConnectErrorKind::Unsupported`], never connect in the clear.
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a>;

    /// As [`connect`](Self::connect), for bytes that only the two ends understand: what secures a connection asks the
    /// transport below in this way, with `secure == false`.
    ///
    /// Without anybody on the way there is no difference, which is the default. A proxy that would read the
    /// requests of a connection must pass on the bytes of this one as they are (RFC 9110, section 9.3.6). A transport that
    /// passes targets to another one passes this call on too.
    fn tunnel<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        self.connect(target, watch)
    }
}

/// What [`Connect::connect`] returns: boxed, so that transports can be chosen at run time.
pub type ConnectFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Box<dyn Connection>, ConnectError>> + 'a>>;

impl<C: Connect + ?Sized> Connect for std::sync::Arc<C> {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        (**self).connect(target, watch)
    }

    fn tunnel<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        (**self).tunnel(target, watch)
    }
}

impl<C: Connect + ?Sized> Connect for Box<C> {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        (**self).connect(target, watch)
    }

    fn tunnel<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        (**self).tunnel(target, watch)
    }
}

/// Where to connect: the origin of a URL. Two requests may share a connection only if their
/// targets are equal (and the transport is the same one).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Whether the connection must be secured (`https`).
    pub secure: bool,
    /// The host, as the URL parser gave it.
    pub host: Host,
    /// The port, the scheme's default filled in. Never 0.
    pub port: u16,
}

/// The host of a [`Target`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name to be resolved: lower-case ASCII (internationalised names in their `xn--` form).
    Name(String),
    /// An address literal.
    Ip(IpAddr),
}

impl fmt::Display for Host {
    /// As it stands in a `Host` header: an IPv6 address in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Ip(IpAddr::V4(ip)) => ip.fmt(f),
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

impl fmt::Display for Target {
    /// `scheme://host:port`, the port always written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// The steps of connecting, in their order. A transport without one of them skips it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The name has addresses.
    Resolved,
    /// The byte stream is there (TCP: the winning address answered).
    Connected,
    /// The handshake is done.
    Secured,
}

/// Told by a transport how connecting goes, and asked before each dial.
pub trait Watch {
    /// `step` was reached just now.
    fn reached(&self, step: Step);

    /// Whether this address may be dialled. Asked for every address just before its dial, after
    /// resolution: a refused address is passed over, and if none is left the connect fails with
    /// [`ConnectErrorKind::Forbidden`].
    fn permit(&self, _address: &SocketAddr) -> bool {
        true
    }
}

/// Watches nothing and permits every address: for tests and for transports used on their own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn reached(&self, _step: Step) {}
}

/// Why no connection came about.
#[derive(Debug)]
pub struct ConnectError {
    /// The rule that decides which outcome the upload gets.
    pub kind: ConnectErrorKind,
    /// What the layer below said, for people. Holds no secret.
    pub source: Box<dyn Error + Send + Sync>,
}

/// Kinds of [`ConnectError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectErrorKind {
    /// The name has no address, or the resolver could not be asked.
    NotResolved,
    /// No route to any address, or the network is down.
    NoRoute,
    /// Every address refused, or broke off while connecting.
    Refused,
    /// The handshake failed: certificate, protocol, alert, or the peer does not speak TLS.
    Tls,
    /// [`Watch::permit`] refused every address.
    Forbidden,
    /// This transport cannot make such a connection (a secure target over a plain transport).
    Unsupported,
    /// The proxy was reached, but opened no way to the target: it said no, asked for another login, broke off, or does
    /// not speak its protocol.
    Proxy,
}

impl ConnectError {
    /// An error of `kind` with its cause.
    pub fn new(kind: ConnectErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            source: source.into(),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ConnectErrorKind::NotResolved => "name not resolved",
            ConnectErrorKind::NoRoute => "no route to the host",
            ConnectErrorKind::Refused => "connection refused",
            ConnectErrorKind::Tls => "TLS handshake failed",
            ConnectErrorKind::Forbidden => "address not permitted",
            ConnectErrorKind::Unsupported => "transport cannot secure the connection",
            ConnectErrorKind::Proxy => "no way through the proxy",
        };
        write!(f, "{what}: {}", self.source)
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_ref())
    }
}
