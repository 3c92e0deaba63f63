//! The transports over real sockets of this machine; the peer is the standard library, blocking.
#![cfg(unix)]

use std::cell::RefCell;
use std::error::Error as _;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use quintet_tcp::{DialError, Resolve, ResolveFuture, TcpConnect};
use quintet_transport::{
    Connect, ConnectErrorKind, Connection, FileSend, Host, Step, Target, Unwatched, Watch,
};

/// More than the kernel buffers of a loopback connection hold.
const LARGE: usize = 24 << 20;

fn target(address: SocketAddr) -> Target {
    Target {
        secure: false,
        host: Host::Ip(address.ip()),
        port: address.port(),
    }
}

fn named(port: u16) -> Target {
    Target {
        secure: false,
        host: Host::Name("upload.test".into()),
        port,
    }
}

/// Bytes that repeat only after 16 MiB, so that a shifted or lost piece shows.
fn pattern(len: usize) -> Vec<u8> {
    let words = (0_u32..).flat_map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes());
    words.take(len).collect()
}

fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// A connection and the peer's end of it.
async fn connected(transport: TcpConnect) -> (Box<dyn Connection>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = target(listener.local_addr().unwrap());
    let connection = transport.connect(&target, &Unwatched).await.unwrap();
    (connection, listener.accept().unwrap().0)
}

async fn write_all(connection: &mut dyn Connection, mut buf: &[u8]) -> io::Result<()> {
    while !buf.is_empty() {
        let taken = poll_fn(|cx| connection.poll_write(cx, buf)).await?;
        assert!((1..=buf.len()).contains(&taken));
        buf = &buf[taken..];
    }
    Ok(())
}

async fn read_some(connection: &mut dyn Connection) -> io::Result<Vec<u8>> {
    let mut buf = [0; 64 * 1024];
    let read = poll_fn(|cx| connection.poll_read(cx, &mut buf)).await?;
    Ok(buf[..read].to_vec())
}

/// Sends `file` from `offset` as the engine does: by the kernel, else by reading and writing.
async fn send_range(
    connection: &mut dyn Connection,
    file: &File,
    mut offset: u64,
    len: u64,
) -> (u64, bool) {
    use std::os::unix::fs::FileExt;
    let (end, mut declined) = (offset + len, false);
    while offset < end {
        let send = poll_fn(|cx| connection.poll_send_file(cx, file, offset, end - offset));
        match send.await.unwrap() {
            FileSend::Sent(0) => break,
            FileSend::Sent(bytes) => offset += bytes,
            FileSend::Declined => {
                declined = true;
                let mut buf = vec![0; (end - offset).min(64 * 1024) as usize];
                let read = file.read_at(&mut buf, offset).unwrap();
                if read == 0 {
                    break;
                }
                write_all(connection, &buf[..read]).await.unwrap();
                offset += read as u64;
            }
        }
    }
    (offset, declined)
}

fn read_to_end(mut peer: TcpStream) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut got = Vec::new();
        peer.read_to_end(&mut got).unwrap();
        got
    })
}

/// Breaks the connection off with a reset.
fn reset(peer: TcpStream) {
    let socket = socket2::Socket::from(peer);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
}

#[derive(Default)]
struct Steps {
    reached: RefCell<Vec<Step>>,
    asked: RefCell<Vec<SocketAddr>>,
    forbid: bool,
}

impl Watch for Steps {
    fn reached(&self, step: Step) {
        self.reached.borrow_mut().push(step);
    }

    fn permit(&self, address: &SocketAddr) -> bool {
        self.asked.borrow_mut().push(*address);
        !self.forbid
    }
}

/// Every name has these addresses.
struct Fixed(Vec<IpAddr>);

impl Resolve for Fixed {
    fn resolve<'a>(&'a self, _name: &'a str, port: u16) -> ResolveFuture<'a> {
        let addresses = self.0.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
        Box::pin(async move { Ok(addresses) })
    }
}

fn loopback(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))
}

/// A port on which nobody listens.
fn dead_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn a_large_write_is_taken_in_parts_and_arrives_whole() {
    let (mut connection, peer) = connected(TcpConnect::new()).await;
    let sent = pattern(LARGE);
    let first = poll_fn(|cx| connection.poll_write(cx, &sent))
        .await
        .unwrap();
    assert!(first < sent.len(), "the socket cannot hold it all");
    let got = read_to_end(peer);
    write_all(&mut *connection, &sent[first..]).await.unwrap();
    poll_fn(|cx| connection.poll_close(cx)).await.unwrap();
    poll_fn(|cx| connection.poll_close(cx)).await.unwrap();
    assert!(got.join().unwrap() == sent);
}

