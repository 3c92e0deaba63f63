//! When the next byte may go, and how many at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::{Alarm, Clock};

/// What may go in one call, and what an idle connection may catch up.
const CHUNK: Duration = Duration::from_millis(10);
const CHUNKS_PER_SECOND: u64 = 100;
const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// One rate.
#[derive(Debug)]
pub(super) struct Meter {
    rate: u64,
    /// When what has gone is paid for.
    free_at: Duration,
}

impl Meter {
    pub(super) fn shared(rate: u64) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            rate: rate.max(1),
            free_at: Duration::ZERO,
        }))
    }

    fn chunk(&self) -> usize {
        let chunk = (self.rate / CHUNKS_PER_SECOND).max(1);
        usize::try_from(chunk).unwrap_or(usize::MAX)
    }

    fn charge(&mut self, now: Duration, bytes: u64) {
        let nanos = u128::from(bytes) * NANOS_PER_SECOND / u128::from(self.rate);
        let costs = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let from = self.free_at.max(now.saturating_sub(CHUNK));
        self.free_at = from.saturating_add(costs);
    }
}

/// All rates that hold for one direction of a connection, and its timer.
pub(super) struct Gate {
    meters: Vec<Arc<Mutex<Meter>>>,
    alarm: Alarm,
}

impl Gate {
    pub(super) fn new(meters: Vec<Arc<Mutex<Meter>>>) -> Self {
        Self {
            meters,
            alarm: Alarm::new(),
        }
    }

    /// Ready with the most bytes that may go now: at least one.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, clock: &dyn Clock) -> Poll<usize> {
        loop {
            let (mut free_at, mut chunk) = (Duration::ZERO, usize::MAX);
            for meter in &self.meters {
                let meter = meter.lock().unwrap_or_else(PoisonError::into_inner);
                free_at = free_at.max(meter.free_at);
                chunk = chunk.min(meter.chunk());
            }
            if self.meters.is_empty() || clock.now() >= free_at {
                return Poll::Ready(chunk);
            }
            ready!(self.alarm.poll(cx, clock, free_at));
        }
    }

    pub(super) fn charge(&self, clock: &dyn Clock, bytes: u64) {
        if self.meters.is_empty() {
            return;
        }
        let now = clock.now();
        for meter in &self.meters {
            let mut meter = meter.lock().unwrap_or_else(PoisonError::into_inner);
            meter.charge(now, bytes);
        }
    }
}
