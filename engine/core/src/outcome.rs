//! How an upload ended: exactly one for each call.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use quintet_proto::Headers;
use url::Url;

use crate::destination::Destination;
use crate::profile::Profile;
use crate::{Error, ErrorKind, Phase, Timings, Trace, UploadId};

/// The end of an upload: success with the server's answer, whatever its status, or failure.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Which upload.
    pub id: UploadId,
    /// The same as on the task and in the request's headers.
    pub trace: Trace,
    /// The answer, or why there is none.
    pub result: Result<Response, Error>,
    /// What it was doing when it ended.
    pub phase: Phase,
    /// Body bytes that the transport took in the last request that had a body.
    pub bytes_sent: u64,
    /// Of these, those that the peer's kernel had confirmed; a lower bound, `None` where the system does not tell.
    pub bytes_acked: Option<u64>,
    /// Length of the body, 0 if it was never known.
    pub bytes_total: u64,
    /// When each phase was reached.
    pub timings: Timings,
    /// How often it was tried: 1, and one for each retry; 0 if it never became active.
    pub attempts: u32,
    /// Whether no byte of a request had been handed to a transport, so that doing it again cannot do it twice.
    pub may_retry: bool,
    /// The address of the connection that the last request went over, where there was one and it has any.
    pub peer: Option<SocketAddr>,
    /// Bytes that transports took, of all requests and with their heads, before any TLS.
    pub wire_bytes_sent: u64,
    /// Bytes that came as answers, all of them and with their heads, after any TLS.
    pub wire_bytes_received: u64,
    pub(crate) destination: Option<Arc<Destination>>,
}

impl Outcome {
    /// `uploadFile:ok`, or `uploadFile:fail ` and the reason.
    pub fn err_msg(&self) -> String {
        match &self.result {
            Ok(_) => "uploadFile:ok".into(),
            Err(error) => format!("uploadFile:fail {error}"),
        }
    }

    /// Where the last request went: the URL of the call, or of the redirect that was followed last, without a fragment.
    /// `None` if nothing was asked for. It may hold secrets in its query.
    pub fn url(&self) -> Option<&Url> {
        self.destination.as_ref().map(|last| &last.url)
    }

    /// Whether the answer came before the body was sent, and stopped it: then [`bytes_sent`](Self::bytes_sent) and
    /// [`bytes_acked`](Self::bytes_acked) are those of that moment.
    pub fn stopped_early(&self) -> bool {
        self.result.is_ok()
            && self.timings.body_sent.is_some()
            && self.bytes_sent < self.bytes_total
    }

    /// When what was reached, in the words of WeChat's `profile`.
    pub fn profile(&self) -> Profile {
        Profile::of(self)
    }

    /// The failure's errno, 0 for a success.
    pub fn errno(&self) -> i32 {
        self.result
            .as_ref()
            .err()
            .map_or(0, |error| error.kind().errno())
    }

    /// The failure's errString, empty for a success.
    pub fn err_string(&self) -> &'static str {
        self.result
            .as_ref()
            .err()
            .map_or("", |error| error.kind().err_string())
    }

    /// The status of the answer, `None` for a failure.
    pub fn status(&self) -> Option<u16> {
        self.result.as_ref().ok().map(|response| response.status)
    }

    /// Whether it ended by an abort of the caller.
    pub fn is_aborted(&self) -> bool {
        self.kind() == Some(ErrorKind::Aborted)
    }

    /// The rule that failed, `None` for a success.
    pub fn kind(&self) -> Option<ErrorKind> {
        self.result.as_ref().err().map(Error::kind)
    }
}

/// The server's complete answer.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response {
    /// Any status, 200 to 999.
    pub status: u16,
    /// The reason phrase, often empty.
    pub reason: Cow<'static, str>,
    /// The headers of the final answer, as received.
    pub headers: Headers,
    /// The body, as received, after its framing was taken off.
    pub body: Bytes,
}

impl Response {
    /// What the server wants kept: the values of `Set-Cookie`, as received, in order; bytes that are not UTF-8
    /// replaced.
    pub fn cookies(&self) -> Vec<String> {
        let values = self.headers.get_all("set-cookie");
        values
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    /// The body as text: UTF-8, one byte-order mark stripped, invalid bytes replaced.
    pub fn data(&self) -> String {
        let body = self
            .body
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&self.body);
        String::from_utf8_lossy(body).into_owned()
    }
}

impl fmt::Debug for Response {
    /// Headers by name only, the body by its length: an answer may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

impl From<quintet_proto::Response> for Response {
    fn from(response: quintet_proto::Response) -> Self {
        let quintet_proto::Response { head, body } = response;
        Self {
            status: head.status,
            reason: head.reason,
            headers: head.headers,
            body,
        }
    }
}
