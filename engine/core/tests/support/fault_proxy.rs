//! A proxy on loopback between an engine and a server, both with real sockets: it passes bytes on, and harms one connection
//! at one byte of one direction.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

/// Numbers that look random and are the same each time (SplitMix64).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the engine to the server.
    Up,
    Down,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// Both sides get the end of the other.
    Cut,
    /// Both sides get a reset.
    Reset,
    /// Nothing more is passed on this way, and nobody is told.
    Stall,
    /// The next bytes go one by one.
    Trickle,
    /// The next bytes become others, drawn from this seed.
    Garble(u64),
}

/// What happens to a connection, instead of passing on the byte after the first `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub way: Way,
    pub at: u64,
    pub harm: Harm,
}

impl Fault {
    /// One of the ways and harms, at one of these bytes of its way.
    pub fn drawn(numbers: &mut Numbers, up: &Range<u64>, down: &Range<u64>) -> Self {
        let (way, places) = match numbers.below(2) {
            0 => (Way::Up, up),
            _ => (Way::Down, down),
        };
        let at = places.start + numbers.below(places.end - places.start);
        let harm = match numbers.below(5) {
            0 => Harm::Cut,
            1 => Harm::Reset,
            2 => Harm::Stall,
            3 => Harm::Trickle,
            _ => Harm::Garble(numbers.below(u64::MAX)),
        };
        Self { way, at, harm }
    }
}

/// Most bytes that go one by one, and most that become others.
const TRICKLED_BYTES: usize = 500;
const GARBLED_BYTES: u64 = 8;

pub struct FaultProxy {
    pub addr: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    /// Of the next connection, and so on.
    faults: Mutex<Box<dyn FnMut() -> Option<Fault> + Send>>,
    struck: AtomicBool,
    /// Those that may be open.
    links: Mutex<Vec<Weak<Link>>>,
    newest: Mutex<Arc<Life>>,
    on_stall: Box<dyn Fn() + Send + Sync>,
}

