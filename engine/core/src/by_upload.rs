//! A map by upload, hashed at next to no cost: ids are counted, so nobody can choose them to collide.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::UploadId;

pub(crate) type ByUpload<T> = HashMap<UploadId, T, BuildHasherDefault<IdHasher>>;

/// Spreads one number over all bits (Fibonacci hashing).
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write_u64(&mut self, id: u64) {
        self.0 = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// Not called for an `UploadId`, which is one number.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
