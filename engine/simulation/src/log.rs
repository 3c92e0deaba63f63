//! The trace of a run: every event, outcome and byte boundary in order, as one number, and as text if asked.

use std::fmt;
use std::hash::{DefaultHasher, Hasher};

/// Hashes what happens; prints it too, if it was asked to.
#[derive(Debug)]
pub(crate) struct Log {
    hasher: DefaultHasher,
    lines: Option<Vec<String>>,
}

impl Log {
    pub(crate) fn new(verbose: bool) -> Self {
        Self {
            hasher: DefaultHasher::new(),
            lines: verbose.then(Vec::new),
        }
    }

    /// `words` say the same as `text`, which is made only for a reader.
    pub(crate) fn note(&mut self, at: u64, words: &[u64], text: impl FnOnce() -> String) {
        self.hasher.write_u64(at);
        for word in words {
            self.hasher.write_u64(*word);
        }
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{at:>9} ms  {}", text()));
        }
    }

    pub(crate) fn finish(self) -> (u64, Vec<String>) {
        (self.hasher.finish(), self.lines.unwrap_or_default())
    }
}

/// A number for anything that can be printed: for the hash only.
pub(crate) fn word(value: &impl fmt::Debug) -> u64 {
    struct Into(DefaultHasher);
    impl fmt::Write for Into {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut into = Into(DefaultHasher::new());
    // Writing into a hasher cannot fail.
    let _ = fmt::write(&mut into, format_args!("{value:?}"));
    into.0.finish()
}
