//! The security rules that the engine keeps by itself, a test for each, named by the rule's number in SECURITY.md.
//! Those of a transport or of the protocol crate stand there, under the same kind of name.
#![forbid(unsafe_code)]

mod support;
#[cfg(unix)]
#[path = "support/walk_road.rs"]
mod walk_road;

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};

use quintet::{
    Engine, ErrorKind, HEADER_BYTES_MAX, HEADERS_MAX, LocalFiles, Outcome, Redirects,
    URL_BYTES_MAX, UploadRequest,
};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};
use support::*;

const SECRET: &str = "s3cr3t-0f-th3-c4ll3r";

type Kept = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A peer that answers every request with 200 and keeps what it was sent.
fn keeping() -> (Peer, Kept) {
    let kept = Kept::default();
    let keep = kept.clone();
    let peer = Peer::start(move |mut conversation, _| {
        loop {
            let (head, body) = conversation.request();
            if head.is_empty() {
                break;
            }
            keep.lock().unwrap().push((head, body));
            conversation.say(OK);
        }
    });
    (peer, kept)
}

fn answering(answer: String) -> Peer {
    Peer::start(move |mut conversation, _| {
        conversation.request();
        conversation.say(&answer);
    })
}

fn small(files: &Files, url: &str) -> UploadRequest {
    UploadRequest::new(url, files.file("a.bin", 100), "file")
}

fn kind(outcome: &Outcome) -> Option<ErrorKind> {
    outcome.kind()
}

#[test]
fn s1_line_ends_and_nul_in_headers_are_refused_before_any_socket() {
    let (peer, _) = keeping();
    let files = Files::new();
    let engine = engine();
    for bad in ["a\rb", "a\nb", "a\r\nX-Evil: 1", "a\0b"] {
        for (name, value) in [("X-Good", bad), (bad, "good")] {
            let request = small(&files, &peer.url()).header(name, value);
            let outcome = engine.upload(request).wait();
            assert_eq!(kind(&outcome), Some(ErrorKind::InvalidParameter), "{bad:?}");
        }
    }
    assert_eq!(peer.connections(), 0);
}

#[test]
fn s2_names_are_escaped_and_media_types_are_tokens() {
    let (peer, kept) = keeping();
    let files = Files::new();
    let engine = engine();
    let evil = "a\"; filename=\"b\r\nX-Evil: 1\r\n\r\n";
    let request = UploadRequest::new(peer.url(), files.file("a", 3), evil)
        .field(evil, "value")
        .file_name(evil);
    assert_eq!(engine.upload(request).wait().status(), Some(200));
    let body = kept.lock().unwrap()[0].1.clone();
    let body = String::from_utf8_lossy(&body).into_owned();
    assert!(!body.contains("\r\nX-Evil"), "{body}");
    assert_eq!(
        body.matches("%22; filename=%22b%0D%0AX-Evil: 1%0D%0A")
            .count(),
        3
    );

    for bad in [
        "text/plain\r\nX-Evil: 1",
        "text",
        "text/pl ain",
        "a/b;c=\"",
        "a/b\0",
    ] {
        let outcome = engine
            .upload(small(&files, &peer.url()).mime_type(bad))
            .wait();
        assert_eq!(kind(&outcome), Some(ErrorKind::InvalidParameter), "{bad:?}");
    }
    assert_eq!(kept.lock().unwrap().len(), 1);
}

