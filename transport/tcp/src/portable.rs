//! Platforms without a fast path: file ranges are declined, acknowledged bytes are not known.

use std::fs::File;
use std::io;

use quintet_transport::FileSend;

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

/// Nothing is sent that could raise it.
pub(crate) fn sigpipe_is_ignored() -> bool {
    true
}

/// Not told.
pub(crate) fn acked<S>(_socket: &S) -> Option<u64> {
    None
}
