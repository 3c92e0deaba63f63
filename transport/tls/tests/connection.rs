//! What a TLS connection promises as a connection: over TCP against a blocking peer, and over memory step by step.

mod peer;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use peer::{
    Authority, REQUEST, RESPONSE, Served, Server, dns, leaf, root, server_config, target,
    transport, trusting,
};
use quintet_tls::rustls::{HandshakeKind, ServerConfig, ServerConnection, Stream};
use quintet_tls::{SEALED_BYTES_MAX, TlsConnect, TlsSettings};
use quintet_transport::memory::{self, Memory};
use quintet_transport::{
    Connect, ConnectErrorKind, ConnectFuture, Connection, FileSend, Info, SecurityError, Step,
    Target, Unwatched, Watch,
};

const RECORD: usize = 16 * 1024;

fn pattern(len: usize) -> Vec<u8> {
    let words = (0_u32..).flat_map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes());
    words.take(len).collect()
}

fn localhost(root: &Authority) -> ServerConfig {
    server_config(leaf(root, &[dns("localhost")], |_| {}))
}

async fn write_all(connection: &mut dyn Connection, mut buf: &[u8]) -> io::Result<()> {
    while !buf.is_empty() {
        let taken = poll_fn(|cx| connection.poll_write(cx, buf)).await?;
        buf = &buf[taken..];
    }
    Ok(())
}

async fn read_to_end(connection: &mut dyn Connection) -> io::Result<Vec<u8>> {
    let (mut got, mut buf) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        match poll_fn(|cx| connection.poll_read(cx, &mut buf)).await? {
            0 => return Ok(got),
            read => got.extend(&buf[..read]),
        }
    }
}

/// Connects and exchanges one request and its answer.
async fn exchange(transport: &dyn Connect, port: u16) -> Box<dyn Connection> {
    let target = target("localhost", port);
    let mut connection = transport.connect(&target, &Unwatched).await.unwrap();
    write_all(&mut *connection, REQUEST).await.unwrap();
    assert_eq!(read_to_end(&mut *connection).await.unwrap(), RESPONSE);
    connection
}

#[derive(Default)]
struct Steps(RefCell<Vec<Step>>);

impl Watch for Steps {
    fn reached(&self, step: Step) {
        self.0.borrow_mut().push(step);
    }
}

// Over TCP.

#[tokio::test]
async fn the_steps_end_with_secured() {
    let root = root("root");
    let server = Server::tls(localhost(&root), true);
    let (transport, steps) = (transport(trusting(&root)), Steps::default());
    let target = target("localhost", server.address.port());
    let connection = transport.connect(&target, &steps).await.unwrap();
    assert_eq!(
        *steps.0.borrow(),
        [Step::Resolved, Step::Connected, Step::Secured]
    );
    let info = connection.info();
    assert_eq!(info.peer, Some(server.address));
    assert_eq!(info.secured.unwrap().protocol, "TLSv1.3");
}

#[tokio::test]
async fn a_plain_target_is_passed_through() {
    let server = Server::start(|mut stream| {
        let mut served = Served::default();
        stream.read_to_end(&mut served.request).unwrap();
        served
    });
    let mut target = target("localhost", server.address.port());
    target.secure = false;
    let transport = transport(trusting(&root("root")));
    let mut connection = transport.connect(&target, &Unwatched).await.unwrap();
    assert_eq!(connection.info().secured, None);
    write_all(&mut *connection, REQUEST).await.unwrap();
    drop(connection);
    assert_eq!(server.thread.join().unwrap().request, REQUEST);
}

#[tokio::test]
async fn the_second_connection_resumes_the_first_ones_session() {
    let root = root("root");
    let config = Arc::new(localhost(&root));
    let transport = transport(trusting(&root));
    // The peer must be found under the same name and, for rustls, any port.
    for resumed in [false, true, true] {
        let server = Server::tls(config.clone(), true);
        let connection = exchange(&transport, server.address.port()).await;
        let secured = connection.info().secured.unwrap();
        assert_eq!(secured.resumed, resumed);
        server.thread.join().unwrap();
    }
}

