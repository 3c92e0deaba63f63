//! No cryptography of its own: the settings must choose one.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// The provider of settings that chose none. Not aws-lc-rs even where it is compiled in: if another crate of
/// the program turned the `ring` feature on, the choice would change behind the embedder's back.
pub(crate) fn signing() -> Option<Arc<CryptoProvider>> {
    None
}

/// As [`signing`].
pub(crate) fn not_signing() -> Option<Arc<CryptoProvider>> {
    None
}