#[tokio::test]
async fn a_vectored_write_keeps_the_order() {
    let (mut connection, peer) = connected(TcpConnect::new()).await;
    let bufs = [
        IoSlice::new(b"head "),
        IoSlice::new(b""),
        IoSlice::new(b"body"),
    ];
    let taken = poll_fn(|cx| connection.poll_write_vectored(cx, &bufs)).await;
    assert_eq!(taken.unwrap(), 9);
    drop(connection);
    assert_eq!(read_to_end(peer).join().unwrap(), b"head body");
}

#[tokio::test]
async fn an_orderly_end_reads_as_zero_and_stays_so() {
    let (mut connection, mut peer) = connected(TcpConnect::new()).await;
    peer.write_all(b"bye").unwrap();
    drop(peer);
    assert_eq!(read_some(&mut *connection).await.unwrap(), b"bye");
    for _ in 0..2 {
        assert_eq!(read_some(&mut *connection).await.unwrap(), b"");
    }
}

#[tokio::test]
async fn closing_the_writing_side_leaves_the_reading_side() {
    let (mut connection, mut peer) = connected(TcpConnect::new()).await;
    poll_fn(|cx| connection.poll_close(cx)).await.unwrap();
    assert_eq!(peer.read(&mut [0; 1]).unwrap(), 0);
    peer.write_all(b"late").unwrap();
    assert_eq!(read_some(&mut *connection).await.unwrap(), b"late");
}

#[tokio::test]
async fn a_reset_is_an_error_on_either_side() {
    let (mut connection, peer) = connected(TcpConnect::new()).await;
    reset(peer);
    let error = read_some(&mut *connection).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(write_all(&mut *connection, b"more").await.is_err());
    assert!(connection.info().peer.is_some(), "known even then");
}

#[tokio::test]
async fn dropping_closes_at_once() {
    let (mut connection, mut peer) = connected(TcpConnect::new()).await;
    write_all(&mut *connection, b"x").await.unwrap();
    drop(connection);
    let mut got = Vec::new();
    peer.read_to_end(&mut got).unwrap();
    assert_eq!(got, b"x");
}

