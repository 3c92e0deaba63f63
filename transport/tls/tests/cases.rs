//! Every certificate and handshake case of `tls_cases.json`, through [`TlsConnect`] over loopback TCP.
//!
//! Certificates are made here, none is stored. What rustls cannot play (RSA below 2048 bits, P-521, TLS 1.1)
//! is played by the `openssl` program; without it such a case is named and passed over, or fails if
//! `QUINTET_REQUIRE_TOOLS=1`.

mod peer;

use std::fs;
use std::future::poll_fn;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use peer::{
    Authority, Identity, REQUEST, RESPONSE, Served, Server, authority_params, below, day, dns,
    leaf, leaf_with, root, server_config, server_config_for, target, transport, trusting,
};
use quintet_tls::TlsSettings;
use quintet_tls::rustls::server::{NoClientAuth, WebPkiClientVerifier};
use quintet_tls::rustls::{RootCertStore, version};
use quintet_transport::{
    Connect, ConnectError, ConnectErrorKind, Secured, SecurityError, Unwatched,
};
use rcgen::{
    BasicConstraints, CertificateRevocationListParams, CustomExtension, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyIdMethod, KeyPair, NameConstraints, RevokedCertParams,
    SanType, SerialNumber,
};

/// Long enough for a busy machine; only what is wrong waits for it.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the peer that never answers is waited for.
const SILENCE: Duration = Duration::from_millis(300);

/// What became of an attempt.
#[derive(Debug)]
enum Outcome {
    /// The whole answer came, and then an orderly end.
    Accepted(Secured),
    /// No connection.
    Handshake(ConnectError),
    /// A connection, that then failed after so many bytes of the answer.
    Broken(usize, io::Error),
    TimedOut,
}

async fn attempt(
    settings: TlsSettings,
    dialled_as: &str,
    port: u16,
    patience: Duration,
) -> Outcome {
    let transport = transport(settings);
    let target = target(dialled_as, port);
    let connected = tokio::time::timeout(patience, transport.connect(&target, &Unwatched)).await;
    let mut connection = match connected {
        Err(_) => return Outcome::TimedOut,
        Ok(Err(error)) => return Outcome::Handshake(error),
        Ok(Ok(connection)) => connection,
    };
    let mut got = Vec::new();
    let result = async {
        let mut rest = REQUEST;
        while !rest.is_empty() {
            rest = &rest[poll_fn(|cx| connection.poll_write(cx, rest)).await?..];
        }
        loop {
            let mut buf = [0; 4096];
            match poll_fn(|cx| connection.poll_read(cx, &mut buf)).await? {
                0 => return Ok(()),
                read => got.extend(&buf[..read]),
            }
        }
    };
    match tokio::time::timeout(PATIENCE, result).await {
        Err(_) => panic!("connected as {dialled_as}, but no answer"),
        Ok(Err(error)) => Outcome::Broken(got.len(), error),
        Ok(Ok(())) => {
            assert!(got.starts_with(b"HTTP/1."));
            Outcome::Accepted(connection.info().secured.unwrap())
        }
    }
}

/// A case made ready: who is trusted, and who answers.
struct Case {
    settings: TlsSettings,
    peer: Peer,
}

enum Peer {
    Thread(Server),
    OpenSsl(OpenSsl),
}

impl Case {
    /// A rustls server that shows `identity`; the client trusts `root`.
    fn shows(root: &Authority, identity: Identity) -> Option<Self> {
        Self::served(root, Server::tls(server_config(identity), true))
    }

    fn served(root: &Authority, server: Server) -> Option<Self> {
        Some(Self {
            settings: trusting(root),
            peer: Peer::Thread(server),
        })
    }

    /// A peer that reads the ClientHello, then does `then`.
    fn raw(then: impl FnOnce(&mut TcpStream) + Send + 'static) -> Option<Self> {
        let server = Server::start(move |mut stream| {
            let read = stream.read(&mut [0; 4096]).unwrap();
            assert!(read > 0);
            then(&mut stream);
            Served::default()
        });
        Self::served(&root("root"), server)
    }
}

