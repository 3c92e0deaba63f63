//! From the arguments to a transport: TCP, a proxy over it, or a Unix socket, with TLS over it.

use std::fmt::Display;
use std::fs;
use std::io;
use std::path::Path;

use quintet_proxy::{Proxy, ProxyConnect, ProxyKind};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings, TlsSettingsError};
use quintet_transport::{Connect, ConnectFuture, Target, Watch};

use crate::args::Send;
use crate::proxies::Proxies;

/// What the engine connects by, or what is wrong with the arguments.
pub(crate) fn of(args: &Send) -> io::Result<Box<dyn Connect>> {
    let settings = tls_settings(args)?;
    match TlsConnect::new(sockets(args)?, settings) {
        Ok(secured) => Ok(Box::new(secured)),
        // A machine without any root can still do without TLS, if nothing asks for it.
        Err(TlsSettingsError::Platform(_)) if !asks_for_tls(args) => sockets(args),
        Err(error) => Err(io::Error::other(error)),
    }
}

#[cfg(unix)]
fn sockets(args: &Send) -> io::Result<Box<dyn Connect>> {
    match &args.unix_socket {
        Some(path) => Ok(Box::new(quintet_tcp::UnixConnect::new(path))),
        None => tcp(args),
    }
}

#[cfg(not(unix))]
fn sockets(args: &Send) -> io::Result<Box<dyn Connect>> {
    tcp(args)
}

/// TCP, through the proxies if there are any.
fn tcp(args: &Send) -> io::Result<Box<dyn Connect>> {
    let Proxies { http, https } = Proxies::of(args)?;
    if http.is_none() && https.is_none() {
        return Ok(Box::new(TcpConnect::new()));
    }
    Ok(Box::new(ByScheme {
        http: through(http, args)?,
        https: through(https, args)?,
    }))
}

fn through(proxy: Option<Proxy>, args: &Send) -> io::Result<Box<dyn Connect>> {
    let tcp = TcpConnect::new();
    let Some(proxy) = proxy else {
        return Ok(Box::new(tcp));
    };
    if proxy.kind() != ProxyKind::Https {
        return Ok(Box::new(ProxyConnect::new(tcp, proxy)));
    }
    let secured = TlsConnect::new(tcp, trusted(args)?).map_err(io::Error::other)?;
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

fn asks_for_tls(args: &Send) -> bool {
    let https = args
        .url
        .get(..6)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    https || args.cacert.is_some() || args.cert.is_some() || !args.pins.is_empty()
}

/// What the machine trusts, and `--cacert`.
fn trusted(args: &Send) -> io::Result<TlsSettings> {
    let settings = TlsSettings::platform_roots();
    match &args.cacert {
        None => Ok(settings),
        Some(path) => {
            let added = settings.add_root_pem(&read("--cacert", path)?);
            added.map_err(|error| wrong("--cacert", path.display(), error))
        }
    }
}

fn tls_settings(args: &Send) -> io::Result<TlsSettings> {
    let mut settings = trusted(args)?;
    if let (Some(cert), Some(key)) = (&args.cert, &args.key) {
        let (chain, secret) = (read("--cert", cert)?, read("--key", key)?);
        let shown = settings.client_certificate_pem(&chain, &secret);
        settings = shown.map_err(|error| wrong("--cert", cert.display(), error))?;
    }
    for pin in &args.pins {
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
