//! One request and its response: two sides that advance on their own.
//!
//! The peer may answer while the body is still being sent, so what to do next follows from both:
//!
//! ```text
//!                      │ body not all sent              │ body all sent
//! ─────────────────────┼────────────────────────────────┼─────────────────────
//!  no final head yet   │ Send                           │ Listen
//!  head: stop          │ Listen                         │ Listen
//!  head: go on         │ Send                           │ Listen
//!  response complete,  │ Finished(No(BodyNotSent))      │ Finished(…)
//!    head: stop        │                                │
//!  response complete,  │ Send                           │ Finished(…)
//!    head: go on       │                                │
//!  response failed     │ Finished(No(Failed))           │ Finished(No(Failed))
//! ```
//!
//! A head says stop if its status is 300 or more, or if it has `Connection: close`: the peer has
//! decided, and the rest of the body would only be in the way of its answer (RFC 9112 9.3 and 9.5).

use core::fmt;

use crate::error::ResponseError;
use crate::planted;
use crate::response::{Limits, Reader, Response, ResponseHead};

/// One request whose head was written, and the response to it.
///
/// It is told what the transport took and what it gave, and says what to do next. It does no I/O
/// and knows no time.
///
/// ```
/// use quintet_proto::{Exchange, Limits, Next, NoReuse, Reuse};
///
/// // The peer refuses after 10 of 1000 bytes.
/// let mut exchange = Exchange::new(1000, Limits::default());
/// exchange.body_sent(10);
/// exchange.receive(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\n\r\n")?;
/// assert_eq!(exchange.next(), Next::Listen);
/// exchange.receive(b"too big")?;
/// assert_eq!(exchange.next(), Next::Finished(Reuse::No(NoReuse::BodyNotSent)));
/// assert_eq!(exchange.into_response().unwrap().head.status, 413);
/// # Ok::<(), quintet_proto::ResponseError>(())
/// ```
pub struct Exchange {
    content_length: u64,
    sent: u64,
    /// Decided once, by the final head.
    stops_body: bool,
    reader: Reader,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send body bytes, and read what comes meanwhile.
    Send,
    /// Send nothing; read.
    Listen,
    /// Nothing is left to do.
    Finished(Reuse),
}

/// Whether the connection may carry another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// It may, as long as nothing more is read from it.
    Yes,
    /// It must be closed.
    No(NoReuse),
}

/// Why a connection must be closed. Where several reasons hold, any of them is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoReuse {
    /// The response has `Connection: close` (RFC 9112 9.6).
    PeerCloses,
    /// The response is HTTP/1.0 without `Connection: keep-alive` (RFC 9112 9.3).
    Http10,
    /// The end of the connection was the end of the body (RFC 9112 6.3 item 8).
    ReadToClose,
    /// The peer has ended its side.
    PeerEnded,
    /// The body was not sent in exactly its length.
    BodyNotSent,
    /// Bytes came after the response.
    SurplusBytes,
    /// A 204 or 304 had a Transfer-Encoding, or a Content-Length other than 0.
    BodilessFraming,
    /// An HTTP/1.0 response had a Transfer-Encoding (RFC 9112 6.1).
    TransferEncodingInHttp10,
    /// The response had a Transfer-Encoding and a Content-Length (RFC 9112 6.3 item 3).
    TransferEncodingWithLength,
    /// The response could not be read.
    Failed,
}

/// How far the response has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Receiving {
    /// Not one byte of a response, interim ones included.
    Nothing,
    /// At least one byte, perhaps whole interim responses, but no complete final head.
    Head,
    /// The final head, but not the whole body.
    Body,
    /// Everything.
    Complete,
}

impl Exchange {
    /// An exchange whose request body has `content_length` bytes, none of them sent yet;
    /// [`UNKNOWN_LENGTH`](crate::UNKNOWN_LENGTH) for one that [ends](Self::body_ended) when it ends.
    pub const fn new(content_length: u64, limits: Limits) -> Self {
        Self {
            content_length,
            sent: 0,
            stops_body: false,
            reader: Reader::new(limits),
        }
    }

    /// The transport took `bytes` more bytes of the body, those of the head not counted.
    ///
    /// More than the content length in all is a defect of the caller: a debug build panics, any
    /// other goes on and never calls the connection reusable.
    pub fn body_sent(&mut self, bytes: u64) {
        self.sent = self.sent.saturating_add(bytes);
        debug_assert!(
            self.sent <= self.content_length,
            "more body sent than there is"
        );
    }

