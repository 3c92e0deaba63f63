//! The cases: which workload, how often, and what one unit of it is.

/// A workload that is run twice, with N and with 2 N uploads. The difference is free of start-up and first connections.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The program's word for it.
    pub(crate) workload: &'static str,
    pub(crate) tls: bool,
    pub(crate) file_bytes: u64,
    /// N.
    pub(crate) uploads: u64,
    /// N under callgrind, which is fifty times slower.
    pub(crate) uploads_callgrind: u64,
    /// How many uploads make the unit that the figures are for.
    pub(crate) uploads_per_unit: f64,
}

const MIB: u64 = 1024 * 1024;

const SMALL: Case = Case {
    name: "",
    workload: "queue",
    tls: false,
    file_bytes: 4096,
    uploads: 2000,
    uploads_callgrind: 2000,
    uploads_per_unit: 1.0,
};

const LARGE: Case = Case {
    file_bytes: 64 * MIB,
    uploads: 16,
    uploads_callgrind: 16,
    uploads_per_unit: 16.0,
    ..SMALL
};

/// All uploads handed over at once: the engine has the queue.
pub(crate) const SMALL_PLAIN: Case = Case {
    name: "4 KiB, plain",
    ..SMALL
};

/// The caller keeps five going.
pub(crate) const SMALL_WINDOW: Case = Case {
    name: "4 KiB, plain, caller keeps five",
    workload: "window",
    ..SMALL
};

/// The end of one asks for the next, from a listener: what a program does that lives by callbacks.
pub(crate) const SMALL_CHAIN: Case = Case {
    name: "4 KiB, plain, end asks for next",
    workload: "chain",
    ..SMALL
};

/// As [`SMALL_CHAIN`], with a listener for each upload and histograms of every phase.
pub(crate) const SMALL_HEARD: Case = Case {
    name: "4 KiB, plain, all that can be heard",
    workload: "heard",
    ..SMALL
};

pub(crate) const SMALL_TLS: Case = Case {
    name: "4 KiB, TLS",
    tls: true,
    ..SMALL
};

pub(crate) const LARGE_PLAIN: Case = Case {
    name: "1 GiB in 16 files, plain",
    ..LARGE
};

pub(crate) const LARGE_TLS: Case = Case {
    name: "1 GiB in 16 files, TLS",
    tls: true,
    uploads_callgrind: 1,
    ..LARGE
};

/// Queued, never admitted. The tables that hold them are as full with N as with 2 N.
pub(crate) const PARKED: Case = Case {
    name: "queued",
    workload: "parked",
    uploads: 100_000,
    ..SMALL
};
