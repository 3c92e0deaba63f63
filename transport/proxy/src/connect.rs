//! [`ProxyConnect`]: from a target to a connection through the proxy, or past it.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::future::ready;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use quintet_proto::wipe;
use quintet_tcp::{ADDRESSES_TRIED_MAX, Resolve, SystemResolver};
use quintet_transport::{
    Connect, ConnectError, ConnectErrorKind, ConnectFuture, Connection, Host, Step, Target, Via,
    Watch,
};

use crate::connection::Proxied;
use crate::proxy::Login;
use crate::socks::{self, Place};
use crate::talk::Talk;
use crate::{Proxy, ProxyKind, http};

/// Connects through a [`Proxy`] that another transport reaches.
///
/// Targets of the proxy's [`no_proxy`](Proxy::no_proxy) go to the transport below as they are. For all others that one
/// connects to the proxy, by [`Connect::tunnel`], so that a proxy may stand behind a proxy; with [`ProxyKind::Https`] it
/// must be one that secures. What follows is told in the [crate's documentation](crate).
///
/// [`Step::Resolved`] is the proxy's name, [`Step::Connected`] the way through the proxy: when a proxy that keeps silent
/// is given up, that was connecting. [`Info::peer`](quintet_transport::Info::peer) is the proxy.
///
/// | error | when |
/// |---|---|
/// | [`Unsupported`](ConnectErrorKind::Unsupported) | the target must be secured: TLS goes over this transport |
/// | [`Proxy`](ConnectErrorKind::Proxy) | the proxy said no, wants another login, broke off, or does not speak its protocol |
/// | [`NoRoute`](ConnectErrorKind::NoRoute), [`Refused`](ConnectErrorKind::Refused) | from the transport below; or a SOCKS5 proxy says so of the target |
/// | [`Forbidden`](ConnectErrorKind::Forbidden) | [`Watch::permit`] refused the proxy, or every address of the target that is known here |
/// | [`NotResolved`](ConnectErrorKind::NotResolved) | the proxy's name; or the target's with `socks5`, or one that no proxy can be told |
/// | others | from the transport below |
#[derive(Clone)]
pub struct ProxyConnect<C> {
    inner: C,
    proxy: Proxy,
    /// The proxy's own place.
    at: Target,
    /// The value of Proxy-Authorization.
    authorization: Option<Arc<str>>,
    resolver: Arc<dyn Resolve>,
}

impl<C: Connect> ProxyConnect<C> {
    /// Through `proxy`, which `inner` connects to. `socks5` resolves names by the system's resolver.
    pub fn new(inner: C, proxy: Proxy) -> Self {
        Self {
            inner,
            at: proxy.target(),
            authorization: proxy.login.as_ref().map(basic),
            proxy,
            resolver: Arc::new(SystemResolver),
        }
    }

    /// Resolves targets for `socks5` by `resolver` instead of the system's. The proxy's own name is up to the transport
    /// below.
    #[must_use]
    pub fn resolver(mut self, resolver: impl Resolve + 'static) -> Self {
        self.resolver = Arc::new(resolver);
        self
    }

    async fn through(
        &self,
        target: &Target,
        watch: &dyn Watch,
        opaque: bool,
    ) -> Result<Proxied, ConnectError> {
        let dial = Dial {
            watch,
            resolved: Cell::new(false),
        };
        let way = match self.proxy.kind() {
            ProxyKind::Http | ProxyKind::Https => {
                let tunnel = opaque || self.proxy.tunnel_plain;
                self.http(target, &dial, tunnel).await?
            }
            ProxyKind::Socks5h => match &target.host {
                Host::Name(name) => self.socks(Place::Name(name, target.port), &dial).await?,
                Host::Ip(ip) => self.socks(address(*ip, target.port), &dial).await?,
            },
            ProxyKind::Socks5 => match &target.host {
                Host::Name(name) => self.socks_resolved(name, target.port, &dial).await?,
                Host::Ip(ip) => self.socks(address(*ip, target.port), &dial).await?,
            },
        };
        watch.reached(Step::Connected);
        Ok(way)
    }

    async fn http(
        &self,
        target: &Target,
        dial: &Dial<'_>,
        tunnel: bool,
    ) -> Result<Proxied, ConnectError> {
        let mut talk = self.dial(dial).await?;
        if !tunnel {
            let authorization = self.authorization.clone();
            return Ok(Proxied::new(
                talk,
                Vec::new(),
                Via::Forward { authorization },
            ));
        }
        let early = http::open(&mut talk, target, self.authorization.as_deref()).await?;
        Ok(Proxied::new(talk, early, Via::Tunnel))
    }

    async fn socks(&self, place: Place<'_>, dial: &Dial<'_>) -> Result<Proxied, ConnectError> {
        let mut talk = self.dial(dial).await?;
        let opened = socks::open(&mut talk, place, self.proxy.login.as_ref()).await;
        opened.map_err(|failure| ConnectError::new(failure.kind(), failure))?;
        Ok(Proxied::new(talk, Vec::new(), Via::Tunnel))
    }

