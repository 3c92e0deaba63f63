//! Overwriting what was a secret: the values of a request's headers and of its fields, wherever this crate keeps them.

use alloc::vec::Vec;

/// Overwrites `bytes` with zeros, also where they are dropped right after and a compiler would see no reason to.
///
/// What was copied elsewhere before is not reached: into what a vector left behind when it grew, say, or into
/// registers.
pub fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    zeroize::optimization_barrier(bytes);
}

/// As [`Vec::reserve`], but of what lay in the old allocation nothing is left there.
pub fn reserve_wiped(bytes: &mut Vec<u8>, additional: usize) {
    let needed = bytes.len().saturating_add(additional);
    if needed <= bytes.capacity() {
        return;
    }
    let mut larger = Vec::with_capacity(needed.max(2 * bytes.capacity()));
    larger.extend_from_slice(bytes);
    wipe(bytes);
    *bytes = larger;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_keeps_its_bytes_and_has_the_room() {
        let mut bytes = Vec::new();
        for byte in 0..=255 {
            reserve_wiped(&mut bytes, 1);
            assert!(bytes.capacity() > bytes.len());
            bytes.push(byte);
        }
        assert!((0..=255).eq(bytes.iter().copied()));
        wipe(&mut bytes);
        assert_eq!(bytes, [0; 256]);
    }
}
