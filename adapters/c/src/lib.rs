//! The C interface of Quintet: `include/quintet.h` is its documentation, and is made from `abi.rs` and `entry.rs`.
//!
//! A host's call goes through `entry.rs`, which reads its pointers and catches what panics; what it names is looked up in
//! `handles.rs`. Events come back through `hub.rs`: to the host's callback on the engine's thread, or into a queue
//! (`polled.rs`) that the host empties on a thread of its own. Nothing is decided here: no queue of uploads, no retry, no
//! default of its own.
//!
//! Pointers are followed in three files alone: `entry.rs`, `pointers.rs` (what a host gives) and `callbacks.rs` (what a host
//! is called by); and `descriptor.rs` takes a descriptor by its number.
#![deny(unsafe_code)]

pub mod abi;
#[cfg_attr(not(unix), path = "bell_none.rs")]
mod bell;
// What a library without readers has no use for.
#[cfg_attr(not(feature = "readers"), allow(dead_code))]
mod callbacks;
#[cfg_attr(not(unix), path = "descriptor_none.rs")]
mod descriptor;
pub mod entry;
mod failure;
mod handles;
mod host;
mod hub;
#[cfg_attr(not(feature = "json"), path = "json_none.rs")]
mod json;
#[cfg_attr(not(feature = "media-types"), path = "media_none.rs")]
mod media;
mod own_transport;
mod pointers;
mod polled;
mod request;
#[cfg_attr(not(feature = "retries"), path = "retry_none.rs")]
mod retry;
#[cfg_attr(not(feature = "tls"), path = "secured_none.rs")]
// What is said in JSON alone.
#[cfg_attr(not(feature = "json"), allow(dead_code))]
mod secured;
#[cfg_attr(not(feature = "readers"), path = "source_none.rs")]
// Where there are no descriptors there are no pipes.
#[cfg_attr(not(unix), allow(dead_code))]
mod source;
mod task;
mod telling;
#[cfg(test)]
mod tests;
