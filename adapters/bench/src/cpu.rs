//! CPU time, where the system tells it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Of this process so far, user and system.
pub(crate) fn process() -> Duration {
    of(ClockId::ProcessCPUTime)
}

/// Of the calling thread so far.
pub(crate) fn thread() -> Duration {
    of(ClockId::ThreadCPUTime)
}

fn of(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    let (seconds, nanos) = (u64::try_from(now.tv_sec), u32::try_from(now.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
}
