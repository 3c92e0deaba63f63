//! Less bandwidth and more latency than the transport below has.
//!
//! ```
//! use quintet_transport::throttle::ThrottleConnect;
//! use quintet_transport::{Clock, Connect};
//! use std::time::Duration;
//!
//! /// A telephone of ten years ago: 5 Mbit/s down, 1 up, and a tenth of a second there and back.
//! fn slow(tcp: impl Connect, clock: impl Clock + 'static) -> impl Connect {
//!     ThrottleConnect::new(tcp, clock)
//!         .up(125_000)
//!         .down(625_000)
//!         .latency(Duration::from_millis(100))
//! }
//! ```

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::{Alarm, Clock, Connect, ConnectFuture, Target, Watch};

mod connection;
mod meter;

use connection::ThrottleConnection;
use meter::Meter;

/// Makes slower connections by another transport.
///
/// Rates are in bytes a second, each direction its own; 0 counts as 1. Within any time `t` at most
/// `rate * (t + 20 ms)` bytes go through, and a call moves at most 10 ms' worth, or one byte. A rate without `shared` is
/// each connection's own; one with it is what all connections of this value, and of its clones, have together.
///
/// Latency is what it takes longer for an answer to come: connecting begins that much later, and so does every byte of
/// the peer, its end and its errors. Writing is not delayed, since a byte that is told as taken must be below. A connection
/// holds at most [`LATE_BYTES_MAX`] bytes that are late, which bounds its rate to that many for each latency.
#[derive(Clone)]
pub struct ThrottleConnect<C> {
    inner: C,
    clock: Arc<dyn Clock>,
    up: Option<u64>,
    down: Option<u64>,
    shared_up: Option<Arc<Mutex<Meter>>>,
    shared_down: Option<Arc<Mutex<Meter>>>,
    latency: Duration,
}

/// The peer's bytes that a connection holds back at most: 64 KiB.
pub const LATE_BYTES_MAX: usize = 64 << 10;

impl<C: Connect> ThrottleConnect<C> {
    /// Over `inner`, by the time of `clock`; as fast as before until a limit is set.
    pub fn new(inner: C, clock: impl Clock + 'static) -> Self {
        Self {
            inner,
            clock: Arc::new(clock),
            up: None,
            down: None,
            shared_up: None,
            shared_down: None,
            latency: Duration::ZERO,
        }
    }

    /// What each connection may write.
    #[must_use]
    pub fn up(mut self, bytes_per_second: u64) -> Self {
        self.up = Some(bytes_per_second);
        self
    }

    /// What each connection may read.
    #[must_use]
    pub fn down(mut self, bytes_per_second: u64) -> Self {
        self.down = Some(bytes_per_second);
        self
    }

    /// What all connections together may write.
    #[must_use]
    pub fn shared_up(mut self, bytes_per_second: u64) -> Self {
        self.shared_up = Some(Meter::shared(bytes_per_second));
        self
    }

    /// What all connections together may read.
    #[must_use]
    pub fn shared_down(mut self, bytes_per_second: u64) -> Self {
        self.shared_down = Some(Meter::shared(bytes_per_second));
        self
    }

    /// How much later an answer comes.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    fn meters(own: Option<u64>, shared: &Option<Arc<Mutex<Meter>>>) -> Vec<Arc<Mutex<Meter>>> {
        let own = own.map(Meter::shared);
        own.into_iter().chain(shared.clone()).collect()
    }
}

impl<C: Connect> Connect for ThrottleConnect<C> {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            if !self.latency.is_zero() {
                let at = self.clock.now().saturating_add(self.latency);
                let mut alarm = Alarm::new();
                std::future::poll_fn(|cx| alarm.poll(cx, &*self.clock, at)).await;
            }
            let inner = self.inner.connect(target, watch).await?;
            let up = Self::meters(self.up, &self.shared_up);
            let down = Self::meters(self.down, &self.shared_down);
            let clock = self.clock.clone();
            Ok(Box::new(ThrottleConnection::new(
                inner,
                clock,
                up,
                down,
                self.latency,
            )) as _)
        })
    }
}

impl<C: fmt::Debug> fmt::Debug for ThrottleConnect<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleConnect")
            .field("inner", &self.inner)
            .field("up", &self.up)
            .field("down", &self.down)
            .field("shared_up", &self.shared_up)
            .field("shared_down", &self.shared_down)
            .field("latency", &self.latency)
            .finish_non_exhaustive()
    }
}
