//! Randomness as an argument: boundaries and traces take their bits from here.

use std::fmt::{self, Debug};
use std::sync::Mutex;

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Sixteen bytes (128 bits). An error means that the system gave none; the upload that needed them
    /// fails, and nothing is guessed. Called from any thread.
    fn bytes(&self) -> std::io::Result<[u8; 16]>;
}

/// The operating system's generator, asked for a kilobyte at a time.
#[derive(Debug, Default)]
pub struct SystemRandom(OsBytes);

impl Random for SystemRandom {
    fn bytes(&self) -> std::io::Result<[u8; 16]> {
        self.0.take()
    }
}

/// A stock of bytes from the operating system: one call for many uploads. Each is handed out once.
pub(crate) struct OsBytes(Mutex<Stock>);

struct Stock {
    bytes: [u8; OsBytes::STOCK],
    used: usize,
}

impl OsBytes {
    /// Enough for sixty boundaries.
    const STOCK: usize = 1024;

    /// `N` new bytes, at most [`STOCK`](Self::STOCK).
    pub(crate) fn take<const N: usize>(&self) -> std::io::Result<[u8; N]> {
        // A thread that panics in here leaves at worst a stock that was not marked as filled.
        let mut stock = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if Self::STOCK - stock.used < N {
            stock.used = Self::STOCK;
            getrandom::fill(&mut stock.bytes).map_err(std::io::Error::other)?;
            stock.used = 0;
        }
        let mut taken = [0; N];
        let from = stock.used;
        stock.used += N;
        let given = &mut stock.bytes[from..from + N];
        taken.copy_from_slice(given);
        given.fill(0);
        Ok(taken)
    }
}

impl Default for OsBytes {
    fn default() -> Self {
        Self(Mutex::new(Stock {
            bytes: [0; Self::STOCK],
            used: Self::STOCK,
        }))
    }
}

impl Debug for OsBytes {
    /// Not its bytes: they are what nobody may guess.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OsBytes").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_bytes_are_given_twice() {
        let random = SystemRandom::default();
        let taken: HashSet<_> = (0..1000)
            .map(|_| random.bytes().expect("Linux has some"))
            .collect();
        assert_eq!(taken.len(), 1000);
        assert!(!taken.contains(&[0; 16]));
    }
}
