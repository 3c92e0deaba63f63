//! The table of bounds: what is counted, what it was when last written down, and where it is to go.

use super::cases::{
    Case, LARGE_PLAIN, LARGE_TLS, PARKED, SMALL_CHAIN, SMALL_HEARD, SMALL_PLAIN, SMALL_TLS,
    SMALL_WINDOW,
};

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// User-space instructions, by callgrind.
    Instructions,
    /// System calls of all threads, by strace.
    SystemCalls,
    /// Calls of the allocator, growing and shrinking included.
    Allocations,
    /// Bytes asked of the allocator.
    AllocatedBytes,
    /// Bytes held, beside the text that the caller gave.
    LiveBytes,
    /// Context switches of all threads.
    ContextSwitches,
    /// Threads, the caller's own included.
    Threads,
}

use Count::*;

/// One line of the table.
pub(crate) struct Bound {
    pub(crate) case: &'static Case,
    pub(crate) count: Count,
    /// What it was when last written down, per unit of the case: the most of several runs, on a machine that did much else.
    pub(crate) record: f64,
    /// How far above the record it may be: what other machines and another order of wake-ups move it by. Whatever is worse
    /// was made worse.
    pub(crate) margin_percent: f64,
    /// What it is to be; none where nothing was promised.
    pub(crate) goal: Option<f64>,
}

impl Bound {
    /// The most that passes.
    pub(crate) fn most(&self) -> f64 {
        self.record * (1.0 + self.margin_percent / 100.0)
    }
}

const fn bound(
    case: &'static Case,
    count: Count,
    record: f64,
    margin_percent: f64,
    goal: Option<f64>,
) -> Bound {
    Bound {
        case,
        count,
        record,
        margin_percent,
        goal,
    }
}

/// Profile `steady`, rustc 1.95, x86-64, glibc 2.36, valgrind 3.19, 2026-11-22. Columns: record, margin in percent, goal.
#[rustfmt::skip]
pub(crate) const TABLE: &[Bound] = &[
    bound(&SMALL_CHAIN,  Instructions,    19_850.0,         5.0, Some(20_000.0)),
    bound(&SMALL_CHAIN,  SystemCalls,     6.6,              6.0, Some(7.0)),
    bound(&SMALL_CHAIN,  Allocations,     15.0,             0.0, Some(15.0)),
    bound(&SMALL_HEARD,  Instructions,    21_400.0,         5.0, None),
    bound(&SMALL_HEARD,  Allocations,     16.0,             0.0, None),
    bound(&SMALL_PLAIN,  Instructions,    21_750.0,         5.0, Some(20_000.0)),
    bound(&SMALL_PLAIN,  SystemCalls,     8.65,             6.0, Some(7.0)),
    bound(&SMALL_PLAIN,  Allocations,     14.0,             2.0, Some(15.0)),
    bound(&SMALL_PLAIN,  AllocatedBytes,  1_340.0,          4.0, None),
    bound(&SMALL_PLAIN,  Threads,         2.0,              0.0, Some(2.0)),
    bound(&SMALL_WINDOW, Instructions,    20_200.0,         6.0, None),
    bound(&SMALL_WINDOW, SystemCalls,     8.6,             12.0, None),
    bound(&SMALL_WINDOW, Allocations,     14.0,             2.0, None),
    bound(&SMALL_TLS,    Instructions,    40_750.0,         5.0, None),
    bound(&SMALL_TLS,    SystemCalls,     8.65,             6.0, None),
    bound(&SMALL_TLS,    Allocations,     16.0,             2.0, None),
    bound(&LARGE_PLAIN,  Instructions,    3_210_000.0,     30.0, None),
    bound(&LARGE_PLAIN,  SystemCalls,     2_200.0,         25.0, Some(4096.0)),
    bound(&LARGE_PLAIN,  Allocations,     230.0,           10.0, None),
    bound(&LARGE_PLAIN,  ContextSwitches, 6_600.0,        200.0, None),
    bound(&LARGE_TLS,    Instructions,    3_080_000_000.0,  4.0, None),
    bound(&LARGE_TLS,    SystemCalls,     17_000.0,        20.0, None),
    bound(&LARGE_TLS,    Allocations,     66_100.0,         4.0, None),
    bound(&LARGE_TLS,    ContextSwitches, 6_600.0,        200.0, None),
    bound(&PARKED,       LiveBytes,       488.0,            2.0, Some(512.0)),
];
