//! One request over one connection: moves the plan's segments out and the answer in, both at once.
//!
//! This is the only place outside the protocol crate that looks inside a segment.

mod chunk;
mod held;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use chunk::Chunk;
pub(crate) use chunk::{CHUNKING, Chunking};
use held::Held;
use quintet_proto::{Exchange, Next, Plan, Receiving, Reuse, Segment, reserve_wiped};
use quintet_transport::{FileSend, SecurityError};

use crate::clock::Clock;
use crate::deadlines::Deadlines;
use crate::error::{Error, ErrorKind, Phase};
use crate::holding::Holding;
use crate::ledger::Ledger;
use crate::pace::Lane;
use crate::planted;
use crate::pool::Wire;
use crate::source::{Opened, Source, changed, check_unchanged};

/// Files up to this size are read into the same buffer as the head and the form, and leave in one write. Larger
/// ones are offered to the transport.
const INLINE_FILE_BYTES_MAX: u64 = 64 * 1024;
/// The last of a raw body that is read, and not offered to the transport: it leaves when the file was found as it was
/// promised. Far less than an idle connection keeps of its buffer, so that none is made for it each time.
const KEPT_BACK_BYTES: u64 = 16 * 1024;
/// Size of a read where the transport takes no files: large enough that the calls do not count, small enough to stay in a
/// processor's second cache. Twice what TLS seals at a time: with a burst left over that is not full, an upload over TLS
/// costs about 4 % more.
const CHUNK_BYTES: usize = 224 * 1024;
/// After this many bytes the other uploads on the thread get their turn.
const TURN_BYTES: u64 = 1024 * 1024;
/// How much of a file is asked to be in memory at once, by its first and last byte.
const CACHED_BYTES: u64 = 4 * 1024 * 1024;
/// A closing boundary has no more bytes, and a part has more: what is no longer holds no field.
const CLOSING_BYTES_MAX: usize = 64;
/// How much of a file is offered to the transport at once.
const OFFER_BYTES: u64 = 1024 * 1024;

/// Sends a request and receives its answer.
pub(crate) struct Pump<'a> {
    wire: &'a mut Wire,
    plan: &'a mut Plan,
    sources: &'a [Opened],
    ledger: &'a Ledger,
    /// The pace of all uploads together.
    lane: &'a Lane,
    /// If it was ever held back.
    held: Option<Box<Held>>,
    clock: &'a dyn Clock,
    exchange: Exchange,
    /// Bytes of the request head that the transport has not taken.
    head_left: usize,
    /// Bytes that the connection had taken when the body began.
    body_at: u64,
    /// The part of the output buffer that is to be written: what lies beyond it is room that was used before.
    output_at: usize,
    output_end: usize,
    /// Body bytes put into the output buffer or taken.
    placed: u64,
    /// Body bytes taken by the transport.
    sent: u64,
    sending: bool,
    /// Of which source, and up to where, the file is known to be in memory.
    cached: (usize, u64),
    /// Every file was found as it was promised.
    verified: bool,
    /// One read brought the whole file and its end.
    read_whole: bool,
    reading: bool,
    write_error: Option<Error>,
    deadlines: Deadlines,
    /// The length of the body was not known when it began: it goes in chunks.
    chunk: Option<Box<Chunk>>,
}

/// How a request ended that did not end well.
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// How far an answer had come.
    pub(crate) received: Receiving,
    /// The peer had confirmed part of the body.
    pub(crate) was_acked: bool,
    /// The connection broke while the upload was paused, before an answer and before the whole body had gone.
    pub(crate) while_paused: bool,
}

impl Failure {
    /// The connection broke and not one byte of an answer had come.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.error.kind() == ErrorKind::Closed && self.received == Receiving::Nothing
    }
}

impl From<Error> for Failure {
    /// Of what is no connection's fault.
    fn from(error: Error) -> Self {
        Self {
            error,
            received: Receiving::Nothing,
            was_acked: false,
            while_paused: false,
        }
    }
}

