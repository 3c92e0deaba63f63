//! What the settings demand, and what they say when they do not fit together.

mod peer;

use std::future::poll_fn;
use std::sync::Arc;

use peer::{
    REQUEST, Server, below, dns, leaf, pem, root, server_config, server_config_for, target,
    transport, trusting,
};
use quintet_tcp::TcpConnect;
use quintet_tls::rustls::client::WebPkiServerVerifier;
use quintet_tls::rustls::server::{NoClientAuth, WebPkiClientVerifier};
use quintet_tls::rustls::{RootCertStore, version};
use quintet_tls::{PinMismatch, TlsConnect, TlsInput, TlsSettings, TlsSettingsError, TlsVersion};
use quintet_transport::{Connect, ConnectError, ConnectErrorKind, Unwatched};

/// Connects to `server` and sends one request.
async fn attempt(settings: TlsSettings, server: &Server) -> Result<(), ConnectError> {
    let target = target("localhost", server.address.port());
    let transport = transport(settings);
    let mut connection = transport.connect(&target, &Unwatched).await?;
    let taken = poll_fn(|cx| connection.poll_write(cx, REQUEST)).await;
    assert_eq!(taken.unwrap(), REQUEST.len());
    let read = poll_fn(|cx| connection.poll_read(cx, &mut [0; 100])).await;
    assert!(read.unwrap() > 0);
    Ok(())
}

/// The cause of a refused handshake, as text.
fn refused(result: Result<(), ConnectError>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind, ConnectErrorKind::Tls);
    error.to_string()
}

/// A root, and a server with a leaf of it.
fn pair() -> (peer::Authority, Server) {
    let root = root("root");
    let server = Server::tls(
        server_config(leaf(&root, &[dns("localhost")], |_| {})),
        true,
    );
    (root, server)
}

/// A pin that no key has.
const OTHER_PIN: &str = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

#[tokio::test]
async fn one_of_the_pins_must_match_besides_the_verification() {
    let root = root("root");
    let config = Arc::new(server_config(leaf(&root, &[dns("localhost")], |_| {})));
    let server = || Server::tls(config.clone(), true);

    let settings = trusting(&root).pin_sha256(OTHER_PIN).unwrap();
    let said = refused(attempt(settings, &server()).await);
    // The refusal tells the pin that would have matched.
    let at = said.find("sha256//").unwrap();
    let pin = &said[at..at + OTHER_PIN.len()];

    let both = |settings: TlsSettings| settings.pin_sha256(OTHER_PIN)?.pin_sha256(pin);
    attempt(both(trusting(&root)).unwrap(), &server())
        .await
        .unwrap();
    let elsewhere = trusting(&peer::root("another root"));
    let said = refused(attempt(both(elsewhere).unwrap(), &server()).await);
    assert!(said.contains("UnknownIssuer"), "{said}");
}

