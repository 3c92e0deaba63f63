//! Stops a script that does not come back.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use rquickjs::Runtime;

/// QuickJS asks it every few thousand steps.
#[derive(Clone, Default)]
pub(super) struct Guard {
    deadline: Rc<Cell<Option<Instant>>>,
    fell: Rc<Cell<bool>>,
}

impl Guard {
    pub(super) fn watch(runtime: &Runtime) -> Self {
        let guard = Self::default();
        let asked = guard.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || {
            let late = asked.deadline.get().is_some_and(|at| at <= Instant::now());
            asked.fell.set(asked.fell.get() | late);
            late
        })));
        guard
    }

    /// From now on it falls at this time; what fell before is forgotten.
    pub(super) fn set(&self, deadline: Option<Instant>) {
        self.deadline.set(deadline);
        self.fell.set(false);
    }

    /// Whether it stopped something.
    pub(super) fn fell(&self) -> bool {
        self.fell.get()
    }
}
