//! Numbers from a seed: the same seed, the same numbers, on every machine and in every version.

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and good enough to choose sizes and places. Not for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 if `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        // The bias is below 2^-32 for every range used here.
        self.next() % end.max(1)
    }

    /// From 1 to `most`, small ones as likely as large ones: its number of bits is drawn first.
    pub(crate) fn size(&mut self, most: u64) -> u64 {
        let bits = u64::BITS - most.leading_zeros();
        let bound = 1 << self.below(u64::from(bits.clamp(1, 63)));
        (bound + self.below(bound)).clamp(1, most.max(1))
    }
}