#[tokio::test]
async fn ten_megabytes_go_both_ways_at_once() {
    let root = root("root");
    let config = Arc::new(localhost(&root));
    let bytes = pattern(10 << 20);
    let echoed = bytes.len();
    let server = Server::start(move |mut stream| {
        let mut tls = ServerConnection::new(config).unwrap();
        let mut stream = Stream::new(&mut tls, &mut stream);
        let (mut buf, mut seen) = (vec![0; 100_000], 0);
        while seen < echoed {
            let read = stream.read(&mut buf).unwrap();
            stream.write_all(&buf[..read]).unwrap();
            seen += read;
        }
        stream.conn.send_close_notify();
        stream.flush().unwrap();
        Served::default()
    });
    let transport = transport(trusting(&root));
    let target = target("localhost", server.address.port());
    let mut connection = transport.connect(&target, &Unwatched).await.unwrap();
    let (mut sent, mut got, mut buf) = (0, Vec::<u8>::new(), vec![0; 50_000]);
    // One task for both directions, as the engine has it.
    poll_fn(|cx| {
        loop {
            let mut moved = false;
            if sent < bytes.len()
                && let Poll::Ready(taken) = connection.poll_write(cx, &bytes[sent..])
            {
                let taken = taken.unwrap();
                assert!((1..=SEALED_BYTES_MAX).contains(&taken));
                sent += taken;
                moved = true;
            }
            if let Poll::Ready(read) = connection.poll_read(cx, &mut buf) {
                match read.unwrap() {
                    0 => return Poll::Ready(()),
                    read => got.extend(&buf[..read]),
                }
                moved = true;
            }
            if !moved {
                return Poll::Pending;
            }
        }
    })
    .await;
    assert_eq!(sent, bytes.len());
    assert!(got == bytes);
    server.thread.join().unwrap();
    let total = bytes.len() as u64;
    if connection.info().acked.is_some() {
        while connection.info().acked != Some(total) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test]
async fn a_server_that_insists_on_another_protocol_is_refused() {
    let root = root("root");
    for (protocol, good) in [("h2", false), ("http/1.1", true)] {
        let mut config = localhost(&root);
        config.alpn_protocols = vec![protocol.into()];
        let server = Server::tls(config, true);
        let target = target("localhost", server.address.port());
        let result = transport(trusting(&root))
            .connect(&target, &Unwatched)
            .await;
        match good {
            true => drop(result.unwrap()),
            false => assert_eq!(result.err().unwrap().kind, ConnectErrorKind::Tls),
        }
    }
}

#[tokio::test]
async fn a_name_that_cannot_be_in_a_certificate_is_refused_before_the_dial() {
    let transport = transport(trusting(&root("root")));
    let steps = Steps::default();
    let result = transport.connect(&target("not a name", 1), &steps).await;
    assert_eq!(result.err().unwrap().kind, ConnectErrorKind::Tls);
    assert!(steps.0.borrow().is_empty());
}

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs {
    use super::*;

    #[tokio::test]
    async fn the_chosen_provider_decides_when_both_are_there() {
        let root = root("root");
        for provider in [quintet_tls::ring(), quintet_tls::aws_lc_rs()] {
            let server = Server::tls(localhost(&root), true);
            let transport = transport(trusting(&root).provider(provider));
            exchange(&transport, server.address.port()).await;
        }
    }
}

// Over memory: every byte moves when the test says so.

thread_local! {
    /// The peer's end of the connection that `OverMemory` made last.
    static FAR: RefCell<Option<Memory>> = const { RefCell::new(None) };
    /// The next write to it fails, and no other.
    static FAILS: Cell<bool> = const { Cell::new(false) };
}

/// Connects to the test itself, by pipes of this capacity.
struct OverMemory(usize);

impl Connect for OverMemory {
    fn connect<'a>(&'a self, target: &'a Target, _watch: &'a dyn Watch) -> ConnectFuture<'a> {
        assert!(!target.secure, "the layer below connects in the clear");
        let (near, far) = memory::pair(self.0);
        FAR.set(Some(far));
        Box::pin(async move { Ok(Box::new(Below(near)) as _) })
    }
}

