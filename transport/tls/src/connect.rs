//! [`TlsConnect`]: another transport's connections, secured where the target asks for it.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use quintet_transport::{
    Connect, ConnectError, ConnectErrorKind, ConnectFuture, Host, Step, Target, Watch,
};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use crate::connection::TlsConnection;
use crate::{TlsSettings, TlsSettingsError};

/// Secures what another transport connects.
///
/// A target without `secure` is passed to the transport below as it is. For a secure one the transport below
/// connects in the clear to the same host and port, by [`Connect::tunnel`], and the handshake follows: the certificate must be
/// the target's host's (a final dot is not part of a name there), and the protocol `http/1.1` if the server
/// picks one. Whatever goes wrong in it is [`ConnectErrorKind::Tls`]. A server that demands a client certificate
/// under TLS 1.3 says so only after the handshake: then reading or writing fails with a
/// [`SecurityError`](quintet_transport::SecurityError).
///
/// All connections of one value resume each other's sessions (up to 256 servers are remembered).
///
/// # Memory
///
/// While a write is on its way a connection holds at most [`SEALED_BYTES_MAX`](crate::SEALED_BYTES_MAX) bytes
/// sealed and not yet taken below, freed record by record; while reading at most one record sealed (18 KiB)
/// and the plaintext of one (16 KiB); while shaking hands at most 64 KiB of the peer's messages. Idle it holds
/// its keys and 4 KiB for what may come.
pub struct TlsConnect<C> {
    inner: C,
    config: Arc<ClientConfig>,
}

impl<C: Connect> TlsConnect<C> {
    /// Over `inner`, or what is wrong with the settings.
    pub fn new(inner: C, settings: TlsSettings) -> Result<Self, TlsSettingsError> {
        Ok(Self {
            inner,
            config: settings.into_config()?,
        })
    }

    async fn secure(
        &self,
        target: &Target,
        watch: &dyn Watch,
    ) -> Result<TlsConnection, ConnectError> {
        let tls_error = |error| ConnectError::new(ConnectErrorKind::Tls, error);
        let name = server_name(&target.host)?;
        let below = Target {
            secure: false,
            ..target.clone()
        };
        let inner = self.inner.tunnel(&below, watch).await?;
        let tls = ClientConnection::new(self.config.clone(), name)
            .map_err(|error| ConnectError::new(ConnectErrorKind::Tls, error))?;
        let mut connection = TlsConnection::new(inner, tls);
        poll_fn(|cx| connection.poll_handshake(cx))
            .await
            .map_err(tls_error)?;
        watch.reached(Step::Secured);
        Ok(connection)
    }
}

impl<C: Connect> Connect for TlsConnect<C> {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        if !target.secure {
            return self.inner.connect(target, watch);
        }
        Box::pin(async move { Ok(Box::new(self.secure(target, watch).await?) as _) })
    }

    fn tunnel<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        match target.secure {
            // Nobody on the way can read it.
            true => self.connect(target, watch),
            false => self.inner.tunnel(target, watch),
        }
    }
}

impl<C: fmt::Debug> fmt::Debug for TlsConnect<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnect")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

/// The name that the certificate must carry.
fn server_name(host: &Host) -> Result<ServerName<'static>, ConnectError> {
    match host {
        Host::Ip(ip) => Ok(ServerName::from(*ip)),
        Host::Name(name) => {
            // "example.org." is the same host, but certificates and SNI never carry the dot (RFC 6066, section 3).
            let name = name.strip_suffix('.').unwrap_or(name);
            ServerName::try_from(name.to_owned())
                .map_err(|error| ConnectError::new(ConnectErrorKind::Tls, error))
        }
    }
}
