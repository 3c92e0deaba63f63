//! The receiver over TLS, with a rustls client that verifies it.

use quintet_receiver::{Receiver, SelfMade, Settings, Tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for something that must happen: reaching it is a failure, not a measurement. A machine that does much else
/// has made 10 seconds too few.
const PATIENCE: Duration = Duration::from_secs(60);

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn connect(receiver: &Receiver, root_pem: &str, name: &str) -> Stream {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(root_pem.as_bytes()).unwrap())
        .unwrap();
    let config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = TcpStream::connect(receiver.addr()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    StreamOwned::new(
        ClientConnection::new(Arc::new(config), name).unwrap(),
        stream,
    )
}

const REQUEST: &str =
    "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";

#[test]
fn a_certificate_made_on_the_spot_is_trusted_by_its_root() {
    let receiver = Receiver::start(Settings {
        tls: Some(Tls::SelfMade),
        ..Settings::default()
    })
    .unwrap();
    assert!(receiver.url("/x").starts_with("https://127.0.0.1:"));
    let root = receiver.root_pem().unwrap();
    for name in ["localhost", "127.0.0.1", "::1"] {
        let mut client = connect(&receiver, root, name);
        client.write_all(REQUEST.as_bytes()).unwrap();
        let mut answer = String::new();
        // An end without close_notify would be an error here.
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("\"bytes\":5"), "{answer}");
    }
    let mut client = connect(&receiver, root, "example.org");
    client.write_all(REQUEST.as_bytes()).unwrap_err();
}

#[test]
fn a_certificate_of_the_callers_is_served() {
    let made = SelfMade::new().unwrap();
    let tls = Tls::Pem {
        cert: made.cert_pem.into_bytes(),
        key: made.key_pem.into_bytes(),
    };
    let receiver = Receiver::start(Settings {
        tls: Some(tls),
        ..Settings::default()
    })
    .unwrap();
    assert_eq!(receiver.root_pem(), None);
    let mut client = connect(&receiver, &made.root_pem, "localhost");
    client.write_all(REQUEST.as_bytes()).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    // Another root is not trusted.
    let other = SelfMade::new().unwrap();
    connect(&receiver, &other.root_pem, "localhost")
        .write_all(REQUEST.as_bytes())
        .unwrap_err();
}

#[test]
fn plain_bytes_on_a_tls_port_end_the_connection() {
    let receiver = Receiver::start(Settings {
        tls: Some(Tls::SelfMade),
        ..Settings::default()
    })
    .unwrap();
    let mut client = TcpStream::connect(receiver.addr()).unwrap();
    client.write_all(REQUEST.as_bytes()).unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    // A fatal TLS alert, and nothing else.
    assert_eq!(
        (answer.len(), &answer[..2], answer[5]),
        (7, &[0x15, 3][..], 2)
    );
    assert_eq!(receiver.stats().handshakes_failed, 1);
    assert_eq!(receiver.stats().requests, 0);
}

#[test]
fn an_early_answer_reaches_a_client_that_goes_on_sending() {
    let receiver = Receiver::start(Settings {
        tls: Some(Tls::SelfMade),
        status: 413,
        answer_early: Some(1),
        ..Settings::default()
    })
    .unwrap();
    let root = receiver.root_pem().unwrap();
    let mut client = connect(&receiver, root, "localhost");
    client
        .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
        .unwrap();
    for _ in 0..100 {
        if client.write_all(&[0; 10_000]).is_err() {
            break;
        }
    }
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}
