//! The machine's own roots and rules for certificates.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;

use crate::settings::Trust;
use crate::{TlsSettings, TlsSettingsError};

impl TlsSettings {
    /// Trusts what the machine trusts, its administrator's roots among it; macOS, iOS, Windows and Android also
    /// apply their own rules. Takes extra roots (not on Android), but no CRLs.
    pub fn platform_roots() -> Self {
        Self::trusting(Trust::Elsewhere(Box::new(verifier)))
    }
}

fn verifier(
    extra_roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsSettingsError> {
    let verifier = match extra_roots.is_empty() {
        true => Verifier::new(provider),
        false => Verifier::new_with_extra_roots(extra_roots, provider),
    };
    Ok(Arc::new(verifier.map_err(TlsSettingsError::Platform)?))
}
