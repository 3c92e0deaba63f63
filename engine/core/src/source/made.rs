//! Sources that need no file: bytes in memory, and bytes that are made up as they are sent.

use std::io;

use bytes::Bytes;
use quintet_proto::UNKNOWN_LENGTH;

use super::{FileError, OpenSource, Opened, Source, SourceState};

#[derive(Clone)]
pub(super) enum Made {
    Bytes(Bytes),
    Pattern(Pattern, u64),
}

/// Bytes that follow from their place.
#[derive(Clone, Copy)]
pub(super) enum Pattern {
    Zeros,
    Random(u64),
    Text,
}

/// How many bytes are made at once.
const UNIT: usize = 16;

impl Made {
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            // As long as can be told: that of a length that is not known would mean something else.
            Self::Pattern(_, len) => (*len).min(UNKNOWN_LENGTH - 1),
        }
    }

    pub(super) fn opened(self) -> Opened {
        let len = self.len();
        Opened {
            source: Box::new(self),
            state: SourceState {
                len,
                modified: None,
            },
        }
    }
}

impl OpenSource for Made {
    fn open(&self) -> Result<Opened, FileError> {
        Ok(self.clone().opened())
    }
}

impl Source for Made {
    fn state(&self) -> io::Result<SourceState> {
        Ok(SourceState {
            len: self.len(),
            modified: None,
        })
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.len().saturating_sub(offset);
        let read = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let buf = &mut buf[..read];
        match self {
            _ if buf.is_empty() => {}
            Self::Bytes(bytes) => {
                // What is left is some of it, so the offset is within.
                let start = offset as usize;
                buf.copy_from_slice(&bytes[start..start + read]);
            }
            Self::Pattern(Pattern::Zeros, _) => buf.fill(0),
            Self::Pattern(pattern, _) => pattern.fill(buf, offset),
        }
        Ok(read)
    }
}

impl Pattern {
    fn fill(self, mut buf: &mut [u8], offset: u64) {
        let mut number = offset / UNIT as u64;
        let mut skipped = (offset % UNIT as u64) as usize;
        while !buf.is_empty() {
            let unit = &self.unit(number)[skipped..];
            let (now, rest) = buf.split_at_mut(unit.len().min(buf.len()));
            now.copy_from_slice(&unit[..now.len()]);
            (buf, skipped, number) = (rest, 0, number + 1);
        }
    }

    fn unit(self, number: u64) -> [u8; UNIT] {
        let mut unit = [0; UNIT];
        match self {
            Self::Zeros => {}
            Self::Random(seed) => {
                for (half, bytes) in unit.chunks_exact_mut(8).enumerate() {
                    let counter = number.wrapping_mul(2).wrapping_add(half as u64);
                    bytes.copy_from_slice(&mixed(seed, counter).to_le_bytes());
                }
            }
            Self::Text => {
                for (place, digit) in unit[..UNIT - 1].iter_mut().rev().enumerate() {
                    *digit = b"0123456789abcdef"[(number >> (4 * place) & 15) as usize];
                }
                unit[UNIT - 1] = b'\n';
            }
        }
        unit
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014), by its counter.
fn mixed(seed: u64, counter: u64) -> u64 {
    let step = counter.wrapping_add(1);
    let mut z = seed.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_are_those_of_the_published_generator() {
        // The first outputs for seed 1234567, as the reference implementation gives them.
        let outputs = [0, 1, 2].map(|counter| mixed(1_234_567, counter));
        assert_eq!(
            outputs,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn any_place_is_read_as_it_is_in_the_whole() {
        for pattern in [Pattern::Zeros, Pattern::Random(7), Pattern::Text] {
            let made = Made::Pattern(pattern, 100);
            let mut whole = [0xff; 100];
            assert_eq!(made.read_at(&mut whole, 0).unwrap(), 100);
            for start in 0..=100 {
                for len in 0..40 {
                    let mut part = vec![0xff; len];
                    let read = made.read_at(&mut part, start as u64).unwrap();
                    assert_eq!(read, len.min(100 - start));
                    assert_eq!(part[..read], whole[start..start + read]);
                }
            }
        }
        let mut lines = [0; 32];
        Made::Pattern(Pattern::Text, 1 << 40)
            .read_at(&mut lines, 0x1230)
            .unwrap();
        assert_eq!(&lines, b"000000000000123\n000000000000124\n");
    }

    #[test]
    fn beyond_the_end_there_is_nothing() {
        let mut buf = [0; 4];
        let bytes = Made::Bytes(Bytes::from_static(b"abc"));
        for offset in [3, 4, u64::MAX] {
            assert_eq!(bytes.read_at(&mut buf, offset).unwrap(), 0);
        }
        let longest = Made::Pattern(Pattern::Text, u64::MAX);
        assert_eq!(longest.read_at(&mut buf, u64::MAX - 3).unwrap(), 2);
    }
}