/// Makes the case `id`; `None` if a tool for it is missing.
fn case(id: &str) -> Option<Case> {
    let root = root("root");
    let localhost = [dns("localhost")];
    let plain = |names: &[SanType]| Case::shows(&root, leaf(&root, names, |_| {}));
    match id {
        "good" | "good-ip-name" | "wrong-host" | "trailing-dot" => plain(&localhost),
        "ip-san" => plain(&[SanType::IpAddress("127.0.0.1".parse().unwrap())]),
        "ip-as-dns" => plain(&[dns("127.0.0.1")]),
        "cn-only" => Case::shows(&root, leaf(&root, &[], |params| named(params, "localhost"))),
        "wildcard" | "wildcard-deep" | "wildcard-apex" => plain(&[dns("*.example.test")]),
        "wildcard-bare" => plain(&[dns("*")]),
        "wildcard-partial" => plain(&[dns("f*.example.test")]),
        "2000-sans" => {
            let mut names: Vec<_> = (1..2000).map(|i| dns(&format!("h{i}.test"))).collect();
            names.extend(localhost);
            plain(&names)
        }
        "expired" => Case::shows(
            &root,
            leaf(&root, &localhost, |params| params.not_after = day(-1)),
        ),
        "not-yet" => Case::shows(
            &root,
            leaf(&root, &localhost, |params| params.not_before = day(1)),
        ),
        "eku-none" => plain(&localhost),
        "eku-client" => {
            let client = vec![ExtendedKeyUsagePurpose::ClientAuth];
            let edit = |params: &mut rcgen::CertificateParams| params.extended_key_usages = client;
            Case::shows(&root, leaf(&root, &localhost, edit))
        }
        "crit-ext" => {
            let mut unknown =
                CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
            unknown.set_criticality(true);
            let edit =
                |params: &mut rcgen::CertificateParams| params.custom_extensions.push(unknown);
            Case::shows(&root, leaf(&root, &localhost, edit))
        }
        "self-signed" => {
            let key = KeyPair::generate().unwrap();
            let mut params = peer::params("leaf");
            params.subject_alt_names = localhost.to_vec();
            let issuer = Issuer::new(params, key);
            // Its own issuer, by name and by key.
            let mut params = peer::params("leaf");
            params.subject_alt_names = localhost.to_vec();
            let certificate = params.signed_by(issuer.key(), &issuer).unwrap();
            let identity = Identity {
                chain: vec![certificate.der().clone()],
                key: rustls_key(issuer.key()),
            };
            Case::shows(&root, identity)
        }
        "untrusted-root" => {
            let unknown = peer::root("unknown root");
            Case::shows(&root, leaf(&unknown, &localhost, |_| {}).with(&[&unknown]))
        }
        "forged-issuer" => {
            let forged = peer::root("root");
            Case::shows(&root, leaf(&forged, &localhost, |_| {}))
        }
        "intermediate" | "missing-intermediate" | "reversed-chain" => {
            let middle = below(&root, authority_params("intermediate"));
            let unrelated = peer::root("unrelated");
            let sent: &[&Authority] = match id {
                "intermediate" => &[&middle],
                "missing-intermediate" => &[],
                _ => &[&unrelated, &middle],
            };
            Case::shows(&root, leaf(&middle, &localhost, |_| {}).with(sent))
        }
        "leaf-as-ca" => {
            let no_authority = below(&root, peer::params("a leaf"));
            Case::shows(
                &root,
                leaf(&no_authority, &localhost, |_| {}).with(&[&no_authority]),
            )
        }
        "pathlen" => {
            let mut last = authority_params("the last");
            last.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            let last = below(&root, last);
            let beyond = below(&last, authority_params("one beyond"));
            Case::shows(
                &root,
                leaf(&beyond, &localhost, |_| {}).with(&[&beyond, &last]),
            )
        }
        "name-constraint" => {
            let mut constrained = authority_params("constrained");
            constrained.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![GeneralSubtree::DnsName("allowed.test".into())],
                excluded_subtrees: Vec::new(),
            });
            let constrained = below(&root, constrained);
            Case::shows(
                &root,
                leaf(&constrained, &localhost, |_| {}).with(&[&constrained]),
            )
        }
        "p384" => {
            let p384 = &rcgen::PKCS_ECDSA_P384_SHA384;
            Case::shows(&root, leaf_with(p384, &root, &localhost, |_| {}))
        }
        "ed25519" => {
            let ed25519 = &rcgen::PKCS_ED25519;
            Case::shows(&root, leaf_with(ed25519, &root, &localhost, |_| {}))
        }
        "revoked-nocrl" | "revoked-crl" => {
            let serial = SerialNumber::from(4711);
            let revoked = serial.clone();
            let edit = |params: &mut rcgen::CertificateParams| params.serial_number = Some(serial);
            let mut case = Case::shows(&root, leaf(&root, &localhost, edit))?;
            if id == "revoked-crl" {
                let list = crl(&root, revoked);
                case.settings = case.settings.add_crl_pem(list.as_bytes()).unwrap();
            }
            Some(case)
        }
        "tls12" => {
            let identity = leaf(&root, &localhost, |_| {});
            let config = server_config_for(identity, Arc::new(NoClientAuth), &[&version::TLS12]);
            Case::served(&root, Server::tls(config, true))
        }
        "no-close-notify" => {
            let identity = leaf(&root, &localhost, |_| {});
            Case::served(&root, Server::tls(server_config(identity), false))
        }
        "want-client-cert" => {
            let identity = leaf(&root, &localhost, |_| {});
            let mut roots = RootCertStore::empty();
            roots.add(root.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots.into(), quintet_tls::ring());
            let versions = &[&version::TLS13, &version::TLS12];
            let config = server_config_for(identity, verifier.build().unwrap(), versions);
            Case::served(&root, Server::tls(config, true))
        }
        "plain-http" => Case::raw(|stream| {
            stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
                .unwrap();
        }),
        "eof-handshake" => Case::raw(|_| {}),
        "alert" => Case::raw(|stream| {
            // Alert record, TLS 1.2, two bytes: fatal, handshake_failure.
            stream.write_all(&[21, 3, 3, 0, 2, 2, 40]).unwrap();
        }),
        "garbage" => Case::raw(|stream| {
            let noise = (0_u32..200).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 | 0x80);
            stream.write_all(&noise.collect::<Vec<_>>()).unwrap();
        }),
        "silent" => Case::raw(|stream| {
            // Until the client goes away.
            while stream.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
        }),
        "rsa1024" => openssl(&root, &["RSA", "rsa_keygen_bits:1024"], &[]),
        "rsa2048" => openssl(&root, &["RSA", "rsa_keygen_bits:2048"], &[]),
        "p521" => openssl(&root, &["EC", "ec_paramgen_curve:P-521"], &[]),
        "tls11" => openssl(&root, &["EC", "ec_paramgen_curve:P-256"], &["-tls1_1"]),
        _ => panic!("tls_cases.json has a case without a handler: {id}"),
    }
}

