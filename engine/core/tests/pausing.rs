//! Pause and resume: nothing is written, nothing stalls, and what was lost begins again.
#![forbid(unsafe_code)]

#[path = "support/simulated.rs"]
mod simulated;
mod support;

use std::io::ErrorKind::WouldBlock;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::Duration;

use quintet::{Engine, ErrorKind, Event, EventKind, UploadRequest, UploadTask};
use quintet_receiver::SelfMade;
use quintet_tcp::TcpConnect;
use quintet_tls::rustls::pki_types::pem::PemObject;
use quintet_tls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use quintet_tls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto};
use quintet_tls::{TlsConnect, TlsSettings};
use simulated::{Network, pass_time, simulated};
use support::*;

const HOUR: Duration = Duration::from_secs(3600);
const URL: &str = "http://peer.test/up";

fn request() -> (UploadRequest, Arc<Recorder>) {
    recorded(URL, &"a.bin".into())
}

#[test]
fn a_paused_upload_writes_not_one_byte_and_never_stalls() {
    simulated(async {
        let network = Network::new(1 << 16, |mut end, _| async move {
            pass_time(HOUR).await;
            assert!(end.is_silent(), "not even the head");
            end.request().await;
            end.say(OK).await;
        });
        let engine = network.engine(1 << 20, settings(|_| {}));
        let (request, recorder) = request();
        let paused = Arc::new(OnceLock::<UploadTask>::new());
        let pauses = paused.clone();
        let task = engine.upload(request.listener(Arc::new(move |event: &Event| {
            // Late enough that a connection is there, early enough that nothing was written.
            if matches!(event.kind, EventKind::Connected) {
                assert!(pauses.get().unwrap().pause());
            }
        })));
        let task = paused.get_or_init(|| task);
        assert!(!task.resume(), "it was not paused");
        pass_time(2 * HOUR).await;
        assert_eq!(recorder.names().last(), Some(&"paused"));
        assert!(!task.pause(), "it is paused already");
        assert!(task.resume());
        assert!(!task.resume());
        pass_time(Duration::from_secs(1)).await;
        assert_eq!(task.outcome().unwrap().status(), Some(200));
        assert!(!task.pause() && !task.resume(), "it is over");
        let expected = [
            "admitted",
            "started",
            "resolved",
            "connected",
            "paused",
            "resumed",
            "head sent",
            "progress",
            "body sent",
            "headers received",
            "done",
        ];
        assert_eq!(recorder.names(), expected);
        recorder.check();
    });
}

#[test]
fn one_that_is_paused_before_its_slot_asks_for_no_connection() {
    simulated(async {
        let network = Network::new(1 << 16, |mut end, _| async move {
            end.request().await;
            end.say(OK).await;
        });
        let engine = network.engine(1000, settings(|_| {}));
        let (request, recorder) = request();
        let task = engine.upload(request);
        assert!(task.pause());
        pass_time(HOUR).await;
        assert_eq!(recorder.names(), ["admitted", "paused"]);
        assert_eq!(network.connections(), 0);
        task.resume();
        assert_eq!(task.await.status(), Some(200));
    });
}

#[test]
fn the_uploads_own_time_goes_on() {
    simulated(async {
        let network = Network::new(1 << 16, |mut end, _| async move {
            end.head().await;
            std::future::pending().await
        });
        let engine = network.engine(1 << 20, settings(|_| {}));
        for pauses_at in [Duration::ZERO, Duration::from_secs(1)] {
            let (request, recorder) = request();
            let task = engine.upload(request.timeout(10 * HOUR));
            pass_time(pauses_at).await;
            task.pause();
            let outcome = task.await;
            assert!(matches!(outcome.kind(), Some(ErrorKind::Timeout(_))));
            let took = outcome.timings.done.unwrap() - outcome.timings.admitted.unwrap();
            assert!(took >= 10 * HOUR && took < 10 * HOUR + Duration::from_secs(1));
            recorder.check();
        }
    });
}

