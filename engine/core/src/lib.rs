//! Quintet: uploads files as `multipart/form-data` over HTTP/1.1, at most five at a time, with progress, abort, and
//! an outcome that always comes.
//!
//! This crate is the engine. It wants a transport: `quintet-tcp` for TCP and Unix sockets, `quintet-tls` around
//! it for https, or your own (see `quintet_transport`).
//!
//! - [`Engine`] starts it; [`Engine::upload`] takes an [`UploadRequest`] and gives an [`UploadTask`].
//! - The task's [`Outcome`] comes by `.await` or [`UploadTask::wait`]; [`UploadTask::abort`] ends it early.
//! - [`Event`]s go to [`Listener`]s, or come as a [`EventStream`].
//! - Programs that run actix send the [`UploadRequest`] to the [`Scheduler`]; an actor that handles [`Event`]
//!   messages listens by [`to_recipient`].
//!
//! The engine runs on one thread. It never blocks that thread but for reading the file, holds one descriptor for
//! each file and one for the connection of each active upload, and one small record for each queued one.
#![forbid(unsafe_code)]

pub mod admission;
mod by_upload;
mod clock;
mod deadlines;
mod destination;
mod drive;
mod encode;
mod engine;
mod error;
mod event;
mod event_stream;
mod expect;
mod front;
mod holding;
mod ledger;
mod media_types;
mod on_demand;
mod outcome;
mod pace;
#[cfg_attr(quintet_planted, path = "planted_on.rs")]
mod planted;
mod policy;
mod pool;
mod preview;
mod profile;
mod pump;
mod queue;
mod random;
mod recipient;
mod redirect;
mod reins;
mod request;
mod retry;
mod scheduler;
mod secret;
mod settings;
mod source;
mod speed;
mod task;
mod ticket;
mod timings;
mod trace;
mod upload;
mod wait;

use std::fmt;

pub use clock::{Clock, Sleep, SystemClock};
pub use destination::URL_BYTES_MAX;
pub use encode::{EncodeError, Encoded};
pub use engine::{Engine, EngineBuilder};
pub use error::{Error, ErrorKind, Phase};
pub use event::{Event, EventKind, Listener, Progress};
pub use event_stream::{EventStream, event_stream};
pub use media_types::{ByExtension, MediaTypes, NoMediaTypes};
pub use outcome::{Outcome, Response};
pub use policy::{DomainError, HostPolicy, PermitAll, Rules};
pub use preview::Preview;
pub use profile::Profile;
pub use queue::{Answer, Gate, Queue, Status, UploadState};
pub use quintet_proto::{Headers, Limits, Newlines, Plan, Segment, UNKNOWN_LENGTH};
pub use random::{Random, SystemRandom};
pub use recipient::to_recipient;
pub use request::{
    FilePart, HEADER_BYTES_MAX, HEADERS_MAX, LABEL_BYTES_MAX, Method, TAGS_MAX, UploadRequest,
};
pub use retry::{Retry, RetryCause};
pub use scheduler::{Scheduler, Shutdown};
pub use settings::{Redirects, Settings, SuspendActive};
pub use source::{
    FileError, Files, LocalFiles, OpenSource, Opened, Source, SourceState, Spool, UploadSource,
};
pub use task::UploadTask;
pub use timings::Timings;
pub use trace::{SystemTraces, Trace, TraceSource};

/// Names an upload within its engine: counted from 1 in the order of the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(u64);

impl From<u64> for UploadId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl From<UploadId> for u64 {
    fn from(id: UploadId) -> Self {
        id.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
