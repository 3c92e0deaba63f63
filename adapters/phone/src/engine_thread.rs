//! Tells an engine's own thread from the host's: on it, waiting for an upload could never end.

use std::thread;

/// What [`quintet::EngineBuilder::start`] calls it. The host's threads have no name in Rust.
const NAME: &str = "quintet";

/// Whether this is the thread of an engine.
pub(crate) fn is_current() -> bool {
    thread::current().name() == Some(NAME)
}
