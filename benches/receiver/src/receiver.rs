//! The handle on a running receiver, and the thread behind it.

use crate::connection::{self, Peer};
use crate::discard::Fate;
use crate::stats::{Counters, Stats};
use crate::store::Store;
use crate::upload::{self, Shared};
use crate::{CONNECTIONS_MAX, Settings};
use axum::Router;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// Connections that the system keeps for us before we accept them.
const BACKLOG: u32 = 1_024;
/// Wait after a failed accept: out of descriptors is cured by time alone.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// A receiver at work; dropped, it stops.
#[derive(Debug)]
pub struct Receiver {
    addr: SocketAddr,
    tls: bool,
    root_pem: Option<String>,
    shared: Arc<Shared>,
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

/// Stops a receiver from elsewhere, as from a signal handler's thread.
#[derive(Clone, Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Asks it to stop; connections are dropped where they are. Twice does no harm.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Receiver {
    /// Starts one on a thread of its own and returns when it listens.
    ///
    /// Fails with `InvalidInput` for settings that make no sense (a status outside 200 to 599, a
    /// rate of zero, PEM that is none), else with what the system says of the address or the folder.
    pub fn start(settings: Settings) -> io::Result<Receiver> {
        let refuse = |what| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        if !(200..=599).contains(&settings.status) {
            return refuse("the status must be 200 to 599");
        }
        if settings.rate == Some(0) {
            return refuse("the rate must be at least one byte per second");
        }
        if (settings.discard).is_some_and(|discard| !(0.0..=1.0).contains(&discard.reset)) {
            return refuse("the part of uploads that are reset must be 0 to 1");
        }
        let (root_pem, tls) = match &settings.tls {
            None => (None, None),
            Some(tls) => {
                let (root_pem, config) = tls.serve()?;
                (root_pem, Some(TlsAcceptor::from(config)))
            }
        };
        let store = settings.dir.as_deref().map(Store::open).transpose()?;
        let is_tls = tls.is_some();
        let fate = settings.discard.map(Fate::of);
        let shared = Arc::new(Shared {
            fate,
            settings,
            counters: Counters::default(),
            store,
        });

        let (stop, stopped) = watch::channel(false);
        let (listening, listens) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("quintet-receiver".to_owned())
            .spawn({
                let shared = shared.clone();
                move || run(shared, tls, stopped, listening)
            })?;
        // The thread says one thing before it serves; silence would mean that it panicked.
        let addr = listens
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the receiver's thread is gone")))?;
        Ok(Receiver {
            addr,
            tls: is_tls,
            root_pem,
            shared,
            stopper: Stopper(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens, with the port that the system chose.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its URL with this path, which begins with `/`. A receiver for all addresses is told as
    /// loopback.
    pub fn url(&self, path: &str) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let mut addr = self.addr;
        if addr.ip().is_unspecified() {
            addr.set_ip(if addr.is_ipv4() {
                std::net::Ipv4Addr::LOCALHOST.into()
            } else {
                std::net::Ipv6Addr::LOCALHOST.into()
            });
        }
        format!("{scheme}://{addr}{path}")
    }

    /// The certificate that a client must trust, for [`Tls::SelfMade`](crate::Tls::SelfMade) alone.
    pub fn root_pem(&self) -> Option<&str> {
        self.root_pem.as_deref()
    }

    /// Counts since the start.
    pub fn stats(&self) -> Stats {
        self.shared.counters.snapshot()
    }

    /// Something that stops it from another thread.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Stops it: connections are dropped where they are, their uploads reported as incomplete.
    pub fn stop(self) {
        drop(self);
    }

    /// Blocks until a [`Stopper`] stops it; returns what it counted.
    pub fn wait(mut self) -> Stats {
        self.join();
        self.stats()
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // An error is a panic of that thread, which has been printed there.
            let _ = thread.join();
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stopper.stop();
        self.join();
    }
}

fn run(
    shared: Arc<Shared>,
    tls: Option<TlsAcceptor>,
    stopped: watch::Receiver<bool>,
    listening: mpsc::Sender<io::Result<SocketAddr>>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return tell(&listening, Err(error)),
    };
    runtime.block_on(async move {
        let bound = listen(&shared.settings).and_then(|listener| {
            let addr = listener.local_addr()?;
            Ok((listener, addr))
        });
        match bound {
            Err(error) => tell(&listening, Err(error)),
            Ok((listener, addr)) => {
                tell(&listening, Ok(addr));
                serve(shared, tls, stopped, listener).await;
            }
        }
    });
}

/// `start` waits for this, so that there is always somebody to tell.
fn tell(listening: &mpsc::Sender<io::Result<SocketAddr>>, bound: io::Result<SocketAddr>) {
    let _ = listening.send(bound);
}

fn listen(settings: &Settings) -> io::Result<TcpListener> {
    let socket = if settings.listen.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // Windows would let a second server take the port of a first.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    // Before `listen`, because accepted sockets inherit it and their window is fixed by then.
    if let Some(bytes) = settings.receive_buffer_bytes {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.bind(settings.listen)?;
    socket.listen(BACKLOG)
}

async fn serve(
    shared: Arc<Shared>,
    tls: Option<TlsAcceptor>,
    mut stopped: watch::Receiver<bool>,
    listener: TcpListener,
) {
    let router = Router::new()
        .fallback(upload::answer)
        .with_state(shared.clone());
    let mut connections = JoinSet::new();
    loop {
        let full = connections.len() >= CONNECTIONS_MAX;
        tokio::select! {
            biased;
            // An error means that the handle is gone, which stops it too.
            _ = stopped.wait_for(|stopped| *stopped) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept(), if !full => match accepted {
                Ok((stream, address)) => {
                    let peer = Peer { address, connection: shared.counters.connected() };
                    connections.spawn(connection::serve(
                        shared.clone(), router.clone(), tls.clone(), stream, peer,
                    ));
                }
                Err(_) => tokio::time::sleep(ACCEPT_AGAIN).await,
            },
        }
    }
    connections.shutdown().await;
}
