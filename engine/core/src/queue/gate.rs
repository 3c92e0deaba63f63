//! The host's word on whether uploads may begin now.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Decides whether an upload may begin: by the kind of network, what it costs, the battery.
///
/// While it does not permit, uploads wait, hold no slot and are no failures; who is active goes on. It is asked again
/// whenever something happens in the queue while a slot is free, and at [`Engine::ask_gate`](crate::Engine::ask_gate): a host
/// calls that when the answer may be another.
///
/// ```
/// # use std::sync::atomic::{AtomicBool, Ordering};
/// # use std::sync::Arc;
/// let unmetered = Arc::new(AtomicBool::new(false));
/// let asked = unmetered.clone();
/// let gate = move || asked.load(Ordering::Relaxed);
/// # fn takes_a_gate(_: impl quintet::Gate) {}
/// # takes_a_gate(gate);
/// ```
pub trait Gate: Send + Sync {
    /// Asked before each admission, on the engine's thread: it must return soon. A panic counts as no.
    fn permits(&self) -> bool;
}

impl<F: Fn() -> bool + Send + Sync> Gate for F {
    fn permits(&self) -> bool {
        self()
    }
}

pub(crate) fn ask(gate: &dyn Gate) -> bool {
    catch_unwind(AssertUnwindSafe(|| gate.permits())).unwrap_or(false)
}
