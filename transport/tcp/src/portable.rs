//! Platforms without a fast path: file ranges are declined, acknowledged bytes are not known.

use std::fs::File;
use std::io;
use std::task::Poll;

use quintet_transport::{FileSend, Tcp};

/// Declines.
pub(crate) fn send_file<S>(
    _to: &S,
    _file: &File,
    _offset: u64,
    _len: u64,
    _sigpipe_ignored: bool,
) -> io::Result<FileSend> {
    Ok(FileSend::Declined)
}

/// Not called: see [`sigpipe_is_ignored`].
pub(crate) fn without_sigpipe(
    write: impl FnOnce() -> Poll<io::Result<usize>>,
) -> Poll<io::Result<usize>> {
    write()
}

/// As if: there is no such signal on Windows, and Apple's sockets are told not to raise it. On other systems a host must
/// ignore it, as Rust programs do from their start.
pub(crate) fn sigpipe_is_ignored() -> bool {
    true
}

/// Not told.
pub(crate) fn told<S>(_socket: &S) -> Option<(u64, Tcp)> {
    None
}
