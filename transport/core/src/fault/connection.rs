//! [`FaultConnection`]: one connection that follows a script.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, Waker, ready};

use super::connect::Log;
use super::{Did, Script, What, Where};
use crate::seed::Seeded;
use crate::{Connection, FileSend, Info};

/// Most bytes that a call moves under [`What::Short`].
const SHORT_BYTES_MAX: u64 = 4096;

/// Storms end after this many calls in a row, so that a caller always comes through.
const STORM_CALLS_MAX: u32 = 7;

/// A connection over `inner` that follows a [`Script`]. Holds no buffer.
pub struct FaultConnection<C> {
    /// Gone after a reset.
    inner: Option<C>,
    /// The last word of the connection below, for when it is gone.
    last: Info,
    /// What has not happened yet.
    ahead: Vec<Did>,
    did: Vec<Did>,
    log: Option<(Log, usize)>,
    written: u64,
    read: u64,
    writes: Side,
    reads: Side,
    ended: bool,
    garbage: Option<(Seeded, u64)>,
    acks_late: u64,
    acked: Cell<u64>,
}

/// One direction.
#[derive(Default)]
struct Side {
    stalled: bool,
    trickle: bool,
    short: Option<Seeded>,
    storm: Option<Seeded>,
    storm_calls: u32,
    /// Bytes that a call offered below which was told to wait: it must be made with as many again.
    offered: usize,
    /// Whoever waits: a fault that begins on the other side may be what it waits for.
    waiting: Option<Waker>,
}

impl Side {
    /// Ready with the most bytes to move in this call, or `Pending` by a fault.
    fn poll(&mut self, cx: &mut Context<'_>, asked: usize) -> Poll<usize> {
        self.waiting = Some(cx.waker().clone());
        if self.stalled {
            return Poll::Pending;
        }
        if let Some(storm) = &mut self.storm {
            if self.storm_calls < STORM_CALLS_MAX && storm.below(2) == 0 {
                self.storm_calls += 1;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.storm_calls = 0;
        }
        let most = match &mut self.short {
            _ if self.trickle => 1,
            Some(_) if self.offered > 0 => self.offered,
            Some(sizes) => usize::try_from(sizes.size(SHORT_BYTES_MAX)).unwrap_or(asked),
            None => asked,
        };
        Poll::Ready(most.max(self.offered).min(asked))
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }
}

impl<C: Connection> FaultConnection<C> {
    /// Lets `inner` follow `script`; what stands there for [`Where::Connect`] happens at once.
    pub fn new(inner: C, script: &Script) -> Self {
        Self::begin(inner, script, None)
    }

    pub(super) fn logged(inner: C, script: &Script, log: Log, connection: usize) -> Self {
        Self::begin(inner, script, Some((log, connection)))
    }

    fn begin(inner: C, script: &Script, log: Option<(Log, usize)>) -> Self {
        let mut connection = Self {
            last: inner.info(),
            inner: Some(inner),
            ahead: script.faults().to_vec(),
            did: Vec::new(),
            log,
            written: 0,
            read: 0,
            writes: Side::default(),
            reads: Side::default(),
            ended: false,
            garbage: None,
            acks_late: 0,
            acked: Cell::new(0),
        };
        connection.happen(|at| at == Where::Connect);
        connection.happen_by_count();
        connection
    }

    /// What has happened until now, in order.
    pub fn did(&self) -> &[Did] {
        &self.did
    }

    /// Lets everything happen whose place is one of `here`.
    fn happen(&mut self, here: impl Fn(Where) -> bool) {
        let (now, ahead) = self.ahead.drain(..).partition(|did| here(did.at));
        self.ahead = ahead;
        let now: Vec<Did> = now;
        for did in now {
            self.begin_fault(did.what);
            self.did.push(did);
            if let Some((log, connection)) = &self.log {
                log.add(*connection, did);
            }
            self.reads.wake();
            self.writes.wake();
        }
    }

    fn happen_by_count(&mut self) {
        let (written, read) = (self.written, self.read);
        self.happen(|at| at == Where::Written(written) || at == Where::Read(read));
    }

    fn begin_fault(&mut self, what: What) {
        match what {
            What::Refuse | What::Reset => {
                if let Some(inner) = self.inner.take() {
                    self.last = inner.info();
                }
            }
            What::End => self.ended = true,
            What::Cut => (self.writes.stalled, self.reads.stalled) = (true, true),
            What::StallWrites => self.writes.stalled = true,
            What::StallReads => self.reads.stalled = true,
            What::Trickle => (self.writes.trickle, self.reads.trickle) = (true, true),
            What::Garbage { seed, bytes } => self.garbage = Some((Seeded::new(seed), bytes)),
            What::Short { seed } => {
                let mut seeds = Seeded::new(seed);
                self.writes.short = Some(Seeded::new(seeds.next()));
                self.reads.short = Some(Seeded::new(seeds.next()));
            }
            What::WouldBlock { seed } => {
                let mut seeds = Seeded::new(seed);
                self.writes.storm = Some(Seeded::new(seeds.next()));
                self.reads.storm = Some(Seeded::new(seeds.next()));
            }
            What::DelayAcks(bytes) => self.acks_late = bytes,
        }
    }

