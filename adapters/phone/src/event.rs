//! What an upload tells the host while it runs.

use std::sync::{Arc, Mutex, MutexGuard};

use quintet::{Event, EventKind, Listener};
use uniffi::UnexpectedUniFFICallbackError;

use crate::failure::FailureKind;
use crate::outcome::{UploadOutcome, headers};
use crate::request::Header;

/// Implemented by the host: hears the events of an upload, in order, on the engine's thread.
///
/// It must return soon, for while it runs nothing is sent: hand long work to a thread of your own. It may call anything of
/// the engine and the task but `outcome_blocking`. What it throws is lost, and stops neither the upload nor later events.
#[uniffi::export(with_foreign)]
pub trait UploadListener: Send + Sync {
    /// One event; nothing follows `Done`.
    fn on_event(&self, event: UploadEvent) -> Result<(), ListenerError>;
}

/// What a listener may throw: nobody hears of it.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum ListenerError {
    /// Anything at all.
    #[error("{why}")]
    Any {
        /// For a debugger.
        why: String,
    },
}

/// Without it, what a listener throws unexpectedly would be a panic, which ends a program that is built to abort on one.
impl From<UnexpectedUniFFICallbackError> for ListenerError {
    fn from(error: UnexpectedUniFFICallbackError) -> Self {
        Self::Any { why: error.reason }
    }
}

/// Something happened to an upload.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum UploadEvent {
    /// Every slot is taken; it waits.
    Queued {
        /// How many were before it.
        position: u64,
    },
    /// It has a slot.
    Admitted,
    /// Bytes of the body were sent: at most one event in each interval, and a last one.
    Progress {
        /// How many.
        progress: UploadProgress,
    },
    /// It was paused.
    Paused,
    /// It goes on, or waits for its turn again.
    Resumed,
    /// The server sent it elsewhere, and the setting follows.
    Redirected {
        /// Status of the answer that said so.
        status: u16,
        /// Whether the new address has another scheme, host or port.
        new_origin: bool,
    },
    /// It waits to be tried again, in its slot.
    Retrying {
        /// Which attempt the next one is; the first was 1.
        attempt: u32,
        /// How long it waits, in milliseconds.
        after_ms: u64,
        /// What ended the attempt before.
        because: RetryCause,
    },
    /// The head of the server's final answer is complete.
    HeadersReceived {
        /// Its status.
        status: u16,
        /// As received, in order; bytes that are not UTF-8 replaced.
        headers: Vec<Header>,
    },
    /// It is over; nothing follows.
    Done {
        /// How it ended.
        outcome: UploadOutcome,
    },
}

/// How much of a body is sent. Counts are bytes of the HTTP body, the form's own framing included.
#[derive(Clone, Copy, Debug, uniffi::Record)]
pub struct UploadProgress {
    /// Whole percent, rounded down: 100 exactly when everything is sent.
    pub percent: u8,
    /// Bytes that the system took. Never falls.
    pub sent: u64,
    /// Length of the body.
    pub total: u64,
    /// Bytes that the server's system has confirmed; a lower bound, absent where it cannot be known.
    pub acked: Option<u64>,
    /// Bytes a second, lately; 0 while that is not known.
    pub speed: u64,
    /// How long the rest takes if it goes on so, in milliseconds; absent while nobody can know.
    pub remaining_ms: Option<u64>,
}

/// Why an upload is tried again.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum RetryCause {
    /// The server answered with this status.
    Status {
        /// The status.
        status: u16,
    },
    /// The attempt failed.
    Failure {
        /// The rule that failed.
        kind: FailureKind,
    },
}

/// Tells the host's listener what the engine tells, and lets go of it after the last: a listener that holds its task
/// would otherwise be held by it, across the languages, for good.
pub(crate) struct Forward(Mutex<Option<Arc<dyn UploadListener>>>);

impl Forward {
    pub(crate) fn to(listener: Arc<dyn UploadListener>) -> Self {
        Self(Mutex::new(Some(listener)))
    }

    fn listener(&self) -> MutexGuard<'_, Option<Arc<dyn UploadListener>>> {
        // Nothing panics while the lock is held, so it cannot be poisoned.
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Listener for Forward {
    fn on_event(&self, event: &Event) {
        let Some(translated) = translated(&event.kind) else {
            return;
        };
        // The lock is not held while the host runs.
        let listener = match event.kind {
            EventKind::Done(_) => self.listener().take(),
            _ => self.listener().clone(),
        };
        if let Some(listener) = listener {
            // Nobody is there who could do something about what it throws.
            let _ = listener.on_event(translated);
        }
    }
}

/// As the host sees it; `None` for what is only a stamp, which the outcome's phases tell.
fn translated(kind: &EventKind) -> Option<UploadEvent> {
    Some(match kind {
        EventKind::Queued { position } => UploadEvent::Queued {
            position: *position as u64,
        },
        EventKind::Admitted => UploadEvent::Admitted,
        EventKind::Progress(progress) => UploadEvent::Progress {
            progress: progress.into(),
        },
        EventKind::Paused => UploadEvent::Paused,
        EventKind::Resumed => UploadEvent::Resumed,
        &EventKind::Redirected { status, new_origin } => {
            UploadEvent::Redirected { status, new_origin }
        }
        EventKind::Retrying {
            attempt,
            after,
            because,
        } => UploadEvent::Retrying {
            attempt: *attempt,
            after_ms: millis(*after),
            because: because.into(),
        },
        EventKind::HeadersReceived {
            status,
            headers: received,
        } => UploadEvent::HeadersReceived {
            status: *status,
            headers: headers(received),
        },
        EventKind::Done(outcome) => UploadEvent::Done {
            outcome: UploadOutcome::from(&**outcome),
        },
        _ => return None,
    })
}

impl From<&quintet::Progress> for UploadProgress {
    fn from(progress: &quintet::Progress) -> Self {
        Self {
            percent: progress.percent(),
            sent: progress.sent,
            total: progress.total,
            acked: progress.acked,
            speed: progress.speed,
            remaining_ms: progress.remaining.map(millis),
        }
    }
}

impl From<&quintet::RetryCause> for RetryCause {
    fn from(cause: &quintet::RetryCause) -> Self {
        match cause {
            quintet::RetryCause::Status(status) => Self::Status { status: *status },
            quintet::RetryCause::Failure(error) => Self::Failure {
                kind: error.kind().into(),
            },
            _ => Self::Failure {
                kind: FailureKind::Other,
            },
        }
    }
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
