//! A connection to a proxy while the way to the target is asked for.

use std::future::poll_fn;
use std::io;

use quintet_transport::Connection;

pub(crate) struct Talk {
    pub(crate) connection: Box<dyn Connection>,
    /// Bytes that the connection has taken.
    pub(crate) written: u64,
}

impl Talk {
    pub(crate) fn new(connection: Box<dyn Connection>) -> Self {
        Self {
            connection,
            written: 0,
        }
    }

    pub(crate) async fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let taken = poll_fn(|cx| self.connection.poll_write(cx, bytes)).await?;
            if taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.written += taken as u64;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// 0 is the proxy's end.
    pub(crate) async fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        poll_fn(|cx| self.connection.poll_read(cx, buf)).await
    }

    /// Fills `buf` and reads not one byte more: what follows is the target's.
    pub(crate) async fn read_exact(&mut self, buf: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while filled < buf.len() {
            match self.read(&mut buf[filled..]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => filled += read,
            }
        }
        Ok(())
    }
}
