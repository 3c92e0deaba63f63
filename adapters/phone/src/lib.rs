//! Quintet for Android and iOS: what Kotlin and Swift see of the engine, bound by UniFFI.
//!
//! [`UploadEngine`] takes an [`UploadRequest`] and gives an [`UploadTask`]; an [`UploadListener`] of the host's hears
//! [`UploadEvent`]s. Everything here translates and decides nothing: a setting that is absent is the engine's own.
//!
//! The host's side is generated: see the README for how, and for threads, memory and packaging.
#![deny(unsafe_code)] // Allowed in `descriptor.rs` alone; what UniFFI's macros generate is theirs.

mod engine;
mod engine_thread;
mod event;
mod failure;
mod outcome;
mod request;
mod settings;
mod source;
mod task;
mod tls;

#[cfg(test)]
mod tests;

#[cfg(unix)]
mod descriptor;
#[cfg(not(unix))]
#[path = "descriptor_none.rs"]
mod descriptor;

pub use engine::{EngineError, UploadEngine};
pub use event::{ListenerError, RetryCause, UploadEvent, UploadListener, UploadProgress};
pub use failure::{FailureKind, UploadError, UploadFailure, UploadPhase};
pub use outcome::{PhaseTime, UploadOutcome, UploadResponse, UploadResult};
pub use request::{ByteRange, FilePart, FormField, Header, Retry, UploadMethod, UploadRequest};
pub use settings::{EngineSettings, Redirects, SuspendActive};
pub use source::UploadSource;
pub use task::UploadTask;
pub use tls::{ClientCertificate, TlsOptions};

uniffi::setup_scaffolding!("quintet");