#[test]
fn s3_every_request_has_a_boundary_of_128_new_bits() {
    let files = Files::new();
    let engine = engine();
    let mut seen = HashSet::new();
    for _ in 0..1000 {
        let preview = engine
            .preview(small(&files, "http://h/"))
            .expect("a good call");
        let head = String::from_utf8(preview.head).expect("ASCII");
        let boundary =
            header(&head, "content-type").and_then(|value| value.split_once("boundary="));
        let random = boundary.and_then(|(_, text)| text.strip_prefix("----quintet"));
        let random = random.expect("a boundary").to_owned();
        assert!(random.len() == 32 && random.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert!(seen.insert(random), "a boundary came twice");
    }
}

#[test]
fn s4_what_is_checked_is_dialled_and_named_and_nothing_else_goes_out() {
    let (peer, kept) = keeping();
    let files = Files::new();
    let engine = engine();
    let authority = peer.addr.to_string();
    for url in [
        format!("http://user@{authority}/"),
        format!("http://user:{SECRET}@{authority}/"),
        format!("http://good.test:80@{authority}/"),
        format!("ftp://{authority}/"),
        format!("http://{authority}/\r\nX: 1"),
    ] {
        let outcome = engine.upload(small(&files, &url)).wait();
        assert_eq!(kind(&outcome), Some(ErrorKind::InvalidParameter), "{url}");
        assert!(!outcome.err_msg().contains(SECRET));
    }
    assert_eq!(peer.connections(), 0);
    let url = format!("http://{authority}/a b?q=ü#fragment");
    assert_eq!(
        engine.upload(small(&files, &url)).wait().status(),
        Some(200)
    );
    let head = kept.lock().unwrap()[0].0.clone();
    assert!(
        head.starts_with("POST /a%20b?q=%C3%BC HTTP/1.1\r\n"),
        "{head}"
    );
    assert_eq!(header(&head, "host"), Some(&*authority));
}

#[test]
fn s5_the_engines_headers_are_its_own_and_frame_once() {
    let (peer, kept) = keeping();
    let files = Files::new();
    let engine = engine();
    let mut request = small(&files, &peer.url());
    let owned = [
        "Content-Length",
        "content-length",
        "TRANSFER-ENCODING",
        "Transfer-Encoding",
        "Content-Type",
        "hOST",
        "Connection",
        "Expect",
        "Referer",
        "X-Request-Id",
        "x-tt-logid",
    ];
    for name in owned {
        request = request.header(name, "chunked");
    }
    let task = engine.upload(request);
    assert_eq!(task.ignored_headers().len(), owned.len());
    assert_eq!(task.wait().status(), Some(200));
    let head = kept.lock().unwrap()[0].0.to_lowercase();
    assert!(!head.contains("chunked") && !head.contains("referer") && !head.contains("expect"));
    for once in ["content-length:", "content-type:", "host:", "x-request-id:"] {
        assert_eq!(head.matches(&format!("\r\n{once}")).count(), 1, "{once}");
    }
    for spaced in [
        "Content-Length ",
        " Content-Length",
        "Content-Length\t",
        "Transfer-Encoding:",
    ] {
        let outcome = engine
            .upload(small(&files, &peer.url()).header(spaced, "5"))
            .wait();
        assert_eq!(
            kind(&outcome),
            Some(ErrorKind::InvalidParameter),
            "{spaced:?}"
        );
    }
}

#[test]
fn s6_the_socket_gets_the_promised_bytes_or_is_closed() {
    for changed_to in [(64 << 20) - 1, (64 << 20) + 1] {
        let (sent, came) = mpsc::channel();
        let (open, wait) = gate();
        let peer = Peer::start(move |mut conversation, _| {
            let head = conversation.head();
            sent.send((content_length(&head).unwrap(), None)).unwrap();
            pass(&wait);
            let body = conversation.drain();
            sent.send((0, Some(body))).unwrap();
        });
        let files = Files::new();
        let path = files.sparse("a", 64 << 20);
        let task = engine().upload(UploadRequest::new(peer.url(), &path, "file"));
        let (promised, _) = came.recv_timeout(PATIENCE).unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(changed_to).unwrap();
        open.send(()).unwrap();
        assert_eq!(task.wait().kind(), Some(ErrorKind::FileChanged));
        let body = came.recv_timeout(PATIENCE).unwrap().1.unwrap();
        assert!(body < promised, "{body} of {promised}");
    }
}

#[test]
fn s7_credentials_stay_on_their_origin_and_a_port_is_another_origin() {
    let (other, kept) = keeping();
    let location = format!("http://{}/up", other.addr);
    let first = answering(format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    ));
    let files = Files::new();
    let any = engine_with(settings(|settings| settings.redirects = Redirects::Any));
    let request = small(&files, &first.url())
        .header("Authorization", SECRET)
        .header("cookie", SECRET)
        .header("Proxy-Authorization", SECRET)
        .header("X-Kept", "yes");
    assert_eq!(any.upload(request).wait().status(), Some(200));
    let head = kept.lock().unwrap()[0].0.clone();
    assert!(
        !head.contains(SECRET) && head.contains("X-Kept: yes"),
        "{head}"
    );

    let outcome = engine().upload(small(&files, &first.url())).wait();
    assert_eq!(
        outcome.status(),
        Some(307),
        "another port is another origin"
    );
}

