//! Certificates: made on the spot or given as PEM, and turned into what rustls serves with.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What an `https:` receiver shows.
#[derive(Clone)]
pub enum Tls {
    /// A [`SelfMade`] certificate, whose root is told by [`Receiver::root_pem`](crate::Receiver::root_pem).
    SelfMade,
    /// Your own: a chain, leaf first, and its private key, both PEM.
    Pem {
        /// The chain.
        cert: Vec<u8>,
        /// The key: PKCS #8, PKCS #1 or SEC 1.
        key: Vec<u8>,
    },
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tls::SelfMade => "SelfMade",
            Tls::Pem { .. } => "Pem",
        })
    }
}

/// A fresh authority and a leaf signed by it for `localhost`, `127.0.0.1` and `::1`, valid from
/// yesterday for 30 days. The authority's key is forgotten at once: nobody can sign more with it.
#[derive(Clone)]
#[non_exhaustive]
pub struct SelfMade {
    /// The authority's certificate: what a client must trust.
    pub root_pem: String,
    /// The leaf's certificate.
    pub cert_pem: String,
    /// The leaf's private key.
    pub key_pem: String,
}

impl SelfMade {
    /// Makes one; fails only when the system gives no randomness.
    pub fn new() -> io::Result<Self> {
        Self::make().map_err(io::Error::other)
    }

    fn make() -> Result<Self, rcgen::Error> {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let from = SystemTime::now() - DAY;
        let until = from + 30 * DAY;

        let root_key = KeyPair::generate()?;
        let mut root = CertificateParams::default();
        root.distinguished_name
            .push(DnType::CommonName, "Quintet receiver, made on the spot");
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        root.not_before = from.into();
        root.not_after = until.into();
        let root_pem = root.self_signed(&root_key)?.pem();

        let leaf_key = KeyPair::generate()?;
        let names = ["localhost", "127.0.0.1", "::1"].map(String::from);
        let mut leaf = CertificateParams::new(names)?;
        leaf.distinguished_name
            .push(DnType::CommonName, "localhost");
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        leaf.not_before = from.into();
        leaf.not_after = until.into();
        let cert_pem = leaf
            .signed_by(&leaf_key, &Issuer::new(root, root_key))?
            .pem();

        Ok(Self {
            root_pem,
            cert_pem,
            key_pem: leaf_key.serialize_pem(),
        })
    }
}

impl fmt::Debug for SelfMade {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelfMade")
            .field("root_pem", &self.root_pem)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// The root to trust, where we made it, and the configuration to serve with.
    pub(crate) fn serve(&self) -> io::Result<(Option<String>, Arc<ServerConfig>)> {
        match self {
            Tls::SelfMade => {
                let made = SelfMade::new()?;
                let config = configure(made.cert_pem.as_bytes(), made.key_pem.as_bytes())?;
                Ok((Some(made.root_pem), config))
            }
            Tls::Pem { cert, key } => Ok((None, configure(cert, key)?)),
        }
    }
}

fn configure(cert: &[u8], key: &[u8]) -> io::Result<Arc<ServerConfig>> {
    let refuse = |what: &str, why: &dyn fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("{what}: {why}"))
    };
    let chain = CertificateDer::pem_slice_iter(cert)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| refuse("certificate", &error))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| refuse("key", &error))?;
    // The provider is named here: a process may hold several, and none need be the default.
    let mut config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| refuse("TLS versions", &error))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| refuse("certificate", &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
