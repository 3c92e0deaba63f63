//! How an upload ended, as the host sees it.

use std::time::Duration;

use quintet::{Headers, Outcome, Response};

use crate::failure::{UploadError, UploadFailure, UploadPhase};
use crate::request::Header;

/// The end of an upload: there is exactly one for each call.
#[derive(Clone, Debug, uniffi::Record)]
pub struct UploadOutcome {
    /// Which upload.
    pub id: u64,
    /// The same as on the task and in the request's headers.
    pub trace: String,
    /// The answer, or why there is none.
    pub result: UploadResult,
    /// `uploadFile:ok`, or `uploadFile:fail ` and the reason.
    pub err_msg: String,
    /// What it was doing when it ended.
    pub phase: UploadPhase,
    /// Bytes of the body that the system took, in the last request that had a body.
    pub bytes_sent: u64,
    /// Of these, those that the server's system had confirmed; a lower bound, absent where it cannot be known.
    pub bytes_acked: Option<u64>,
    /// Length of the body, 0 if it was never known.
    pub bytes_total: u64,
    /// Whether the answer came before the whole body was sent, and stopped it.
    pub stopped_early: bool,
    /// How often it was tried: 1, and one for each retry; 0 if it never became active.
    pub attempts: u32,
    /// Whether not one byte was sent, so that doing it again cannot do it twice.
    pub may_retry: bool,
    /// Address and port of the server, where there was a connection.
    pub peer: Option<String>,
    /// Where the last request went, redirects followed; it may hold secrets in its query.
    pub url: Option<String>,
    /// Time spent in each phase that was passed through, in order.
    pub phases: Vec<PhaseTime>,
}

/// Time spent in one phase.
#[derive(Clone, Debug, uniffi::Record)]
pub struct PhaseTime {
    /// `queue`, `dns`, `connect`, `tls`, `head`, `body`, `wait`, `response`, or `total`, which is slot to end.
    pub phase: String,
    /// In microseconds.
    pub took_us: u64,
}

/// The answer, or why there is none.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum UploadResult {
    /// The server answered, with whatever status.
    Success {
        /// What it said.
        response: UploadResponse,
    },
    /// It did not.
    Failure {
        /// Why.
        failure: UploadFailure,
    },
}

/// The server's complete answer.
#[derive(Clone, Debug, uniffi::Record)]
pub struct UploadResponse {
    /// 200 to 999.
    pub status: u16,
    /// As received, in order; bytes that are not UTF-8 replaced.
    pub headers: Vec<Header>,
    /// The body as text: UTF-8, one byte-order mark stripped, invalid bytes replaced. Its bytes are the task's
    /// `response_body`.
    pub data: String,
}

impl UploadOutcome {
    pub(crate) fn into_response(self) -> Result<UploadResponse, UploadError> {
        match self.result {
            UploadResult::Success { response } => Ok(response),
            UploadResult::Failure { failure } => Err(UploadError::Failed { failure }),
        }
    }
}

impl From<&Outcome> for UploadOutcome {
    fn from(outcome: &Outcome) -> Self {
        let phases = outcome.timings.phases().map(|(phase, took)| PhaseTime {
            phase: phase.into(),
            took_us: micros(took),
        });
        let result = match &outcome.result {
            Ok(response) => UploadResult::Success {
                response: response.into(),
            },
            Err(error) => UploadResult::Failure {
                failure: UploadFailure::new(error, outcome.phase),
            },
        };
        Self {
            id: outcome.id.into(),
            trace: outcome.trace.to_string(),
            result,
            err_msg: outcome.err_msg(),
            phase: outcome.phase.into(),
            bytes_sent: outcome.bytes_sent,
            bytes_acked: outcome.bytes_acked,
            bytes_total: outcome.bytes_total,
            stopped_early: outcome.stopped_early(),
            attempts: outcome.attempts,
            may_retry: outcome.may_retry,
            peer: outcome.peer.map(|peer| peer.to_string()),
            url: outcome.url().map(|url| url.to_string()),
            phases: phases.collect(),
        }
    }
}

impl From<&Response> for UploadResponse {
    fn from(response: &Response) -> Self {
        Self {
            status: response.status,
            headers: headers(&response.headers),
            data: response.data(),
        }
    }
}

pub(crate) fn headers(headers: &Headers) -> Vec<Header> {
    let headers = headers.iter().map(|(name, value)| Header {
        name: name.into(),
        value: String::from_utf8_lossy(value).into_owned(),
    });
    headers.collect()
}

pub(crate) fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}
