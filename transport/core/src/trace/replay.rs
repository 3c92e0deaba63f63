//! [`Replay`]: a transport whose peer says what it said in a trace.

use std::collections::VecDeque;
use std::io;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use super::{Happened, Trace};
use crate::{
    Connect, ConnectError, ConnectErrorKind, ConnectFuture, Connection, Info, Step, Target, Watch,
};

/// Connects to peers out of traces: the first connection to the first, and so on; when there are none left it
/// refuses. The target is not compared.
///
/// Everything that is written is taken. The peer's bytes, its end and errors come once as many bytes have been written
/// (and the writing side is closed, if it was) as before them in the trace; the times are not kept. After the last
/// entry the peer is silent. What is written is not compared either: boundaries differ from upload to upload.
#[derive(Debug)]
pub struct Replay(Mutex<VecDeque<Trace>>);

impl Replay {
    /// One trace for each connection.
    pub fn new(traces: impl IntoIterator<Item = Trace>) -> Self {
        Self(Mutex::new(traces.into_iter().collect()))
    }
}

impl Connect for Replay {
    fn connect<'a>(&'a self, _: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            let next = self.0.lock().ok().and_then(|mut left| left.pop_front());
            let Some(trace) = next else {
                let why = "no trace is left to be replayed";
                return Err(ConnectError::new(ConnectErrorKind::Refused, why));
            };
            watch.reached(Step::Connected);
            Ok(Box::new(Replayed::new(trace)) as _)
        })
    }
}

/// What comes once `after` bytes are written.
struct Due {
    after: u64,
    after_close: bool,
    what: Happened,
}

struct Replayed {
    ahead: VecDeque<Due>,
    /// How much of the first one's bytes was read already.
    read_of_first: usize,
    written: u64,
    read: u64,
    closed: bool,
    reader: Option<Waker>,
}

impl Replayed {
    fn new(trace: Trace) -> Self {
        let (mut after, mut after_close) = (0, false);
        let mut ahead = VecDeque::new();
        for entry in trace.entries {
            match entry.what {
                Happened::Sent(bytes) => after += bytes.len() as u64,
                Happened::Closed => after_close = true,
                // Would read as the end.
                Happened::Received(bytes) if bytes.is_empty() => {}
                Happened::LeftOut => break,
                what => ahead.push_back(Due {
                    after,
                    after_close,
                    what,
                }),
            }
        }
        Self {
            ahead,
            read_of_first: 0,
            written: 0,
            read: 0,
            closed: false,
            reader: None,
        }
    }

    /// The error that is due, if the next thing is one.
    fn error(&self) -> Option<io::Error> {
        match self.due()?.what {
            Happened::Failed(kind) => Some(kind.into()),
            _ => None,
        }
    }

    fn due(&self) -> Option<&Due> {
        let next = self.ahead.front()?;
        let come = self.written >= next.after && (self.closed || !next.after_close);
        come.then_some(next)
    }

    fn wake(&mut self) {
        if self.due().is_some()
            && let Some(reader) = self.reader.take()
        {
            reader.wake();
        }
    }
}

impl Connection for Replayed {
    fn poll_write(&mut self, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(error) = self.error() {
            return Poll::Ready(Err(error));
        }
        if self.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        self.written += buf.len() as u64;
        self.wake();
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let from = self.read_of_first;
        let bytes = match self.due().map(|due| &due.what) {
            Some(Happened::Received(bytes)) => &bytes[from..],
            Some(Happened::Ended) => return Poll::Ready(Ok(0)),
            Some(Happened::Failed(kind)) => return Poll::Ready(Err((*kind).into())),
            _ => {
                self.reader = Some(cx.waker().clone());
                return Poll::Pending;
            }
        };
        let given = bytes.len().min(buf.len());
        buf[..given].copy_from_slice(&bytes[..given]);
        let emptied = given == bytes.len();
        self.read += given as u64;
        self.read_of_first += given;
        if emptied {
            self.ahead.pop_front();
            self.read_of_first = 0;
        }
        Poll::Ready(Ok(given))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.closed = true;
        self.wake();
        Poll::Ready(Ok(()))
    }

    fn info(&self) -> Info {
        Info {
            moved: self.written + self.read,
            ..Info::default()
        }
    }
}
