//! The far end of a connection under test.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use crate::Connection;
use crate::memory::Memory;

/// The peer's end. No call may block: what cannot be done now fails with [`io::ErrorKind::WouldBlock`] and is asked again.
pub trait Far {
    /// Takes bytes from the front of `buf`, as [`Write::write`].
    fn write(&mut self, buf: &[u8]) -> io::Result<usize>;

    /// Fills the front of `buf`, as [`Read::read`]; 0 is the near end's end.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize>;

    /// Ends its writing in the orderly way; on a secured connection, with the closing alert. Reading goes on.
    fn end(&mut self) -> io::Result<()>;

    /// Breaks off so that the near end learns that this is no orderly end. Some bytes of the near end's lie unread then.
    fn reset(self: Box<Self>);

    /// Moves what lies in buffers of its own, if it has any. Called at every look; must not read.
    fn turn(&mut self) {}

    /// Ends the layer below without the closing alert. Asked of secured connections alone.
    fn truncate(self: Box<Self>) {}
}

/// Looks for the bytes that must lie unread, each a millisecond after the one before.
const LOOKS: u32 = 1000;

/// To reset a TCP stream, it is closed with bytes unread: Linux and Windows tell that by a reset. Where that is not so, wrap the
/// stream and set its `SO_LINGER` to zero.
impl Far for TcpStream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.set_nonblocking(true)?;
        Write::write(self, buf)
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.set_nonblocking(true)?;
        Read::read(self, buf)
    }

    fn end(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn reset(self: Box<Self>) {
        // They may still be on their way, and then the close would be an orderly one.
        let _ = self.set_nonblocking(true);
        for _ in 0..LOOKS {
            match self.peek(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    thread::sleep(Duration::from_millis(1));
                }
                _ => return,
            }
        }
    }
}

/// As the TCP stream.
#[cfg(unix)]
impl Far for std::os::unix::net::UnixStream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.set_nonblocking(true)?;
        Write::write(self, buf)
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.set_nonblocking(true)?;
        Read::read(self, buf)
    }

    fn end(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn reset(self: Box<Self>) {}
}

impl Far for Memory {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        now(|cx| self.poll_write(cx, buf))
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        now(|cx| self.poll_read(cx, buf))
    }

    fn end(&mut self) -> io::Result<()> {
        now(|cx| self.poll_close(cx))
    }

    fn reset(self: Box<Self>) {
        Memory::reset(*self);
    }
}

fn now<T>(call: impl FnOnce(&mut Context<'_>) -> Poll<io::Result<T>>) -> io::Result<T> {
    match call(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}
