//! One TLS connection over another connection, by rustls' buffered interface.
//!
//! ```text
//!  poll_write ──► seal: up to 7 records ───► rustls' queue ──► write below, many records a call
//!      ▲            (only when the queue is empty)                 │
//!      └──── settled: plaintext of the records that are below ◄────┘
//!
//!  poll_read ◄── rustls' plaintext ◄── one read from below, deciphered
//! ```

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, IoSlice, Read, Write};
use std::task::{Context, Poll, Waker};

use quintet_transport::{Connection, Info, Secured, SecurityError};
use rustls::{ClientConnection, Error, HandshakeKind, ProtocolVersion};

/// Plaintext of one record (RFC 8446, section 5.1).
const RECORD_BYTES_MAX: usize = 16 * 1024;

/// Records sealed ahead, and handed down in one write: with one a transfer costs 60 % more CPU. rustls allocates each
/// record; more than seven make 128 KiB, which is where glibc gives freed memory back to the system and has it
/// faulted in again, 60,000 times a GiB.
const RECORDS_SEALED_MAX: usize = 7;

/// Plaintext that is sealed at a time, and so the most that a connection holds sealed (besides 22 to 29 bytes a
/// record).
pub const SEALED_BYTES_MAX: usize = RECORDS_SEALED_MAX * RECORD_BYTES_MAX;

/// Buffers of a vectored write that are looked at for one record: head, fields, file, boundary, and as many again.
const SLICES_A_RECORD_MAX: usize = 8;

/// A secured connection, made by [`TlsConnect`](crate::TlsConnect).
pub(crate) struct TlsConnection {
    inner: Box<dyn Connection>,
    tls: ClientConnection,
    /// Ciphertext that the layer below has taken, handshake included.
    passed: u64,
    /// Records sealed and not settled: where in the ciphertext each ends, and its plaintext's length.
    sealed: VecDeque<(u64, usize)>,
    /// Plaintext that is below for good, but not yet reported to the caller.
    settled: usize,
    /// Plaintext reported as taken.
    taken: u64,
    /// The most that [`Info::acked`] ever was.
    acked: Cell<u64>,
    /// TLS itself is broken, for good.
    broken: Option<Error>,
    /// The layer below did not take our bytes, and nobody who writes was told yet.
    failed: Option<io::Error>,
    /// Whoever waits for the writing side, and for the reading side, of the layer below.
    writer: Option<Waker>,
    reader: Option<Waker>,
}

impl TlsConnection {
    pub(crate) fn new(inner: Box<dyn Connection>, mut tls: ClientConnection) -> Self {
        // `seal` keeps the bound; rustls' own of 64 KiB would cut every burst into four.
        tls.set_buffer_limit(None);
        Self {
            inner,
            tls,
            passed: 0,
            sealed: VecDeque::new(),
            settled: 0,
            taken: 0,
            acked: Cell::new(0),
            broken: None,
            failed: None,
            writer: None,
            reader: None,
        }
    }

