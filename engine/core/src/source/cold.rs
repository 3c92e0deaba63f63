//! Linux: what is not in the page cache is read on a thread of its own, so that the engine's thread never waits for
//! the disk.
//!
//! A read asks with `RWF_NOWAIT`, which costs nothing beside the read itself. A range that the transport will send is
//! asked for by its first and last byte: two calls of half a microsecond for four megabytes. What is cold is read into
//! a small buffer that nobody looks at; the pages stay, and go out the same way as all others.

use std::cell::RefCell;
use std::fs::File;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use rustix::io::{Errno, ReadWriteFlags};
use tokio::sync::oneshot;

/// Size of the reads that bring a cold range in: small enough for the thread's stack, large enough for the disk.
const READ_BYTES: usize = 64 * 1024;

/// The thread that is bringing in a range of this file now, if there is one. At most one for each active upload.
#[derive(Debug, Default)]
pub(super) struct Cold(RefCell<Option<oneshot::Receiver<()>>>);

impl Cold {
    pub(super) fn poll_read_at(
        &self,
        cx: &mut Context<'_>,
        file: &File,
        buf: &mut [u8],
        offset: u64,
    ) -> Poll<io::Result<usize>> {
        if self.0.borrow().is_none() {
            let read = read_now(file, buf, offset);
            if read != Err(Errno::AGAIN) {
                return Poll::Ready(read.map_err(io::Error::from));
            }
        }
        std::task::ready!(self.poll_brought(cx, file, offset, buf.len() as u64));
        // It is there, or the thread could not do it: now it may be waited for.
        Poll::Ready(file.read_at(buf, offset))
    }

    pub(super) fn poll_cached(
        &self,
        cx: &mut Context<'_>,
        file: &File,
        offset: u64,
        len: u64,
    ) -> Poll<()> {
        if self.0.borrow().is_none() && is_cached(file, offset, len) {
            return Poll::Ready(());
        }
        self.poll_brought(cx, file, offset, len)
    }

    /// Ready when a thread has read the range, or none could be had.
    fn poll_brought(&self, cx: &mut Context<'_>, file: &File, offset: u64, len: u64) -> Poll<()> {
        let mut reading = self.0.borrow_mut();
        if reading.is_none() {
            *reading = bring_in(file, offset, len).ok();
        }
        if let Some(begun) = reading.as_mut() {
            // An error is a thread that broke off: the read itself will tell what is wrong.
            let _ = std::task::ready!(Pin::new(begun).poll(cx));
        }
        *reading = None;
        Poll::Ready(())
    }
}

/// Reads what is in memory; `AGAIN` if that is nothing.
fn read_now(file: &File, buf: &mut [u8], offset: u64) -> Result<usize, Errno> {
    let mut bufs = [IoSliceMut::new(buf)];
    match rustix::io::preadv2(file, &mut bufs, offset, ReadWriteFlags::NOWAIT) {
        // The file system cannot tell, or the kernel is older than the flag: as everywhere else, it is waited for.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => rustix::io::pread(file, buf, offset),
        read => read,
    }
}

/// Whether the first and the last byte of the range are in memory; also true beyond the end, and where the file system
/// cannot tell.
fn is_cached(file: &File, offset: u64, len: u64) -> bool {
    let there = |at: u64| read_now(file, &mut [0], at) != Err(Errno::AGAIN);
    there(offset) && (len < 2 || there(offset + (len - 1)))
}

fn bring_in(file: &File, offset: u64, len: u64) -> io::Result<oneshot::Receiver<()>> {
    let (end, ended) = oneshot::channel();
    let file = file.try_clone()?;
    thread::Builder::new()
        .name("quintet-read".into())
        .spawn(move || {
            let mut scratch = [0; READ_BYTES];
            let mut at = offset;
            while at < offset + len && !end.is_closed() {
                let wanted = (offset + len - at).min(READ_BYTES as u64) as usize;
                match file.read_at(&mut scratch[..wanted], at) {
                    Ok(read @ 1..) => at += read as u64,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    _ => break,
                }
            }
            drop(file);
            // Nobody waits any more if the upload is over.
            let _ = end.send(());
        })?;
    Ok(ended)
}
