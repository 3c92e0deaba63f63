//! What files hold: bytes that follow from a number and their place, so that nobody has to keep them.

use std::sync::LazyLock;

/// A prime, so that a file cut or moved at any round number is seen.
const PERIOD: usize = 8191;

/// One period and another behind it: from any place a whole one lies in one piece.
static BLOCK: LazyLock<Box<[u8]>> = LazyLock::new(|| {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let period: Vec<u8> = (0..PERIOD)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect();
    period.repeat(2).into()
});

/// The pieces of file `salt` from `offset` on, endless.
fn pieces(salt: u64, offset: u64) -> impl Iterator<Item = &'static [u8]> {
    let start = (salt.wrapping_add(offset) % PERIOD as u64) as usize;
    std::iter::repeat(&BLOCK[start..start + PERIOD])
}

/// Fills `buf` with what file `salt` holds from `offset` on.
pub(crate) fn fill(salt: u64, offset: u64, buf: &mut [u8]) {
    for (to, from) in buf.chunks_mut(PERIOD).zip(pieces(salt, offset)) {
        to.copy_from_slice(&from[..to.len()]);
    }
}

/// Whether `bytes` are what file `salt` holds from `offset` on.
pub(crate) fn is(salt: u64, offset: u64, bytes: &[u8]) -> bool {
    let mut pairs = bytes.chunks(PERIOD).zip(pieces(salt, offset));
    pairs.all(|(got, expected)| got == &expected[..got.len()])
}
