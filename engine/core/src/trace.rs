//! The trace: the one name of an upload in outcomes, headers and logs.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::random::OsBytes;

/// Names an upload from the call on, over retries and redirects, and goes out as `x-request-id` and
/// `x-tt-logid`. Small and cheap to copy.
///
/// The form of [`Trace::from_parts`] is 53 characters: `02`, thirteen digits of Unix milliseconds, 38
/// lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Trace {
    /// The text, zeros after it.
    text: [u8; Trace::LEN_MAX],
    len: u8,
}

impl Trace {
    /// Longest text of a trace, in bytes.
    pub const LEN_MAX: usize = 63;

    /// A trace of the usual form from a wall-clock time (its last thirteen digits) and random bytes.
    ///
    /// ```
    /// let trace = quintet::Trace::from_parts(1_700_000_000_000, [0xab; 19]);
    /// assert_eq!(trace.as_str().len(), 53);
    /// assert!(trace.as_str().starts_with("021700000000000abab"));
    /// assert_eq!(trace.unix_millis(), Some(1_700_000_000_000));
    /// ```
    pub fn from_parts(unix_millis: u64, random: [u8; 19]) -> Self {
        let mut text = *b"02-------------00000000000000000000000000000000000000";
        let mut millis = unix_millis;
        for digit in text[2..15].iter_mut().rev() {
            *digit = b'0' + (millis % 10) as u8;
            millis /= 10;
        }
        for (pair, byte) in text[15..].as_chunks_mut().0.iter_mut().zip(&random) {
            *pair = [hex_digit(byte >> 4), hex_digit(byte & 15)];
        }
        Self::new(&text)
    }

    /// A trace of the host's own making. `None` unless it is 1 to 63 characters of letters, digits, `-`, `_`,
    /// `.` and `:`, so that it can stand in a header as it is.
    pub fn from_text(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        let fits = (1..=Self::LEN_MAX).contains(&text.len());
        (fits && text.bytes().all(allowed)).then(|| Self::new(text.as_bytes()))
    }

    /// The wall-clock time of the call, in milliseconds since 1970, if the trace has the usual form.
    pub fn unix_millis(&self) -> Option<u64> {
        let text = self.as_str();
        let digits = text
            .get(2..15)
            .filter(|_| text.len() == 53 && text.starts_with("02"))?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().ok()).flatten()
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever put in.
        std::str::from_utf8(&self.text[..usize::from(self.len)]).unwrap_or_default()
    }

    /// `ascii` is at most `LEN_MAX` long.
    fn new(ascii: &[u8]) -> Self {
        let mut text = [0; Self::LEN_MAX];
        text[..ascii.len()].copy_from_slice(ascii);
        Self {
            text,
            len: ascii.len() as u8,
        }
    }
}

/// Computed, not looked up: so a compiler makes sixteen bytes' digits at once.
fn hex_digit(value: u8) -> u8 {
    value + b'0' + u8::from(value > 9) * (b'a' - b'0' - 10)
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Makes a [`Trace`] for each call. Called on the caller's thread, before any I/O.
pub trait TraceSource: Send + Sync {
    /// A new trace.
    fn trace(&self) -> Trace;
}

/// Traces from the wall clock and the operating system's generator.
#[derive(Debug, Default)]
pub struct SystemTraces(OsBytes);

impl TraceSource for SystemTraces {
    fn trace(&self) -> Trace {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let random = self.0.take().unwrap_or_else(|_| {
            // A trace is a name, not a secret: without the generator the clock alone must do.
            let mut random = [0; 19];
            random[..16].copy_from_slice(&since_epoch.as_nanos().to_le_bytes());
            random
        });
        Trace::from_parts(
            u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
            random,
        )
    }
}
