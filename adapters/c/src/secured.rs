//! https, by rustls over another transport.

use quintet_tls::{TlsConnect, TlsSettings, TlsSettingsError};
use quintet_transport::Connect;

use crate::failure::Failure;

/// Whom to trust, and who we are, as a host says it. What few say is kept as what it does, so that a library whose hosts cannot
/// say it is linked without what carries it out.
#[derive(Default)]
pub(crate) struct Trust {
    /// Not Mozilla's roots.
    pub(crate) only_given: bool,
    /// Further roots.
    pub(crate) root_pem: Vec<u8>,
    more: Vec<Change>,
}

type Change = Box<dyn FnOnce(TlsSettings) -> Result<TlsSettings, TlsSettingsError>>;

impl Trust {
    /// Revocation lists.
    pub(crate) fn crl_pem(&mut self, pem: &str) {
        let pem = pem.to_owned();
        self.change(move |settings| settings.add_crl_pem(pem.as_bytes()));
    }

    /// A key that the server may have; of several, one must match.
    pub(crate) fn pin(&mut self, pin: &str) {
        let pin = pin.to_owned();
        self.change(move |settings| settings.pin_sha256(&pin));
    }

    /// The client's certificate and its key.
    pub(crate) fn identity(&mut self, chain: &str, key: &str) {
        let (chain, key) = (chain.to_owned(), key.to_owned());
        self.change(move |settings| {
            settings.client_certificate_pem(chain.as_bytes(), key.as_bytes())
        });
    }

    fn change(
        &mut self,
        change: impl FnOnce(TlsSettings) -> Result<TlsSettings, TlsSettingsError> + 'static,
    ) {
        self.more.push(Box::new(change));
    }
}

pub(crate) fn over(
    transport: impl Connect + 'static,
    trust: Trust,
) -> Result<Box<dyn Connect>, Failure> {
    secure(transport, trust).map_err(Failure::invalid)
}

fn secure(
    transport: impl Connect + 'static,
    trust: Trust,
) -> Result<Box<dyn Connect>, TlsSettingsError> {
    let mut settings = match trust.only_given {
        true => TlsSettings::only_given_roots(),
        false => TlsSettings::webpki_roots(),
    };
    if !trust.root_pem.is_empty() {
        settings = settings.add_root_pem(&trust.root_pem)?;
    }
    for change in trust.more {
        settings = change(settings)?;
    }
    Ok(Box::new(TlsConnect::new(transport, settings)?))
}
