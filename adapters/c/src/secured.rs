//! https, by rustls over another transport.

use quintet_tls::{TlsConnect, TlsSettings};
use quintet_transport::Connect;

use crate::failure::Failure;

/// Whom to trust, and who we are, as a host says it.
#[derive(Default)]
pub(crate) struct Trust {
    /// Not Mozilla's roots.
    pub(crate) only_given: bool,
    /// Further roots.
    pub(crate) root_pem: Vec<u8>,
    pub(crate) crl_pem: Vec<u8>,
    pub(crate) pins: Vec<String>,
    /// The client's chain and its key.
    pub(crate) identity: Option<(Vec<u8>, Vec<u8>)>,
}

pub(crate) fn over(
    transport: impl Connect + 'static,
    trust: &Trust,
) -> Result<Box<dyn Connect>, Failure> {
    let wrong = |error: quintet_tls::TlsSettingsError| Failure::invalid(error);
    let mut settings = match trust.only_given {
        true => TlsSettings::only_given_roots(),
        false => TlsSettings::webpki_roots(),
    };
    if !trust.root_pem.is_empty() {
        settings = settings.add_root_pem(&trust.root_pem).map_err(wrong)?;
    }
    if !trust.crl_pem.is_empty() {
        settings = settings.add_crl_pem(&trust.crl_pem).map_err(wrong)?;
    }
    for pin in &trust.pins {
        settings = settings.pin_sha256(pin).map_err(wrong)?;
    }
    if let Some((chain, key)) = &trust.identity {
        settings = settings.client_certificate_pem(chain, key).map_err(wrong)?;
    }
    let secured = TlsConnect::new(transport, settings).map_err(wrong)?;
    Ok(Box::new(secured))
}
