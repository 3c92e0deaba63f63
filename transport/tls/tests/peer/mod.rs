//! Certificates made for one test, and a rustls server to show them.
#![allow(dead_code)] // Each test program uses its own part of this.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use quintet_tcp::{Resolve, ResolveFuture, TcpConnect};
use quintet_tls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use quintet_tls::rustls::server::danger::ClientCertVerifier;
use quintet_tls::rustls::server::{ClientHello, NoClientAuth, ResolvesServerCert};
use quintet_tls::rustls::sign::CertifiedKey;
use quintet_tls::rustls::{ServerConfig, ServerConnection, Stream, version};
use quintet_tls::{TlsConnect, TlsSettings};
use quintet_transport::{Host, Target};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, SignatureAlgorithm,
};

/// s_server answers nothing but GET.
pub(crate) const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
pub(crate) const RESPONSE: &[u8] = b"HTTP/1.1 204 Stored\r\n\r\n\n";

pub(crate) type Authority = CertifiedIssuer<'static, KeyPair>;

/// Yesterday, now, tomorrow: days from now.
pub(crate) fn day(offset: i64) -> time::OffsetDateTime {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = rcgen::date_time_ymd(1970, 1, 1) + now.unwrap();
    now + time::Duration::days(offset)
}

/// Parameters with a name and a time; no alternative names.
pub(crate) fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = day(-10);
    params.not_after = day(10);
    params
}

pub(crate) fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params
}

/// A root.
pub(crate) fn root(name: &str) -> Authority {
    let key = KeyPair::generate().unwrap();
    Authority::self_signed(authority_params(name), key).unwrap()
}

/// An authority below `issuer`.
pub(crate) fn below(issuer: &Authority, params: CertificateParams) -> Authority {
    let key = KeyPair::generate().unwrap();
    Authority::signed_by(params, key, issuer).unwrap()
}

pub(crate) fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

/// What a peer shows of itself.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// A leaf for `names`, changed by `edit`.
pub(crate) fn leaf(
    issuer: &Issuer<'_, KeyPair>,
    names: &[SanType],
    edit: impl FnOnce(&mut CertificateParams),
) -> Identity {
    leaf_with(&PKCS_ECDSA_P256_SHA256, issuer, names, edit)
}

pub(crate) fn leaf_with(
    algorithm: &'static SignatureAlgorithm,
    issuer: &Issuer<'_, KeyPair>,
    names: &[SanType],
    edit: impl FnOnce(&mut CertificateParams),
) -> Identity {
    let mut params = params("leaf");
    params.subject_alt_names = names.to_vec();
    edit(&mut params);
    let key = KeyPair::generate_for(algorithm).unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    Identity {
        chain: vec![certificate.der().clone()],
        key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
    }
}

impl Identity {
    pub(crate) fn with(mut self, more: &[&Authority]) -> Self {
        self.chain
            .extend(more.iter().map(|authority| authority.der().clone()));
        self
    }

    pub(crate) fn key_pem(&self) -> String {
        pem("PRIVATE KEY", self.key.secret_der())
    }

    pub(crate) fn chain_pem(&self) -> String {
        self.chain
            .iter()
            .map(|der| pem("CERTIFICATE", der))
            .collect()
    }
}

/// PEM text by the plainest encoder there is.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in der.chunks(3) {
        let bits = (0..3).fold(0, |bits, i| {
            bits << 8 | u32::from(*group.get(i).unwrap_or(&0))
        });
        for i in 0..4 {
            let digit = alphabet[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= group.len() {
                char::from(digit)
            } else {
                '='
            });
        }
        if text.len() % 65 == 64 {
            text.push('\n');
        }
    }
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        text.trim_end()
    )
}

/// Shows its certificate whatever it is worth: rustls' own resolver refuses some that a client must refuse.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

pub(crate) fn server_config(identity: Identity) -> ServerConfig {
    server_config_for(
        identity,
        Arc::new(NoClientAuth),
        &[&version::TLS13, &version::TLS12],
    )
}

pub(crate) fn server_config_for(
    identity: Identity,
    clients: Arc<dyn ClientCertVerifier>,
    versions: &[&'static quintet_tls::rustls::SupportedProtocolVersion],
) -> ServerConfig {
    let provider = quintet_tls::ring();
    let key = provider
        .key_provider
        .load_private_key(identity.key)
        .unwrap();
    let key = Arc::new(CertifiedKey::new(identity.chain, key));
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_cert_resolver(Arc::new(Always(key)))
}

/// What a served connection came to, seen from the peer.
#[derive(Debug, Default)]
pub(crate) struct Served {
    /// Plaintext that the peer could read.
    pub(crate) request: Vec<u8>,
    /// The certificates that the client showed.
    pub(crate) client: usize,
    pub(crate) error: Option<io::Error>,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) thread: JoinHandle<Served>,
}

impl Server {
    /// Accepts one connection and runs `serve` on a thread of its own.
    pub(crate) fn start(serve: impl FnOnce(TcpStream) -> Served + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            thread: thread::spawn(move || serve(listener.accept().unwrap().0)),
        }
    }

    /// Answers one request by TLS and closes, with close_notify or without.
    pub(crate) fn tls(config: impl Into<Arc<ServerConfig>>, close_notify: bool) -> Self {
        let config = config.into();
        Self::start(move |stream| answer(&config, stream, close_notify))
    }
}

pub(crate) fn answer(
    config: &Arc<ServerConfig>,
    mut stream: TcpStream,
    close_notify: bool,
) -> Served {
    let mut tls = ServerConnection::new(config.clone()).unwrap();
    let mut served = Served::default();
    let result = (|| -> io::Result<()> {
        let mut stream = Stream::new(&mut tls, &mut stream);
        while !served.request.ends_with(b"\r\n\r\n") {
            let mut buf = [0; 1024];
            match stream.read(&mut buf)? {
                0 => return Ok(()),
                read => served.request.extend(&buf[..read]),
            }
        }
        stream.write_all(RESPONSE)?;
        if close_notify {
            stream.conn.send_close_notify();
        }
        stream.flush()
    })();
    served.client = tls.peer_certificates().map_or(0, <[_]>::len);
    served.error = result.err();
    served
}

/// Whatever the name, it is this machine.
pub(crate) struct Here;

impl Resolve for Here {
    fn resolve<'a>(&'a self, _name: &'a str, port: u16) -> ResolveFuture<'a> {
        Box::pin(async move { Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]) })
    }
}

pub(crate) fn transport(settings: TlsSettings) -> TlsConnect<TcpConnect> {
    TlsConnect::new(TcpConnect::new().resolver(Here), settings).unwrap()
}

pub(crate) fn trusting(root: &Authority) -> TlsSettings {
    TlsSettings::only_given_roots()
        .add_root_der(root.der())
        .unwrap()
}

/// The secure target under the name that was dialled.
pub(crate) fn target(dialled_as: &str, port: u16) -> Target {
    Target {
        secure: true,
        host: match dialled_as.parse() {
            Ok(ip) => Host::Ip(ip),
            Err(_) => Host::Name(dialled_as.into()),
        },
        port,
    }
}