impl FaultProxy {
    /// Calls `on_stall` when a stall begins.
    pub fn start(server: SocketAddr, on_stall: impl Fn() + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared {
            server,
            faults: Mutex::new(Box::new(|| None)),
            struck: AtomicBool::new(false),
            links: Mutex::default(),
            newest: Mutex::default(),
            on_stall: Box::new(on_stall),
        });
        let serves = shared.clone();
        thread::spawn(move || {
            for engine in listener.incoming().map_while(Result::ok) {
                serves.link(engine);
            }
        });
        Self { addr, shared }
    }

    /// Lets this befall the next connection, and nothing those after it.
    pub fn harm_next(&self, mut fault: Option<Fault>) {
        self.harm_each(move || fault.take());
    }

    /// Asks for the fault of each connection from now on.
    pub fn harm_each(&self, faults: impl FnMut() -> Option<Fault> + Send + 'static) {
        self.shared.struck.store(false, Ordering::SeqCst);
        *locked(&self.shared.faults) = Box::new(faults);
    }

    /// Lets this befall the newest connection, its place counted from now on.
    pub fn harm_newest(&self, mut fault: Fault) {
        self.harm_next(None);
        let newest = locked(&self.shared.newest).clone();
        fault.at += newest.passed(fault.way);
        *locked(&newest.fault) = Some(fault);
    }

    /// Whether that byte has come.
    pub fn has_struck(&self) -> bool {
        self.shared.struck.load(Ordering::SeqCst)
    }

    /// How many bytes the newest connection has passed on, up and down.
    pub fn passed(&self) -> (u64, u64) {
        let newest = locked(&self.shared.newest).clone();
        (newest.passed(Way::Up), newest.passed(Way::Down))
    }

    /// Ends every connection, the stalled ones too.
    pub fn hang_up(&self) {
        for link in locked(&self.shared.links).drain(..) {
            if let Some(link) = link.upgrade() {
                link.end();
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn link(self: &Arc<Self>, engine: TcpStream) {
        let Ok(server) = TcpStream::connect(self.server) else {
            return;
        };
        // A byte that is passed on by itself is on its way by itself.
        for stream in [&engine, &server] {
            let _ = stream.set_nodelay(true);
        }
        let fault = (locked(&self.faults))();
        let link = Arc::new(Link {
            engine,
            server,
            life: Arc::new(Life {
                fault: Mutex::new(fault),
                passed: Default::default(),
            }),
            resets: AtomicBool::new(false),
            over: Mutex::new(false),
            ends: Condvar::new(),
        });
        let mut links = locked(&self.links);
        links.retain(|link| link.strong_count() > 0);
        links.push(Arc::downgrade(&link));
        drop(links);
        *locked(&self.newest) = link.life.clone();
        for way in [Way::Up, Way::Down] {
            let (shared, link) = (self.clone(), link.clone());
            // An error is an end like any other.
            thread::spawn(move || drop(shared.pass_on(&link, way)));
        }
    }

    /// Passes bytes on until their end.
    fn pass_on(&self, link: &Link, way: Way) -> io::Result<()> {
        let mut from = link.from(way);
        let mut buf = vec![0; 16 * 1024];
        loop {
            let read = from.read(&mut buf).unwrap_or(0);
            if read == 0 {
                return link.ended(way);
            }
            let piece = &mut buf[..read];
            let before = link.life.passed(way);
            let until = before + read as u64;
            let here = |fault: &mut Fault| fault.way == way && fault.at < until;
            let struck = locked(&link.life.fault).take_if(here);
            let Some(fault) = struck else {
                link.write(way, piece)?;
                continue;
            };
            let (good, rest) = piece.split_at_mut((fault.at - before) as usize);
            link.write(way, good)?;
            self.struck.store(true, Ordering::SeqCst);
            if !self.strike(link, fault, rest)? {
                return Ok(());
            }
        }
    }

    /// Does what is done in place of passing on these bytes. Tells whether there is more to pass on.
    fn strike(&self, link: &Link, fault: Fault, bytes: &mut [u8]) -> io::Result<bool> {
        match fault.harm {
            Harm::Cut => link.cut(),
            Harm::Reset => link.reset(),
            Harm::Stall => {
                (self.on_stall)();
                link.wait();
            }
            Harm::Trickle => {
                let (singly, rest) = bytes.split_at(bytes.len().min(TRICKLED_BYTES));
                for byte in singly {
                    link.write(fault.way, &[*byte])?;
                }
                link.write(fault.way, rest)?;
                return Ok(true);
            }
            Harm::Garble(seed) => {
                garble(bytes, seed);
                link.write(fault.way, bytes)?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn garble(bytes: &mut [u8], seed: u64) {
    let mut numbers = Numbers(seed);
    let count = 1 + numbers.below(GARBLED_BYTES) as usize;
    for byte in bytes.iter_mut().take(count) {
        *byte ^= 1 + numbers.below(255) as u8;
    }
}

/// What has befallen a link and what will, open or not.
#[derive(Default)]
struct Life {
    fault: Mutex<Option<Fault>>,
    /// Bytes passed on, by way.
    passed: [AtomicU64; 2],
}

impl Life {
    fn passed(&self, way: Way) -> u64 {
        self.passed[way as usize].load(Ordering::SeqCst)
    }
}

/// Two connections, as one. Whoever drops it last closes both.
struct Link {
    engine: TcpStream,
    server: TcpStream,
    life: Arc<Life>,
    resets: AtomicBool,
    over: Mutex<bool>,
    ends: Condvar,
}

impl Link {
    fn from(&self, way: Way) -> &TcpStream {
        match way {
            Way::Up => &self.engine,
            Way::Down => &self.server,
        }
    }

    fn to(&self, way: Way) -> &TcpStream {
        match way {
            Way::Up => &self.server,
            Way::Down => &self.engine,
        }
    }

    fn write(&self, way: Way, bytes: &[u8]) -> io::Result<()> {
        // Before they are there: whoever has got them may ask at once how many there were.
        self.life.passed[way as usize].fetch_add(bytes.len() as u64, Ordering::SeqCst);
        self.to(way).write_all(bytes)
    }

    /// One side has ended: the other is told, unless it is to get a reset.
    fn ended(&self, way: Way) -> io::Result<()> {
        match self.resets.load(Ordering::SeqCst) {
            true => Ok(()),
            false => self.to(way).shutdown(Shutdown::Write),
        }
    }

    fn cut(&self) {
        for stream in [&self.engine, &self.server] {
            // Not if that side is over already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Closing now resets; and to close, the other thread must let go of what it reads from.
    fn reset(&self) {
        self.resets.store(true, Ordering::SeqCst);
        for stream in [&self.engine, &self.server] {
            let linger = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
            linger.expect("a TCP socket");
            let _ = stream.shutdown(Shutdown::Read);
        }
    }

    /// Passes nothing on until somebody hangs up.
    fn wait(&self) {
        let over = locked(&self.over);
        drop(self.ends.wait_while(over, |over| !*over));
    }

    fn end(&self) {
        *locked(&self.over) = true;
        self.ends.notify_all();
        self.cut();
    }
}
