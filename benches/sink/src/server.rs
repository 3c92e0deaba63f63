//! The listening sockets and the loop over whatever is readable.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use quintet_receiver::SelfMade;
use rustix::event::epoll;
use rustix::net::sockopt;
use rustix::thread::{CpuSet, sched_setaffinity};
use rustls::ServerConfig;

use crate::connection::{Connection, Next, SCRATCH_BYTES};
use crate::tls::{self, Tls};
use crate::{Counts, Settings};

const PLAIN: u64 = 0;
const SECURE: u64 = 1;
/// The key of the first connection; the two before are the listeners.
const FIRST: u64 = 2;
const EVENTS_MAX: usize = 64;

/// A bound server, see the [crate](crate).
pub struct Sink {
    plain: TcpListener,
    secure: TcpListener,
    config: Arc<ServerConfig>,
    root_pem: String,
    cpu: Option<usize>,
}

impl Sink {
    /// Opens both ports on 127.0.0.1 and makes a certificate for it.
    pub fn bind(settings: &Settings) -> io::Result<Self> {
        let made = SelfMade::new()?;
        let listen = || {
            let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
            listener.set_nonblocking(true)?;
            if let Some(congestion) = &settings.congestion {
                sockopt::set_tcp_congestion(&listener, congestion)?;
            }
            Ok::<_, io::Error>(listener)
        };
        Ok(Self {
            plain: listen()?,
            secure: listen()?,
            config: tls::config(&made.cert_pem, &made.key_pem, settings.tickets)?,
            root_pem: made.root_pem,
            cpu: settings.cpu,
        })
    }

    /// Where plain HTTP is spoken.
    pub fn plain_addr(&self) -> io::Result<SocketAddr> {
        self.plain.local_addr()
    }

    /// Where HTTP over TLS is spoken.
    pub fn tls_addr(&self) -> io::Result<SocketAddr> {
        self.secure.local_addr()
    }

    /// The certificate to trust.
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// The congestion control of its sockets.
    pub fn congestion(&self) -> io::Result<String> {
        Ok(sockopt::tcp_congestion(&self.plain)?)
    }

    /// Serves on the calling thread until the process ends; returns only if the system refuses a call that cannot fail
    /// for a peer's sake.
    pub fn run(self) -> io::Result<()> {
        if let Some(cpu) = self.cpu {
            let mut one = CpuSet::new();
            one.set(cpu);
            sched_setaffinity(None, &one)?;
        }
        Loop::new(&self)?.run()
    }
}

struct Loop<'a> {
    sink: &'a Sink,
    epoll: OwnedFd,
    /// At the place of their key less [`FIRST`].
    connections: Vec<Option<Connection>>,
    vacant: Vec<usize>,
    counts: Counts,
    scratch: Vec<u8>,
}

impl<'a> Loop<'a> {
    fn new(sink: &'a Sink) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (listener, key) in [(&sink.plain, PLAIN), (&sink.secure, SECURE)] {
            add(&epoll, listener, key)?;
        }
        Ok(Self {
            sink,
            epoll,
            connections: Vec::new(),
            vacant: Vec::new(),
            counts: Counts::default(),
            scratch: vec![0; SCRATCH_BYTES],
        })
    }

    fn run(mut self) -> io::Result<()> {
        let mut events = Vec::with_capacity(EVENTS_MAX);
        loop {
            events.clear();
            match epoll::wait(
                &self.epoll,
                rustix::buffer::spare_capacity(&mut events),
                None,
            ) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in &events {
                match event.data.u64() {
                    key @ (PLAIN | SECURE) => self.accept(key)?,
                    key => self.turn((key - FIRST) as usize),
                }
            }
        }
    }

    fn accept(&mut self, key: u64) -> io::Result<()> {
        let secure = key == SECURE;
        let listener = if secure {
            &self.sink.secure
        } else {
            &self.sink.plain
        };
        // A failure is one peer's, or passes: the listener is asked again when it is ready again.
        while let Ok((stream, _)) = listener.accept() {
            self.counts.connections += 1;
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let tls = match secure {
                true => Some(Tls::new(self.sink.config.clone())?),
                false => None,
            };
            let place = self.vacant.pop().unwrap_or_else(|| {
                self.connections.push(None);
                self.connections.len() - 1
            });
            add(&self.epoll, &stream, place as u64 + FIRST)?;
            self.connections[place] = Some(Connection::new(stream, tls));
            // Most clients have sent their first bytes by now.
            self.turn(place);
        }
        Ok(())
    }

    fn turn(&mut self, place: usize) {
        // An event that was gathered before its connection closed finds nobody, or a successor that has nothing to read.
        let Some(connection) = self.connections.get_mut(place).and_then(Option::as_mut) else {
            return;
        };
        if connection.turn(&mut self.scratch, &mut self.counts) == Next::Closed {
            // Closing the descriptor would do; told first, so that no event of it can still come.
            let _ = epoll::delete(&self.epoll, connection.stream());
            self.connections[place] = None;
            self.vacant.push(place);
        }
    }
}

fn add(epoll: &OwnedFd, source: impl AsFd, key: u64) -> io::Result<()> {
    let data = epoll::EventData::new_u64(key);
    Ok(epoll::add(epoll, source, data, epoll::EventFlags::IN)?)
}
