//! The sink counts what it is sent, plain and over TLS, and answers every upload.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use quintet_sink::{Counts, Settings, Sink};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const FORM_BYTES: usize = 8 * 1024 * 1024;

/// Longest wait for something that must happen: reaching it is a failure, not a measurement. A machine that does much else
/// has made 10 seconds too few.
const PATIENCE: Duration = Duration::from_secs(60);

/// Plain and TLS address, and the root to trust.
fn start(settings: &Settings) -> (SocketAddr, SocketAddr, String) {
    let sink = Sink::bind(settings).unwrap();
    let told = (
        sink.plain_addr().unwrap(),
        sink.tls_addr().unwrap(),
        sink.root_pem().to_owned(),
    );
    std::thread::spawn(move || sink.run());
    told
}

fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

type Secured = StreamOwned<ClientConnection, TcpStream>;

fn client_config(root_pem: &str) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(root_pem.as_bytes()).unwrap();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

fn secured(addr: SocketAddr, config: &Arc<ClientConfig>) -> Secured {
    let name = "127.0.0.1".try_into().unwrap();
    let tls = ClientConnection::new(config.clone(), name).unwrap();
    StreamOwned::new(tls, connect(addr))
}

fn body(len: usize) -> Vec<u8> {
    let mut body = vec![b'x'; len];
    body[len - 4..].copy_from_slice(b"--\r\n");
    body
}

fn upload(stream: &mut (impl Read + Write), len: usize, more: &str) -> String {
    let head = format!("POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: {len}\r\n{more}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body(len)).unwrap();
    answer(stream)
}

/// One answer with a body of two bytes.
fn answer(stream: &mut impl Read) -> String {
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\nok") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    String::from_utf8(answer).unwrap()
}

fn counts(addr: SocketAddr) -> Counts {
    let mut stream = connect(addr);
    let ask = b"GET /counts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(ask).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.rsplit("\r\n").next().unwrap().parse().unwrap()
}

#[test]
fn uploads_are_counted_plain_and_over_tls() {
    let (plain, tls, root) = start(&Settings::default());
    let before = counts(plain);
    let mut streams: Vec<Box<dyn Stream>> = vec![
        Box::new(connect(plain)),
        Box::new(secured(tls, &client_config(&root))),
    ];
    for stream in &mut streams {
        for len in [4, 100, 5000, 300_000, FORM_BYTES, 70] {
            let answer = upload(stream, len, "");
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        }
        let answer = upload(stream, 4, "Connection: close\r\n");
        assert!(answer.contains("Connection: close\r\n"), "{answer}");
    }
    let seen = counts(plain).since(before);
    assert_eq!(seen.requests, 14);
    assert_eq!(
        seen.body_bytes,
        2 * (4 + 100 + 5000 + 300_000 + FORM_BYTES as u64 + 70 + 4)
    );
    assert_eq!((seen.malformed, seen.broken), (0, 0));
    assert_eq!(seen.connections, 3);
}

#[test]
fn a_client_that_leaves_is_counted_as_broken() {
    let (plain, _, _) = start(&Settings::default());
    let mut stream = connect(plain);
    let head = b"POST /up HTTP/1.1\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head).unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"a part of it").unwrap();
    drop(stream);
    let deadline = std::time::Instant::now() + PATIENCE;
    while counts(plain).broken == 0 {
        assert!(std::time::Instant::now() < deadline, "never noticed");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(counts(plain).requests, 0);
}

#[test]
fn tickets_and_congestion_control_are_as_told() {
    let settings = Settings {
        tickets: true,
        congestion: Some("reno".into()),
        ..Settings::default()
    };
    assert_eq!(Sink::bind(&settings).unwrap().congestion().unwrap(), "reno");
    let (_, tls, root) = start(&settings);
    let mut stream = secured(tls, &client_config(&root));
    upload(&mut stream, 5000, "");
    assert_eq!(stream.conn.tls13_tickets_received(), 2);
}

#[test]
fn handshakes_that_resume_a_session_are_counted() {
    for (tickets, resumed) in [(true, 4), (false, 0)] {
        let settings = Settings {
            tickets,
            ..Settings::default()
        };
        let (plain, tls, root) = start(&settings);
        // The client keeps its tickets in the configuration.
        let config = client_config(&root);
        let before = counts(plain);
        for _ in 0..5 {
            upload(&mut secured(tls, &config), 5000, "");
        }
        let seen = counts(plain).since(before);
        assert_eq!((seen.requests, seen.connections), (5, 6));
        assert_eq!(seen.resumed, resumed, "tickets: {tickets}");
    }
}

trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}
