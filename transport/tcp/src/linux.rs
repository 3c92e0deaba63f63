//! Linux and Android: file ranges by sendfile(2), acknowledged bytes from `TCP_INFO`.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::task::Poll;
use std::time::Duration;

use quintet_transport::{FileSend, Tcp};
use rustix::io::Errno;

use crate::sys;

/// The most that one call moves. Calls of 256 KiB to 1 MiB cost about the same (64 KiB: 15 % more), so this is set by
/// fairness: after it the other uploads on the thread get their turn, and a file that is not in memory, if nobody has
/// seen to that, stalls the thread for no longer than it takes to read this much.
const SEND_BYTES_MAX: u64 = 1024 * 1024;

/// One sendfile(2) into a socket that does not block; `WouldBlock` when it has no room.
pub(crate) fn send_file<S: AsFd>(
    to: &S,
    file: &File,
    offset: u64,
    len: u64,
    sigpipe_ignored: bool,
) -> io::Result<FileSend> {
    let count = len.min(SEND_BYTES_MAX) as usize;
    let send = || {
        rustix::io::retry_on_intr(|| {
            // sendfile leaves the descriptor's own position alone when it is given one to work on.
            let mut position = offset;
            rustix::fs::sendfile(to, file, Some(&mut position), count)
        })
    };
    let sent = if sigpipe_ignored {
        send()
    } else {
        sys::without_sigpipe(send, |sent| matches!(sent, Err(Errno::PIPE)))
    };
    match sent {
        Ok(sent) => Ok(FileSend::Sent(sent as u64)),
        // The file system has no pages to lend (procfs, some FUSE), or a sandbox forbids the call.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => Ok(FileSend::Declined),
        Err(error) => Err(error.into()),
    }
}

/// Does this write so that it raises no SIGPIPE.
pub(crate) fn without_sigpipe(
    write: impl FnOnce() -> Poll<io::Result<usize>>,
) -> Poll<io::Result<usize>> {
    sys::without_sigpipe(
        write,
        |written| matches!(written, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe),
    )
}

/// Whether the host has SIGPIPE ignored, as Rust programs do from their start. Asked once for a connection, and believed
/// for its life.
pub(crate) fn sigpipe_is_ignored() -> bool {
    sys::sigpipe_is_ignored()
}

/// Bytes that the peer's kernel has confirmed, and what else is told of the connection.
pub(crate) fn told<S: AsFd>(socket: &S) -> Option<(u64, Tcp)> {
    let info = sys::tcp_info(socket.as_fd())?;
    let round_trip = Duration::from_micros(info.rtt.into());
    // The kernel counts the SYN as one byte.
    let acked = info.bytes_acked.saturating_sub(1);
    Some((acked, Tcp::new(round_trip, info.retransmitted)))
}
