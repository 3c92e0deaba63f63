//! Two connections joined back to back in memory, each direction a pipe of a stated capacity; and a [`Connect`](crate::Connect) whose
//! peer is a function of this program.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::{Connection, Info};

mod connect;

pub use connect::MemoryConnect;

/// Makes two ends; what one writes the other reads. Each direction holds at most `capacity` bytes, which
/// must be at least 1. Bytes that the other end has read count as acknowledged.
///
/// Dropping an end is an orderly end for the other's reading and [`io::ErrorKind::BrokenPipe`] for its
/// writing; [`Memory::reset`] breaks off. Both ends live on one thread.
///
/// ```
/// use quintet_transport::{memory, Connection};
/// use std::task::{Context, Poll, Waker};
///
/// let (mut near, mut far) = memory::pair(4);
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(matches!(near.poll_write(&mut cx, b"hello"), Poll::Ready(Ok(4))));
/// assert!(near.poll_write(&mut cx, b"o").is_pending());
/// let mut buf = [0; 8];
/// assert!(matches!(far.poll_read(&mut cx, &mut buf), Poll::Ready(Ok(4))));
/// ```
pub fn pair(capacity: usize) -> (Memory, Memory) {
    assert!(
        capacity > 0,
        "a pipe without capacity can never move a byte"
    );
    let pipe = || {
        Rc::new(RefCell::new(Pipe {
            capacity,
            ..Pipe::default()
        }))
    };
    let (there, back) = (pipe(), pipe());
    (
        Memory {
            outgoing: there.clone(),
            incoming: back.clone(),
        },
        Memory {
            outgoing: back,
            incoming: there,
        },
    )
}

/// One end of a [`pair`].
#[derive(Debug)]
pub struct Memory {
    outgoing: Rc<RefCell<Pipe>>,
    incoming: Rc<RefCell<Pipe>>,
}

/// One direction.
#[derive(Debug, Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    capacity: usize,
    written: u64,
    read: u64,
    writer_gone: bool,
    reader_gone: bool,
    reset: bool,
    writer: Option<Waker>,
    reader: Option<Waker>,
}

impl Memory {
    /// Breaks off: the other end's reading and writing fail with [`io::ErrorKind::ConnectionReset`], and what it has
    /// not read is lost.
    pub fn reset(self) {
        for pipe in [&self.outgoing, &self.incoming] {
            pipe.borrow_mut().reset = true;
        }
        // The drop wakes whoever waits.
    }
}

impl Pipe {
    fn wake(waker: &mut Option<Waker>) {
        if let Some(waker) = waker.take() {
            waker.wake();
        }
    }
}

impl Connection for Memory {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let mut pipe = self.outgoing.borrow_mut();
        if pipe.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if pipe.reader_gone || pipe.writer_gone {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let room = pipe.capacity - pipe.bytes.len();
        if room == 0 {
            pipe.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let taken = room.min(buf.len());
        pipe.bytes.extend(&buf[..taken]);
        pipe.written += taken as u64;
        Pipe::wake(&mut pipe.reader);
        Poll::Ready(Ok(taken))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut pipe = self.incoming.borrow_mut();
        if pipe.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if pipe.bytes.is_empty() {
            if pipe.writer_gone {
                return Poll::Ready(Ok(0));
            }
            pipe.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let given = pipe.bytes.len().min(buf.len());
        for (to, from) in buf.iter_mut().zip(pipe.bytes.drain(..given)) {
            *to = from;
        }
        pipe.read += given as u64;
        Pipe::wake(&mut pipe.writer);
        Poll::Ready(Ok(given))
    }

    fn poll_close(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut pipe = self.outgoing.borrow_mut();
        pipe.writer_gone = true;
        Pipe::wake(&mut pipe.reader);
        Poll::Ready(Ok(()))
    }

    fn info(&self) -> Info {
        let pipe = self.outgoing.borrow();
        Info {
            acked: Some(pipe.read),
            moved: pipe.written + pipe.read + self.incoming.borrow().read,
            ..Info::default()
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let mut outgoing = self.outgoing.borrow_mut();
        outgoing.writer_gone = true;
        Pipe::wake(&mut outgoing.reader);
        let mut incoming = self.incoming.borrow_mut();
        incoming.reader_gone = true;
        Pipe::wake(&mut incoming.writer);
    }
}
