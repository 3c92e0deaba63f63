//! Faults on demand: a connection over any other that breaks, stalls or stutters where a script says so.
//!
//! A [`Script`] is a list of pairs: where ([`Where`]) and what ([`What`]). Bytes are counted by the connection that
//! the script stands over: above TLS they are plaintext, below it records. Nothing here waits for time or draws from
//! the system: the same script over the same calls does the same.
//!
//! ```
//! use quintet_transport::fault::{FaultConnection, Script, What, Where};
//! use quintet_transport::{memory, Connection};
//! use std::io::ErrorKind;
//! use std::task::{Context, Poll, Waker};
//!
//! let (near, _far) = memory::pair(100);
//! let mut near = FaultConnection::new(near, &Script::from([(Where::Written(3), What::Reset)]));
//! let mut cx = Context::from_waker(Waker::noop());
//! assert!(matches!(near.poll_write(&mut cx, b"hello"), Poll::Ready(Ok(3))));
//! let Poll::Ready(Err(error)) = near.poll_write(&mut cx, b"lo") else { panic!() };
//! assert_eq!(error.kind(), ErrorKind::ConnectionReset);
//! assert_eq!(near.did()[0].to_string(), "after 3 bytes written: reset");
//! ```

use std::fmt;

use crate::seed::Seeded;

mod connect;
mod connection;

pub use connect::{Done, FaultConnect};
pub use connection::FaultConnection;

/// Where in a connection's life a fault begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Where {
    /// While connecting; what needs a connection begins as soon as there is one.
    Connect,
    /// As soon as this many bytes have been written; the next one is not taken before. 0 is before the first.
    Written(u64),
    /// As soon as this many bytes of the peer have been read; the next one is not given before.
    Read(u64),
    /// When the writing side is closed, before the layer below hears of it.
    Close,
}

/// What happens there, from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum What {
    /// While connecting: refused. Later it is a [`Reset`](Self::Reset).
    Refuse,
    /// Reading, writing and closing fail with `ConnectionReset`, and the connection below is dropped. While
    /// connecting: as refused.
    Reset,
    /// The peer's orderly end: reading gives 0. Writing goes on, as with a peer that has closed one side.
    End,
    /// Nothing moves any more either way and nobody is told; the connection below stays open.
    Cut,
    /// As [`Cut`](Self::Cut), for writing and closing alone.
    StallWrites,
    /// As [`Cut`](Self::Cut), for reading alone.
    StallReads,
    /// Every call moves one byte.
    Trickle,
    /// The peer seems to send this many bytes of noise, drawn from the seed, before what it really sends.
    Garbage {
        /// Draws the bytes.
        seed: u64,
        /// How many.
        bytes: u64,
    },
    /// Every call moves from 1 to 4096 bytes, drawn from the seed.
    Short {
        /// Draws the sizes.
        seed: u64,
    },
    /// Every second call, drawn from the seed, is `Pending` with its waker woken at once; at most seven in a row.
    WouldBlock {
        /// Draws the calls.
        seed: u64,
    },
    /// [`Info::acked`](crate::Info::acked) stays this many bytes behind what the layer below tells.
    DelayAcks(u64),
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Where::Connect => f.write_str("while connecting"),
            Where::Written(bytes) => write!(f, "after {bytes} bytes written"),
            Where::Read(bytes) => write!(f, "after {bytes} bytes read"),
            Where::Close => f.write_str("at the close"),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Refuse => f.write_str("refused"),
            What::Reset => f.write_str("reset"),
            What::End => f.write_str("the peer's end"),
            What::Cut => f.write_str("cut"),
            What::StallWrites => f.write_str("writes stalled"),
            What::StallReads => f.write_str("reads stalled"),
            What::Trickle => f.write_str("a byte a call"),
            What::Garbage { seed, bytes } => write!(f, "{bytes} bytes of noise (seed {seed})"),
            What::Short { seed } => write!(f, "short calls (seed {seed})"),
            What::WouldBlock { seed } => write!(f, "would-block storms (seed {seed})"),
            What::DelayAcks(bytes) => write!(f, "acknowledgements {bytes} bytes late"),
        }
    }
}

/// A fault that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Did {
    /// Where.
    pub at: Where,
    /// What.
    pub what: What,
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

/// The faults of one connection. Several may stand at one place; they happen in the order of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script(Vec<Did>);

impl Script {
    /// Nothing happens.
    pub fn none() -> Self {
        Self::default()
    }

    /// Drawn from a seed: one connection in four is left alone, the others get one to three faults within the first
    /// 64 KiB each way.
    pub fn drawn(seed: u64) -> Self {
        let mut seeded = Seeded::new(seed);
        if seeded.below(4) == 0 {
            return Self::none();
        }
        let faults = 1 + seeded.below(3);
        (0..faults).map(|_| drawn(&mut seeded)).collect()
    }

    /// What stands in it, in order.
    pub fn faults(&self) -> &[Did] {
        &self.0
    }
}

fn drawn(seeded: &mut Seeded) -> (Where, What) {
    let at = match seeded.below(16) {
        0 => Where::Connect,
        1 => Where::Close,
        2..8 => Where::Read(seeded.size(64 << 10) - 1),
        _ => Where::Written(seeded.size(64 << 10) - 1),
    };
    let seed = seeded.next();
    let what = match seeded.below(11) {
        0 => What::Refuse,
        1 => What::Reset,
        2 => What::End,
        3 => What::Cut,
        4 => What::StallWrites,
        5 => What::StallReads,
        6 => What::Trickle,
        7 => What::Garbage {
            seed,
            bytes: seeded.size(4096),
        },
        8 => What::Short { seed },
        9 => What::WouldBlock { seed },
        _ => What::DelayAcks(seeded.size(64 << 10)),
    };
    (at, what)
}

impl FromIterator<(Where, What)> for Script {
    fn from_iter<I: IntoIterator<Item = (Where, What)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        Self(pairs.map(|(at, what)| Did { at, what }).collect())
    }
}

impl<const N: usize> From<[(Where, What); N]> for Script {
    fn from(pairs: [(Where, What); N]) -> Self {
        pairs.into_iter().collect()
    }
}
