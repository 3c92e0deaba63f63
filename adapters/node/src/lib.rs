//! The native half of the npm package `@quintet/upload`. Its JavaScript half is the only caller: that one reads the options
//! and keeps the callbacks, this one asks the engine and tells what happens.
//!
//! The engine has a thread of its own. What it tells goes through one queue of Node's for each engine, so that it comes in its
//! order; only numbers and texts cross.
// Not `forbid`: what `#[napi]` makes of door.rs is unsafe code, and allows it to itself. None is written here.
#![deny(unsafe_code)]

mod door;
mod news;
mod reader;
mod settings;
mod tape;
mod transport;

pub use door::{Door, depth_max, option_names};