#[test]
fn a_pin_mismatch_reads_as_a_sentence() {
    let mismatch = PinMismatch {
        presented: OTHER_PIN.into(),
    };
    assert_eq!(
        mismatch.to_string(),
        format!("the peer's key {OTHER_PIN} is not pinned")
    );
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_server_that_asks() {
    let root = root("root");
    let mut roots = RootCertStore::empty();
    roots.add(root.der().clone()).unwrap();
    let roots = Arc::new(roots);
    let client = leaf(&root, &[dns("client")], |_| {});
    for version in [&version::TLS13, &version::TLS12] {
        let verifier =
            WebPkiClientVerifier::builder_with_provider(roots.clone(), quintet_tls::ring());
        let identity = leaf(&root, &[dns("localhost")], |_| {});
        let config = server_config_for(identity, verifier.build().unwrap(), &[version]);
        let server = Server::tls(config, true);
        let settings = trusting(&root)
            .client_certificate_pem(client.chain_pem().as_bytes(), client.key_pem().as_bytes())
            .unwrap();
        attempt(settings, &server).await.unwrap();
        assert_eq!(server.thread.join().unwrap().client, 1);
    }
}

#[tokio::test]
async fn extra_roots_come_as_pem_or_der() {
    let root = root("root");
    let (unrelated, config) = (
        peer::root("unrelated"),
        Arc::new(server_config(leaf(&root, &[dns("localhost")], |_| {}))),
    );
    let both = unrelated.pem() + &root.pem();
    let from_pem = TlsSettings::only_given_roots()
        .add_root_pem(both.as_bytes())
        .unwrap();
    for settings in [from_pem, trusting(&root)] {
        attempt(settings, &Server::tls(config.clone(), true))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn an_older_version_than_the_least_is_refused() {
    let root = root("root");
    let identity = leaf(&root, &[dns("localhost")], |_| {});
    let config = server_config_for(identity, Arc::new(NoClientAuth), &[&version::TLS12]);
    let server = Server::tls(config, true);
    let settings = trusting(&root).version_min(TlsVersion::Tls13);
    let said = refused(attempt(settings, &server).await);
    assert!(said.contains("ProtocolVersion"), "{said}");
}

#[tokio::test]
async fn a_custom_verifier_decides_and_pins_still_count() {
    let root = root("root");
    let config = Arc::new(server_config(leaf(&root, &[dns("localhost")], |_| {})));
    let server = || Server::tls(config.clone(), true);
    let mut roots = RootCertStore::empty();
    roots.add(root.der().clone()).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), quintet_tls::ring());
    let verifier = verifier.build().unwrap();

    let settings = TlsSettings::custom_verifier(verifier.clone());
    attempt(settings, &server()).await.unwrap();
    let settings = TlsSettings::custom_verifier(verifier.clone()).pin_sha256(OTHER_PIN);
    refused(attempt(settings.unwrap(), &server()).await);

    let refuse = |settings: TlsSettings| TlsConnect::new(TcpConnect::new(), settings).unwrap_err();
    let with_root = TlsSettings::custom_verifier(verifier.clone()).add_root_der(root.der());
    let error = refuse(with_root.unwrap());
    assert!(matches!(error, TlsSettingsError::NotTogether(_)), "{error}");
    let error = refuse(TlsSettings::custom_verifier(verifier).add_crl_der(b"any"));
    assert!(matches!(error, TlsSettingsError::NotTogether(_)), "{error}");
}

#[tokio::test]
async fn a_crl_that_does_not_cover_the_issuer_refuses() {
    let (root, server) = pair();
    let other = crl(&peer::root("another root"));
    let settings = trusting(&root).add_crl_der(&other);
    let said = refused(attempt(settings, &server).await);
    assert!(said.contains("UnknownRevocationStatus"), "{said}");

    let (root, server) = pair();
    let settings = trusting(&root).add_crl_der(&other).add_crl_der(&crl(&root));
    attempt(settings, &server).await.unwrap();
}

/// A CRL of `issuer` with one certificate that nobody shows (rcgen makes no empty ones).
fn crl(issuer: &peer::Authority) -> Vec<u8> {
    let params = rcgen::CertificateRevocationListParams {
        this_update: peer::day(-1),
        next_update: peer::day(1),
        crl_number: rcgen::SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![rcgen::RevokedCertParams {
            serial_number: rcgen::SerialNumber::from(666),
            revocation_time: peer::day(-1),
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).unwrap().der().to_vec()
}

#[test]
fn what_cannot_be_used_is_named_with_its_place() {
    let root = root("root");
    let identity = leaf(&root, &[dns("client")], |_| {});
    let (chain, key) = (identity.chain_pem(), identity.key_pem());
    let other_key = leaf(&root, &[dns("other")], |_| {}).key_pem();
    let good = root.pem();
    let no_certificate = pem("CERTIFICATE", b"not a certificate");
    let cut = &good[..good.len() / 2];
    let settings = TlsSettings::only_given_roots;
    let made = |settings: Result<TlsSettings, TlsSettingsError>| {
        TlsConnect::new(TcpConnect::new(), settings?).map(drop)
    };
    let second_root = format!("{good}{no_certificate}");
    let bad_crl = trusting(&root)
        .add_crl_der(&crl(&root))
        .add_crl_der(b"no CRL");
    use TlsInput::{ClientChain, ClientKey, Crl, Root};
    let cases = [
        (Root, 0, made(settings().add_root_pem(b""))),
        (Root, 0, made(settings().add_root_pem(key.as_bytes()))),
        (Root, 0, made(settings().add_root_pem(cut.as_bytes()))),
        (
            Root,
            1,
            made(settings().add_root_pem(second_root.as_bytes())),
        ),
        (Root, 0, made(settings().add_root_der(b"not a certificate"))),
        (Crl, 0, made(trusting(&root).add_crl_pem(good.as_bytes()))),
        (Crl, 1, made(Ok(bad_crl))),
        (
            ClientChain,
            0,
            made(trusting(&root).client_certificate_pem(b"", key.as_bytes())),
        ),
        (
            ClientKey,
            0,
            made(trusting(&root).client_certificate_pem(chain.as_bytes(), chain.as_bytes())),
        ),
        (
            ClientKey,
            0,
            made(trusting(&root).client_certificate_pem(chain.as_bytes(), other_key.as_bytes())),
        ),
    ];
    for (number, (expected, place, result)) in cases.into_iter().enumerate() {
        match result {
            Err(TlsSettingsError::Bad {
                input,
                index,
                reason,
            }) => {
                assert_eq!((input, index), (expected, place), "case {number}: {reason}");
            }
            other => panic!("case {number}: {other:?}"),
        }
    }
    let error = made(settings().add_root_pem(second_root.as_bytes())).unwrap_err();
    assert!(
        error.to_string().starts_with("root certificate 2: "),
        "{error}"
    );
}

#[test]
fn nobody_to_trust_is_an_error() {
    let result = TlsConnect::new(TcpConnect::new(), TlsSettings::only_given_roots());
    assert!(matches!(result, Err(TlsSettingsError::NoRoots)));
}

#[test]
fn a_pin_in_another_form_is_an_error() {
    let result = TlsSettings::only_given_roots().pin_sha256("AAAA");
    assert!(matches!(result, Err(TlsSettingsError::Pin(pin)) if pin == "AAAA"));
}

#[test]
fn an_authority_below_the_root_can_be_trusted_alone() {
    let root = root("root");
    let middle = below(&root, peer::authority_params("middle"));
    TlsConnect::new(TcpConnect::new(), trusting(&middle)).unwrap();
}

#[cfg(feature = "webpki-roots")]
mod webpki_roots {
    use super::*;

    #[tokio::test]
    async fn the_built_in_roots_do_not_trust_a_private_one_until_told() {
        let (_, server) = pair();
        let said = refused(attempt(TlsSettings::default(), &server).await);
        assert!(said.contains("UnknownIssuer"), "{said}");
        let (root, server) = pair();
        let settings = TlsSettings::webpki_roots()
            .add_root_der(root.der())
            .unwrap();
        attempt(settings, &server).await.unwrap();
    }
}

#[cfg(feature = "platform-verifier")]
mod platform_verifier {
    use super::*;

    #[tokio::test]
    async fn the_platform_trusts_an_extra_root() {
        let (root, server) = pair();
        let settings = TlsSettings::platform_roots()
            .add_root_der(root.der())
            .unwrap();
        attempt(settings, &server).await.unwrap();
    }
}
