//! What a receiver is told before it starts.

use crate::{ARRIVALS_MAX, Discard, Received, Tls};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Called for every upload that ended; see [`Settings::on_upload`].
type OnUpload = Arc<dyn Fn(&Received) + Send + Sync>;

/// How a receiver behaves; the default accepts everything as fast as it comes and keeps nothing.
#[derive(Clone)]
pub struct Settings {
    /// Where to listen. Default `127.0.0.1:0`: a free port, told by [`Receiver::addr`](crate::Receiver::addr).
    pub listen: SocketAddr,
    /// Files are kept in this folder, which must exist. Default `None`: hashed and thrown away.
    /// What an incomplete upload had stored is removed.
    pub dir: Option<PathBuf>,
    /// `Some` makes it an `https:` server. Default `None`.
    pub tls: Option<Tls>,
    /// The status of the answer to an upload, 200 to 599. Default 200.
    pub status: u16,
    /// `Some(n)`: answer as soon as n body bytes have come, without reading the rest. A body whose
    /// announced length is at most n is read to its end as usual. Default `None`.
    pub answer_early: Option<u64>,
    /// After an early answer, go on reading the body and keep the connection, as a server does that
    /// decides early but is polite. Default false: the connection closes after the answer.
    pub drain: bool,
    /// Time between the end of the body (or the point of an early answer) and the answer. Default zero.
    pub delay: Duration,
    /// Bytes per second at which each connection is read, TLS records included, at least 1. A record
    /// (16 KiB) must come within [`idle`](Self::idle). Default `None`: unlimited.
    pub rate: Option<u64>,
    /// Size of the kernel's receive buffer, so that a slow receiver is felt by the sender after that
    /// much rather than after megabytes. Default `None`: the system's choice.
    pub receive_buffer_bytes: Option<u32>,
    /// Answer with `Connection: close`. Default false: connections are kept alive.
    pub close: bool,
    /// How long a closing connection goes on discarding what the peer sends, so that a reset does
    /// not overtake the answer. Zero closes at once. Default two seconds.
    pub linger: Duration,
    /// A body that brings nothing for this long is incomplete; a connection that begins no request
    /// for this long is closed. Default 60 seconds.
    pub idle: Duration,
    /// Hash what comes. Default true; false leaves `sha256` empty and measures the client alone.
    pub digest: bool,
    /// The most request targets kept in [`Stats::arrivals`](crate::Stats::arrivals); later ones are counted only. Zero keeps
    /// none, so that a receiver at work for days holds no more than at first. Default [`ARRIVALS_MAX`].
    pub arrivals_max: usize,
    /// `Some`: throw bodies away, unparsed and unhashed, and do as it says. Such answers name neither fields nor files.
    /// Default `None`.
    pub discard: Option<Discard>,
    /// Called once for every upload, complete or not, before a complete one is answered, on the
    /// receiver's only thread: while it runs nothing else is read. A panic in it is swallowed.
    /// It must not drop the receiver. Default `None`.
    pub on_upload: Option<OnUpload>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            dir: None,
            tls: None,
            status: 200,
            answer_early: None,
            drain: false,
            delay: Duration::ZERO,
            rate: None,
            receive_buffer_bytes: None,
            close: false,
            linger: Duration::from_secs(2),
            idle: Duration::from_secs(60),
            digest: true,
            arrivals_max: ARRIVALS_MAX,
            discard: None,
            on_upload: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("dir", &self.dir)
            .field("tls", &self.tls.is_some())
            .field("status", &self.status)
            .field("answer_early", &self.answer_early)
            .field("drain", &self.drain)
            .field("delay", &self.delay)
            .field("rate", &self.rate)
            .field("receive_buffer_bytes", &self.receive_buffer_bytes)
            .field("close", &self.close)
            .field("linger", &self.linger)
            .field("idle", &self.idle)
            .field("digest", &self.digest)
            .field("arrivals_max", &self.arrivals_max)
            .field("discard", &self.discard)
            .field("on_upload", &self.on_upload.is_some())
            .finish()
    }
}