/// What TLS has below it here.
struct Below(Memory);

impl Connection for Below {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match FAILS.take() {
            true => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            false => self.0.poll_write(cx, buf),
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_read(cx, buf)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_close(cx)
    }

    fn info(&self) -> Info {
        self.0.info()
    }
}

/// A TLS server at the far end.
struct Peer {
    tls: ServerConnection,
    end: Memory,
    /// Plaintext that it could read.
    got: Vec<u8>,
    /// Ciphertext that is still to be written.
    out: Vec<u8>,
    error: Option<quintet_tls::rustls::Error>,
    ended: bool,
}

impl Peer {
    fn new(config: ServerConfig, end: Memory) -> Self {
        Self {
            tls: ServerConnection::new(Arc::new(config)).unwrap(),
            end,
            got: Vec::new(),
            out: Vec::new(),
            error: None,
            ended: false,
        }
    }

    /// Reads what is there and writes what fits.
    fn turn(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        let mut buf = [0; 4096];
        while let Poll::Ready(Ok(read)) = self.end.poll_read(&mut cx, &mut buf) {
            let mut bytes = &buf[..read];
            self.ended |= read == 0;
            while !bytes.is_empty() {
                self.tls.read_tls(&mut bytes).unwrap();
                match self.tls.process_new_packets() {
                    Ok(_) => _ = self.tls.reader().read_to_end(&mut self.got),
                    Err(error) => self.error = Some(error),
                }
            }
            if read == 0 {
                break;
            }
        }
        self.flush();
    }

    fn flush(&mut self) {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.out).unwrap();
        }
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Ok(1..)) = self.end.poll_write(&mut cx, &self.out).map_ok(|taken| {
            self.out.drain(..taken);
            taken
        }) {}
    }
}

/// A connection and its peer, the handshake done.
fn over_memory(capacity: usize) -> (Box<dyn Connection>, Peer) {
    let root = root("root");
    let transport = TlsConnect::new(OverMemory(capacity), trusting(&root)).unwrap();
    let target = target("localhost", 443);
    let mut connecting = transport.connect(&target, &Unwatched);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(connecting.as_mut().poll(&mut cx).is_pending());
    let mut peer = Peer::new(localhost(&root), FAR.take().unwrap());
    let connection = loop {
        peer.turn();
        if let Poll::Ready(connection) = connecting.as_mut().poll(&mut cx) {
            break connection.unwrap();
        }
    };
    drop(connecting);
    peer.turn();
    assert_eq!(peer.tls.handshake_kind(), Some(HandshakeKind::Full));
    (connection, peer)
}

fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Reads until nothing is there.
fn read_now(connection: &mut dyn Connection) -> (Vec<u8>, Poll<io::Result<()>>) {
    let (mut got, mut buf) = (Vec::new(), [0; 1000]);
    loop {
        match connection.poll_read(&mut noop(), &mut buf) {
            Poll::Ready(Ok(0)) => return (got, Poll::Ready(Ok(()))),
            Poll::Ready(Ok(read)) => got.extend(&buf[..read]),
            Poll::Ready(Err(error)) => return (got, Poll::Ready(Err(error))),
            Poll::Pending => return (got, Poll::Pending),
        }
    }
}

#[test]
fn a_request_and_its_answer_go_over_any_transport() {
    let (mut connection, mut peer) = over_memory(RECORD);
    let taken = connection.poll_write(&mut noop(), REQUEST);
    assert!(matches!(taken, Poll::Ready(Ok(taken)) if taken == REQUEST.len()));
    peer.turn();
    assert_eq!(peer.got, REQUEST);
    peer.tls.writer().write_all(RESPONSE).unwrap();
    peer.tls.send_close_notify();
    peer.turn();
    let (got, end) = read_now(&mut *connection);
    assert_eq!(got, RESPONSE);
    assert!(matches!(end, Poll::Ready(Ok(()))));
    assert!(
        matches!(read_now(&mut *connection).1, Poll::Ready(Ok(()))),
        "and stays so"
    );
}