impl<'a> Pump<'a> {
    /// `wire.output` holds the request head; `total` is the upload's own deadline.
    pub(crate) fn new(
        wire: &'a mut Wire,
        plan: &'a mut Plan,
        sources: &'a [Opened],
        ledger: &'a Ledger,
        lane: &'a Lane,
        total: Option<Duration>,
    ) -> Self {
        let front = ledger.front();
        let head_left = wire.output.len();
        wire.secret_end = wire.secret_end.max(head_left);
        let content_length = plan.content_length();
        Self {
            plan,
            sources,
            ledger,
            lane,
            held: None,
            clock: &*front.clock,
            exchange: Exchange::new(content_length, front.settings.limits.clone()),
            head_left,
            body_at: wire.taken + head_left as u64,
            output_at: 0,
            output_end: head_left,
            placed: 0,
            sent: 0,
            sending: true,
            cached: (usize::MAX, 0),
            verified: false,
            read_whole: false,
            reading: true,
            write_error: None,
            deadlines: Deadlines::new(&front.settings, ledger.now(), total),
            chunk: front
                .chunking
                .get()
                .and_then(|chunking| chunking.chunk(content_length)),
            wire,
        }
    }

    /// The head asks for the peer's word before the body goes.
    pub(crate) fn expects(&mut self) {
        self.held.get_or_insert_default().expects = true;
    }

    /// Takes what [`poll`](Self::poll) has said: the answer, and whether the connection may be used again.
    pub(crate) fn finish(
        self,
        ended: Result<bool, Error>,
    ) -> Result<(quintet_proto::Response, bool), Failure> {
        let error = match ended {
            Ok(reusable) => {
                return match self.exchange.into_response() {
                    Some(response) => Ok((response, reusable)),
                    None => Err(Error::new(ErrorKind::Internal)
                        .because("finished without an answer")
                        .into()),
                };
            }
            Err(error) => error,
        };
        let received = self.exchange.progress();
        let whole = self.head_left == 0 && self.sent == self.plan.content_length();
        let acked = self.acked();
        self.ledger.set_acked(acked);
        Err(Failure {
            received,
            was_acked: acked.is_some_and(|acked| acked > 0),
            while_paused: error.kind() == ErrorKind::Closed
                && received < Receiving::Body
                && !whole
                && self.ledger.is_paused(),
            error,
        })
    }

