//! What can go wrong, in the caller's terms: errno, errString, one stable reason each, and where.

use std::error::Error as StdError;
use std::fmt;

/// Why an upload failed.
///
/// Its `Display` is the reason as it stands in `errMsg` after `uploadFile:fail `. The reason holds no header
/// value, query, form value or full path.
///
/// ```
/// use quintet::{ErrorKind, Phase};
/// assert_eq!(ErrorKind::Timeout(Phase::Connect).errno(), 302);
/// assert_eq!(ErrorKind::Timeout(Phase::Connect).err_string(), "Connection timed out");
/// ```
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    detail: Option<String>,
}

/// The rule that failed. `#[non_exhaustive]`: decide by [`errno`](ErrorKind::errno) where an unknown one must be
/// handled too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A parameter is missing or wrong; nothing was opened or dialled.
    InvalidParameter,
    /// The file does not exist.
    FileNotFound,
    /// The path names a directory, device, FIFO or socket.
    NotRegularFile,
    /// The file may not be read, or lies outside the sandbox.
    FileDenied,
    /// The host policy refuses the URL or every address of its host.
    DomainDenied,
    /// The caller aborted.
    Aborted,
    /// The engine was shut down.
    ShutDown,
    /// The engine was suspended, and its setting is to end what is active:
    /// see [`SuspendActive::Interrupt`](crate::SuspendActive::Interrupt).
    Interrupted,
    /// A deadline passed, or nothing moved for too long.
    Timeout(Phase),
    /// The name did not resolve, or there is no route.
    NoNetwork,
    /// No address took the connection, or the proxy opened no way.
    Refused,
    /// Certificate, handshake or record protection failed.
    Tls,
    /// The peer broke off before its answer was complete.
    Closed,
    /// The peer's answer is not HTTP/1.1 as it must be.
    Malformed,
    /// The peer's answer is over one of the limits.
    ResponseTooLarge,
    /// The file became shorter, longer or newer while it was being sent.
    FileChanged,
    /// Reading the file failed while it was being sent.
    FileUnreadable,
    /// A redirect or a connection that broke asked for the body again, and it came from a source that can be read only
    /// once.
    BodySpent,
    /// A known option that this engine or transport does not have.
    Unsupported,
    /// The queue is at its bound.
    QueueFull,
    /// A defect of ours.
    Internal,
}

/// What an upload was doing: the stage of a failure, and which wait a [`ErrorKind::Timeout`] ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Checking the call.
    #[default]
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
    /// Sending the request head.
    Head,
    /// Sending the body.
    Body,
    /// The request is sent, or its sending was stopped; no byte of the answer has come.
    Response,
    /// Reading the head of the answer.
    ResponseHead,
    /// Reading the body of the answer.
    ResponseBody,
}

