//! One accepted connection: receives until nothing is left, drops bodies, sends answers.

use std::io;
use std::net::TcpStream;
use std::os::fd::AsFd;

use rustix::net::{RecvFlags, SendFlags, recv, send, sockopt};

use crate::exchange::Exchange;
use crate::tls::Tls;
use crate::{Counts, LOW_WATER_BYTES_MAX, TURN_BYTES_MAX, sys};

/// What a plain connection receives into, shared by all of them.
pub(crate) const SCRATCH_BYTES: usize = 1024 * 1024;

/// A socket, what lies over it, and where its requests stand.
pub(crate) struct Connection {
    stream: TcpStream,
    tls: Option<Tls>,
    exchange: Exchange,
    low_water: u64,
}

/// What a connection wants next.
#[derive(PartialEq, Eq)]
pub(crate) enum Next {
    Readable,
    Closed,
}

impl Connection {
    /// Over a socket that does not block.
    pub(crate) fn new(stream: TcpStream, tls: Option<Tls>) -> Self {
        Self {
            stream,
            tls,
            exchange: Exchange::default(),
            low_water: 1,
        }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Receives until the socket has no more, or others should have their turn. A failure is counted.
    pub(crate) fn turn(&mut self, scratch: &mut [u8], counts: &mut Counts) -> Next {
        let result = self.receive(scratch, counts);
        if result.is_err() {
            counts.broken += 1;
        }
        result.unwrap_or(Next::Closed)
    }

    fn receive(&mut self, scratch: &mut [u8], counts: &mut Counts) -> io::Result<Next> {
        let mut moved = 0;
        while moved < TURN_BYTES_MAX {
            let received = match &mut self.tls {
                Some(tls) => recv(&self.stream, tls.room(), RecvFlags::DONTWAIT),
                None => receive_plain(&self.stream, &mut self.exchange, scratch),
            };
            let received = match received {
                Ok((_, 0)) => return self.end(),
                Ok((_, received)) => received,
                Err(rustix::io::Errno::AGAIN) => break,
                Err(rustix::io::Errno::INTR) => continue,
                // A client that leaves in a hurry resets; between requests that is its right.
                Err(rustix::io::Errno::CONNRESET) => return self.end(),
                Err(error) => return Err(error.into()),
            };
            moved += received as u64;
            let ended = match &mut self.tls {
                Some(tls) => tls.received(received, &mut self.exchange, counts)?,
                None => {
                    self.took_plain(&scratch[..received], counts)?;
                    false
                }
            };
            self.send_answers()?;
            if ended || self.exchange.is_ending() {
                return self.end();
            }
        }
        self.set_low_water()?;
        Ok(Next::Readable)
    }

    fn took_plain(&mut self, bytes: &[u8], counts: &mut Counts) -> io::Result<()> {
        if self.exchange.discardable() > 0 {
            self.exchange.discarded(bytes.len() as u64);
            return Ok(());
        }
        let fed = self.exchange.feed(bytes, counts);
        fed.map_err(|_| io::ErrorKind::InvalidData.into())
    }

    fn end(&self) -> io::Result<Next> {
        match self.exchange.is_idle() {
            true => Ok(Next::Closed),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// An answer is a hundred bytes: it always fits the send buffer of a peer that reads its answers.
    fn send_answers(&mut self) -> io::Result<()> {
        let out = match &mut self.tls {
            Some(tls) => tls.outgoing(),
            None => self.exchange.answers(),
        };
        if out.is_empty() {
            return Ok(());
        }
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        match send(&self.stream, out, flags)? == out.len() {
            true => {
                out.clear();
                Ok(())
            }
            false => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    /// Lets the kernel gather bytes while a large rest is expected.
    fn set_low_water(&mut self) -> io::Result<()> {
        // Of a record that is not complete a part lies here already: it will not come again.
        let held = self.tls.as_ref().map_or(0, Tls::held) as u64;
        let left = self.exchange.left().saturating_sub(held);
        let mut wanted = left.clamp(1, LOW_WATER_BYTES_MAX);
        if wanted > self.low_water {
            // The buffer grows by itself while a body comes; half of it is the payload that it surely holds.
            let buffer = sockopt::socket_recv_buffer_size(&self.stream)? as u64;
            wanted = wanted.min(buffer / 2).max(1);
        }
        if wanted != self.low_water {
            let bytes = u32::try_from(wanted).unwrap_or(u32::MAX);
            sys::set_low_water(self.stream.as_fd(), bytes)?;
            self.low_water = wanted;
        }
        Ok(())
    }
}

/// Receives what the exchange has to see, and drops what it need not.
fn receive_plain(
    stream: &TcpStream,
    exchange: &mut Exchange,
    scratch: &mut [u8],
) -> Result<(usize, usize), rustix::io::Errno> {
    match usize::try_from(exchange.discardable()).unwrap_or(usize::MAX) {
        0 => recv(stream, scratch, RecvFlags::DONTWAIT),
        bytes => {
            let bytes = bytes.min(scratch.len());
            let flags = RecvFlags::DONTWAIT | RecvFlags::TRUNC;
            recv(stream, &mut scratch[..bytes], flags)
        }
    }
}