#[test]
fn s8_no_parameter_of_a_call_turns_verification_off() {
    let settings = quintet_receiver::Settings {
        tls: Some(quintet_receiver::Tls::SelfMade),
        ..quintet_receiver::Settings::default()
    };
    let receiver = quintet_receiver::Receiver::start(settings).expect("a port");
    let tls = TlsConnect::new(TcpConnect::new(), TlsSettings::webpki_roots()).expect("settings");
    let engine = Engine::start(tls).expect("a thread");
    let files = Files::new();
    let url = receiver.url("/up");
    for request in [
        small(&files, &url),
        small(&files, &url)
            .header("X-Insecure", "1")
            .field("insecure", "true"),
        small(&files, &format!("{url}?insecure=1&verify=false")),
    ] {
        let outcome = engine.upload(request).wait();
        assert_eq!(kind(&outcome), Some(ErrorKind::Tls), "{outcome:?}");
        assert!(outcome.may_retry, "nothing of the request was sent");
    }
}

#[test]
fn s9_a_connection_is_used_again_for_its_own_origin_alone_and_only_when_clean() {
    let (one, kept) = keeping();
    let files = Files::new();
    let engine = engine();
    let upload = |url: &str| engine.upload(small(&files, url)).wait();
    for _ in 0..3 {
        assert_eq!(upload(&one.url()).status(), Some(200));
    }
    assert_eq!((one.connections(), kept.lock().unwrap().len()), (1, 3));
    // The same address by another name is another origin.
    let named = one.url().replace("127.0.0.1", "localhost");
    assert_eq!(upload(&named).status(), Some(200));
    assert_eq!(one.connections(), 2);

    let surplus = answering(format!(
        "{OK}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    ));
    for _ in 0..2 {
        let outcome = upload(&surplus.url());
        assert_eq!(outcome.result.as_ref().expect("an answer").data(), "ok");
    }
    assert_eq!(surplus.connections(), 2);
}

/// The rest of this rule is tested in `policy.rs`.
#[test]
fn s10_the_host_policy_sees_the_address_of_every_dial() {
    let (peer, kept) = keeping();
    let files = Files::new();
    let engine = Engine::builder(TcpConnect::new())
        .policy(quintet::Rules::new().public_addresses_only())
        .start()
        .expect("a thread");
    let port = peer.addr.port();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "0x7f000001",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ] {
        let outcome = engine
            .upload(small(&files, &format!("http://{host}:{port}/")))
            .wait();
        assert_eq!(kind(&outcome), Some(ErrorKind::DomainDenied), "{host}");
    }
    assert_eq!((peer.connections(), kept.lock().unwrap().len()), (0, 0));
}

#[cfg(unix)]
#[test]
fn s11_a_sandbox_is_not_left_and_nothing_in_it_blocks() {
    use std::os::unix::fs::symlink;
    let files = Files::new();
    std::fs::create_dir_all(files.path("box/in")).unwrap();
    files.file("secret", 3);
    files.file("box/in/a", 3);
    symlink("../secret", files.path("box/up")).unwrap();
    symlink("in", files.path("box/dir")).unwrap();
    symlink("/etc/passwd", files.path("box/out")).unwrap();
    symlink("/proc/self/fd/0", files.path("box/magic")).unwrap();
    let fifo = std::process::Command::new("mkfifo")
        .arg(files.path("box/fifo"))
        .status();
    assert!(fifo.expect("coreutils").success());
    let _socket = std::os::unix::net::UnixListener::bind(files.path("box/socket")).unwrap();
    symlink("/proc/self/cwd", files.path("box/in/cwd")).unwrap();
    let root = files.path("box");
    let beneath = LocalFiles::beneath(&root);
    let open = |path: &str| quintet::Files::open(&beneath, Path::new(path)).map(drop);
    let check = |path: &str| quintet::Files::check(&beneath, Path::new(path));
    let walked = |path: &str| walk_road::open(&root, Path::new(path));
    let secret = files.path("secret");
    for (path, told) in [
        ("in/a", "Ok"),
        ("./in/a", "Ok"),
        ("in/./a", "Ok"),
        ("in//a/", "Ok"),
        ("../secret", "Denied"),
        ("in/../../secret", "Denied"),
        ("in/../in/a", "Denied"),
        ("in/..", "Denied"),
        ("/etc/passwd", "Denied"),
        (secret.to_str().unwrap(), "Denied"),
        ("up", "Denied"),
        ("dir", "Denied"),
        ("dir/a", "Denied"),
        ("dir/nothing", "Denied"),
        ("out", "Denied"),
        ("out/a", "Denied"),
        ("magic", "Denied"),
        ("in/cwd/a", "Denied"),
        ("fifo", "NotRegular"),
        ("socket", "NotRegular"),
        ("in", "NotRegular"),
        (".", "NotFound"),
        ("", "NotFound"),
        ("nothing", "NotFound"),
        ("nothing/a", "NotFound"),
        ("in/a/b", "NotFound"),
        ("in/a\0b", "InvalidPath"),
        ("in\0/a", "InvalidPath"),
    ] {
        for opened in [open(path), check(path), walked(path)] {
            let opened = format!("{opened:?}");
            let opened = opened.trim_start_matches("Err(");
            assert!(opened.starts_with(told), "{path:?}: {opened}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn s12_the_file_is_never_mapped() {
    let (seen, came) = mpsc::channel();
    let peer = Peer::start(move |mut conversation, _| {
        let head = conversation.head();
        seen.send(std::fs::read_to_string("/proc/self/maps").unwrap())
            .unwrap();
        conversation.read(content_length(&head).unwrap());
        conversation.say(OK);
    });
    let files = Files::new();
    let path = files.sparse("a-name-to-look-for", 64 << 20);
    let outcome = engine()
        .upload(UploadRequest::new(peer.url(), path, "file"))
        .wait();
    assert_eq!(outcome.status(), Some(200));
    assert!(
        !came
            .recv_timeout(PATIENCE)
            .unwrap()
            .contains("a-name-to-look-for")
    );
}

/// Those of an answer are in the protocol crate's `limits.rs`.
#[test]
fn s13_limits_of_a_call_hold_at_the_limit_and_not_beyond() {
    let (peer, _) = keeping();
    let files = Files::new();
    let engine = engine();
    let status = |request: UploadRequest| engine.upload(request).wait().status();
    let headers = |count: usize, value: &str| {
        let request = small(&files, &peer.url());
        (0..count).fold(request, |request, n| {
            request.header(format!("X-{n:03}"), value)
        })
    };
    assert_eq!(status(headers(HEADERS_MAX, "v")), Some(200));
    assert_eq!(status(headers(HEADERS_MAX + 1, "v")), None);
    let value = |bytes: usize| "v".repeat(bytes - "X-000".len());
    assert_eq!(status(headers(1, &value(HEADER_BYTES_MAX))), Some(200));
    assert_eq!(status(headers(1, &value(HEADER_BYTES_MAX + 1))), None);
    let url = |bytes: usize| {
        let url = format!("{}?", peer.url());
        url.clone() + &"q".repeat(bytes - url.len())
    };
    assert_eq!(status(small(&files, &url(URL_BYTES_MAX))), Some(200));
    assert_eq!(status(small(&files, &url(URL_BYTES_MAX + 1))), None);
    let named = |bytes: usize| small(&files, &peer.url()).file_name("n".repeat(bytes));
    assert_eq!(status(named(65_536)), Some(200));
    assert_eq!(status(named(65_537)), None);
}

#[test]
fn s14_only_chunked_is_a_transfer_encoding_and_only_hex_a_size() {
    let head = |encoding: &str| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {encoding}\r\n\r\n");
    let sized = |size: &str| head("chunked") + size + "\r\nok\r\n0\r\n\r\n";
    let answers = [
        head("gzip, chunked") + "2\r\nok\r\n0\r\n\r\n",
        head("chunked, chunked") + "2\r\nok\r\n0\r\n\r\n",
        head("xchunked") + "2\r\nok\r\n0\r\n\r\n",
        head("\x0bchunked") + "2\r\nok\r\n0\r\n\r\n",
        sized("+2"),
        sized("-2"),
        sized("0x2"),
        sized(" 2"),
        sized("2_"),
        sized(""),
        sized("00000000000000002"),
        sized("fffffffffffffffff"),
    ];
    let files = Files::new();
    let engine = engine();
    for answer in answers {
        let peer = answering(answer.clone());
        let outcome = engine.upload(small(&files, &peer.url())).wait();
        assert_eq!(kind(&outcome), Some(ErrorKind::Malformed), "{answer:?}");
    }
    let peer = answering(sized("0000000000000002"));
    assert_eq!(
        engine.upload(small(&files, &peer.url())).wait().status(),
        Some(200)
    );
}

#[test]
fn s15_a_peer_that_drips_is_not_waited_for() {
    let peer = Peer::start(|mut conversation, _| {
        conversation.request();
        // A byte now and then keeps every stall clock from striking.
        while conversation.say("H") {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    });
    let files = Files::new();
    let short = std::time::Duration::from_millis(50);
    let head = settings(|settings| settings.response_head_timeout = short);
    let outcome = engine_with(head).upload(small(&files, &peer.url())).wait();
    // A head of this letter alone is refused as soon as that shows.
    let expected = [Some(302), Some(305)];
    assert!(
        expected.contains(
            &outcome
                .result
                .as_ref()
                .err()
                .map(|error| error.kind().errno())
        )
    );
    let whole = small(&files, &peer.url()).timeout(short);
    assert!(engine().upload(whole).wait().status().is_none());
}

#[test]
fn s16_nothing_of_one_upload_is_seen_in_the_next() {
    let (peer, kept) = keeping();
    let files = Files::new();
    let one = engine_with(settings(|settings| settings.active_max = 1));
    std::fs::write(files.path("secret"), SECRET.repeat(100)).unwrap();
    let first = UploadRequest::new(peer.url(), files.path("secret"), "file")
        .header("Authorization", SECRET)
        .field("password", SECRET);
    let first = one.upload(first);
    let second = one.upload(small(&files, &peer.url()));
    assert_eq!(
        (first.wait().status(), second.wait().status()),
        (Some(200), Some(200))
    );
    assert_eq!(
        peer.connections(),
        1,
        "the connection, with its buffers, was used again"
    );
    let kept = kept.lock().unwrap();
    let text =
        |(head, body): &(String, Vec<u8>)| format!("{head}{}", String::from_utf8_lossy(body));
    assert!(text(&kept[0]).contains(SECRET) && !text(&kept[1]).contains(SECRET));
}

#[test]
fn s17_no_secret_is_in_an_error_or_a_debug_text() {
    let refused = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let malformed = answering(format!("HTTP/1.1 {SECRET}\r\n\r\n"));
    let over = answering(format!(
        "HTTP/1.1 200 OK\r\nX: {}\r\n\r\n",
        SECRET.repeat(5000)
    ));
    let ended = answering(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{SECRET}"
    ));
    let files = Files::new();
    std::fs::create_dir(files.path(SECRET)).unwrap();
    let engine = engine();
    let ask = |url: String, path: &Path| {
        let request = UploadRequest::new(format!("{url}?token={SECRET}"), path, "file")
            .header("Authorization", SECRET)
            .field("password", SECRET);
        let shown = format!("{request:?}");
        let task = engine.upload(request);
        let outcome = task.wait();
        let error = outcome.result.as_ref().expect_err("each of these fails");
        format!(
            "{shown} {task:?} {outcome:?} {error} {} {}",
            error.detail(),
            outcome.err_msg()
        )
    };
    let file = files.file("a", 10);
    for shown in [
        ask(format!("http://{refused}/"), &file),
        ask(malformed.url(), &file),
        ask(over.url(), &file),
        ask(ended.url(), &file),
        ask("ftp://h/".into(), &file),
        ask(malformed.url(), Path::new("missing")),
    ] {
        assert!(!shown.contains(SECRET), "{shown}");
    }
    let missing = files.path(SECRET).join("missing");
    let outcome = engine
        .upload(UploadRequest::new("http://h/", missing, "f"))
        .wait();
    assert_eq!(outcome.err_msg(), "uploadFile:fail file not found");
}

/// A panic inside an upload is in `endings.rs`.
#[test]
fn s21_the_queue_has_a_bound() {
    let engine = engine_with(settings(|settings| {
        settings.active_max = 0;
        settings.queue_max = 2;
    }));
    let files = Files::new();
    let tasks: Vec<_> = (0..3)
        .map(|_| engine.upload(small(&files, "http://h/")))
        .collect();
    let outcome = tasks[2].wait();
    assert_eq!(
        (kind(&outcome), outcome.errno()),
        (Some(ErrorKind::QueueFull), 102)
    );
    assert!(tasks[0].abort(), "the others still wait");
    assert!(tasks[1].outcome().is_none());
}
