//! Cryptography by ring.

use std::sync::Arc;

use rustls::Error;
use rustls::crypto::{CryptoProvider, KeyProvider};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;

/// Cryptography by ring: what is used when no other provider is chosen.
///
/// Settings that choose none and show no client certificate do without the part of it that signs; a program that
/// calls this is linked with it (39 KB).
pub fn ring() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The provider of settings that chose none and show a client certificate.
pub(crate) fn signing() -> Option<Arc<CryptoProvider>> {
    Some(ring())
}

/// The provider of settings that chose none and show no client certificate.
pub(crate) fn not_signing() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(CryptoProvider {
        key_provider: &NoKeys,
        ..rustls::crypto::ring::default_provider()
    }))
}

/// In the place of what reads private keys and signs with them.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("this provider loads no keys".into()))
    }
}
