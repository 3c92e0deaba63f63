//! How a run's uploads ended, and the exit code that follows.

use quintet::Outcome;

use crate::exit::Exit;

/// How many ended in which way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) ended: usize,
    pub(crate) answered: usize,
    /// Of these, with a status of 400 or more.
    refused: usize,
    pub(crate) failed: usize,
    /// Aborted with a slot.
    pub(crate) stopped: usize,
    /// Aborted before.
    pub(crate) never_begun: usize,
    pub(crate) sent: u64,
}

impl Tally {
    pub(crate) fn count(&mut self, outcome: &Outcome) {
        self.ended += 1;
        self.sent += outcome.bytes_sent;
        match &outcome.result {
            Ok(response) => {
                self.answered += 1;
                self.refused += usize::from(response.status >= 400);
            }
            Err(_) if !outcome.is_aborted() => self.failed += 1,
            Err(_) if outcome.timings.admitted.is_some() => self.stopped += 1,
            Err(_) => self.never_begun += 1,
        }
    }

    pub(crate) fn aborted(&self) -> usize {
        self.stopped + self.never_begun
    }

    pub(crate) fn exit(&self, fail: bool) -> Exit {
        match self {
            _ if self.aborted() > 0 => Exit::Aborted,
            Self { failed: 1.., .. } => Exit::Failed,
            Self { refused: 1.., .. } if fail => Exit::Refused,
            _ => Exit::Ok,
        }
    }
}
