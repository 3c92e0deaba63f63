//! [`TlsSettings`]: what is trusted, by which cryptography, and who we are.

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, TrustAnchor};
use rustls::server::VerifierBuilderError;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use crate::pin::{self, Pin, PinVerifier};
use crate::provider;

/// The one protocol that the engine speaks.
const ALPN: &[u8] = b"http/1.1";

/// How TLS connections are made. Begin with a constructor (it says whom to trust), add, and give it to
/// [`TlsConnect::new`](crate::TlsConnect::new), which reports what does not fit together.
///
/// Every certificate is checked for its chain, its time and the host's name, whatever is set here.
pub struct TlsSettings {
    trust: Trust,
    extra_roots: Vec<CertificateDer<'static>>,
    crls: Vec<CertificateRevocationListDer<'static>>,
    pins: Vec<Pin>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    provider: Option<Arc<CryptoProvider>>,
    /// Makes the provider if none is chosen. A function that is set where it is needed, not a choice at the end: so only a
    /// program that gives a client certificate is linked with what signs.
    unless_chosen: fn() -> Option<Arc<CryptoProvider>>,
    version_min: TlsVersion,
}

/// Who decides about a certificate.
pub(crate) enum Trust {
    /// These roots, by webpki.
    Roots(Vec<TrustAnchor<'static>>),
    /// Somebody else.
    Elsewhere(MakeVerifier),
}

/// Makes a verifier from the extra roots, or says that it takes none.
pub(crate) type MakeVerifier = Box<
    dyn FnOnce(
            Vec<CertificateDer<'static>>,
            Arc<CryptoProvider>,
        ) -> Result<Arc<dyn ServerCertVerifier>, TlsSettingsError>
        + Send
        + Sync,
>;

impl TlsSettings {
    /// Trusts nobody but the roots added with [`add_root_pem`](Self::add_root_pem) and
    /// [`add_root_der`](Self::add_root_der).
    pub fn only_given_roots() -> Self {
        Self::trusting(Trust::Roots(Vec::new()))
    }

    /// Leaves every verdict to `verifier`; pins are checked after it. Takes no roots and no CRLs.
    pub fn custom_verifier(verifier: Arc<dyn ServerCertVerifier>) -> Self {
        Self::trusting(Trust::Elsewhere(Box::new(
            |extra_roots, _| match extra_roots.is_empty() {
                true => Ok(verifier),
                false => Err(TlsSettingsError::NotTogether(
                    "extra roots and a custom verifier",
                )),
            },
        )))
    }

    pub(crate) fn trusting(trust: Trust) -> Self {
        Self {
            trust,
            extra_roots: Vec::new(),
            crls: Vec::new(),
            pins: Vec::new(),
            identity: None,
            provider: None,
            unless_chosen: provider::not_signing,
            version_min: TlsVersion::Tls12,
        }
    }

    /// Trusts every certificate in `pem` too, which holds at least one; other sections are passed over.
    pub fn add_root_pem(mut self, pem: &[u8]) -> Result<Self, TlsSettingsError> {
        for (index, root) in from_pem(TlsInput::Root, pem)?.into_iter().enumerate() {
            self = self.add_root(index, root)?;
        }
        Ok(self)
    }

    /// Trusts one more certificate.
    pub fn add_root_der(self, der: &[u8]) -> Result<Self, TlsSettingsError> {
        self.add_root(0, CertificateDer::from(der.to_vec()))
    }

    fn add_root(
        mut self,
        index: usize,
        root: CertificateDer<'static>,
    ) -> Result<Self, TlsSettingsError> {
        // Only to learn at once, and for which one, whether it can be a root.
        RootCertStore::empty()
            .add(root.clone())
            .map_err(|error| TlsInput::Root.bad(index, error))?;
        self.extra_roots.push(root);
        Ok(self)
    }