    /// Moves what can be moved. Ready when the answer is complete, with whether the connection may be used again.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        let before = (
            self.wire.taken,
            self.ledger.received(),
            self.exchange.progress(),
        );
        self.receive(cx)?;
        if self.sending && self.send(cx)?.is_ready() && self.broken() {
            // The transport refused a byte: because the peer has answered and gone?
            self.receive(cx)?;
        }
        if let Some(reusable) = self.finished() {
            return Poll::Ready(Ok(reusable));
        }
        let after = (
            self.wire.taken,
            self.ledger.received(),
            self.exchange.progress(),
        );
        if before != after {
            self.deadlines
                .activity(self.ledger.now(), self.exchange.is_in_head());
        }
        self.ledger.set_phase(self.phase());
        self.expire(cx)
    }

    fn finished(&self) -> Option<bool> {
        match self.exchange.next() {
            Next::Finished(reuse) => Some(matches!(reuse, Reuse::Yes) && !self.sending),
            // A complete answer to a body that can no longer be sent is the success.
            _ if self.broken() && self.exchange.progress() == Receiving::Complete => Some(false),
            _ => None,
        }
    }

    fn broken(&self) -> bool {
        self.write_error.is_some()
    }

    fn phase(&self) -> Phase {
        match self.exchange.progress() {
            _ if self.sending && self.head_left > 0 => Phase::Head,
            _ if self.sending => Phase::Body,
            Receiving::Nothing => Phase::Response,
            Receiving::Head => Phase::ResponseHead,
            Receiving::Body | Receiving::Complete => Phase::ResponseBody,
        }
    }

    /// Reads what has come. Ends early only when the answer is complete and nothing more may be read.
    fn receive(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        let mut turn = 0;
        while self.reading && self.finished().is_none() {
            if turn >= TURN_BYTES {
                let_others_run(cx);
                break;
            }
            let read = match self.wire.connection.poll_read(cx, &mut self.wire.input) {
                Poll::Pending => break,
                Poll::Ready(read) => read,
            };
            // An end, too, came when it came: it may be what completes the answer.
            self.ledger.look();
            match read {
                Ok(0) => {
                    self.reading = false;
                    self.exchange
                        .peer_ended()
                        .map_err(|error| self.first_error(error.into()))?;
                }
                Ok(received) => {
                    turn += received as u64;
                    self.ledger.bytes_received(received as u64);
                    if self.exchange.progress() == Receiving::Nothing {
                        self.ledger.first_byte();
                    }
                    self.exchange.receive(&self.wire.input[..received])?;
                    if self.waits_for_word() && self.exchange.head().is_some() {
                        self.exchange.withhold_body();
                    }
                }
                Err(error) => {
                    self.reading = false;
                    let error = broken("reading the answer", &error);
                    match self.exchange.progress() {
                        // The body can go nowhere any more, and the answer is whole.
                        Receiving::Complete => self.write_error = Some(error),
                        _ => return Err(self.first_error(error)),
                    }
                }
            }
            if self.sending && self.exchange.next() != Next::Send {
                self.stop_sending();
            }
        }
        Ok(())
    }

    /// The error to tell of when reading fails: that of an earlier write, unless the reading one says more.
    fn first_error(&mut self, reading: Error) -> Error {
        match self.write_error.take() {
            Some(writing) if reading.kind() == ErrorKind::Closed => writing,
            _ => reading,
        }
    }

    /// Writes until the transport takes no more, or the turn is over. Ready when there is nothing left to send or
    /// nothing more can be sent.
    fn send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let turn_ends = self.wire.taken + TURN_BYTES;
        if let Some(held) = &mut self.held {
            held.new_turn();
        }
        while self.sending {
            let most = match self.holding().map(|holding| (holding.allow)(self, cx)) {
                None => u64::MAX,
                Some(0) => return Poll::Pending,
                Some(most) => most,
            };
            if self.wire.taken >= turn_ends {
                let_others_run(cx);
                return Poll::Pending;
            }
            if self.chunk.is_some() {
                ready!(self.place_chunk(cx))?;
            } else if self.placed == 0 {
                // What fits beside the head goes with it, in the same write.
                ready!(self.place(cx))?;
            }
            let rest = &self.wire.output[self.output_at..self.output_end];
            let rest =
                &rest[..usize::try_from(most).map_or(rest.len(), |most| most.min(rest.len()))];
            let taken = if rest.is_empty() {
                match self.plan.at(self.placed) {
                    None => {
                        self.stop_sending();
                        break;
                    }
                    Some(Segment::File {
                        source,
                        offset,
                        len,
                    }) if self.offers(source, len) => {
                        ready!(self.send_file(cx, source, offset, len, most))?
                    }
                    Some(_) => {
                        (self.output_at, self.output_end) = (0, 0);
                        ready!(self.place(cx))?;
                        continue;
                    }
                }
            } else {
                let taken = ready!(self.wire.connection.poll_write(cx, rest));
                if let Ok(taken) = &taken {
                    self.output_at += taken;
                }
                taken.map(|taken| taken as u64)
            };
            match taken {
                Ok(taken) => self.took(taken),
                Err(error) => {
                    let error = broken("sending the request", &error);
                    self.write_error = Some(error);
                    self.deadlines.last_words(self.ledger.look());
                    self.sending = false;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// What holds it back, if anything does.
    fn holding(&self) -> Option<&'static Holding> {
        match self.waits_for_word() || self.ledger.is_reined() {
            true => self.ledger.front().holding.get(),
            false => None,
        }
    }

    /// Whether the body waits for the server's word.
    fn waits_for_word(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.expects)
    }

    /// Whether a rest of a file of this length is for the transport to send.
    fn offers(&self, source: usize, len: u64) -> bool {
        !self.wire.declines_files
            && (len > INLINE_FILE_BYTES_MAX || (self.sent > 0 && !self.ends_with(len)))
            && self.chunk.is_none()
            && self.source(source).file().is_some()
    }

    /// Whether a rest of a file of this length is the last of the body, as it is of a raw one.
    fn ends_with(&self, len: u64) -> bool {
        self.placed + len == self.plan.content_length()
    }

    /// The outer result is the upload's error, the inner one the connection's.
    fn send_file(
        &mut self,
        cx: &mut Context<'_>,
        source: usize,
        offset: u64,
        of_file: u64,
        most: u64,
    ) -> Poll<Result<std::io::Result<u64>, Error>> {
        let Some(file) = self.source(source).file() else {
            self.wire.declines_files = true;
            return Poll::Ready(Ok(Ok(0)));
        };
        let (of, until) = self.cached;
        if of != source || offset >= until {
            let len = of_file.min(CACHED_BYTES);
            ready!(self.source(source).poll_cached(cx, offset, len));
            self.cached = (source, offset + len);
        }
        // The last of a raw body is read, and sent when the file was found as it was promised.
        let kept_back = if self.ends_with(of_file) {
            KEPT_BACK_BYTES
        } else {
            0
        };
        let len = (of_file - kept_back)
            .min(OFFER_BYTES)
            .min(self.cached.1 - offset)
            .min(most);
        let offset = self.source(source).file_start() + offset;
        match ready!(self.wire.connection.poll_send_file(cx, file, offset, len)) {
            Ok(FileSend::Declined) => {
                self.wire.declines_files = true;
                Poll::Ready(Ok(Ok(0)))
            }
            Ok(FileSend::Sent(0)) => Poll::Ready(Err(changed("became shorter"))),
            Ok(FileSend::Sent(sent)) => {
                self.placed += sent;
                Poll::Ready(Ok(Ok(sent)))
            }
            Err(error) => Poll::Ready(Ok(Err(error))),
        }
    }

    fn source(&self, source: usize) -> &'a dyn Source {
        &*self.sources[source].source
    }

    /// Appends the next segments to the output buffer: bytes, and files that the transport is not offered. Not ready
    /// while a file is brought into memory; what is placed by then may go.
    fn place(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let begun = self.placed;
        while self.output_end < CHUNK_BYTES {
            let room = CHUNK_BYTES - self.output_end;
            let placed = match self.plan.at(self.placed) {
                None => {
                    if self.placed == 0 {
                        self.verify()?;
                    }
                    break;
                }
                Some(Segment::File { source, len, .. }) if self.offers(source, len) => break,
                Some(Segment::Bytes(bytes)) => {
                    let is_last = self.placed + bytes.len() as u64 == self.plan.content_length();
                    let whole = bytes.len();
                    let bytes = &bytes[..whole.min(room)];
                    let len = bytes.len();
                    room_in(&mut self.wire.output, self.output_end, len).copy_from_slice(bytes);
                    let closes = is_last && whole <= CLOSING_BYTES_MAX && self.output_end > 0;
                    if !closes {
                        let end = self.output_end + len;
                        self.wire.secret_end = self.wire.secret_end.max(end);
                    }
                    // The last segment holds the closing boundary: not one byte of it leaves before this.
                    if is_last {
                        self.verify()?;
                    }
                    len
                }
                Some(Segment::File {
                    source: index,
                    offset,
                    len,
                }) => {
                    // One more than there should be: a read that stops before it has seen the end.
                    let len = usize::try_from(len).unwrap_or(usize::MAX);
                    let wanted = room.min(len.saturating_add(1));
                    let source = self.source(index);
                    let output = room_in(&mut self.wire.output, self.output_end, wanted);
                    let read = source.poll_read_at(cx, output, offset);
                    if read.is_pending() && self.chunk.is_some() && self.placed > begun {
                        // Nobody knows when more comes: what is here goes.
                        break;
                    }
                    let read = ready!(read)
                        .map_err(|error| Error::new(ErrorKind::FileUnreadable).because(error))?;
                    let read = match read {
                        0 if planted::is("truncated-file-padded") => room.min(len),
                        read => read,
                    };
                    match read {
                        0 if self.settle(index, offset) => continue,
                        0 => return Poll::Ready(Err(changed("became shorter"))),
                        _ if read > len => return Poll::Ready(Err(changed("became longer"))),
                        _ => self.read_whole = offset == 0 && read == len && wanted > len,
                    }
                    if self.ends_with(read as u64) {
                        self.verify()?;
                    }
                    read
                }
            };
            self.output_end += placed;
            self.placed += placed as u64;
        }
        Poll::Ready(Ok(()))
    }

    /// Makes sure that every file is still what was promised: as long, and not newer.
    fn verify(&mut self) -> Result<(), Error> {
        if planted::is("closing-boundary-though-changed") {
            return Ok(());
        }
        // What was read to its end as soon as it was opened needs no second look.
        let at_once = self.read_whole && self.sources.len() == 1 && !self.ledger.has_waited();
        if std::mem::replace(&mut self.verified, true) || at_once {
            return Ok(());
        }
        check_unchanged(self.sources)
    }

    /// The transport took this many bytes.
    fn took(&mut self, taken: u64) {
        if taken == 0 {
            return;
        }
        self.ledger.look();
        self.wire.taken += taken;
        self.ledger.bytes_handed(taken);
        let of_head = (self.head_left as u64).min(taken);
        if of_head > 0 {
            self.head_left -= of_head as usize;
            if self.head_left == 0 {
                self.ledger.head_sent(self.wire.peer);
            }
        }
        let of_body = self.took_of_body(taken, of_head);
        if of_body > 0 {
            self.sent += of_body;
            if let Some(held) = &mut self.held {
                held.pace.took(of_body);
            }
            self.exchange.body_sent(of_body);
            self.ledger.set_sent(self.sent);
            self.report(false);
        }
        self.end_when_sent();
    }

    fn report(&self, last: bool) {
        if self.plan.content_length() > 0 {
            self.ledger.report(last, |first| match first {
                // It was taken just now: nothing of it can have been confirmed, and asking costs a system call.
                true => self.wire.tells_acked.then_some(0),
                false => self.acked(),
            });
        }
    }

    fn acked(&self) -> Option<u64> {
        let acked = self.wire.connection.info().acked?;
        let framing = self.chunk.as_ref().map_or(0, |chunk| chunk.framing());
        Some(acked.saturating_sub(self.body_at + framing).min(self.sent))
    }

    /// Everything is sent, or an answer made the rest unwanted.
    fn stop_sending(&mut self) {
        self.sending = false;
        // What goes in chunks is whole only with the last of them.
        let whole = self.sent == self.plan.content_length() && self.output_at == self.output_end;
        self.report(true);
        if !whole {
            // An answer came before the end of the body: how much of it had arrived is a part of the outcome.
            self.ledger.set_acked(self.acked());
        }
        self.ledger.body_sent(whole);
    }

    fn expire(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        let writes_at = self.held.as_ref().and_then(|held| held.writes_at);
        let writes_at = writes_at.filter(|_| self.sending);
        let held = writes_at.is_some() || self.ledger.is_paused();
        if self.deadlines.is_held() != held {
            self.deadlines.hold(held, self.ledger.look());
        }
        if self.deadlines.time_answers() {
            let awaited = !self.sending
                && !self.broken()
                && self.exchange.head().is_none()
                && !self.exchange.is_in_head();
            self.deadlines.await_answer(awaited, self.ledger.now());
        }
        loop {
            let next = self.deadlines.next();
            let next = writes_at.map_or(next, |at| at.min(next));
            ready!(self.wire.alarm.poll(cx, self.clock, next));
            if writes_at.is_some_and(|at| self.clock.now() >= at) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let info = self.wire.connection.info();
            let confirmed = info.acked.is_none_or(|acked| acked >= self.wire.taken);
            let now = self.ledger.look();
            if let Some(why) = self.deadlines.passed(now, info.moved, confirmed) {
                let timeout = Error::new(ErrorKind::Timeout(self.phase())).because(why);
                return Poll::Ready(Err(self.write_error.take().unwrap_or(timeout)));
            }
        }
    }
}

/// The next `len` bytes of the output buffer from `at` on: new ones are made only where it never was so long.
fn room_in(output: &mut Vec<u8>, at: usize, len: usize) -> &mut [u8] {
    let end = at + len;
    if output.len() < end {
        reserve_wiped(output, end - output.len());
        output.resize(end, 0);
    }
    &mut output[at..end]
}

/// Comes back after the others on the thread, and after the runtime has asked the system what has arrived. A plain wake
/// comes back at once: sixty turns would go by without hearing a peer that has answered, or that is gone.
fn let_others_run(cx: &mut Context<'_>) {
    // Polled once it has taken the waker, and that is all that is wanted of it.
    let _ = pin!(tokio::task::yield_now()).poll(cx);
}

/// A connection that broke.
fn broken(doing: &str, error: &std::io::Error) -> Error {
    let kind = if SecurityError::is_in(error) {
        ErrorKind::Tls
    } else {
        ErrorKind::Closed
    };
    Error::new(kind).because(format_args!("{doing}: {error}"))
}
