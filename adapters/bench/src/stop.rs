//! Ends a bench before its time.

use std::sync::{Arc, Mutex, Weak};

use crate::meter::{Board, lock};

/// Stops a bench, from any thread: nothing more is begun, what is under way is ended and counted as unfinished, and
/// what ran until then is reported.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    asked: bool,
    board: Weak<Board>,
}

impl Stop {
    /// Asks for the end; before the bench has begun, it ends at once. Twice does no harm.
    pub fn stop(&self) {
        let mut state = lock(&self.0);
        state.asked = true;
        if let Some(board) = state.board.upgrade() {
            board.stop();
        }
    }

    /// This is the bench that it stops.
    pub(crate) fn stops(&self, board: &Arc<Board>) {
        let mut state = lock(&self.0);
        state.board = Arc::downgrade(board);
        if state.asked {
            board.stop();
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("asked", &self.asked).finish()
    }
}