fn named(params: &mut rcgen::CertificateParams, name: &str) {
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
}

fn rustls_key(key: &KeyPair) -> quintet_tls::rustls::pki_types::PrivateKeyDer<'static> {
    quintet_tls::rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into())
}

/// A CRL of `issuer` that lists `serial`.
fn crl(issuer: &Authority, serial: SerialNumber) -> String {
    let params = CertificateRevocationListParams {
        this_update: day(-1),
        next_update: day(1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: serial,
            revocation_time: day(-1),
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).unwrap().pem().unwrap()
}

/// A server by the `openssl` program; ends with this value.
struct OpenSsl {
    child: Child,
    port: u16,
    _files: tempfile::TempDir,
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A case served by OpenSSL, with a leaf whose key is made by `genpkey`. `None` without the program.
fn openssl(root: &Authority, key: &[&str; 2], options: &[&str]) -> Option<Case> {
    if Command::new("openssl").arg("version").output().is_err() {
        let required = std::env::var("QUINTET_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
        assert!(
            !required,
            "QUINTET_REQUIRE_TOOLS=1, but there is no openssl program"
        );
        return None;
    }
    let files = tempfile::tempdir().unwrap();
    let directory = files.path();
    fs::write(directory.join("root.pem"), root.pem()).unwrap();
    fs::write(directory.join("root.key"), root.key().serialize_pem()).unwrap();
    fs::write(directory.join("san"), "subjectAltName=DNS:localhost\n").unwrap();
    let run = |arguments: &[&str]| {
        let done = Command::new("openssl")
            .args(arguments)
            .current_dir(directory)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    };
    run(&[
        "genpkey",
        "-algorithm",
        key[0],
        "-pkeyopt",
        key[1],
        "-out",
        "leaf.key",
    ]);
    run(&[
        "req", "-new", "-key", "leaf.key", "-subj", "/CN=leaf", "-out", "leaf.csr",
    ]);
    run(&[
        "x509",
        "-req",
        "-in",
        "leaf.csr",
        "-CA",
        "root.pem",
        "-CAkey",
        "root.key",
        "-set_serial",
        "7",
        "-days",
        "2",
        "-extfile",
        "san",
        "-out",
        "leaf.pem",
    ]);
    let mut child = Command::new("openssl")
        .args([
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-www",
            "-cert",
            "leaf.pem",
            "-key",
            "leaf.key",
        ])
        // Weak keys and old versions are what the client is to refuse, not the server.
        .args(["-cipher", "DEFAULT@SECLEVEL=0"])
        .args(options)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let port = lines.find_map(|line| line.strip_prefix("ACCEPT 127.0.0.1:")?.parse().ok());
    Some(Case {
        settings: trusting(root),
        peer: Peer::OpenSsl(OpenSsl {
            child,
            port: port.expect("s_server tells its port"),
            _files: files,
        }),
    })
}

/// Checks the outcome against what the table wants, and what the peer saw of it.
fn check(id: &str, want: &str, seen: &str, outcome: &Outcome, served: Option<&Served>) {
    let request = served.map_or(0, |served| served.request.len());
    let rejected = match outcome {
        Outcome::Handshake(error) => error.kind == ConnectErrorKind::Tls && request == 0,
        _ => false,
    };
    let accepted = matches!(outcome, Outcome::Accepted(_));
    let right = match want {
        // Refused only after the request was sent: by then there is a connection.
        "reject" if seen.starts_with("READ") => match outcome {
            Outcome::Broken(0, error) => SecurityError::is_in(error) && request == 0,
            _ => rejected,
        },
        "reject" => rejected,
        "accept" | "accepted unless CRLs are given" => accepted,
        "either" => accepted || rejected,
        "time-out" => matches!(outcome, Outcome::TimedOut),
        "truncation error" => match outcome {
            Outcome::Broken(got, error) => {
                *got == RESPONSE.len() && error.kind() == io::ErrorKind::UnexpectedEof
            }
            _ => false,
        },
        _ => panic!("{id}: a wish that this test does not know: {want}"),
    };
    assert!(
        right,
        "{id}: wanted {want}, came to {outcome:?}; the peer saw {served:?}"
    );
}

#[tokio::test]
async fn every_case_of_the_table_comes_to_what_it_wants() {
    let table = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../engine/proto/tests/vectors/tls_cases.json"
    );
    let table: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(table).unwrap()).unwrap();
    let cases = table["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 43);
    for entry in cases {
        let field = |name: &str| entry[name].as_str().unwrap();
        let (id, want) = (field("id"), field("want"));
        let Some(case) = case(id) else {
            println!("not run: {id} (no openssl program)");
            continue;
        };
        let port = match &case.peer {
            Peer::Thread(server) => server.address.port(),
            Peer::OpenSsl(server) => server.port,
        };
        let patience = if want == "time-out" {
            SILENCE
        } else {
            PATIENCE
        };
        let outcome = attempt(case.settings, field("dialled_as"), port, patience).await;
        let served = match case.peer {
            Peer::Thread(server) => Some(server.thread.join().unwrap()),
            Peer::OpenSsl(_) => None,
        };
        check(id, want, field("rustls"), &outcome, served.as_ref());
        // Refused, and for the reason that the table has. A new rustls may word it anew.
        if let (Outcome::Handshake(error), Some((_, reason))) =
            (&outcome, field("rustls").split_once("InvalidData "))
        {
            let reason = reason.trim_end_matches("(times)");
            assert!(error.to_string().contains(reason), "{id}: {error}");
        }
        // What was negotiated is told as the table has it.
        if let (Outcome::Accepted(secured), Some(version)) =
            (&outcome, field("rustls").split(' ').nth(3))
        {
            assert_eq!(secured.protocol, version.replace('_', "."), "{id}");
            assert!(
                secured.cipher.starts_with("TLS_") && !secured.resumed,
                "{id}"
            );
        }
    }
}