impl Phase {
    /// A short stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Queue => "queue",
            Self::Open => "open",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Head => "head",
            Self::Body => "body",
            Self::Response => "response",
            Self::ResponseHead => "response-head",
            Self::ResponseBody => "response-body",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ErrorKind {
    /// The stable reason, errno and errString: the one place where they stand.
    fn row(self) -> (&'static str, i32, &'static str) {
        const PARAMETER: (i32, &str) = (104, "invalid parameter");
        const NETWORK: (i32, &str) = (305, "Network failure");
        let with = |reason, (errno, text): (i32, &'static str)| (reason, errno, text);
        match self {
            Self::InvalidParameter => with("invalid parameter", PARAMETER),
            Self::FileNotFound => with("file not found", PARAMETER),
            Self::NotRegularFile => with("not a regular file", PARAMETER),
            Self::FileDenied => ("permission denied", 106, "system permission denied"),
            Self::DomainDenied => ("url not in domain list", 105, "authentication fail"),
            Self::Aborted => ("abort", 301, "Network request cancelled"),
            Self::ShutDown => ("abort: engine shut down", 301, "Network request cancelled"),
            Self::Interrupted => ("interrupted", 301, "Network request cancelled"),
            Self::Timeout(_) => ("timeout", 302, "Connection timed out"),
            Self::NoNetwork => ("no network connection", 303, "No network connection"),
            Self::Refused => with("connection refused", NETWORK),
            Self::Tls => with("TLS failure", NETWORK),
            Self::Closed => with("connection closed", NETWORK),
            Self::Malformed => with("malformed response", NETWORK),
            Self::ResponseTooLarge => with("response too large", NETWORK),
            Self::FileChanged => with("file changed", NETWORK),
            Self::FileUnreadable => with("file unreadable", NETWORK),
            Self::BodySpent => with("body cannot be sent again", NETWORK),
            Self::Unsupported => ("feature not support", 103, "feature not support"),
            Self::QueueFull => ("queue full", 102, "internal error"),
            Self::Internal => ("internal error", 304, "Internal error in network SDK"),
        }
    }

    /// The reason: one stable phrase.
    pub fn reason(self) -> &'static str {
        self.row().0
    }

    /// For logic.
    pub fn errno(self) -> i32 {
        self.row().1
    }

    /// For people: what the errno means.
    pub fn err_string(self) -> &'static str {
        self.row().2
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self { kind, detail: None }
    }

    /// The call's parameter `name` is wrong, for this reason. Neither may hold a header value, query, form value or
    /// full path: they are part of the reason.
    ///
    /// ```
    /// let error = quintet::Error::parameter("name", "must be a string, and is a number");
    /// assert_eq!(error.to_string(), "invalid parameter: name must be a string, and is a number");
    /// ```
    pub fn parameter(name: &str, why: impl fmt::Display) -> Self {
        Self::new(ErrorKind::InvalidParameter).because(format!("{name} {why}"))
    }

    /// A known option that is not supported.
    pub fn unsupported(option: &str) -> Self {
        Self::new(ErrorKind::Unsupported).because(option)
    }

    /// The caller has aborted before it called, for adapters whose callers bring a signal of their own: a request that is
    /// [refused](crate::UploadRequest::refused) so sends nothing.
    pub fn aborted() -> Self {
        Self::new(ErrorKind::Aborted)
    }

    pub(crate) fn because(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// The rule that failed.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What exactly went wrong, for logs and people; not stable, and empty if there is no more to say than the
    /// reason.
    pub fn detail(&self) -> &str {
        self.detail.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, &self.detail) {
            // Only here is the detail part of the reason: it names the parameter.
            (ErrorKind::InvalidParameter, Some(detail)) => {
                write!(f, "{}: {detail}", self.kind.reason())
            }
            _ => f.write_str(self.kind.reason()),
        }
    }
}

impl StdError for Error {}

impl From<quintet_transport::ConnectError> for Error {
    fn from(error: quintet_transport::ConnectError) -> Self {
        use quintet_transport::ConnectErrorKind as From;
        let kind = match error.kind {
            From::NotResolved | From::NoRoute => ErrorKind::NoNetwork,
            From::Refused | From::Proxy => ErrorKind::Refused,
            From::Tls => ErrorKind::Tls,
            From::Forbidden => ErrorKind::DomainDenied,
            From::Unsupported => ErrorKind::Unsupported,
            // A kind that a later transport crate adds: the connection did not come about.
            _ => ErrorKind::Refused,
        };
        // The reason says the kind already.
        Self::new(kind).because(error.source)
    }
}

impl From<quintet_proto::ResponseError> for Error {
    fn from(error: quintet_proto::ResponseError) -> Self {
        use quintet_proto::ResponseErrorClass as Class;
        let kind = match error.class() {
            Class::Malformed => ErrorKind::Malformed,
            Class::Limit => ErrorKind::ResponseTooLarge,
            Class::Closed => ErrorKind::Closed,
        };
        Self::new(kind).because(error)
    }
}
