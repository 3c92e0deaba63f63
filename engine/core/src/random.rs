//! Randomness as an argument: boundaries and traces take their bits from here.

use std::fmt::Debug;

/// A source of random bytes.
pub trait Random: Debug + Send + Sync {
    /// Sixteen bytes (128 bits). An error means that the system gave none; the upload that needed them
    /// fails, and nothing is guessed. Called from any thread.
    fn bytes(&self) -> std::io::Result<[u8; 16]>;
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn bytes(&self) -> std::io::Result<[u8; 16]> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
        Ok(bytes)
    }
}