    /// Refuses certificates that a CRL in `pem` lists; it holds at least one.
    ///
    /// Once any CRL is given, every certificate of a chain but its root must be covered by a CRL of its issuer, or
    /// the chain is refused: revocation that is not known is not taken for good. A CRL that is past its
    /// next update is still used.
    pub fn add_crl_pem(mut self, pem: &[u8]) -> Result<Self, TlsSettingsError> {
        self.crls.extend(from_pem(TlsInput::Crl, pem)?);
        Ok(self)
    }

    /// As [`add_crl_pem`](Self::add_crl_pem), for one CRL in DER.
    #[must_use]
    pub fn add_crl_der(mut self, der: &[u8]) -> Self {
        self.crls
            .push(CertificateRevocationListDer::from(der.to_vec()));
        self
    }

    /// Demands, besides everything else, that the peer's own key is this one: `sha256//` and the base64 of the
    /// SHA-256 of its DER SubjectPublicKeyInfo, as curl's `--pinnedpubkey` takes it. Of several pins, one
    /// must match: pin the next key before the server changes to it.
    pub fn pin_sha256(mut self, pin: &str) -> Result<Self, TlsSettingsError> {
        let pin = pin::parse(pin).ok_or_else(|| TlsSettingsError::Pin(pin.to_owned()))?;
        self.pins.push(pin);
        Ok(self)
    }

    /// Shows this certificate to servers that ask for one: the chain, leaf first, and the leaf's key (PKCS#8,
    /// PKCS#1 or SEC1, not encrypted).
    pub fn client_certificate_pem(
        mut self,
        chain: &[u8],
        key: &[u8],
    ) -> Result<Self, TlsSettingsError> {
        let chain = from_pem(TlsInput::ClientChain, chain)?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| TlsInput::ClientKey.bad(0, error))?;
        self.identity = Some((chain, key));
        self.unless_chosen = provider::signing;
        Ok(self)
    }

    /// Uses this cryptography. Without it: ring, if the `ring` feature is on; else
    /// [`TlsSettingsError::NoProvider`].
    #[must_use]
    pub fn provider(mut self, provider: Arc<CryptoProvider>) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Speaks nothing older than this; at first TLS 1.2.
    #[must_use]
    pub fn version_min(mut self, version: TlsVersion) -> Self {
        self.version_min = version;
        self
    }

    /// The configuration that all connections of one transport share, and with it their sessions.
    pub(crate) fn into_config(self) -> Result<Arc<ClientConfig>, TlsSettingsError> {
        let provider = self
            .provider
            .or_else(self.unless_chosen)
            .ok_or(TlsSettingsError::NoProvider)?;
        let mut verifier = verifier(self.trust, self.extra_roots, self.crls, &provider)?;
        if !self.pins.is_empty() {
            let pinned = PinVerifier::new(verifier, self.pins, &provider);
            verifier = Arc::new(pinned.ok_or(TlsSettingsError::NoSha256)?);
        }
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.version_min.and_newer())
            .map_err(TlsSettingsError::Versions)?
            // The name is rustls': this is how every verifier is given that is not its default one.
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match self.identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| TlsInput::ClientKey.bad(0, error))?,
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Arc::new(config))
    }
}

impl fmt::Debug for TlsSettings {
    /// How much there is of each, but not what: a key is among it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings")
            .field("extra_roots", &self.extra_roots.len())
            .field("crls", &self.crls.len())
            .field("pins", &self.pins.len())
            .field("client_certificate", &self.identity.is_some())
            .field("version_min", &self.version_min)
            .finish_non_exhaustive()
    }
}

