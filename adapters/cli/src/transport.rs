//! From the arguments to a transport: TCP, a proxy over it, or a Unix socket, with TLS over it.

use std::fmt::Display;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use quintet_proxy::{Proxy, ProxyConnect, ProxyKind};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};
use quintet_transport::{Connect, ConnectError, ConnectErrorKind, ConnectFuture, Target, Watch};

use crate::proxies::Proxies;
use crate::way::Way;

/// What the engine connects by, or what is wrong with the arguments. `https` tells that TLS will be asked for.
pub(crate) fn of(way: &Way, https: bool) -> io::Result<Box<dyn Connect>> {
    if https || asks_for_tls(way) {
        return Ok(Box::new(secured(way)?));
    }
    Ok(Box::new(WhenAsked {
        plain: sockets(way)?,
        secured: OnceLock::new(),
        way: way.clone(),
    }))
}

/// Reads the machine's certificates for the first https: URL: it takes longer than all else that comes before a first
/// byte, and fails on a machine that has none.
struct WhenAsked {
    plain: Box<dyn Connect>,
    secured: OnceLock<io::Result<Secured>>,
    way: Way,
}

type Secured = TlsConnect<Box<dyn Connect>>;

impl Connect for WhenAsked {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        if !target.secure {
            return self.plain.connect(target, watch);
        }
        match self.secured.get_or_init(|| secured(&self.way)) {
            Ok(secured) => secured.connect(target, watch),
            Err(why) => {
                let error = ConnectError::new(ConnectErrorKind::Tls, why.to_string());
                Box::pin(std::future::ready(Err(error)))
            }
        }
    }
}

fn secured(way: &Way) -> io::Result<Secured> {
    TlsConnect::new(sockets(way)?, tls_settings(way)?).map_err(io::Error::other)
}

/// The Unix socket that was named, or TCP.
fn sockets(way: &Way) -> io::Result<Box<dyn Connect>> {
    way.socket.connect().map_or_else(|| tcp(way), Ok)
}

/// TCP, through the proxies if there are any.
fn tcp(way: &Way) -> io::Result<Box<dyn Connect>> {
    let Proxies { http, https } = Proxies::of(way)?;
    if http.is_none() && https.is_none() {
        return Ok(Box::new(TcpConnect::new()));
    }
    Ok(Box::new(ByScheme {
        http: through(http, way)?,
        https: through(https, way)?,
    }))
}

fn through(proxy: Option<Proxy>, way: &Way) -> io::Result<Box<dyn Connect>> {
    let tcp = TcpConnect::new();
    let Some(proxy) = proxy else {
        return Ok(Box::new(tcp));
    };
    if proxy.kind() != ProxyKind::Https {
        return Ok(Box::new(ProxyConnect::new(tcp, proxy)));
    }
    let secured = TlsConnect::new(tcp, trusted(way)?).map_err(io::Error::other)?;
    Ok(Box::new(ProxyConnect::new(secured, proxy)))
}

/// Below TLS: what it asks for as a tunnel is for an https: URL, all else for an http: URL.
struct ByScheme {
    http: Box<dyn Connect>,
    https: Box<dyn Connect>,
}

impl Connect for ByScheme {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        self.http.connect(target, watch)
    }

    fn tunnel<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        self.https.tunnel(target, watch)
    }
}

fn asks_for_tls(way: &Way) -> bool {
    way.cacert.is_some() || way.cert.is_some() || !way.pins.is_empty()
}

/// What the machine trusts, and `--cacert`.
fn trusted(way: &Way) -> io::Result<TlsSettings> {
    let settings = TlsSettings::platform_roots();
    match &way.cacert {
        None => Ok(settings),
        Some(path) => {
            let added = settings.add_root_pem(&read("--cacert", path)?);
            added.map_err(|error| wrong("--cacert", path.display(), error))
        }
    }
}

fn tls_settings(way: &Way) -> io::Result<TlsSettings> {
    let mut settings = trusted(way)?;
    if let (Some(cert), Some(key)) = (&way.cert, &way.key) {
        let (chain, secret) = (read("--cert", cert)?, read("--key", key)?);
        let shown = settings.client_certificate_pem(&chain, &secret);
        settings = shown.map_err(|error| wrong("--cert", cert.display(), error))?;
    }
    for pin in &way.pins {
        let pinned = settings.pin_sha256(pin);
        settings = pinned.map_err(|error| wrong("--pin", pin, error))?;
    }
    Ok(settings)
}

/// The file that `option` names.
pub(crate) fn read(option: &str, path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path).map_err(|error| wrong(option, path.display(), error))
}

fn wrong(option: &str, value: impl Display, error: impl Display) -> io::Error {
    io::Error::other(format!("{option} {value}: {error}"))
}
