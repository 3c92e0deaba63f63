//! Mozilla's root certificates, compiled in.

use crate::TlsSettings;
use crate::settings::Trust;

impl TlsSettings {
    /// Trusts Mozilla's roots as of the `webpki-roots` crate that was compiled in.
    pub fn webpki_roots() -> Self {
        Self::trusting(Trust::Roots(webpki_roots::TLS_SERVER_ROOTS.to_vec()))
    }
}

impl Default for TlsSettings {
    /// [`TlsSettings::webpki_roots`].
    fn default() -> Self {
        Self::webpki_roots()
    }
}
