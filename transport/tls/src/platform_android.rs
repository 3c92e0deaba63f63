//! Android's own roots and rules for certificates; its verifier takes no further roots.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;

use crate::settings::Trust;
use crate::{TlsSettings, TlsSettingsError};

impl TlsSettings {
    /// Trusts what the device trusts and applies its rules. Takes neither extra roots nor CRLs. The host must have
    /// initialised `rustls-platform-verifier` with its Java context.
    pub fn platform_roots() -> Self {
        Self::trusting(Trust::Elsewhere(Box::new(verifier)))
    }
}

fn verifier(
    extra_roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsSettingsError> {
    if !extra_roots.is_empty() {
        return Err(TlsSettingsError::NotTogether(
            "extra roots and Android's verifier",
        ));
    }
    let verifier = Verifier::new(provider).map_err(TlsSettingsError::Platform)?;
    Ok(Arc::new(verifier))
}
