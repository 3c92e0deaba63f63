//! The engine's socket tests once more, all of them by the road of platforms without a fast one: see
//! `support/portable_road.rs`.
#![forbid(unsafe_code)]
#![allow(
    clippy::duplicate_mod,
    reason = "each of them brings `support` along, as the program that it also is"
)]

#[path = "aborts.rs"]
mod aborts;
#[path = "corners.rs"]
mod corners;
#[path = "endings.rs"]
mod endings;
#[path = "file_changes.rs"]
mod file_changes;
#[path = "hostile_calls.rs"]
mod hostile_calls;
