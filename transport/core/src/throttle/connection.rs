//! One throttled connection.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::LATE_BYTES_MAX;
use super::meter::{Gate, Meter};
use crate::{Alarm, Clock, Connection, FileSend, Info};

/// Bytes read from below in one call while there is latency.
const READ_BYTES: usize = 8 << 10;

pub(super) struct ThrottleConnection {
    inner: Box<dyn Connection>,
    clock: Arc<dyn Clock>,
    up: Gate,
    down: Gate,
    /// Bytes offered below by a call that was told to wait: the next one offers as many again.
    offered: usize,
    late: Option<Late>,
}

impl ThrottleConnection {
    pub(super) fn new(
        inner: Box<dyn Connection>,
        clock: Arc<dyn Clock>,
        up: Vec<Arc<Mutex<Meter>>>,
        down: Vec<Arc<Mutex<Meter>>>,
        latency: Duration,
    ) -> Self {
        Self {
            inner,
            clock,
            up: Gate::new(up),
            down: Gate::new(down),
            offered: 0,
            late: (!latency.is_zero()).then(|| Late::new(latency)),
        }
    }

    /// Ready with how many of `asked` bytes may be offered below.
    fn poll_may_write(&mut self, cx: &mut Context<'_>, asked: usize) -> Poll<usize> {
        let chunk = ready!(self.up.poll(cx, &*self.clock));
        Poll::Ready(chunk.max(self.offered).min(asked))
    }

    fn wrote(
        &mut self,
        offered: usize,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        self.offered = match result {
            Poll::Pending => offered,
            Poll::Ready(_) => 0,
        };
        if let Poll::Ready(Ok(taken)) = result {
            self.up.charge(&*self.clock, taken as u64);
        }
        result
    }
}

impl Connection for ThrottleConnection {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let may = ready!(self.poll_may_write(cx, buf.len()));
        let result = self.inner.poll_write(cx, &buf[..may]);
        self.wrote(may, result)
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let asked = bufs.iter().map(|buf| buf.len()).sum();
        let may = ready!(self.poll_may_write(cx, asked));
        let result = match may == asked {
            true => self.inner.poll_write_vectored(cx, bufs),
            false => {
                let offered = crate::connection::front(bufs, may);
                self.inner.poll_write_vectored(cx, &offered)
            }
        };
        self.wrote(may, result)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if let Some(late) = &mut self.late {
            late.fill(cx, &mut *self.inner, &*self.clock);
            if ready!(late.poll_due(cx, &*self.clock))? == 0 {
                return Poll::Ready(Ok(0));
            }
        }
        let chunk = ready!(self.down.poll(cx, &*self.clock));
        let most = chunk.min(buf.len());
        let given = match &mut self.late {
            Some(late) => late.take(&mut buf[..most]),
            None => ready!(self.inner.poll_read(cx, &mut buf[..most]))?,
        };
        self.down.charge(&*self.clock, given as u64);
        Poll::Ready(Ok(given))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_close(cx)
    }

    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        file: &File,
        offset: u64,
        len: u64,
    ) -> Poll<io::Result<FileSend>> {
        let chunk = ready!(self.up.poll(cx, &*self.clock)) as u64;
        let sent = ready!(self.inner.poll_send_file(cx, file, offset, len.min(chunk)))?;
        if let FileSend::Sent(bytes) = sent {
            self.up.charge(&*self.clock, bytes);
        }
        Poll::Ready(Ok(sent))
    }

    fn info(&self) -> Info {
        self.inner.info()
    }
}

/// The peer's bytes on their longer way.
struct Late {
    latency: Duration,
    bytes: VecDeque<u8>,
    /// When the next bytes are due, and how many.
    due: VecDeque<(Duration, usize)>,
    /// When the end, or the error, is due.
    end: Option<(Duration, io::Result<()>)>,
    alarm: Alarm,
}

impl Late {
    fn new(latency: Duration) -> Self {
        Self {
            latency,
            bytes: VecDeque::new(),
            due: VecDeque::new(),
            end: None,
            alarm: Alarm::new(),
        }
    }

    /// Reads what is there below, as far as there is room.
    fn fill(&mut self, cx: &mut Context<'_>, inner: &mut dyn Connection, clock: &dyn Clock) {
        let mut buf = [0; READ_BYTES];
        while self.end.is_none() && self.bytes.len() < LATE_BYTES_MAX {
            let room = buf.len().min(LATE_BYTES_MAX - self.bytes.len());
            let Poll::Ready(read) = inner.poll_read(cx, &mut buf[..room]) else {
                return;
            };
            let due = clock.now().saturating_add(self.latency);
            match read {
                Ok(0) => self.end = Some((due, Ok(()))),
                Err(error) => self.end = Some((due, Err(error))),
                Ok(read) => {
                    self.bytes.extend(&buf[..read]);
                    self.due.push_back((due, read));
                }
            }
        }
    }

    /// Ready with the bytes that are due; 0 is the end, and stays.
    fn poll_due(&mut self, cx: &mut Context<'_>, clock: &dyn Clock) -> Poll<io::Result<usize>> {
        let next = match (self.due.front(), &self.end) {
            (Some((due, _)), _) | (None, Some((due, _))) => *due,
            (None, None) => return Poll::Pending,
        };
        if clock.now() < next {
            ready!(self.alarm.poll(cx, clock, next));
        }
        match (self.due.front(), &mut self.end) {
            (Some((_, bytes)), _) => Poll::Ready(Ok(*bytes)),
            (None, Some((_, end))) => {
                // An error is told as it is once, and by its kind from then on.
                let again = match end {
                    Ok(()) => Ok(()),
                    Err(error) => Err(error.kind().into()),
                };
                Poll::Ready(std::mem::replace(end, again).map(|()| 0))
            }
            (None, None) => Poll::Pending,
        }
    }

    /// Gives of the bytes that are due.
    fn take(&mut self, buf: &mut [u8]) -> usize {
        let Some((_, due)) = self.due.front_mut() else {
            return 0;
        };
        let given = buf.len().min(*due);
        for (to, from) in buf.iter_mut().zip(self.bytes.drain(..given)) {
            *to = from;
        }
        *due -= given;
        if *due == 0 {
            self.due.pop_front();
        }
        given
    }
}
