//! Why an upload failed, as the host sees it.

use quintet::{Error, ErrorKind, Phase};

/// Why an upload failed. Decide by `kind` or `errno`; the texts are for people and logs.
#[derive(Clone, Debug, uniffi::Record)]
pub struct UploadFailure {
    /// The rule that failed.
    pub kind: FailureKind,
    /// The API's number of it, such as 301 for an abort.
    pub errno: i32,
    /// What the errno means, in English.
    pub err_string: String,
    /// The reason: a stable phrase, which for a wrong parameter goes on with what is wrong.
    pub reason: String,
    /// What exactly went wrong; not stable, and empty if the reason says it all.
    pub detail: String,
    /// What the upload was doing.
    pub phase: UploadPhase,
}

/// What a task throws.
#[derive(Clone, Debug, thiserror::Error, uniffi::Error)]
pub enum UploadError {
    /// The upload failed.
    #[error("{}", .failure.reason)]
    Failed {
        /// Why.
        failure: UploadFailure,
    },
    /// Waiting inside a listener could never end: it would wait for its own thread.
    #[error("waiting inside a listener")]
    InsideListener,
}

/// The rule that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum FailureKind {
    /// A parameter is missing or wrong.
    InvalidParameter,
    /// The file does not exist.
    FileNotFound,
    /// The path names a directory, device, FIFO or socket.
    NotRegularFile,
    /// The file may not be read, or lies outside the sandbox.
    FileDenied,
    /// The server is none of the permitted ones.
    DomainDenied,
    /// The host aborted it.
    Aborted,
    /// The engine was shut down.
    ShutDown,
    /// The engine was suspended, and its setting is to end what is active.
    Interrupted,
    /// A deadline passed, or nothing moved for too long.
    Timeout,
    /// The name did not resolve, or there is no route.
    NoNetwork,
    /// No address took the connection.
    Refused,
    /// Certificate, handshake or record protection failed.
    Tls,
    /// The server broke off before its answer was complete.
    Closed,
    /// The server's answer is not HTTP/1.1 as it must be.
    Malformed,
    /// The server's answer is over one of the limits.
    ResponseTooLarge,
    /// The file became shorter, longer or newer while it was being sent.
    FileChanged,
    /// Reading the file failed while it was being sent.
    FileUnreadable,
    /// The body was asked for again, and its source can be read only once.
    BodySpent,
    /// A known option that this engine does not have.
    Unsupported,
    /// The queue is at its bound.
    QueueFull,
    /// A defect of the engine.
    Internal,
    /// One that has no name here yet: decide by the errno.
    Other,
}

impl From<ErrorKind> for FailureKind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::InvalidParameter => Self::InvalidParameter,
            ErrorKind::FileNotFound => Self::FileNotFound,
            ErrorKind::NotRegularFile => Self::NotRegularFile,
            ErrorKind::FileDenied => Self::FileDenied,
            ErrorKind::DomainDenied => Self::DomainDenied,
            ErrorKind::Aborted => Self::Aborted,
            ErrorKind::ShutDown => Self::ShutDown,
            ErrorKind::Interrupted => Self::Interrupted,
            ErrorKind::Timeout(_) => Self::Timeout,
            ErrorKind::NoNetwork => Self::NoNetwork,
            ErrorKind::Refused => Self::Refused,
            ErrorKind::Tls => Self::Tls,
            ErrorKind::Closed => Self::Closed,
            ErrorKind::Malformed => Self::Malformed,
            ErrorKind::ResponseTooLarge => Self::ResponseTooLarge,
            ErrorKind::FileChanged => Self::FileChanged,
            ErrorKind::FileUnreadable => Self::FileUnreadable,
            ErrorKind::BodySpent => Self::BodySpent,
            ErrorKind::Unsupported => Self::Unsupported,
            ErrorKind::QueueFull => Self::QueueFull,
            ErrorKind::Internal => Self::Internal,
            _ => Self::Other,
        }
    }
}

/// What an upload was doing when it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum UploadPhase {
    /// Checking the call.
    Call,
    /// Waiting for a slot.
    Queue,
    /// Opening the file.
    Open,
    /// Resolving the name.
    Dns,
    /// Making the connection.
    Connect,
    /// Securing it.
    Tls,
    /// Sending the request's head.
    Head,
    /// Sending the body.
    Body,
    /// Waiting for the first byte of the answer.
    Response,
    /// Reading the head of the answer.
    ResponseHead,
    /// Reading the body of the answer.
    ResponseBody,
}

impl From<Phase> for UploadPhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Call => Self::Call,
            Phase::Queue => Self::Queue,
            Phase::Open => Self::Open,
            Phase::Dns => Self::Dns,
            Phase::Connect => Self::Connect,
            Phase::Tls => Self::Tls,
            Phase::Head => Self::Head,
            Phase::Body => Self::Body,
            Phase::Response => Self::Response,
            Phase::ResponseHead => Self::ResponseHead,
            Phase::ResponseBody => Self::ResponseBody,
        }
    }
}

impl UploadFailure {
    pub(crate) fn new(error: &Error, phase: Phase) -> Self {
        let kind = error.kind();
        Self {
            kind: kind.into(),
            errno: kind.errno(),
            err_string: kind.err_string().into(),
            reason: error.to_string(),
            detail: error.detail().into(),
            phase: phase.into(),
        }
    }
}