#[tokio::test]
async fn both_roads_send_the_same_range() {
    let bytes = pattern(3 << 20);
    let file = file_of(&bytes);
    let (offset, len) = (1_234_567, (1 << 20) + 7);
    let expected = &bytes[offset..offset + len];
    for by_kernel in [true, false] {
        let transport = TcpConnect::new().send_files(by_kernel);
        let (mut connection, peer) = connected(transport).await;
        let got = read_to_end(peer);
        let range = send_range(&mut *connection, &file, offset as u64, len as u64);
        let (end, declined) = range.await;
        assert_eq!(end, (offset + len) as u64);
        let can = cfg!(any(target_os = "linux", target_os = "android"));
        assert_eq!(declined, !(by_kernel && can));
        drop(connection);
        assert!(got.join().unwrap() == expected);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_larger_than_the_socket_waits_for_room() {
    let bytes = pattern(LARGE);
    let file = file_of(&bytes);
    let (mut connection, peer) = connected(TcpConnect::new()).await;
    let mut offset = 0;
    // Until the socket is full: no call takes more than its share.
    let full = poll_fn(|cx| {
        loop {
            match connection.poll_send_file(cx, &file, offset, (LARGE as u64) - offset) {
                Poll::Ready(Ok(FileSend::Sent(bytes))) => {
                    assert!((1..=1024 * 1024).contains(&bytes));
                    offset += bytes;
                }
                Poll::Ready(other) => return Poll::Ready(Err(other)),
                Poll::Pending => return Poll::Ready(Ok(offset)),
            }
        }
    });
    let full = full.await.unwrap();
    assert!(full < LARGE as u64);
    let got = read_to_end(peer);
    let (end, declined) = send_range(&mut *connection, &file, full, LARGE as u64 - full).await;
    assert_eq!((end, declined), (LARGE as u64, false));
    drop(connection);
    assert!(got.join().unwrap() == bytes);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_end_of_a_shortened_file_is_sent_zero() {
    let file = file_of(&pattern(1000));
    let (mut connection, peer) = connected(TcpConnect::new()).await;
    file.set_len(600).unwrap();
    assert_eq!(
        send_range(&mut *connection, &file, 0, 1000).await,
        (600, false)
    );
    for beyond in [600, 601, 1 << 40] {
        let sent = poll_fn(|cx| connection.poll_send_file(cx, &file, beyond, 1)).await;
        assert_eq!(sent.unwrap(), FileSend::Sent(0));
    }
    drop(connection);
    assert_eq!(read_to_end(peer).join().unwrap().len(), 600);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_the_kernel_cannot_send_is_declined() {
    let (mut connection, _peer) = connected(TcpConnect::new()).await;
    // A directory opens, but has no pages.
    let directory = File::open("/").unwrap();
    let sent = poll_fn(|cx| connection.poll_send_file(cx, &directory, 0, 1)).await;
    assert_eq!(sent.unwrap(), FileSend::Declined);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_into_a_broken_connection_is_an_error() {
    let file = file_of(&pattern(1000));
    let (mut connection, peer) = connected(TcpConnect::new()).await;
    reset(peer);
    for _ in 0..3 {
        let sent = poll_fn(|cx| connection.poll_send_file(cx, &file, 0, 1000)).await;
        sent.unwrap_err();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn acked_follows_the_peer_and_ends_at_the_total() {
    let (mut connection, peer) = connected(TcpConnect::new()).await;
    assert_eq!(connection.info().acked, Some(0));
    let sent = pattern(LARGE);
    let first = poll_fn(|cx| connection.poll_write(cx, &sent))
        .await
        .unwrap();
    let before = connection.info();
    assert!(before.acked.unwrap() <= first as u64);

    let got = read_to_end(peer);
    let (mut written, mut last) = (first, before.acked.unwrap());
    while written < sent.len() {
        written += poll_fn(|cx| connection.poll_write(cx, &sent[written..]))
            .await
            .unwrap();
        let acked = connection.info().acked.unwrap();
        assert!(last <= acked && acked <= written as u64);
        last = acked;
    }
    poll_fn(|cx| connection.poll_close(cx)).await.unwrap();
    assert!(got.join().unwrap().len() == sent.len());
    // The peer has read it all and closed: its acknowledgements are on the way.
    while connection.info().acked != Some(LARGE as u64) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(
        connection.info().acked,
        Some(LARGE as u64),
        "the FIN is not counted"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn moved_changes_when_the_peer_acknowledges() {
    let (mut connection, peer) = connected(TcpConnect::new()).await;
    let before = connection.info().moved;
    write_all(&mut *connection, b"ping").await.unwrap();
    assert!(connection.info().moved > before);
    let mut peer = peer;
    peer.read_exact(&mut [0; 4]).unwrap();
    while connection.info().moved != before + 8 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    peer.write_all(b"pong").unwrap();
    read_some(&mut *connection).await.unwrap();
    assert_eq!(connection.info().moved, before + 12);
}

#[tokio::test]
async fn a_name_goes_through_every_step() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let transport = TcpConnect::new().resolver(Fixed(vec![loopback(1)]));
    let steps = Steps::default();
    let connection = transport
        .connect(&named(address.port()), &steps)
        .await
        .unwrap();
    assert_eq!(*steps.reached.borrow(), [Step::Resolved, Step::Connected]);
    assert_eq!(*steps.asked.borrow(), [address]);
    let info = connection.info();
    assert_eq!(info.peer, Some(address));
    assert_eq!(info.local, Some(listener.accept().unwrap().1));
    assert_eq!(info.secured, None);
}

#[tokio::test]
async fn the_system_resolves_localhost() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut target = named(listener.local_addr().unwrap().port());
    target.host = Host::Name("localhost".into());
    TcpConnect::new()
        .connect(&target, &Unwatched)
        .await
        .unwrap();
}

// Only Linux has all of 127.0.0.0/8 without being told.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_next_address_answers_when_the_first_refuses() {
    let listener = TcpListener::bind("127.0.0.9:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let resolver = Fixed(vec![loopback(7), loopback(8), loopback(9)]);
    let transport = TcpConnect::new()
        .resolver(resolver)
        .attempt_delay(Duration::from_secs(3600));
    let steps = Steps::default();
    let connection = transport.connect(&named(port), &steps).await.unwrap();
    assert_eq!(connection.info().peer.unwrap().ip(), loopback(9));
    assert_eq!(steps.asked.borrow().len(), 3);
}

/// Connects where it must fail.
async fn refused(
    transport: TcpConnect,
    target: Target,
    watch: &Steps,
) -> quintet_transport::ConnectError {
    match transport.connect(&target, watch).await {
        Ok(_) => panic!("connected"),
        Err(error) => error,
    }
}

// Only Linux has all of 127.0.0.0/8 without being told.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn nobody_listening_is_refused_with_the_address() {
    let port = dead_port();
    let transport = TcpConnect::new().resolver(Fixed(vec![loopback(1), loopback(2)]));
    let error = refused(transport, named(port), &Steps::default()).await;
    assert_eq!(error.kind, ConnectErrorKind::Refused);
    let dial = error.source().unwrap().downcast_ref::<DialError>().unwrap();
    assert_eq!(dial.address, SocketAddr::new(loopback(2), port));
    assert_eq!(dial.error.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_forbidden_address_is_not_dialled() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let watch = Steps {
        forbid: true,
        ..Steps::default()
    };
    let target = target(listener.local_addr().unwrap());
    let error = refused(TcpConnect::new(), target, &watch).await;
    assert_eq!(error.kind, ConnectErrorKind::Forbidden);
    assert_eq!(*watch.reached.borrow(), [Step::Resolved]);
    let nobody = listener.accept().unwrap_err();
    assert_eq!(nobody.kind(), io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_name_without_addresses_is_not_resolved() {
    let transport = TcpConnect::new().resolver(Fixed(Vec::new()));
    let steps = Steps::default();
    let error = refused(transport, named(80), &steps).await;
    assert_eq!(error.kind, ConnectErrorKind::NotResolved);
    assert!(steps.reached.borrow().is_empty());

    struct Broken;
    impl Resolve for Broken {
        fn resolve<'a>(&'a self, _name: &'a str, _port: u16) -> ResolveFuture<'a> {
            Box::pin(async { Err(io::Error::other("no resolver")) })
        }
    }
    let transport = TcpConnect::new().resolver(Broken);
    let error = refused(transport, named(80), &steps).await;
    assert_eq!(error.kind, ConnectErrorKind::NotResolved);
}

#[tokio::test]
async fn a_secure_target_is_never_connected_in_the_clear() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut target = target(listener.local_addr().unwrap());
    target.secure = true;
    let steps = Steps::default();
    let error = refused(TcpConnect::new(), target, &steps).await;
    assert_eq!(error.kind, ConnectErrorKind::Unsupported);
    assert!(steps.asked.borrow().is_empty());
}

mod unix {
    use std::os::unix::net::UnixListener;

    use quintet_tcp::UnixConnect;

    use super::*;

    #[tokio::test]
    async fn a_unix_socket_carries_bytes_and_file_ranges() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("upload.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let bytes = pattern(3 << 20);
        let file = file_of(&bytes);
        for by_kernel in [true, false] {
            let transport = UnixConnect::new(&path).send_files(by_kernel);
            let steps = Steps::default();
            let mut connection = transport.connect(&named(80), &steps).await.unwrap();
            assert_eq!(*steps.reached.borrow(), [Step::Resolved, Step::Connected]);
            let (mut peer, _) = listener.accept().unwrap();
            let got = thread::spawn(move || {
                peer.write_all(b"hello").unwrap();
                let mut got = Vec::new();
                peer.read_to_end(&mut got).unwrap();
                got
            });
            assert_eq!(read_some(&mut *connection).await.unwrap(), b"hello");
            write_all(&mut *connection, b"head").await.unwrap();
            send_range(&mut *connection, &file, 5, 3 << 20).await;
            let info = connection.info();
            assert_eq!((info.peer, info.acked), (None, None));
            assert_eq!(info.moved, (5 + 4 + bytes.len() - 5) as u64);
            poll_fn(|cx| connection.poll_close(cx)).await.unwrap();
            let got = got.join().unwrap();
            assert!(got.starts_with(b"head") && got[4..] == bytes[5..]);
        }
    }

    #[tokio::test]
    async fn a_missing_socket_is_refused_and_a_secure_target_unsupported() {
        let transport = UnixConnect::new("/nowhere/upload.sock");
        let mut target = named(80);
        let result = transport.connect(&target, &Unwatched).await;
        assert_eq!(result.err().unwrap().kind, ConnectErrorKind::Refused);
        target.secure = true;
        let result = transport.connect(&target, &Unwatched).await;
        assert_eq!(result.err().unwrap().kind, ConnectErrorKind::Unsupported);
    }
}