    /// The addresses of `name`, one after the other: the proxy may not have both families.
    async fn socks_resolved(
        &self,
        name: &str,
        port: u16,
        dial: &Dial<'_>,
    ) -> Result<Proxied, ConnectError> {
        let found = self.resolver.resolve(name, port).await;
        let not_resolved = |why: &dyn fmt::Display| {
            let why = format!("the target's name, resolved on this side: {why}");
            ConnectError::new(ConnectErrorKind::NotResolved, why)
        };
        let mut last = not_resolved(&"it has no address");
        let mut tried = 0;
        for address in found.map_err(|error| not_resolved(&error))? {
            if let Err(error) = permitted(dial.watch, &address) {
                if tried == 0 {
                    last = error;
                }
                continue;
            }
            if tried == ADDRESSES_TRIED_MAX {
                break;
            }
            tried += 1;
            match self.socks(Place::Address(address), dial).await {
                Err(error) if is_of_the_address(&error) => last = error,
                ended => return ended,
            }
        }
        Err(last)
    }

    async fn dial(&self, dial: &Dial<'_>) -> Result<Talk, ConnectError> {
        Ok(Talk::new(self.inner.tunnel(&self.at, dial).await?))
    }

    fn route<'a>(
        &'a self,
        target: &'a Target,
        watch: &'a dyn Watch,
        opaque: bool,
    ) -> ConnectFuture<'a> {
        if target.secure {
            let why = "a proxy secures nothing; wrap it in quintet_tls::TlsConnect";
            return Box::pin(ready(Err(ConnectError::new(
                ConnectErrorKind::Unsupported,
                why,
            ))));
        }
        if self.proxy.no_proxy.matches(target) {
            return match opaque {
                true => self.inner.tunnel(target, watch),
                false => self.inner.connect(target, watch),
            };
        }
        Box::pin(async move {
            check_host(&target.host)?;
            if let Host::Ip(ip) = target.host {
                permitted(watch, &SocketAddr::new(ip, target.port))?;
            }
            let connected = self.through(target, watch, opaque).await;
            let connected = connected.map_err(|error| at_proxy(&self.proxy, error))?;
            Ok(Box::new(connected) as Box<dyn Connection>)
        })
    }
}

impl<C: Connect> Connect for ProxyConnect<C> {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        self.route(target, watch, false)
    }

    fn tunnel<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        self.route(target, watch, true)
    }
}

impl<C: fmt::Debug> fmt::Debug for ProxyConnect<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyConnect")
            .field("inner", &self.inner)
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}

/// RFC 7617.
fn basic(Login { user, password }: &Login) -> Arc<str> {
    let mut plain = format!("{user}:{password}").into_bytes();
    let login = BASE64_STANDARD.encode(&plain);
    wipe(&mut plain);
    format!("Basic {login}").into()
}

fn address(ip: IpAddr, port: u16) -> Place<'static> {
    Place::Address(SocketAddr::new(ip, port))
}

/// A name that could not be a host's must not become part of a request.
fn check_host(host: &Host) -> Result<(), ConnectError> {
    let why = match host {
        Host::Name(name) if name.len() > socks::NAME_BYTES_MAX => {
            "a proxy can be told a name of 255 bytes at most"
        }
        Host::Name(name)
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            "the host is no name in ASCII"
        }
        _ => return Ok(()),
    };
    Err(ConnectError::new(ConnectErrorKind::NotResolved, why))
}

fn permitted(watch: &dyn Watch, address: &SocketAddr) -> Result<(), ConnectError> {
    match watch.permit(address) {
        true => Ok(()),
        false => {
            let why = "no address of the host is permitted";
            Err(ConnectError::new(ConnectErrorKind::Forbidden, why))
        }
    }
}

fn is_of_the_address(error: &ConnectError) -> bool {
    let failure = error.source.downcast_ref::<socks::Failure>();
    failure.is_some_and(socks::Failure::is_of_the_address)
}

/// The proxy opened no way, for this reason.
pub(crate) fn refused(why: impl Into<Box<dyn Error + Send + Sync>>) -> ConnectError {
    ConnectError::new(ConnectErrorKind::Proxy, why)
}

/// Says which proxy it was.
fn at_proxy(proxy: &Proxy, error: ConnectError) -> ConnectError {
    ConnectError::new(
        error.kind,
        AtProxy {
            proxy: proxy.to_string(),
            cause: error.source,
        },
    )
}

#[derive(Debug)]
struct AtProxy {
    proxy: String,
    cause: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for AtProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proxy {}: {}", self.proxy, self.cause)
    }
}

impl Error for AtProxy {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.cause.as_ref())
    }
}

/// Watches the way to the proxy. Connected is told when the way through it stands, and secured is not the target.
struct Dial<'a> {
    watch: &'a dyn Watch,
    /// Told once, though several connections may be tried.
    resolved: Cell<bool>,
}

impl Watch for Dial<'_> {
    fn reached(&self, step: Step) {
        if step == Step::Resolved && !self.resolved.replace(true) {
            self.watch.reached(step);
        }
    }

    fn permit(&self, address: &SocketAddr) -> bool {
        self.watch.permit(address)
    }
}
