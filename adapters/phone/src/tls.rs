//! Whom https trusts, and who we are.

use quintet_tls::{TlsSettings, TlsSettingsError};

/// Whom https trusts: Mozilla's roots as they were compiled in, unless told otherwise.
#[derive(Clone, Debug, Default, uniffi::Record)]
pub struct TlsOptions {
    /// Certificates to trust besides, in PEM; each text holds at least one.
    #[uniffi(default = [])]
    pub roots_pem: Vec<String>,
    /// Trusts the certificates given here and no others.
    #[uniffi(default = false)]
    pub only_given_roots: bool,
    /// Demands besides that the server's key is one of these: `sha256//` and the base64 of the SHA-256 of its
    /// SubjectPublicKeyInfo.
    #[uniffi(default = [])]
    pub pins: Vec<String>,
    /// Shown to servers that ask for one.
    #[uniffi(default = None)]
    pub client_certificate: Option<ClientCertificate>,
}

/// A certificate of the client's, and its key.
#[derive(Clone, uniffi::Record)]
pub struct ClientCertificate {
    /// In PEM, the client's own first.
    pub chain_pem: String,
    /// In PEM (PKCS#8, PKCS#1 or SEC1), not encrypted.
    pub key_pem: String,
}

impl std::fmt::Debug for ClientCertificate {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

pub(crate) fn settings(options: Option<TlsOptions>) -> Result<TlsSettings, TlsSettingsError> {
    let Some(options) = options else {
        return Ok(TlsSettings::webpki_roots());
    };
    let mut settings = match options.only_given_roots {
        true => TlsSettings::only_given_roots(),
        false => TlsSettings::webpki_roots(),
    };
    for pem in &options.roots_pem {
        settings = settings.add_root_pem(pem.as_bytes())?;
    }
    for pin in &options.pins {
        settings = settings.pin_sha256(pin)?;
    }
    if let Some(ClientCertificate { chain_pem, key_pem }) = &options.client_certificate {
        settings = settings.client_certificate_pem(chain_pem.as_bytes(), key_pem.as_bytes())?;
    }
    Ok(settings)
}