    /// Shakes hands. Ready when the peer is verified and our last message is below.
    pub(crate) fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let flushed = match self.poll_flush(cx) {
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.cause(cx, error))),
                flushed => flushed.is_ready(),
            };
            if !self.tls.is_handshaking() {
                return match flushed {
                    true => Poll::Ready(Ok(())),
                    false => Poll::Pending,
                };
            }
            match std::task::ready!(self.poll_fill(cx))? {
                0 => return Poll::Ready(Err(self.end_error())),
                _ => {
                    if let Some(error) = self.broken_error() {
                        return Poll::Ready(Err(error));
                    }
                }
            }
        }
    }

    /// Hands what is sealed to the layer below and counts what it has taken. Ready when nothing is left.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = loop {
            if let Some(error) = self.failed.take() {
                break Poll::Ready(Err(error));
            }
            if !self.tls.wants_write() {
                break Poll::Ready(Ok(()));
            }
            let mut below = Below::new(&mut *self.inner, cx);
            match self.tls.write_tls(&mut below) {
                Ok(written) => self.passed += written as u64,
                Err(_) if below.pending => break Poll::Pending,
                Err(error) => break Poll::Ready(Err(error)),
            }
        };
        while let Some(&(end, plaintext)) = self.sealed.front() {
            if end > self.passed {
                break;
            }
            self.settled += plaintext;
            self.sealed.pop_front();
        }
        result
    }

    /// Seals records from the front of `bufs` until the burst is full. The queue must be empty: then no
    /// sealed byte is ever waiting that the caller could offer a second time.
    fn seal(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<()> {
        debug_assert!(self.sealed.is_empty() && self.settled == 0 && !self.tls.wants_write());
        let mut rest = Slices { bufs, skip: 0 };
        let mut before = 0;
        while self.sealed.len() < RECORDS_SEALED_MAX {
            let mut record = [IoSlice::new(&[]); SLICES_A_RECORD_MAX];
            let (slices, plaintext) = rest.take(&mut record, RECORD_BYTES_MAX);
            if plaintext == 0 {
                break;
            }
            let written = self.tls.writer().write_vectored(&record[..slices])?;
            let end = self.queued();
            // rustls drops plaintext without a word when its keys are worn out (after 2^24 records of TLS 1.2).
            if written != plaintext || end < before + plaintext as u64 {
                return Err(io::Error::other("the keys of the connection are worn out"));
            }
            self.sealed.push_back((self.passed + end, plaintext));
            before = end;
        }
        Ok(())
    }

    /// Ciphertext waiting in rustls, which offers it all to a writer that takes nothing.
    fn queued(&mut self) -> u64 {
        struct Offered(u64);
        impl Write for Offered {
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                self.write_vectored(&[IoSlice::new(buf)])
            }

            fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                self.0 = bufs.iter().map(|buf| buf.len() as u64).sum();
                Ok(0)
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut offered = Offered(0);
        // Cannot fail: the writer above does not.
        let _ = self.tls.write_tls(&mut offered);
        offered.0
    }

    /// Reads once from below and deciphers. 0 is the end, orderly or not; a broken TLS is left in `broken`, after
    /// whatever plaintext came before it.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut below = Below::new(&mut *self.inner, cx);
        let read = match self.tls.read_tls(&mut below) {
            Ok(read) => read,
            Err(_) if below.pending => return Poll::Pending,
            Err(error) => return Poll::Ready(Err(error)),
        };
        if let Err(error) = self.tls.process_new_packets() {
            self.broken = Some(error);
        }
        self.flush_aside(cx);
        Poll::Ready(Ok(read))
    }

    /// Sends what reading has produced (the alert that says why we stop) as far as it goes. A writer that
    /// waits already does it itself; to take its place below would leave it unwoken.
    fn flush_aside(&mut self, cx: &mut Context<'_>) {
        if self.tls.wants_write() && self.writer.is_none() {
            // The reader goes on with what the peer has said; the next write is told.
            if let Poll::Ready(Err(error)) = self.poll_flush(cx) {
                self.failed = Some(error);
            }
        }
    }

    /// Why the layer below does not take our bytes: the peer's alert, if it sent one before it left.
    fn cause(&mut self, cx: &mut Context<'_>, error: io::Error) -> io::Error {
        // Whoever waits to read must stay the one who is woken.
        let reader = self.reader.clone();
        let mut cx = Context::from_waker(reader.as_ref().unwrap_or(cx.waker()));
        // Ends at the latest when rustls' buffer for plaintext is full, which is an error too.
        while self.broken.is_none() {
            match self.poll_fill(&mut cx) {
                Poll::Ready(Ok(1..)) => {}
                _ => break,
            }
        }
        self.broken_error().unwrap_or(error)
    }

    fn broken_error(&self) -> Option<io::Error> {
        let error = self.broken.as_ref()?;
        Some(SecurityError::io(error.clone()))
    }

    /// The peer went away in the middle of the handshake.
    fn end_error(&self) -> io::Error {
        self.broken_error().unwrap_or_else(|| {
            let what = "the peer closed the connection during the handshake";
            io::Error::new(io::ErrorKind::UnexpectedEof, what)
        })
    }

    fn poll_write_some(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let offered = bufs.iter().map(|buf| buf.len()).sum::<usize>();
        if offered == 0 {
            return Poll::Ready(Ok(0));
        }
        loop {
            let flushed = self.poll_flush(cx);
            if self.settled > 0 {
                if let Poll::Ready(Err(error)) = flushed {
                    self.failed = Some(error);
                }
                let taken = self.settled.min(offered);
                self.settled -= taken;
                self.taken += taken as u64;
                return Poll::Ready(Ok(taken));
            }
            if let Some(error) = self.broken_error() {
                return Poll::Ready(Err(error));
            }
            match flushed {
                Poll::Ready(Ok(())) => self.seal(bufs)?,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.cause(cx, error))),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn poll_read_some(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let ended = match self.tls.reader().read(buf) {
                Ok(read) => return Poll::Ready(Ok(read)),
                Err(error) => error,
            };
            if let Some(error) = self.broken_error() {
                return Poll::Ready(Err(error));
            }
            if ended.kind() != io::ErrorKind::WouldBlock {
                return Poll::Ready(Err(ended));
            }
            match self.poll_fill(cx) {
                Poll::Ready(result) => result?,
                Poll::Pending => {
                    self.flush_aside(cx);
                    return Poll::Pending;
                }
            };
        }
    }

    fn poll_close_both(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // rustls sends it once only.
        self.tls.send_close_notify();
        std::task::ready!(self.poll_flush(cx))?;
        self.inner.poll_close(cx)
    }

    fn secured(&self) -> Secured {
        let protocol = match self.tls.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
            _ => "TLSv1.2",
        };
        let cipher = match self.tls.negotiated_cipher_suite() {
            Some(suite) => suite.suite().as_str().unwrap_or_default(),
            None => "",
        };
        // rustls puts the version into the names of TLS 1.3, IANA does not.
        let cipher = cipher.replacen("TLS13_", "TLS_", 1);
        let resumed = self.tls.handshake_kind() == Some(HandshakeKind::Resumed);
        Secured::new(protocol, cipher, resumed)
    }
}

