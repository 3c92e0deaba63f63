//! The table of bounds: what is counted, what it was when last written down, and where it is to go.

use super::cases::{Case, LARGE_PLAIN, LARGE_TLS, PARKED, SMALL_PLAIN, SMALL_TLS, SMALL_WINDOW};

/// Something that is counted, and how far above its record it may be. The margin is what other machines, compilers of the
/// same kind and the order of wake-ups move it by; whatever is worse than that was made worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// User-space instructions, by callgrind.
    Instructions,
    /// System calls of all threads, by strace.
    SystemCalls,
    /// Calls of the allocator, growing and shrinking included.
    Allocations,
    /// Bytes asked of the allocator.
    AllocatedBytes,
    /// Bytes held.
    LiveBytes,
    /// Context switches of all threads.
    ContextSwitches,
    /// Threads, the caller's own included.
    Threads,
}

impl Count {
    pub fn margin_percent(self) -> f64 {
        match self {
            Self::Instructions => 4.0,
            Self::SystemCalls => 10.0,
            Self::Allocations | Self::AllocatedBytes | Self::LiveBytes => 2.0,
            // Up to the scheduler: only to notice when it becomes another kind of number.
            Self::ContextSwitches => 200.0,
            Self::Threads => 0.0,
        }
    }
}

/// One line of the table.
pub struct Bound {
    pub case: &'static Case,
    pub count: Count,
    /// What it was, per unit of the case.
    pub record: f64,
    /// What it is to be; none where nothing was promised.
    pub goal: Option<f64>,
}

const fn bound(case: &'static Case, count: Count, record: f64, goal: Option<f64>) -> Bound {
    Bound {
        case,
        count,
        record,
        goal,
    }
}

use Count::*;

/// Profile `steady`, rustc 1.95, x86-64, glibc 2.36, valgrind 3.19, 2026-11-22. The test prints the figures in this form.
#[rustfmt::skip]
pub const TABLE: &[Bound] = &[
    bound(&SMALL_PLAIN, Instructions, 50_000.0, Some(20_000.0)),
    bound(&SMALL_PLAIN, SystemCalls, 13.2, Some(7.0)),
    bound(&SMALL_PLAIN, Allocations, 48.0, Some(15.0)),
    bound(&SMALL_PLAIN, AllocatedBytes, 7_000.0, None),
    bound(&SMALL_PLAIN, Threads, 2.0, Some(2.0)),
    bound(&SMALL_WINDOW, Instructions, 50_000.0, None),
    bound(&SMALL_WINDOW, SystemCalls, 13.4, None),
    bound(&SMALL_WINDOW, Allocations, 48.0, None),
    bound(&SMALL_TLS, Instructions, 60_000.0, None),
    bound(&SMALL_TLS, SystemCalls, 13.2, None),
    bound(&SMALL_TLS, Allocations, 48.0, None),
    bound(&LARGE_PLAIN, Instructions, 1e6, None),
    bound(&LARGE_PLAIN, SystemCalls, 4096.0, Some(4096.0)),
    bound(&LARGE_PLAIN, Allocations, 1000.0, None),
    bound(&LARGE_PLAIN, ContextSwitches, 5000.0, None),
    bound(&LARGE_TLS, Instructions, 1e9, None),
    bound(&LARGE_TLS, SystemCalls, 10_000.0, None),
    bound(&LARGE_TLS, Allocations, 1000.0, None),
    bound(&LARGE_TLS, ContextSwitches, 5000.0, None),
    bound(&PARKED, LiveBytes, 1000.0, Some(512.0)),
];
