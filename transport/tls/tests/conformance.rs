//! TLS keeps the rules of the conformance kit: over TCP, over memory, and over a network that stutters.
#![forbid(unsafe_code)]
#![cfg(unix)]

mod peer;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use peer::{Authority, Here, dns, leaf, root, server_config_for, target, transport, trusting};
use quintet_tcp::TcpConnect;
use quintet_tls::TlsConnect;
use quintet_tls::rustls::server::NoClientAuth;
use quintet_tls::rustls::{ServerConfig, ServerConnection, SupportedProtocolVersion, version};
use quintet_transport::conformance::{self, Far, Kit, Pair, Verdict};
use quintet_transport::fault::{FaultConnect, Script, What, Where};
use quintet_transport::memory::{self, Memory};
use quintet_transport::throttle::ThrottleConnect;
use quintet_transport::trace::TraceConnect;
use quintet_transport::{
    Clock, Connect, ConnectFuture, Connection, Sleep, Target, Unwatched, Watch,
};

/// A TLS server at the far end, over another far end.
struct Server<F> {
    tls: ServerConnection,
    below: F,
}

/// A far end as the reader and writer that rustls takes.
struct Below<'a, F>(&'a mut F);

impl<F: Far> Read for Below<'_, F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl<F: Far> Write for Below<'_, F> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<F: Far> Server<F> {
    fn flush(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut Below(&mut self.below))?;
        }
        Ok(())
    }

    /// One read from below.
    fn fill(&mut self) -> io::Result<usize> {
        let read = self.tls.read_tls(&mut Below(&mut self.below))?;
        self.tls.process_new_packets().map_err(io::Error::other)?;
        Ok(read)
    }
}

impl<F: Far> Far for Server<F> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self.tls.writer().write(buf)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            taken => Ok(taken),
        }
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.tls.reader().read(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.fill()?,
                result => return result,
            };
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.tls.send_close_notify();
        self.flush()?;
        self.below.end()
    }

    fn reset(self: Box<Self>) {
        Box::new(self.below).reset();
    }

    fn turn(&mut self) {
        // What fails here fails again in a call that tells it.
        let _ = self.flush();
    }
}

/// Shakes hands from both ends.
async fn pair<F: Far + 'static>(
    mut connecting: ConnectFuture<'_>,
    config: &Arc<ServerConfig>,
    mut accept: impl FnMut() -> Option<F>,
) -> io::Result<Pair> {
    let mut server: Option<Server<F>> = None;
    let mut near: Option<Box<dyn Connection>> = None;
    poll_fn(|cx| {
        if near.is_none()
            && let Poll::Ready(result) = connecting.as_mut().poll(cx)
        {
            near = Some(result.map_err(io::Error::other)?);
        }
        if server.is_none() {
            server = accept().map(|below| Server {
                tls: ServerConnection::new(config.clone()).unwrap(),
                below,
            });
        }
        if let Some(server) = &mut server {
            let _ = server.fill();
            let _ = server.flush();
        }
        match (&near, &server) {
            (Some(_), Some(server)) if !server.tls.is_handshaking() => Poll::Ready(Ok(())),
            _ => {
                cx.waker().wake_by_ref();
                Poll::<io::Result<()>>::Pending
            }
        }
    })
    .await?;
    match (near, server) {
        (Some(near), Some(server)) => Ok(Pair::new(near, server)),
        _ => Err(io::Error::other("one end is missing")),
    }
}

fn config(root: &Authority, version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
    let identity = leaf(root, &[dns("localhost")], |_| {});
    Arc::new(server_config_for(
        identity,
        Arc::new(NoClientAuth),
        &[version],
    ))
}

fn assert_all_held(report: &conformance::Report) {
    let held = |check: &conformance::Check| check.verdict == Verdict::Held;
    assert!(report.checks().iter().all(held), "{report}");
}

#[tokio::test]
async fn over_tcp() {
    let root = root("root");
    let config = config(&root, &version::TLS13);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let target = target("localhost", listener.local_addr().unwrap().port());
    let transport = transport(trusting(&root));
    let report = conformance::check(async || {
        let connecting = transport.connect(&target, &Unwatched);
        pair(connecting, &config, || Some(listener.accept().ok()?.0)).await
    });
    assert_all_held(&report.await);
}

/// Time by the runtime of the test.
struct RuntimeClock(tokio::time::Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        Box::pin(tokio::time::sleep_until(self.0 + at))
    }
}

#[tokio::test]
async fn over_the_whole_shelf() {
    let root = root("root");
    let config = config(&root, &version::TLS13);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let target = target("localhost", listener.local_addr().unwrap().port());
    let clock = || RuntimeClock(tokio::time::Instant::now());
    let scripts = (0..conformance::RULES.len() as u64)
        .map(|seed| Script::from([(Where::Connect, What::Short { seed })]));
    let below = FaultConnect::new(TcpConnect::new().resolver(Here), scripts);
    let below = ThrottleConnect::new(below, clock())
        .up(1 << 30)
        .shared_down(1 << 30)
        .latency(Duration::from_micros(100));
    let below = TraceConnect::new(below, clock());
    let transport = TlsConnect::new(below, trusting(&root)).unwrap();
    let report = conformance::check(async || {
        let connecting = transport.connect(&target, &Unwatched);
        pair(connecting, &config, || Some(listener.accept().ok()?.0)).await
    });
    assert_all_held(&report.await);
}

thread_local! {
    static FAR: RefCell<Option<Memory>> = const { RefCell::new(None) };
}

struct OverMemory(usize);

impl Connect for OverMemory {
    fn connect<'a>(&'a self, _: &'a Target, _: &'a dyn Watch) -> ConnectFuture<'a> {
        let (near, far) = memory::pair(self.0);
        FAR.set(Some(far));
        Box::pin(async move { Ok(Box::new(near) as _) })
    }
}

fn check_over_memory(below: impl Connect, version: &'static SupportedProtocolVersion) {
    let root = root("root");
    let config = config(&root, version);
    let transport = TlsConnect::new(below, trusting(&root)).unwrap();
    let target = target("localhost", 443);
    let report = Kit::default().check_blocking(async || {
        let connecting = transport.connect(&target, &Unwatched);
        pair(connecting, &config, || FAR.take()).await
    });
    assert_all_held(&report);
}

#[test]
fn over_memory_with_either_version() {
    check_over_memory(OverMemory(30_000), &version::TLS13);
    check_over_memory(OverMemory(1000), &version::TLS12);
}

#[test]
fn over_a_network_that_stutters() {
    let scripts = (0..conformance::RULES.len() as u64).map(|seed| {
        Script::from([
            (Where::Connect, What::Short { seed }),
            (Where::Connect, What::WouldBlock { seed }),
        ])
    });
    let below = FaultConnect::new(OverMemory(5000), scripts);
    check_over_memory(below, &version::TLS13);
}
