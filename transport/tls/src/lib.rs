//! TLS by rustls as one more connection over a connection: [`TlsConnect`] wraps any other transport.
//!
//! What is trusted, which cryptography is used and who we are is said in [`TlsSettings`]. Nothing global
//! is installed or read, and no setting turns verification off: a host that must do so
//! brings its own [`ServerCertVerifier`](rustls::client::danger::ServerCertVerifier).
//!
//! Without a CRL ([`TlsSettings::add_crl_pem`]) a certificate that its issuer has revoked still passes.
//!
//! ```
//! # #[cfg(all(feature = "ring", feature = "webpki-roots"))] {
//! use quintet_tcp::TcpConnect;
//! use quintet_tls::{TlsConnect, TlsSettings};
//!
//! // Mozilla's roots, and nobody but the holder of this one key.
//! let settings = TlsSettings::default()
//!     .pin_sha256("sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
//!     .unwrap();
//! let transport = TlsConnect::new(TcpConnect::new(), settings).unwrap();
//! # let _: &dyn quintet_transport::Connect = &transport;
//! # }
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `ring` (default) | [`ring`], the cryptography used when none is chosen |
//! | `aws-lc-rs` | `aws_lc_rs`, to be chosen by [`TlsSettings::provider`] |
//! | `webpki-roots` (default) | [`TlsSettings::webpki_roots`] and `TlsSettings::default` |
//! | `platform-verifier` | `TlsSettings::platform_roots` |
#![forbid(unsafe_code)]

mod connect;
mod connection;
mod pin;
mod settings;

#[cfg(all(feature = "platform-verifier", not(target_os = "android")))]
mod platform;
#[cfg(all(feature = "platform-verifier", target_os = "android"))]
#[path = "platform_android.rs"]
mod platform;
#[cfg(not(feature = "ring"))]
#[path = "provider_none.rs"]
mod provider;
#[cfg(feature = "ring")]
#[path = "provider_ring.rs"]
mod provider;
#[cfg(feature = "aws-lc-rs")]
mod provider_aws_lc_rs;
#[cfg(feature = "webpki-roots")]
mod webpki;

pub use connect::TlsConnect;
pub use connection::SEALED_BYTES_MAX;
pub use pin::PinMismatch;
#[cfg(feature = "ring")]
pub use provider::ring;
#[cfg(feature = "aws-lc-rs")]
pub use provider_aws_lc_rs::aws_lc_rs;
/// The rustls that the settings' types come from.
pub use rustls;
pub use settings::{TlsInput, TlsSettings, TlsSettingsError, TlsVersion};
