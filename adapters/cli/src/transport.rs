//! From the arguments to a transport: TCP or a Unix socket, with TLS over it.

use std::fmt::Display;
use std::fs;
use std::io;
use std::path::Path;

use quintet_tls::{TlsConnect, TlsSettings, TlsSettingsError};
use quintet_transport::Connect;

use crate::args::Send;

/// What the engine connects by, or what is wrong with the arguments.
pub(crate) fn of(args: &Send) -> io::Result<Box<dyn Connect>> {
    let settings = tls_settings(args)?;
    match TlsConnect::new(args.socket.connect(), settings) {
        Ok(secured) => Ok(Box::new(secured)),
        // A machine without any root can still do without TLS, if nothing asks for it.
        Err(TlsSettingsError::Platform(_)) if !asks_for_tls(args) => Ok(args.socket.connect()),
        Err(error) => Err(io::Error::other(error)),
    }
}

fn asks_for_tls(args: &Send) -> bool {
    let https = args
        .url
        .get(..6)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    https || args.cacert.is_some() || args.cert.is_some() || !args.pins.is_empty()
}

fn tls_settings(args: &Send) -> io::Result<TlsSettings> {
    let mut settings = TlsSettings::platform_roots();
    if let Some(path) = &args.cacert {
        let added = settings.add_root_pem(&read("--cacert", path)?);
        settings = added.map_err(|error| wrong("--cacert", path.display(), error))?;
    }
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