fn verifier(
    trust: Trust,
    extra_roots: Vec<CertificateDer<'static>>,
    crls: Vec<CertificateRevocationListDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsSettingsError> {
    match trust {
        Trust::Roots(anchors) => {
            let mut roots = RootCertStore::from_iter(anchors);
            for (index, root) in extra_roots.into_iter().enumerate() {
                roots
                    .add(root)
                    .map_err(|error| TlsInput::Root.bad(index, error))?;
            }
            webpki_verifier(Arc::new(roots), crls, provider)
        }
        Trust::Elsewhere(_) if !crls.is_empty() => Err(TlsSettingsError::NotTogether(
            "CRLs and the platform's or a custom verifier",
        )),
        Trust::Elsewhere(verifier) => verifier(extra_roots, provider.clone()),
    }
}

fn webpki_verifier(
    roots: Arc<RootCertStore>,
    crls: Vec<CertificateRevocationListDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsSettingsError> {
    let build = |crls: Vec<_>| {
        WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone())
            .with_crls(crls)
            .build()
    };
    match build(crls.clone()) {
        Ok(verifier) => Ok(verifier),
        Err(VerifierBuilderError::NoRootAnchors) => Err(TlsSettingsError::NoRoots),
        Err(error) => {
            // rustls says that one is bad, but not which.
            let bad = crls.into_iter().position(|crl| build(vec![crl]).is_err());
            Err(TlsInput::Crl.bad(bad.unwrap_or(0), error))
        }
    }
}

/// Every section of `pem` of the kind `T`, at least one.
fn from_pem<T: PemObject>(input: TlsInput, pem: &[u8]) -> Result<Vec<T>, TlsSettingsError> {
    let mut found = Vec::new();
    for (index, section) in T::pem_slice_iter(pem).enumerate() {
        found.push(section.map_err(|error| input.bad(index, error))?);
    }
    match found.is_empty() {
        true => Err(input.bad(0, "no such section in the PEM text")),
        false => Ok(found),
    }
}

/// A version of TLS that can be spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

impl TlsVersion {
    fn and_newer(self) -> &'static [&'static SupportedProtocolVersion] {
        const ALL: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
        match self {
            TlsVersion::Tls12 => ALL,
            TlsVersion::Tls13 => &ALL[..1],
        }
    }
}

/// What could not be made into a TLS configuration, and why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsSettingsError {
    /// The `ring` feature is off and [`TlsSettings::provider`] was not called.
    #[error("no cryptography: the `ring` feature is off and no provider was chosen")]
    NoProvider,
    /// Nobody is trusted, so no connection could ever be made.
    #[error("no roots: none was given and none is built in")]
    NoRoots,
    /// A certificate, key or CRL could not be used.
    #[error("{input} {}: {reason}", .index + 1)]
    Bad {
        /// Which input.
        input: TlsInput,
        /// Its place in that input, from 0 (the message counts from 1).
        index: usize,
        /// What the parser said.
        reason: String,
    },
    /// Not `sha256//` and the base64 of 32 bytes.
    #[error("pin {0:?} is not `sha256//` and the base64 of 32 bytes")]
    Pin(String),
    /// Pins are set, but no cipher suite of the provider uses SHA-256.
    #[error("the provider has no SHA-256 to check pins with")]
    NoSha256,
    /// Two settings that exclude each other.
    #[error("{0} cannot be used together")]
    NotTogether(&'static str),
    /// The machine's verifier could not be made, or knows no root.
    #[error("the platform's verifier: {0}")]
    Platform(#[source] rustls::Error),
    /// The provider has no cipher suite for the versions that are left.
    #[error("protocol versions: {0}")]
    Versions(#[source] rustls::Error),
}

/// The inputs of [`TlsSettings`] that have a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsInput {
    /// [`TlsSettings::add_root_pem`], [`TlsSettings::add_root_der`].
    Root,
    /// [`TlsSettings::add_crl_pem`], [`TlsSettings::add_crl_der`]; the index runs over all of them.
    Crl,
    /// The chain of [`TlsSettings::client_certificate_pem`].
    ClientChain,
    /// The key of [`TlsSettings::client_certificate_pem`], or that it does not belong to the chain.
    ClientKey,
}

impl TlsInput {
    fn bad(self, index: usize, reason: impl fmt::Display) -> TlsSettingsError {
        TlsSettingsError::Bad {
            input: self,
            index,
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for TlsInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TlsInput::Root => "root certificate",
            TlsInput::Crl => "CRL",
            TlsInput::ClientChain => "client certificate",
            TlsInput::ClientKey => "client key",
        })
    }
}