    /// A body whose length was not known has ended with what is sent, its last chunk included.
    ///
    /// ```
    /// use quintet_proto::{Exchange, Limits, Next, UNKNOWN_LENGTH};
    ///
    /// let mut exchange = Exchange::new(UNKNOWN_LENGTH, Limits::default());
    /// exchange.body_sent(10);
    /// assert_eq!(exchange.next(), Next::Send);
    /// exchange.body_ended();
    /// assert_eq!(exchange.next(), Next::Listen);
    /// ```
    pub fn body_ended(&mut self) {
        self.content_length = self.sent;
    }

    /// Takes all of `input`, which the transport has read. Bytes after a complete response are no
    /// error: they only spoil the connection.
    ///
    /// # Errors
    ///
    /// [`ResponseError`] if the response is malformed or over a limit. The exchange is over then:
    /// every later call returns the same error. How the stream was cut into inputs makes no
    /// difference to what becomes of it; only, a mistake within a header line may be found no
    /// earlier than at its end.
    pub fn receive(&mut self, input: &[u8]) -> Result<(), ResponseError> {
        let had_head = self.reader.head().is_some();
        self.reader.receive(input)?;
        if !had_head && let Some(head) = self.reader.head() {
            self.stops_body |= (head.status >= 300 || self.reader.closes())
                && !planted::is("early-answer-ignored");
        }
        Ok(())
    }

    /// The peer's bytes have come to their orderly end: FIN on plain TCP, `close_notify` on TLS.
    /// Anything less orderly must not be told here, for the end may be what completes the response.
    ///
    /// # Errors
    ///
    /// [`ResponseError`] of the class `Closed` if the response is not complete with that (or the
    /// error that was returned before).
    pub fn peer_ended(&mut self) -> Result<(), ResponseError> {
        self.reader.peer_ended()
    }

    /// What to do now: send while body is left, unless the final head has stopped it (a status of
    /// 300 or more, or `Connection: close`); then listen until the response is complete; then
    /// finish. A response that does not stop the body is no reason to stop, though it be complete.
    pub fn next(&self) -> Next {
        if self.reader.has_failed() {
            return Next::Finished(Reuse::No(NoReuse::Failed));
        }
        let sends = self.sent < self.content_length && !self.stops_body;
        match (sends, self.reader.is_complete()) {
            (true, _) => Next::Send,
            (false, false) => Next::Listen,
            (false, true) => Next::Finished(self.reuse()),
        }
    }

    /// How far the response has come.
    pub fn progress(&self) -> Receiving {
        if self.reader.is_complete() {
            Receiving::Complete
        } else if self.reader.head().is_some() {
            Receiving::Body
        } else if self.reader.has_begun() {
            Receiving::Head
        } else {
            Receiving::Nothing
        }
    }

    /// Whether the front of a head has come, interim ones included, and not its end.
    pub fn is_in_head(&self) -> bool {
        self.reader.is_in_head()
    }

    /// Whether the peer has said 100 (Continue): it waits for the body (RFC 9110 10.1.1).
    pub fn continues(&self) -> bool {
        self.reader.continues()
    }

    /// What is left of the body is not sent, whatever the peer says: an answer came before it was asked for.
    pub fn withhold_body(&mut self) {
        self.stops_body = true;
    }

    /// The final response's head, as soon as it is complete.
    pub fn head(&self) -> Option<&ResponseHead> {
        self.reader.head()
    }

    /// How many bytes of the response's body have come, chunk framing not counted.
    pub fn body_received(&self) -> u64 {
        self.reader.body_bytes()
    }

    /// The response, if it is complete; that [`next`](Self::next) says `Finished` is not needed.
    pub fn into_response(self) -> Option<Response> {
        self.reader.into_response()
    }

    fn reuse(&self) -> Reuse {
        if self.sent != self.content_length {
            return Reuse::No(NoReuse::BodyNotSent);
        }
        self.reader.no_reuse().map_or(Reuse::Yes, Reuse::No)
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("sent", &self.sent)
            .field("content_length", &self.content_length)
            .field("progress", &self.progress())
            .field("next", &self.next())
            .finish()
    }
}

impl fmt::Display for NoReuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PeerCloses => "the peer asked to close",
            Self::Http10 => "HTTP/1.0 without keep-alive",
            Self::ReadToClose => "the response ends with the connection",
            Self::PeerEnded => "the peer ended its side",
            Self::BodyNotSent => "the request body was not sent whole",
            Self::SurplusBytes => "bytes came after the response",
            Self::BodilessFraming => "a response without body claimed one",
            Self::TransferEncodingInHttp10 => "HTTP/1.0 with a transfer-encoding",
            Self::TransferEncodingWithLength => "a transfer-encoding and a content-length",
            Self::Failed => "the response could not be read",
        })
    }
}