#[test]
fn a_connection_lost_meanwhile_begins_again_from_the_first_byte() {
    simulated(async {
        let network = Network::new(1 << 14, |mut end, number| async move {
            let head = end.head().await;
            if number == 0 {
                end.read(100).await;
                pass_time(HOUR).await;
                return;
            }
            let body = end.read(content_length(&head).unwrap()).await;
            let whole = content(1 << 20);
            assert!(body.windows(whole.len()).any(|part| part == whole));
            end.say(OK).await;
        });
        let engine = network.engine(1 << 20, settings(|_| {}));
        let (request, recorder) = request();
        let (request, seat, at) = pausing_once(request);
        let task = seat.get_or_init(|| engine.upload(request));
        pass_time(2 * HOUR).await;
        assert!(at.try_recv().is_ok(), "paused in the body");
        assert!(task.outcome().is_none(), "a lost connection is no end");
        assert_eq!(network.connections(), 1, "none is asked for meanwhile");
        task.resume();
        pass_time(Duration::from_secs(1)).await;
        let outcome = task.outcome().unwrap();
        assert_eq!(outcome.status(), Some(200), "{outcome:?}");
        assert_eq!(network.connections(), 2);
        recorder.check();
    });
}

/// Pauses its upload at the first progress, and tells how much was sent then.
fn pausing_once(
    request: UploadRequest,
) -> (
    UploadRequest,
    Arc<OnceLock<UploadTask>>,
    mpsc::Receiver<u64>,
) {
    let (tell, at) = mpsc::channel();
    let tell = Mutex::new(Some(tell));
    let task = Arc::new(OnceLock::<UploadTask>::new());
    let pauses = task.clone();
    let listener = move |event: &Event| {
        if let EventKind::Progress(progress) = event.kind
            && let Some(tell) = tell.lock().unwrap().take()
        {
            assert!(pauses.wait().pause());
            tell.send(progress.sent).expect("the test waits");
        }
    };
    (request.listener(Arc::new(listener)), task, at)
}

#[test]
fn a_connection_lost_after_the_whole_body_is_a_failure() {
    simulated(async {
        let network = Network::new(1 << 16, |mut end, _| async move {
            end.request().await;
            pass_time(HOUR).await;
        });
        let engine = network.engine(1000, settings(|_| {}));
        let (request, recorder) = request();
        let task = engine.upload(request);
        pass_time(Duration::from_secs(1)).await;
        assert!(task.pause());
        let outcome = task.await;
        assert_eq!(
            outcome.kind(),
            Some(ErrorKind::Closed),
            "the server may have acted on it"
        );
        assert_eq!(network.connections(), 1);
        recorder.check();
    });
}

#[test]
fn an_answer_is_heard_while_paused() {
    simulated(async {
        let network = Network::new(1 << 14, |mut end, _| async move {
            end.head().await;
            pass_time(HOUR).await;
            end.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
                .await;
            std::future::pending().await
        });
        let engine = network.engine(1 << 20, settings(|_| {}));
        let task = engine.upload(request().0);
        pass_time(Duration::from_secs(1)).await;
        assert!(task.pause());
        assert_eq!(task.await.status(), Some(413));
    });
}

#[test]
fn an_abort_and_a_shutdown_end_a_paused_upload() {
    simulated(async {
        let network = Network::new(1 << 14, |mut end, _| async move {
            end.head().await;
            std::future::pending().await
        });
        let engine = network.engine(1 << 20, settings(|_| {}));
        let (first, second) = (engine.upload(request().0), engine.upload(request().0));
        first.pause();
        second.pause();
        pass_time(Duration::from_secs(1)).await;
        assert!(first.abort());
        assert!(first.await.is_aborted());
        engine.shutdown();
        assert_eq!(second.await.kind(), Some(ErrorKind::ShutDown));
    });
}

#[test]
fn on_a_socket_what_was_told_as_sent_is_all_that_comes() {
    let (open, wait) = gate();
    let (silent, is_silent) = mpsc::channel();
    let (tell, told) = mpsc::channel::<u64>();
    let told = Mutex::new(told);
    let peer = Peer::start(move |mut conversation, _| {
        let head = conversation.head();
        let sent = told.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        assert_eq!(conversation.read(sent).len() as u64, sent);
        conversation.0.set_nonblocking(true).unwrap();
        let more = conversation.0.peek(&mut [0]);
        silent
            .send(more.is_err_and(|error| error.kind() == WouldBlock))
            .unwrap();
        conversation.0.set_nonblocking(false).unwrap();
        pass(&wait);
        conversation.read(content_length(&head).unwrap() - sent);
        conversation.say(OK);
    });
    let files = Files::new();
    let (request, recorder) = recorded(&peer.url(), &files.sparse("big.bin", 64 << 20));
    let (request, seat, at) = pausing_once(request);
    let engine = engine();
    let task = seat.get_or_init(|| engine.upload(request));
    tell.send(at.recv_timeout(PATIENCE).unwrap()).unwrap();
    assert!(is_silent.recv_timeout(PATIENCE).unwrap());
    recorder.wait_for("paused");
    assert!(task.resume());
    open.send(()).unwrap();
    let outcome = task.wait();
    assert_eq!(outcome.status(), Some(200));
    recorder.check();
}