/// Writes all of `bytes` through pipes of `capacity`, and checks after every step that no more is called
/// taken than the peer could read, and no more acknowledged than taken.
fn write_contract(capacity: usize, bytes: &[u8], slices: usize) {
    let (mut connection, mut peer) = over_memory(capacity);
    let (mut taken, mut acked) = (0, 0);
    let mut idle = 0;
    while taken < bytes.len() {
        let rest = &bytes[taken..];
        let share = rest.len().div_ceil(slices);
        let bufs: Vec<_> = rest.chunks(share).map(IoSlice::new).collect();
        match connection.poll_write_vectored(&mut noop(), &bufs) {
            Poll::Ready(result) => {
                let more = result.unwrap();
                assert!((1..=rest.len()).contains(&more));
                taken += more;
                idle = 0;
            }
            Poll::Pending => idle += 1,
        }
        assert!(idle < 2 * RECORD, "no step without an end");
        peer.turn();
        assert!(
            taken <= peer.got.len(),
            "{taken} taken, {} arrived",
            peer.got.len()
        );
        let now = connection.info().acked.unwrap();
        assert!(acked <= now && now <= taken as u64);
        acked = now;
    }
    assert!(peer.got == bytes, "capacity {capacity}");
    assert_eq!(connection.info().acked, Some(bytes.len() as u64));
}

#[test]
fn what_is_called_taken_can_be_read_by_the_peer() {
    let bytes = pattern(SEALED_BYTES_MAX + 3 * RECORD + 17);
    for slices in [1, 3, 50] {
        for capacity in [999, RECORD, RECORD + 22, 50_000, 1 << 20] {
            write_contract(capacity, &bytes, slices);
        }
    }
    write_contract(1, &pattern(2 * RECORD + 5), 2);
}

#[test]
fn a_record_that_has_gone_is_told_before_the_rest_has() {
    let bytes = pattern(SEALED_BYTES_MAX);
    let (mut connection, _peer) = over_memory(RECORD + 1000);
    let taken = connection.poll_write(&mut noop(), &bytes);
    assert!(matches!(taken, Poll::Ready(Ok(RECORD))));
    assert!(
        connection
            .poll_write(&mut noop(), &bytes[RECORD..])
            .is_pending()
    );
}

#[test]
fn many_records_go_down_in_one_write() {
    /// Counts the calls and takes all.
    struct Counting(Memory, &'static Cell<usize>);
    impl Connection for Counting {
        fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.0.poll_write(cx, buf)
        }
        fn poll_write_vectored(
            &mut self,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.1.set(self.1.get() + 1);
            let all = bufs.iter().map(|buf| {
                self.0
                    .poll_write(cx, buf)
                    .map_ok(|n| assert_eq!(n, buf.len()))
            });
            for written in all {
                assert!(written.is_ready());
            }
            Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()))
        }
        fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
            self.0.poll_read(cx, buf)
        }
        fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.0.poll_close(cx)
        }
        fn info(&self) -> quintet_transport::Info {
            self.0.info()
        }
    }
    thread_local! {
        static CALLS: &'static Cell<usize> = Box::leak(Box::new(Cell::new(0)));
    }
    struct CountingConnect;
    impl Connect for CountingConnect {
        fn connect<'a>(&'a self, _: &'a Target, _: &'a dyn Watch) -> ConnectFuture<'a> {
            let (near, far) = memory::pair(1 << 20);
            FAR.set(Some(far));
            let near = Counting(near, CALLS.with(|calls| *calls));
            Box::pin(async move { Ok(Box::new(near) as _) })
        }
    }
    let root = root("root");
    let transport = TlsConnect::new(CountingConnect, trusting(&root)).unwrap();
    let target = target("localhost", 443);
    let mut connecting = transport.connect(&target, &Unwatched);
    assert!(connecting.as_mut().poll(&mut noop()).is_pending());
    let mut peer = Peer::new(localhost(&root), FAR.take().unwrap());
    peer.turn();
    let Poll::Ready(Ok(mut connection)) = connecting.as_mut().poll(&mut noop()) else {
        panic!()
    };
    peer.turn();
    let calls = CALLS.with(|calls| *calls);
    calls.set(0);
    let bytes = pattern(SEALED_BYTES_MAX + 1);
    let taken = connection.poll_write(&mut noop(), &bytes);
    assert!(matches!(taken, Poll::Ready(Ok(SEALED_BYTES_MAX))));
    assert_eq!(calls.get(), 1);
    peer.turn();
    assert!(peer.got == bytes[..SEALED_BYTES_MAX]);
}

