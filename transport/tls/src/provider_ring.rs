//! Cryptography by ring.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// Cryptography by ring: what is used when no other provider is chosen.
pub fn ring() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The provider of settings that chose none.
pub(crate) fn unless_chosen() -> Option<Arc<CryptoProvider>> {
    Some(ring())
}
