//! What must hold of any input, as functions that panic where it does not: a module for each fuzz target of the folder
//! above. `tests/corpus.rs` runs every committed input through them.
//!
//! Where another reader is the judge and may differ, the module's text says in what.
#![forbid(unsafe_code)]

pub mod admission;
pub mod call;
pub mod chunks;
mod engine;
pub mod form;
pub mod head;
mod input;
#[cfg(target_os = "linux")]
pub mod path;
#[cfg(not(target_os = "linux"))]
#[path = "path_elsewhere.rs"]
pub mod path;
mod peers;
pub mod redaction;
pub mod response;
pub mod url;