#[test]
fn file_ranges_are_declined_and_nothing_is_nothing() {
    let (mut connection, _peer) = over_memory(RECORD);
    let file = tempfile::tempfile().unwrap();
    let sent = connection.poll_send_file(&mut noop(), &file, 0, 1);
    assert!(matches!(sent, Poll::Ready(Ok(FileSend::Declined))));
    assert!(matches!(
        connection.poll_write(&mut noop(), b""),
        Poll::Ready(Ok(0))
    ));
    assert!(matches!(
        connection.poll_read(&mut noop(), &mut []),
        Poll::Ready(Ok(0))
    ));
}

#[test]
fn closing_sends_close_notify_and_the_end_and_leaves_reading() {
    let (mut connection, mut peer) = over_memory(RECORD);
    assert!(matches!(
        connection.poll_write(&mut noop(), b"last"),
        Poll::Ready(Ok(4))
    ));
    for _ in 0..2 {
        assert!(matches!(
            connection.poll_close(&mut noop()),
            Poll::Ready(Ok(()))
        ));
    }
    peer.turn();
    assert_eq!(peer.got, b"last");
    assert_eq!(
        peer.tls.reader().read(&mut [0; 1]).unwrap(),
        0,
        "close_notify came"
    );
    assert!(peer.ended, "and the end below it");
    peer.tls.writer().write_all(RESPONSE).unwrap();
    peer.flush();
    assert_eq!(read_now(&mut *connection).0, RESPONSE);
}

#[test]
fn s18_an_end_without_close_notify_is_an_error_after_what_came_before() {
    let (mut connection, mut peer) = over_memory(RECORD);
    peer.tls.writer().write_all(RESPONSE).unwrap();
    peer.flush();
    drop(peer);
    let (got, end) = read_now(&mut *connection);
    assert_eq!(got, RESPONSE);
    let Poll::Ready(Err(error)) = end else {
        panic!()
    };
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert!(!SecurityError::is_in(&error));
}

#[test]
fn a_record_that_does_not_decrypt_is_a_security_error_and_the_peer_is_told() {
    let (mut connection, mut peer) = over_memory(RECORD);
    peer.tls.writer().write_all(RESPONSE).unwrap();
    peer.flush();
    peer.tls.writer().write_all(b"forged").unwrap();
    let mut record = Vec::new();
    peer.tls.write_tls(&mut record).unwrap();
    *record.last_mut().unwrap() ^= 1;
    assert!(matches!(
        peer.end.poll_write(&mut noop(), &record),
        Poll::Ready(Ok(_))
    ));

    let (got, end) = read_now(&mut *connection);
    assert_eq!(got, RESPONSE, "what was good is delivered first");
    let Poll::Ready(Err(error)) = end else {
        panic!()
    };
    assert!(SecurityError::is_in(&error), "{error}");
    let Poll::Ready(Err(error)) = connection.poll_write(&mut noop(), b"more") else {
        panic!()
    };
    assert!(SecurityError::is_in(&error), "for writing too");
    peer.turn();
    let error = peer.error.unwrap().to_string();
    assert!(error.contains("BadRecordMac"), "{error}");
}