    /// Ready with how many of `asked` bytes may be offered below now.
    fn poll_may_write(&mut self, cx: &mut Context<'_>, asked: usize) -> Poll<io::Result<usize>> {
        if self.inner.is_none() {
            return Poll::Ready(Err(reset()));
        }
        let most = ready!(self.writes.poll(cx, asked));
        let before_next = self.ahead.iter().filter_map(|did| match did.at {
            Where::Written(at) => at.checked_sub(self.written),
            _ => None,
        });
        Poll::Ready(Ok(within(most, before_next.min())))
    }

    /// Remembers what a write came to, and lets happen what stands after it.
    fn wrote(&mut self, offered: usize, result: &Poll<io::Result<usize>>) {
        self.writes.offered = match result {
            Poll::Pending => offered,
            Poll::Ready(_) => 0,
        };
        if let Poll::Ready(Ok(taken)) = result {
            self.written += *taken as u64;
            self.happen_by_count();
        }
    }

    /// The next bytes of noise, if they are due.
    fn noise(&mut self, buf: &mut [u8]) -> usize {
        let Some((bytes, left)) = &mut self.garbage else {
            return 0;
        };
        let given = within(buf.len(), Some(*left));
        buf[..given].fill_with(|| bytes.next() as u8);
        *left -= given as u64;
        given
    }
}

fn within(most: usize, left: Option<u64>) -> usize {
    left.and_then(|left| usize::try_from(left).ok())
        .map_or(most, |left| most.min(left))
}

fn reset() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

impl<C: Connection> Connection for FaultConnection<C> {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let may = ready!(self.poll_may_write(cx, buf.len()))?;
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(Err(reset()));
        };
        let result = inner.poll_write(cx, &buf[..may]);
        self.wrote(may, &result);
        result
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let asked = bufs.iter().map(|buf| buf.len()).sum();
        let may = ready!(self.poll_may_write(cx, asked))?;
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(Err(reset()));
        };
        let result = match may == asked {
            true => inner.poll_write_vectored(cx, bufs),
            false => inner.poll_write_vectored(cx, &crate::connection::front(bufs, may)),
        };
        self.wrote(may, &result);
        result
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.inner.is_none() {
            return Poll::Ready(Err(reset()));
        }
        let most = ready!(self.reads.poll(cx, buf.len()));
        let noise = self.noise(&mut buf[..most]);
        if noise > 0 || self.ended {
            return Poll::Ready(Ok(noise));
        }
        let before_next = self.ahead.iter().filter_map(|did| match did.at {
            Where::Read(at) => at.checked_sub(self.read),
            _ => None,
        });
        let most = within(most, before_next.min());
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(Err(reset()));
        };
        let given = ready!(inner.poll_read(cx, &mut buf[..most]))?;
        self.read += given as u64;
        if given > 0 {
            self.happen_by_count();
        }
        Poll::Ready(Ok(given))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.happen(|at| at == Where::Close);
        if self.inner.is_some() && self.writes.stalled {
            self.writes.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        }
        match &mut self.inner {
            Some(inner) => inner.poll_close(cx),
            None => Poll::Ready(Err(reset())),
        }
    }

    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        file: &File,
        offset: u64,
        len: u64,
    ) -> Poll<io::Result<FileSend>> {
        let asked = usize::try_from(len).unwrap_or(usize::MAX);
        let may = ready!(self.poll_may_write(cx, asked))?;
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(Err(reset()));
        };
        let result = inner.poll_send_file(cx, file, offset, may as u64);
        // A range that has to wait may be offered otherwise next time: nothing of it was sealed.
        if let Poll::Ready(Ok(FileSend::Sent(bytes))) = result {
            self.written += bytes;
            self.happen_by_count();
        }
        result
    }

    fn info(&self) -> Info {
        let mut info = match &self.inner {
            Some(inner) => inner.info(),
            None => self.last.clone(),
        };
        if let Some(acked) = &mut info.acked {
            // What was told before the delay began is not taken back.
            *acked = acked.saturating_sub(self.acks_late).max(self.acked.get());
            self.acked.set(*acked);
        }
        info
    }
}

impl<C> std::fmt::Debug for FaultConnection<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaultConnection")
            .field("written", &self.written)
            .field("read", &self.read)
            .field("ahead", &self.ahead)
            .field("did", &self.did)
            .finish_non_exhaustive()
    }
}
