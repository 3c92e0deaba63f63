//! Public-key pins in curl's form, checked after and besides everything else.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::hash::{Hash, HashAlgorithm};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme,
    SupportedCipherSuite,
};

/// A SHA-256 of a public key (its DER SubjectPublicKeyInfo).
pub(crate) type Pin = [u8; 32];

/// What stands before the base64, as curl writes it.
const PREFIX: &str = "sha256//";
/// 32 bytes are ten groups of four characters, one of three, and the padding.
const BASE64_CHARS: usize = 43;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Reads `sha256//` and 44 characters of base64; `None` if it is anything else.
pub(crate) fn parse(text: &str) -> Option<Pin> {
    let digits = text.strip_prefix(PREFIX)?.strip_suffix('=')?.as_bytes();
    if digits.len() != BASE64_CHARS {
        return None;
    }
    let mut pin = Pin::default();
    let (mut bits, mut held, mut at) = (0_u32, 0, 0);
    for digit in digits {
        let value = ALPHABET.iter().position(|known| known == digit)?;
        bits = bits << 6 | value as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            pin[at] = (bits >> held) as u8;
            at += 1;
            bits &= (1 << held) - 1;
        }
    }
    // The last character carries four bits of the pin; the two after them belong to nothing.
    (bits == 0).then_some(pin)
}

/// The reverse of [`parse`].
fn write(pin: &Pin) -> String {
    let mut text = String::from(PREFIX);
    for group in pin.chunks(3) {
        let bytes = [
            group[0],
            *group.get(1).unwrap_or(&0),
            *group.get(2).unwrap_or(&0),
        ];
        let bits = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        for digit in 0..4 {
            match digit <= group.len() {
                true => text.push(char::from(
                    ALPHABET[(bits >> (18 - 6 * digit) & 63) as usize],
                )),
                false => text.push('='),
            }
        }
    }
    text
}

/// The certificate was good, but its key is none of the pinned ones: the cause inside the handshake's
/// [`rustls::CertificateError::Other`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinMismatch {
    /// The pin that the peer's key would have, in the form that `pin_sha256` takes.
    pub presented: String,
}

impl fmt::Display for PinMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the peer's key {} is not pinned", self.presented)
    }
}

impl std::error::Error for PinMismatch {}

/// Another verifier's verdict, then the pins.
pub(crate) struct PinVerifier {
    inner: Arc<dyn ServerCertVerifier>,
    pins: Vec<Pin>,
    sha256: &'static dyn Hash,
}

impl PinVerifier {
    /// `None` if no suite of `provider` brings SHA-256 along.
    pub(crate) fn new(
        inner: Arc<dyn ServerCertVerifier>,
        pins: Vec<Pin>,
        provider: &CryptoProvider,
    ) -> Option<Self> {
        let hashes = provider.cipher_suites.iter().map(|suite| match suite {
            SupportedCipherSuite::Tls12(suite) => suite.common.hash_provider,
            SupportedCipherSuite::Tls13(suite) => suite.common.hash_provider,
        });
        let mut sha256 = hashes.filter(|hash| hash.algorithm() == HashAlgorithm::SHA256);
        Some(Self {
            inner,
            pins,
            sha256: sha256.next()?,
        })
    }

    fn check(&self, end_entity: &CertificateDer<'_>) -> Result<(), Error> {
        let digest = match self.inner.requires_raw_public_keys() {
            // RFC 7250: the "certificate" is the key itself.
            true => self.sha256.hash(end_entity),
            false => {
                let key = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
                self.sha256.hash(&key)
            }
        };
        if self.pins.iter().any(|pin| pin == digest.as_ref()) {
            return Ok(());
        }
        let mut presented = Pin::default();
        presented.copy_from_slice(digest.as_ref());
        let presented = write(&presented);
        let cause = OtherError(Arc::new(PinMismatch { presented }));
        Err(CertificateError::Other(cause).into())
    }
}

impl fmt::Debug for PinVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinVerifier")
            .field("inner", &self.inner)
            .field("pins", &self.pins.len())
            .finish_non_exhaustive()
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        self.check(end_entity)?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.inner.requires_raw_public_keys()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.inner.root_hint_subjects()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_as_it_is_written() {
        for fill in [0x00, 0x5A, 0xFF] {
            let mut pin = [fill; 32];
            pin[31] = 0x01;
            assert_eq!(parse(&write(&pin)), Some(pin));
        }
        // echo -n | openssl dgst -sha256 -binary | base64
        let empty = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let pin = parse(empty).unwrap();
        assert_eq!((pin[0], pin[1], pin[31]), (0xE3, 0xB0, 0x55));
        assert_eq!(write(&pin), empty);
    }

    #[test]
    fn anything_else_is_no_pin() {
        for text in [
            "",
            "sha256//",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "sha1//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
            "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUA=",
            "sha256//47DEQpj8HBSa-/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=",
            "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF==",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
