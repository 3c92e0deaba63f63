//! The rest of what the engine takes from a system: clock, randomness, traces.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;

use quintet::{Clock, Random, Sleep, SystemClock, Trace, TraceSource};

use crate::random::Chance;
use crate::world::world;

/// The system's clock, which follows tokio's, and that stands still; its timers are counted.
#[derive(Debug, Default)]
pub(crate) struct CountingClock(SystemClock);

impl Clock for CountingClock {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        let world = world();
        world.open_timers.set(world.open_timers.get() + 1);
        Box::pin(Counted(self.0.sleep_until(at)))
    }
}

struct Counted(Sleep);

impl Future for Counted {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let world = world();
        world.open_timers.set(world.open_timers.get() - 1);
    }
}

/// Boundaries: as hard to guess as the seed.
#[derive(Debug)]
pub(crate) struct SeededRandom(pub(crate) Mutex<Chance>);

impl Random for SeededRandom {
    fn bytes(&self) -> io::Result<[u8; 16]> {
        let mut chance = self.0.lock().map_err(|_| io::Error::other("poisoned"))?;
        Ok(chance.bytes())
    }
}

/// Traces by the simulated wall clock, and the call's number.
#[derive(Debug)]
pub(crate) struct SeededTraces;

impl TraceSource for SeededTraces {
    fn trace(&self) -> Trace {
        let world = world();
        let mut random = [0; 19];
        random[..8].copy_from_slice(&(world.calling.get() as u64).to_le_bytes());
        random[8..16].copy_from_slice(&world.chance.borrow_mut().bytes::<8>());
        let trace = Trace::from_parts(world.wall.get() + world.now(), random);
        world.uploads.borrow_mut()[world.calling.get()].trace = trace.to_string();
        trace
    }
}