#[test]
fn the_peers_alert_is_found_when_writing_fails() {
    let (mut connection, mut peer) = over_memory(RECORD);
    // A record that nobody sealed: the peer refuses it with a fatal alert and leaves.
    let mut noise = vec![23, 3, 3, 0, 20];
    noise.extend([0; 20]);
    peer.tls.read_tls(&mut &noise[..]).unwrap();
    peer.tls.process_new_packets().unwrap_err();
    peer.flush();
    drop(peer);
    let Poll::Ready(Err(error)) = connection.poll_write(&mut noop(), b"more") else {
        panic!()
    };
    assert!(SecurityError::is_in(&error), "{error}");
    assert!(
        error.to_string().contains("BadRecordMac"),
        "not a mere broken pipe: {error}"
    );
}

/// Counts its wake-ups.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_key_update_is_answered_and_a_waiting_writer_is_still_woken() {
    let bytes = pattern(4 * RECORD);
    let (mut connection, mut peer) = over_memory(1000);
    let (writer, reader) = (Arc::<Woken>::default(), Arc::<Woken>::default());
    let (as_writer, as_reader) = (writer.clone().into(), reader.clone().into());
    assert!(
        connection
            .poll_write(&mut Context::from_waker(&as_writer), &bytes)
            .is_pending()
    );

    peer.tls.refresh_traffic_keys().unwrap();
    peer.flush();
    let read = connection.poll_read(&mut Context::from_waker(&as_reader), &mut [0; 10]);
    assert!(read.is_pending());
    peer.turn();
    assert_eq!(writer.0.load(Ordering::Relaxed), 1);

    let mut taken = 0;
    while taken < bytes.len() {
        if let Poll::Ready(more) = connection.poll_write(&mut noop(), &bytes[taken..]) {
            taken += more.unwrap();
        }
        peer.turn();
    }
    assert!(peer.got == bytes && peer.error.is_none());
}

#[test]
fn bytes_before_a_key_update_are_not_counted_as_plaintext() {
    // rustls puts its answer in front of the next record: it must not pass for part of that record.
    let (mut connection, mut peer) = over_memory(30);
    peer.tls.refresh_traffic_keys().unwrap();
    peer.flush();
    assert!(read_now(&mut *connection).1.is_pending());
    let mut taken = 0;
    while taken < REQUEST.len() {
        if let Poll::Ready(more) = connection.poll_write(&mut noop(), &REQUEST[taken..]) {
            taken += more.unwrap();
        }
        peer.turn();
        assert!(taken <= peer.got.len());
    }
    assert_eq!((&*peer.got, peer.error), (REQUEST, None));
}

#[test]
fn a_handshake_whose_last_write_fails_has_failed() {
    let root = root("root");
    let transport = TlsConnect::new(OverMemory(RECORD), trusting(&root)).unwrap();
    let target = target("localhost", 443);
    let mut connecting = transport.connect(&target, &Unwatched);
    assert!(connecting.as_mut().poll(&mut noop()).is_pending());
    let mut peer = Peer::new(localhost(&root), FAR.take().unwrap());
    peer.turn();
    // The answer to what is read now is written aside.
    FAILS.set(true);
    let Poll::Ready(Err(error)) = connecting.as_mut().poll(&mut noop()) else {
        panic!("it went on with a connection that had failed")
    };
    assert_eq!(error.kind, ConnectErrorKind::Tls);
    assert!(!FAILS.get());
}

#[test]
fn dropping_during_the_handshake_leaves_nothing() {
    let root = root("root");
    let transport = TlsConnect::new(OverMemory(RECORD), trusting(&root)).unwrap();
    let target = target("localhost", 443);
    let mut connecting = transport.connect(&target, &Unwatched);
    assert!(connecting.as_mut().poll(&mut noop()).is_pending());
    drop(connecting);
    let mut far = FAR.take().unwrap();
    let mut buf = [0; 4096];
    assert!(matches!(
        far.poll_read(&mut noop(), &mut buf),
        Poll::Ready(Ok(1..))
    ));
    assert!(matches!(
        far.poll_read(&mut noop(), &mut buf),
        Poll::Ready(Ok(0))
    ));
}

#[test]
fn settings_are_shown_without_what_they_hold() {
    let shown = format!("{:?}", TlsSettings::only_given_roots());
    assert!(shown.contains("extra_roots: 0") && shown.ends_with(".. }"));
}