/// Keeps in `waiting` who was told to wait by `result`.
fn remember<T>(waiting: &mut Option<Waker>, cx: &Context<'_>, result: &Poll<T>) {
    match (result, waiting) {
        (Poll::Ready(_), waiting) => *waiting = None,
        (Poll::Pending, Some(waker)) => waker.clone_from(cx.waker()),
        (Poll::Pending, waiting) => *waiting = Some(cx.waker().clone()),
    }
}

impl Connection for TlsConnection {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = self.poll_write_some(cx, bufs);
        remember(&mut self.writer, cx, &result);
        result
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let result = self.poll_read_some(cx, buf);
        remember(&mut self.reader, cx, &result);
        result
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = self.poll_close_both(cx);
        remember(&mut self.writer, cx, &result);
        result
    }

    fn info(&self) -> Info {
        let mut info = self.inner.info();
        // Of the plaintext taken, at most as much is on its way as there is ciphertext on its way. That bound can
        // fall when more is written; what was confirmed once stays confirmed.
        if let Some(below) = info.acked {
            let unacked = self.passed.saturating_sub(below);
            let acked = self.taken.saturating_sub(unacked).max(self.acked.get());
            self.acked.set(acked);
            info.acked = Some(acked);
        }
        info.secured = Some(self.secured());
        info
    }
}

/// The layer below as the blocking reader and writer that rustls takes; "would block" is kept apart, so
/// that no error of the layer below can be taken for it.
struct Below<'a, 'b> {
    inner: &'a mut dyn Connection,
    cx: &'a mut Context<'b>,
    pending: bool,
}

impl<'a, 'b> Below<'a, 'b> {
    fn new(inner: &'a mut dyn Connection, cx: &'a mut Context<'b>) -> Self {
        Self {
            inner,
            cx,
            pending: false,
        }
    }

    fn now<T>(&mut self, poll: Poll<io::Result<T>>) -> io::Result<T> {
        match poll {
            Poll::Ready(result) => result,
            Poll::Pending => {
                self.pending = true;
                Err(io::ErrorKind::WouldBlock.into())
            }
        }
    }
}

impl Read for Below<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let poll = self.inner.poll_read(self.cx, buf);
        self.now(poll)
    }
}

impl Write for Below<'_, '_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let poll = self.inner.poll_write_vectored(self.cx, bufs);
        match self.now(poll)? {
            // Never for bytes that are there; the loop over it would not end.
            0 => Err(io::ErrorKind::WriteZero.into()),
            written => Ok(written),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Walks over buffers in order, a record's worth at a time.
struct Slices<'a> {
    bufs: &'a [IoSlice<'a>],
    /// Bytes of the first buffer that are gone.
    skip: usize,
}

impl<'a> Slices<'a> {
    /// Puts the next bytes, at most `max`, into the front of `out`; tells how many slices and bytes. None
    /// means that the buffers are at their end.
    fn take(&mut self, out: &mut [IoSlice<'a>], max: usize) -> (usize, usize) {
        let (mut slices, mut bytes) = (0, 0);
        while let Some(first) = self.bufs.first() {
            let rest = &first[self.skip..];
            if rest.is_empty() {
                self.bufs = &self.bufs[1..];
                self.skip = 0;
                continue;
            }
            if slices == out.len() || bytes == max {
                break;
            }
            let rest = &rest[..rest.len().min(max - bytes)];
            out[slices] = IoSlice::new(rest);
            slices += 1;
            bytes += rest.len();
            self.skip += rest.len();
        }
        (slices, bytes)
    }
}
