//! The TLS of one connection, by rustls' unbuffered interface: records are opened where they were received.

use std::io;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, UnbufferedStatus};
use rustls::{HandshakeKind, ServerConfig};

use crate::Counts;
use crate::exchange::Exchange;

/// Ciphertext held at most: as much as is read at a time, and one record that is not complete.
const INCOMING_BYTES: usize = 512 * 1024;
/// Room for whatever one step puts out: an answer or a flight of the handshake.
const OUTGOING_BYTES: usize = 16 * 1024;

/// TLS 1.3 with AES-128-GCM alone, for this certificate and key (PEM).
pub(crate) fn config(cert: &str, key: &str, tickets: bool) -> io::Result<Arc<ServerConfig>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(cert.as_bytes()).collect();
    let chain = chain.map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(io::Error::other)?;
    let mut provider = ring::default_provider();
    provider.cipher_suites = vec![ring::cipher_suite::TLS13_AES_128_GCM_SHA256];
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if !tickets {
        config.send_tls13_tickets = 0;
    }
    Ok(Arc::new(config))
}

/// What lies between a socket and an [`Exchange`].
pub(crate) struct Tls {
    tls: UnbufferedServerConnection,
    incoming: Vec<u8>,
    /// Of `incoming`: where the ciphertext begins that is not opened yet, and where it ends.
    start: usize,
    end: usize,
    outgoing: Vec<u8>,
    /// The handshake is not counted yet.
    handshaking: bool,
}

impl Tls {
    pub(crate) fn new(config: Arc<ServerConfig>) -> io::Result<Self> {
        Ok(Self {
            tls: UnbufferedServerConnection::new(config).map_err(io::Error::other)?,
            incoming: vec![0; INCOMING_BYTES],
            start: 0,
            end: 0,
            outgoing: Vec::new(),
            handshaking: true,
        })
    }

    /// Where to receive, and then tell by [`received`](Self::received). Never empty: a record fits.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        self.incoming.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        &mut self.incoming[self.end..]
    }

    /// Opens what came, feeds the exchange, seals its answers. Returns whether the peer has ended the connection.
    pub(crate) fn received(
        &mut self,
        bytes: usize,
        exchange: &mut Exchange,
        counts: &mut Counts,
    ) -> io::Result<bool> {
        self.end += bytes;
        loop {
            let incoming = &mut self.incoming[self.start..self.end];
            let UnbufferedStatus { mut discard, state } = self.tls.process_tls_records(incoming);
            let mut blocked = false;
            match state.map_err(io::Error::other)? {
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.map_err(io::Error::other)?;
                        discard += record.discard;
                        let fed = exchange.feed(record.payload, counts);
                        fed.map_err(|_| io::ErrorKind::InvalidData)?;
                    }
                }
                ConnectionState::EncodeTlsData(mut data) => {
                    append(&mut self.outgoing, |room| data.encode(room))?;
                }
                ConnectionState::TransmitTlsData(data) => data.done(),
                ConnectionState::WriteTraffic(mut traffic) => {
                    let answers = exchange.answers();
                    if !answers.is_empty() {
                        append(&mut self.outgoing, |room| traffic.encrypt(answers, room))?;
                        answers.clear();
                    }
                    blocked = true;
                }
                ConnectionState::BlockedHandshake => blocked = true,
                ConnectionState::PeerClosed | ConnectionState::Closed => return Ok(true),
                _ => return Err(io::ErrorKind::Unsupported.into()),
            }
            self.start += discard;
            self.count_handshake(counts);
            if blocked {
                return Ok(false);
            }
        }
    }

    /// Counts the handshake, once it is over.
    fn count_handshake(&mut self, counts: &mut Counts) {
        if self.handshaking && !self.tls.is_handshaking() {
            self.handshaking = false;
            let resumed = self.tls.handshake_kind() == Some(HandshakeKind::Resumed);
            counts.resumed += u64::from(resumed);
        }
    }

    /// Ciphertext received and not opened.
    pub(crate) fn held(&self) -> usize {
        self.end - self.start
    }

    /// What is to be sent.
    pub(crate) fn outgoing(&mut self) -> &mut Vec<u8> {
        &mut self.outgoing
    }
}

/// Lets `write` fill the end of `buffer`.
fn append<E>(
    buffer: &mut Vec<u8>,
    write: impl FnOnce(&mut [u8]) -> Result<usize, E>,
) -> io::Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let before = buffer.len();
    buffer.resize(before + OUTGOING_BYTES, 0);
    let written = write(&mut buffer[before..]).map_err(io::Error::other)?;
    buffer.truncate(before + written);
    Ok(())
}