/// A record of TLS, with what is around its bytes.
const RECORD_BYTES_MAX: usize = 16 * 1024 + 256;

/// The server's side of a TLS connection.
struct Secure(StreamOwned<ServerConnection, TcpStream>);

impl Secure {
    /// Reads up to and with the empty line that ends the request head.
    fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match self.read(1)[..] {
                [byte] => head.push(byte),
                _ => break,
            }
        }
        String::from_utf8(head).expect("a head in UTF-8")
    }

    fn read(&mut self, len: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = (&mut self.0).take(len).read_to_end(&mut bytes);
        bytes
    }

    fn say(&mut self, text: &str) {
        let _ = self.0.write_all(text.as_bytes());
        let _ = self.0.flush();
    }

    /// What has come and was not read: bytes of the body, and of the connection.
    fn unread(&mut self) -> (usize, usize) {
        let (tls, stream) = (&mut self.0.conn, &mut self.0.sock);
        stream.set_nonblocking(true).unwrap();
        let (mut body, mut raw) = (0, 0);
        loop {
            body += tls.process_new_packets().unwrap().plaintext_bytes_to_read();
            match tls.read_tls(stream) {
                Ok(read @ 1..) if body == 0 => raw += read,
                Err(error) if error.kind() == WouldBlock => break,
                end => panic!("not silent: {end:?} with {body} bytes of the body"),
            }
        }
        stream.set_nonblocking(false).unwrap();
        (body, raw)
    }
}

fn server_config(made: &SelfMade) -> Arc<ServerConfig> {
    let chain = CertificateDer::from_pem_slice(made.cert_pem.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(made.key_pem.as_bytes()).unwrap();
    let provider = Arc::new(crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth();
    Arc::new(config.with_single_cert(vec![chain], key).unwrap())
}

#[test]
fn over_tls_no_record_more_than_was_told_comes_while_another_upload_goes() {
    let made = SelfMade::new().expect("randomness");
    let config = server_config(&made);
    let (open, wait) = gate();
    let (tell, told) = mpsc::channel::<u64>();
    let (told, unread) = (Mutex::new(told), Arc::new(OnceLock::new()));
    let seen = unread.clone();
    let peer = Peer::start(move |conversation, number| {
        let tls = ServerConnection::new(config.clone()).expect("a good configuration");
        let mut secure = Secure(StreamOwned::new(tls, conversation.0));
        let head = secure.head();
        let mut left = content_length(&head).unwrap();
        if number == 0 {
            let sent = told.lock().unwrap().recv_timeout(PATIENCE).unwrap();
            assert_eq!(secure.read(sent).len() as u64, sent);
            pass(&wait);
            seen.set(secure.unread()).unwrap();
            pass(&wait);
            left -= sent;
        }
        assert_eq!(secure.read(left).len() as u64, left);
        secure.say(OK);
    });
    let trusted = TlsSettings::only_given_roots().add_root_pem(made.root_pem.as_bytes());
    let tls = TlsConnect::new(TcpConnect::new(), trusted.unwrap()).unwrap();
    let engine = Engine::start(tls).unwrap();
    let (files, url) = (Files::new(), format!("https://{}/up", peer.addr));
    let path = files.file("big.bin", 4 << 20);
    let (request, recorder) = recorded(&url, &path);
    let (request, seat, at) = pausing_once(request);
    let task = seat.get_or_init(|| engine.upload(request));
    tell.send(at.recv_timeout(PATIENCE).unwrap()).unwrap();
    // The engine has many turns meanwhile.
    let another = engine.upload(UploadRequest::new(url, &path, "file"));
    assert_eq!(another.wait().status(), Some(200));
    open.send(()).unwrap();
    until("the peer has looked", || unread.get().is_some());
    let (body, raw) = *unread.get().unwrap();
    assert_eq!(body, 0, "not one byte of the body");
    assert!(
        raw <= RECORD_BYTES_MAX,
        "a begun record at most, not {raw} bytes"
    );
    assert_eq!(recorder.names().last(), Some(&"paused"));
    assert!(task.resume());
    open.send(()).unwrap();
    assert_eq!(task.wait().status(), Some(200));
    recorder.check();
}
