//! What the raw loops share: connecting, the TLS configuration that every rustls client gets, and reading an answer.

use std::io::{self, Read};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use crate::Result;
use crate::job::Job;
use crate::work::expect_ok;

const ANSWER_BYTES_MAX: usize = 64 * 1024;

pub(crate) fn connect(job: &Job) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, job.port))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// ring, and of TLS 1.3 the one cipher suite that the sink takes.
pub(crate) fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![ring::cipher_suite::TLS13_AES_128_GCM_SHA256],
        ..ring::default_provider()
    }
}

/// Trusts the job's root alone, and checks the chain and the name.
pub(crate) fn client_config(job: &Job) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = job.root_pem()? {
        roots.add(CertificateDer::from_pem_slice(&pem)?)?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

pub(crate) fn server_name() -> ServerName<'static> {
    ServerName::IpAddress(std::net::IpAddr::from(Ipv4Addr::LOCALHOST).into())
}

/// Reads one answer to its end.
pub(crate) fn read_answer(stream: &mut impl Read) -> Result<()> {
    let mut answer = Answer::default();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Err("the server left without an answer".into()),
            read => {
                if answer.feed(&buffer[..read])? {
                    return Ok(());
                }
            }
        }
    }
}

/// An answer as it comes: a head with a Content-Length, and that many bytes.
#[derive(Default)]
pub(crate) struct Answer(Vec<u8>);

impl Answer {
    /// Takes bytes; returns whether it is complete, and begins anew then. Fails unless the status is 200.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<bool> {
        self.0.extend_from_slice(bytes);
        let Some(head) = find(&self.0, b"\r\n\r\n") else {
            return match self.0.len() > ANSWER_BYTES_MAX {
                true => Err("an answer without end".into()),
                false => Ok(false),
            };
        };
        let text = std::str::from_utf8(&self.0[..head])?;
        let status = text.split(' ').nth(1).unwrap_or_default();
        expect_ok(status.parse()?)?;
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>())
        });
        let complete = self.0.len() >= head + 4 + length.ok_or("no Content-Length")??;
        if complete {
            self.0.clear();
        }
        Ok(complete)
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
