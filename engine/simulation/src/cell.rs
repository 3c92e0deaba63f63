//! The cells of the fault matrix: where an upload is, and what befalls it there.

use std::fmt;

/// Where an upload, or a connection, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Waiting for a slot.
    Queued,
    /// Its host's name is being resolved.
    Dns,
    /// Its connection is being made.
    Connect,
    /// The handshake is under way.
    Tls,
    /// The request head is being sent.
    Head,
    /// The form and the file are being sent.
    Body,
    /// What follows the file is being sent.
    Closing,
    /// Everything is sent and nothing has come.
    Waiting,
    /// The answer's head is coming.
    ResponseHead,
    /// The answer's body is coming.
    ResponseBody,
    /// The connection waits for another request.
    Idle,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The other side says no.
    Refused,
    /// The connection breaks off.
    Reset,
    /// The other side ends its writing.
    Fin,
    /// Nothing moves any more.
    Stall,
    /// Little moves, slowly.
    Trickle,
    /// Bytes come that cannot be right, or too many.
    Garbage,
    /// The final answer comes before the request is sent.
    Early,
    /// The file becomes shorter.
    Truncated,
    /// The file becomes longer, or newer.
    Grew,
    /// The file can no longer be read.
    ReadError,
    /// The caller aborts.
    Abort,
    /// The engine is shut down.
    ShutDown,
    /// The wall clock jumps.
    ClockJump,
}

/// One cell of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// The row.
    pub stage: Stage,
    /// The column.
    pub fault: Fault,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 11] = [
        Self::Queued,
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Head,
        Self::Body,
        Self::Closing,
        Self::Waiting,
        Self::ResponseHead,
        Self::ResponseBody,
        Self::Idle,
    ];
}

impl Fault {
    /// Every fault, in the order of the matrix's columns.
    pub const ALL: [Self; 13] = [
        Self::Refused,
        Self::Reset,
        Self::Fin,
        Self::Stall,
        Self::Trickle,
        Self::Garbage,
        Self::Early,
        Self::Truncated,
        Self::Grew,
        Self::ReadError,
        Self::Abort,
        Self::ShutDown,
        Self::ClockJump,
    ];
}

impl Cell {
    /// How many cells there are, those included that cannot happen.
    pub const COUNT: usize = Stage::ALL.len() * Fault::ALL.len();

    /// The cell of a row and a column.
    pub const fn new(stage: Stage, fault: Fault) -> Self {
        Self { stage, fault }
    }

    /// Its place among [`COUNT`](Self::COUNT).
    pub const fn index(self) -> usize {
        self.stage as usize * Fault::ALL.len() + self.fault as usize
    }

    /// Every cell that can happen.
    pub fn all() -> impl Iterator<Item = Self> {
        let rows = Stage::ALL.into_iter();
        let cells = rows.flat_map(|stage| Fault::ALL.map(|fault| Self { stage, fault }));
        cells.filter(|cell| cell.can_happen())
    }

    /// Whether it is no dash in the matrix.
    pub fn can_happen(self) -> bool {
        use Stage::*;
        match self.fault {
            Fault::Refused => matches!(self.stage, Dns | Connect),
            Fault::Reset => self.stage != Queued,
            Fault::Fin => !matches!(self.stage, Queued | Dns | Connect),
            Fault::Stall | Fault::Abort | Fault::ShutDown | Fault::ClockJump => true,
            Fault::Trickle => !matches!(self.stage, Queued | Dns | Connect | Waiting),
            Fault::Garbage => !matches!(self.stage, Queued | Connect),
            Fault::Early => matches!(self.stage, Tls | Head | Body | Closing),
            // Once the closing boundary may go, the file is no longer looked at.
            Fault::Truncated | Fault::Grew | Fault::ReadError => {
                !matches!(self.stage, Closing | Idle)
            }
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} × {:?}", self.stage, self.fault)
    }
}
