//! A part of an engine that most programs do without.

use std::sync::OnceLock;

/// Empty until something can need the part for the first time, which then fills it. Only what fills it names the part: a
/// program that calls nothing of the kind is linked without it.
pub(crate) struct OnDemand<T: 'static>(OnceLock<&'static T>);

impl<T> OnDemand<T> {
    /// To be called before the part is needed.
    pub(crate) fn fill(&self, part: &'static T) {
        self.0.get_or_init(|| part);
    }

    pub(crate) fn get(&self) -> Option<&'static T> {
        self.0.get().copied()
    }
}

impl<T> Default for OnDemand<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}
