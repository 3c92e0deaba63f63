//! `send` through proxies, told by arguments or by the environment.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::support::*;

/// Nobody resolves it: what goes there has gone through a proxy.
const ELSEWHERE: &str = "http://origin.invalid:8080/up";

/// Runs with one variable set.
fn run_with(name: &str, value: &str, args: &[&str]) -> Ran {
    end(start(quintet(args).env(name, value)))
}

/// Opens one tunnel for a CONNECT, to `localhost` of this machine whatever the name; gives its head.
fn tunnelling_proxy() -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://user:secret@{}", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let mut near = listener.accept().unwrap().0;
        near.bound();
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            near.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let (_, port) = head.lines().next().unwrap().split_once(':').unwrap();
        let port = port.split(' ').next().unwrap().parse::<u16>().unwrap();
        let mut far = TcpStream::connect(("127.0.0.1", port)).unwrap();
        near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let (mut from, mut to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        let _ = std::io::copy(&mut far, &mut near);
        head
    });
    (url, thread)
}

#[test]
fn a_plain_url_goes_whole_to_the_proxy_however_it_is_told() {
    let folder = Folder::new();
    let file = &*folder.file("a.txt", "hello");
    let asked = |args: &[&str], variable: &str, with_login: bool| {
        let (url, request) = server(OK.to_vec());
        let proxy = url.strip_prefix("http://").unwrap().replace("/up?a=b", "");
        let proxy = match with_login {
            true => format!("http://user:secret@{proxy}"),
            false => proxy,
        };
        let args = [&["send", ELSEWHERE, file], args].concat();
        let args: Vec<&str> = args
            .into_iter()
            .map(|arg| if arg == "PROXY" { &*proxy } else { arg })
            .collect();
        let ran = run_with(variable, &proxy, &args);
        assert_eq!((ran.code, &*ran.stdout), (0, "ok"), "{ran:?}");
        assert!(!ran.stderr.contains("secret"), "{ran:?}");
        String::from_utf8(request.join().unwrap()).unwrap()
    };
    let line = "POST http://origin.invalid:8080/up HTTP/1.1\r\nHost: origin.invalid:8080\r\n";
    for (args, variable) in [
        (&["--proxy", "PROXY"][..], "unrelated"),
        (&[], "http_proxy"),
        (&["-v"], "ALL_PROXY"),
        (&["--noproxy", "other.invalid"], "all_proxy"),
    ] {
        let request = asked(args, variable, false);
        assert!(request.starts_with(line), "{request}");
        assert!(!request.to_lowercase().contains("proxy-auth"), "{request}");
    }
    // printf user:secret | base64
    let request = asked(&["-v"], "http_proxy", true);
    let login = "\r\nProxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n";
    assert!(request.contains(login), "{request}");
}

#[test]
fn a_secure_url_goes_through_a_tunnel() {
    let (folder, receiver) = (Folder::new(), receiver_with_tls());
    let file = &*folder.file("a.txt", "hello");
    let root = &*folder.file("root.pem", receiver.root_pem().unwrap());
    let url = format!("https://localhost:{}/up", receiver.addr().port());
    let (proxy, head) = tunnelling_proxy();
    let ran = run_with(
        "https_proxy",
        &proxy,
        &["send", &url, file, "--cacert", root],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    let head = head.join().unwrap();
    assert!(head.starts_with("CONNECT localhost:"), "{head}");
    assert!(head.contains("\r\nProxy-Authorization: Basic "), "{head}");
}

#[test]
fn an_empty_proxy_and_a_listed_host_are_reached_directly() {
    let (folder, receiver) = (Folder::new(), receiver());
    let file = &*folder.file("a.txt", "hello");
    let url = &*receiver.url("/up");
    // tcpmux: nothing listens there, and no test is ever given that port.
    let nobody = "http://127.0.0.1:1";
    for args in [&["--proxy", ""][..], &["--noproxy", "127.0.0.0/8"]] {
        let args = [&["send", url, file], args].concat();
        assert_eq!(run_with("http_proxy", nobody, &args).code, 0, "{args:?}");
    }
    let direct = run_with("HTTP_PROXY", nobody, &["send", url, file]);
    assert_eq!(direct.code, 0, "only in lower case: {direct:?}");
    // Loopback is no exception.
    let ran = run_with("http_proxy", nobody, &["send", url, file]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("proxy http://127.0.0.1:1: "), "{ran:?}");
}

#[test]
fn a_bad_setting_ends_the_run_before_it_begins_and_is_not_shown() {
    let folder = Folder::new();
    let file = &*folder.file("a.txt", "hello");
    for (args, why) in [
        (
            &["--proxy", "ftp://u:secret@h"][..],
            "--proxy: the scheme of a proxy",
        ),
        (&["--noproxy", "h/x"], "--noproxy: "),
    ] {
        let ran = run(&[&["send", ELSEWHERE, file], args].concat());
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stderr.contains(why), "{ran:?}");
    }
    let ran = run(&["send", ELSEWHERE, file, "--proxy", "ftp://u:secret@h"]);
    assert!(!ran.stderr.contains("secret"), "{ran:?}");
    let ran = run_with(
        "all_proxy",
        "http://u:secret@h:x",
        &["send", ELSEWHERE, file],
    );
    assert!(
        ran.code == 1 && ran.stderr.contains("all_proxy: the port"),
        "{ran:?}"
    );
    assert!(!ran.stderr.contains("secret"), "{ran:?}");
}
