//! The demo's own files, and the digest of any file.

use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::units;

/// Sizes of the files, the large ones first: five keep the slots busy, so that two wait.
const SIZES: [u64; 7] = [
    256 << 20,
    96 << 20,
    32 << 20,
    8 << 20,
    1 << 20,
    64 << 10,
    1 << 10,
];
/// Large enough that reading and writing is not what takes the time.
const CHUNK_BYTES: usize = 1 << 20;

/// Makes the files in `directory`, each with other contents, which do not compress. Stops where it is if `stop` says
/// so.
pub(crate) fn make(directory: &Path, stop: impl Fn() -> bool) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for (index, size) in SIZES.into_iter().enumerate() {
        let named = units::bytes(size)
            .replace(' ', "")
            .replace(".00", "")
            .replace(".0", "");
        let path = directory.join(format!("{}-{named}.bin", index + 1));
        fill(&path, size, &stop)?;
        paths.push(path);
    }
    Ok(paths)
}

fn fill(path: &Path, size: u64, stop: &impl Fn() -> bool) -> io::Result<()> {
    let mut file = File::create(path)?;
    let mut noise = Noise::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut left = size;
    while left > 0 && !stop() {
        // Not cut: it is at most the chunk's length.
        let len = left.min(CHUNK_BYTES as u64) as usize;
        noise.fill(&mut chunk[..len]);
        file.write_all(&chunk[..len])?;
        left -= len as u64;
    }
    Ok(())
}

/// SHA-256 of a file in lower-case hex, and its length.
pub(crate) fn digest(path: &Path, stop: impl Fn() -> bool) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut size = 0;
    loop {
        let len = file.read(&mut chunk)?;
        if len == 0 || stop() {
            break;
        }
        hasher.update(&chunk[..len]);
        size += len as u64;
    }
    let hex = hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok((hex, size))
}

/// Bytes that look random and are made fast; no secret may come from them.
///
/// SplitMix64 (Steele, Lea, Flood 2014): a counter, and a function that scatters it.
struct Noise(u64);

impl Noise {
    fn new() -> Self {
        // The standard library seeds its hashers from the system's generator, each differently.
        Self(RandomState::new().build_hasher().finish())
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for eight in bytes.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = self.0;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            eight.copy_from_slice(&word.to_le_bytes()[..eight.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_differ_and_the_digest_is_of_what_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let (a, b) = (directory.path().join("a"), directory.path().join("b"));
        fill(&a, 1_500_001, &|| false).unwrap();
        fill(&b, 1_500_001, &|| false).unwrap();
        let (a, b) = (digest(&a, || false).unwrap(), digest(&b, || false).unwrap());
        assert_eq!((a.1, b.1), (1_500_001, 1_500_001));
        assert_ne!(a.0, b.0);

        let abc = directory.path().join("abc");
        std::fs::write(&abc, "abc").unwrap();
        // FIPS 180-4, the example of one block.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest(&abc, || false).unwrap(), (expected.into(), 3));
    }
}
