//! Where the system does not tell what is in memory: every range counts as cached.

use std::fs::File;
use std::io;
use std::task::{Context, Poll};

#[derive(Debug, Default)]
pub(super) struct Cold;

impl Cold {
    pub(super) fn poll_read_at(
        &self,
        _cx: &mut Context<'_>,
        file: &File,
        buf: &mut [u8],
        offset: u64,
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(super::platform::read_at(file, buf, offset))
    }

    pub(super) fn poll_cached(
        &self,
        _cx: &mut Context<'_>,
        _file: &File,
        _offset: u64,
        _len: u64,
    ) -> Poll<()> {
        Poll::Ready(())
    }
}
