//! The peer: reads requests, discards their bodies, answers 200. One blocking thread for each connection.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// One write, one segment.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/// Longest head taken.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// As much as one read takes.
const READ_BYTES: usize = 1024 * 1024;

/// Prints its port, then serves until it is killed. With a path it speaks TLS, and writes the certificate to
/// trust there first.
pub(crate) fn serve(certificate: Option<&str>) -> io::Result<()> {
    let tls = certificate.map(tls_config).transpose()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let tls = tls.clone();
        thread::spawn(move || {
            // A client that ends in the middle is the client's affair.
            let _ = match tls {
                None => answer_all(stream),
                Some(config) => answer_tls(stream, config),
            };
        });
    }
}

fn tls_config(certificate: &str) -> io::Result<Arc<ServerConfig>> {
    let made = rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()])
        .map_err(io::Error::other)?;
    let chain = vec![CertificateDer::from(made.cert.der().to_vec())];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
        .map_err(io::Error::other)?;
    fs::write(certificate, made.cert.pem())?;
    Ok(Arc::new(config))
}

fn answer_tls(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
    tls.set_buffer_limit(None);
    answer_all(StreamOwned::new(tls, stream))
}

fn answer_all(mut stream: impl Read + Write) -> io::Result<()> {
    let mut buffer = vec![0; READ_BYTES];
    let mut filled = 0;
    loop {
        let (head_len, body_len) = loop {
            if let Some(request) = request(&buffer[..filled])? {
                break request;
            }
            if filled == HEAD_BYTES_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
            match stream.read(&mut buffer[filled..])? {
                0 => return Ok(()),
                read => filled += read,
            }
        };
        // Requests are never sent one behind the other: what was read belongs to this one.
        let mut left = (head_len as u64 + body_len).saturating_sub(filled as u64);
        while left > 0 {
            match stream.read(&mut buffer)? {
                0 => return Ok(()),
                read => left = left.saturating_sub(read as u64),
            }
        }
        filled = 0;
        stream.write_all(ANSWER)?;
        stream.flush()?;
    }
}

/// Length of the head and of the body, once the head is complete.
fn request(bytes: &[u8]) -> io::Result<Option<(usize, u64)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok());
    match length {
        Some(length) => Ok(Some((end + 4, length))),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}
