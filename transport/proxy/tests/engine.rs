//! The engine over a proxy on a real socket: what the request looks like there, and what an upload comes to.
#![forbid(unsafe_code)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use quintet::{Engine, ErrorKind, UploadRequest};
use quintet_proxy::{Proxy, ProxyConnect};
use quintet_receiver::{Receiver, Settings, Tls};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};
use quintet_transport::Connect;
use tempfile::TempDir;

const STORED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers one connection after another by its script: one answer for each head, and for the body that it promises.
fn proxy(scripts: &'static [&'static [&'static str]]) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let (tell, heads) = mpsc::channel();
    thread::spawn(move || {
        for (script, stream) in scripts.iter().zip(listener.incoming()) {
            let mut stream = stream.expect("a connection");
            for answer in *script {
                let head = request(&mut stream);
                let _ = stream.write_all(answer.as_bytes());
                let _ = tell.send(head);
            }
        }
    });
    (address, heads)
}

/// Reads a request, and returns its head.
fn request(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("a head in UTF-8");
    let len = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map_or(0, |len| len.parse().expect("a length"));
    let mut body = Vec::new();
    let _ = stream.take(len).read_to_end(&mut body);
    head
}

/// An engine over this proxy, and a file to send.
struct Uploads(Engine, TempDir);

impl Uploads {
    fn through(proxy: Proxy) -> Self {
        Self::over(TcpConnect::new(), proxy)
    }

    fn over(below: impl Connect + 'static, proxy: Proxy) -> Self {
        let folder = TempDir::new().expect("a temporary directory");
        std::fs::write(folder.path().join("a.txt"), "content").expect("room for a file");
        let transport = ProxyConnect::new(below, proxy);
        Self(Engine::start(transport).expect("a thread"), folder)
    }

    fn request(&self, url: &str) -> UploadRequest {
        UploadRequest::new(url, self.1.path().join("a.txt"), "file")
    }
}

fn at(address: SocketAddr, login: &str) -> Proxy {
    format!("http://{login}{address}").parse().expect("a proxy")
}

fn logins(head: &str) -> Vec<&str> {
    let lines = head.lines();
    lines
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"))
        .map(|(_, value)| value)
        .collect()
}

#[test]
fn a_proxy_that_reads_requests_gets_the_whole_url_and_its_login_each_time() {
    let (address, heads) = proxy(&[&[STORED, STORED]]);
    let uploads = Uploads::through(at(address, "user:p%40ss@"));
    // The second goes over the same connection: the script has no other.
    for url in [
        "http://origin.invalid/up?a=b#c",
        "http://origin.invalid:80/2",
    ] {
        let request = uploads.request(url).header("Proxy-Authorization", "caller");
        let outcome = uploads.0.upload(request).wait();
        assert_eq!(outcome.status(), Some(200), "{outcome:?}");
    }
    let head = heads.recv().expect("a request");
    assert!(
        head.starts_with("POST http://origin.invalid/up?a=b HTTP/1.1\r\nHost: origin.invalid\r\n"),
        "{head}"
    );
    assert_eq!(logins(&head), ["Basic dXNlcjpwQHNz"]);
    let head = heads.recv().expect("a request");
    assert!(
        head.starts_with("POST http://origin.invalid/2 HTTP/1.1\r\n"),
        "{head}"
    );
    assert_eq!(logins(&head), ["Basic dXNlcjpwQHNz"]);
}

#[test]
fn a_proxy_over_tls_gets_the_requests_and_secures_nothing_beyond() {
    // A server takes absolute URLs too (RFC 9112, 3.2.2): this one is its own proxy.
    let receiver = Receiver::start(Settings {
        tls: Some(Tls::SelfMade),
        ..Settings::default()
    });
    let receiver = receiver.expect("a port");
    let root = receiver.root_pem().expect("a root").as_bytes();
    let settings = TlsSettings::only_given_roots().add_root_pem(root);
    let below = TlsConnect::new(TcpConnect::new(), settings.expect("a root"));
    let proxy = format!("https://localhost:{}", receiver.addr().port());
    let proxy: Proxy = proxy.parse().expect("a proxy");
    let uploads = Uploads::over(below.expect("settings that fit"), proxy);
    let request = uploads.request("http://origin.invalid/up");
    let outcome = uploads.0.upload(request).wait();
    assert_eq!(outcome.status(), Some(200), "{outcome:?}");
    let timings = &outcome.timings;
    assert!(timings.connected.is_some() && timings.secured.is_none());
}

#[test]
fn a_proxy_without_login_in_its_settings_gets_the_callers() {
    let (address, heads) = proxy(&[&[STORED]]);
    let uploads = Uploads::through(at(address, ""));
    let request = uploads.request("http://origin.invalid/up");
    let request = request.header("Proxy-Authorization", "caller");
    assert_eq!(uploads.0.upload(request).wait().status(), Some(200));
    assert_eq!(logins(&heads.recv().expect("a request")), ["caller"]);
}

#[test]
fn what_a_proxy_answers_to_a_request_that_it_reads_is_the_answer() {
    let (address, _heads) =
        proxy(&[&["HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"]]);
    let uploads = Uploads::through(at(address, ""));
    let outcome = uploads
        .0
        .upload(uploads.request("http://origin.invalid/up"))
        .wait();
    assert_eq!(outcome.status(), Some(407));
}

#[test]
fn an_origin_behind_a_tunnel_gets_no_login_of_a_proxy() {
    let (address, heads) = proxy(&[&["HTTP/1.1 200 OK\r\n\r\n", STORED]]);
    let uploads = Uploads::through(at(address, "user:p%40ss@").tunnel_plain(true));
    let request = uploads.request("http://origin.invalid:8080/up");
    let request = request
        .header("proxy-authorization", "caller")
        .header("X", "y");
    assert_eq!(uploads.0.upload(request).wait().status(), Some(200));
    let head = heads.recv().expect("a CONNECT");
    assert!(
        head.starts_with("CONNECT origin.invalid:8080 HTTP/1.1\r\n"),
        "{head}"
    );
    assert_eq!(logins(&head), ["Basic dXNlcjpwQHNz"]);
    let head = heads.recv().expect("a request");
    assert!(
        head.starts_with("POST /up HTTP/1.1\r\nHost: origin.invalid:8080\r\n"),
        "{head}"
    );
    assert!(
        logins(&head).is_empty() && head.contains("\r\nX: y\r\n"),
        "{head}"
    );
}

#[test]
fn a_proxy_that_says_no_is_a_network_failure_that_may_be_tried_again() {
    const SCRIPTS: [&[&[&str]]; 4] = [
        &[&["HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n"]],
        &[&["HTTP/1.1 503 Busy\r\n"]],
        &[&["what?\r\n\r\n"]],
        &[&[]],
    ];
    for script in SCRIPTS {
        let (address, _heads) = proxy(script);
        let uploads = Uploads::through(at(address, "user:secret@").tunnel_plain(true));
        let outcome = uploads
            .0
            .upload(uploads.request("http://origin.invalid/up"))
            .wait();
        let error = outcome.result.as_ref().expect_err("a failure");
        assert_eq!((error.kind(), outcome.errno()), (ErrorKind::Refused, 305));
        assert!(outcome.may_retry && !format!("{outcome:?}").contains("secret"));
        assert!(
            error
                .detail()
                .contains(&format!("proxy http://{address}: ")),
            "{error:?}"
        );
    }
}
