//! Defects on purpose: none here. `planted_on.rs` takes this file's place where the simulation is to find them.

/// Whether the protocol has this defect.
#[inline(always)]
pub(crate) const fn is(_defect: &str) -> bool {
    false
}
