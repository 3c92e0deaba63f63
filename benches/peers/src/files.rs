//! The files that are uploaded: made once, and read once so that they are in memory.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::Result;
use crate::workload::Extent;

const PIECE_BYTES: usize = 1024 * 1024;

/// Makes what is missing of a workload's files in `dir`, and reads all of them.
pub(crate) fn prepare(dir: &Path, extent: Extent) -> Result<Vec<PathBuf>> {
    let paths = (0..extent.files).map(|index| {
        let path = dir.join(format!("{}-{index}.bin", extent.bytes));
        if std::fs::metadata(&path).map_or(0, |metadata| metadata.len()) != extent.bytes {
            make(&path, extent.bytes, index as u64)?;
        }
        read(&path)?;
        Ok(path)
    });
    paths.collect()
}

/// Fills a file with noise that no layer below could compress or share.
fn make(path: &Path, bytes: u64, seed: u64) -> io::Result<()> {
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut file = File::create(path)?;
    let mut left = usize::try_from(bytes).map_err(io::Error::other)?;
    let mut piece = vec![0; PIECE_BYTES];
    while left > 0 {
        for word in piece.chunks_exact_mut(8) {
            // Marsaglia's xorshift with these three shifts has the full period.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_ne_bytes());
        }
        let now = left.min(PIECE_BYTES);
        file.write_all(&piece[..now])?;
        left -= now;
    }
    // Written back now and not while something is measured.
    file.sync_all()
}

fn read(path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; PIECE_BYTES];
    while file.read(&mut piece)? > 0 {}
    Ok(())
}
