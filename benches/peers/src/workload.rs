//! The four workloads, each plain and over TLS.

use std::fmt;

use crate::work::AT_ONCE;

pub(crate) const MIB: u64 = 1024 * 1024;
/// Different small files; their uploads go round.
const SMALL_FILES: usize = 100;

/// What is uploaded, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Workload {
    /// One file of 1 GiB.
    A,
    /// Five files of 256 MiB at once.
    B,
    /// 5,000 files of 4 KiB, five at a time, connections kept.
    C,
    /// The same, a new connection for each.
    D,
}

impl Workload {
    pub(crate) const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    /// Large files are judged by CPU for each GiB, small ones by CPU for each upload.
    pub(crate) fn is_small(self) -> bool {
        matches!(self, Self::C | Self::D)
    }

    /// Whether every upload takes a connection of its own.
    pub(crate) fn is_fresh(self) -> bool {
        self == Self::D
    }

    pub(crate) fn workers(self) -> usize {
        if self == Self::A { 1 } else { AT_ONCE }
    }

    /// How many uploads, and how many different files of how many bytes; `scale` makes large files smaller and small
    /// ones fewer.
    pub(crate) fn extent(self, scale: u64) -> Extent {
        let (uploads, files, bytes) = match self {
            Self::A => (1, 1, (1024 * MIB / scale).max(1)),
            Self::B => (AT_ONCE, AT_ONCE, (256 * MIB / scale).max(1)),
            Self::C | Self::D => {
                let uploads = usize::try_from(5_000 / scale).map_or(AT_ONCE, |n| n.max(AT_ONCE));
                (uploads, uploads.min(SMALL_FILES), 4096)
            }
        };
        Extent {
            uploads,
            files,
            bytes,
        }
    }
}

/// The size of a workload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) uploads: usize,
    pub(crate) files: usize,
    /// Of each file.
    pub(crate) bytes: u64,
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { uploads, bytes, .. } = *self;
        let size = match bytes {
            MIB.. => format!("{:.1} MiB", bytes as f64 / MIB as f64),
            _ => format!("{:.1} KiB", bytes as f64 / 1024.0),
        };
        match uploads {
            1 => write!(f, "1 upload of {size}"),
            _ => write!(f, "{uploads} uploads of {size}"),
        }
    }
}

/// A workload, plain or over TLS: one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Case {
    pub(crate) workload: Workload,
    pub(crate) secure: bool,
}

impl Case {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Workload::ALL
            .into_iter()
            .flat_map(|workload| [false, true].map(|secure| Self { workload, secure }))
    }

    pub(crate) fn transport(self) -> &'static str {
        if self.secure { "TLS" } else { "plain" }
    }

    /// The raw loop that ratios are taken to.
    pub(crate) fn reference(self) -> &'static str {
        match (self.workload.is_small(), self.secure) {
            (true, _) => "raw-epoll",
            (false, false) => "raw-sendfile",
            (false, true) => "raw-seal",
        }
    }

    /// What is done, in words.
    pub(crate) fn manner(self) -> &'static str {
        match self.workload {
            Workload::A => "alone",
            Workload::B => "all at once",
            Workload::C => "five at a time, connections kept",
            Workload::D => "five at a time, a new connection for each",
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.workload, self.transport())
    }
}
