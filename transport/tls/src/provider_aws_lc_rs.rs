//! Cryptography by AWS-LC.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// Cryptography by AWS-LC, for [`TlsSettings::provider`](crate::TlsSettings::provider): faster, larger.
pub fn aws_lc_rs() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
