//! A fuzzer's bytes as values, taken from the front, so that a seed can be written by hand.

use std::hash::{DefaultHasher, Hash, Hasher};

use arbitrary::Unstructured;

/// What is left of the bytes. Every value is there: at the end they are zeros and empty texts.
pub(crate) struct Input<'a>(Unstructured<'a>);

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// A length in one byte, and as many bytes, or all that are left.
    pub(crate) fn bytes(&mut self) -> &'a [u8] {
        let len = usize::from(self.byte()).min(self.0.len());
        self.0.bytes(len).unwrap_or_default()
    }

    /// As [`bytes`](Self::bytes), what is not UTF-8 replaced.
    pub(crate) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// A text or, if its first byte is 0, none.
    pub(crate) fn text_or_none(&mut self) -> Option<String> {
        (self.byte() != 0).then(|| self.text())
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0.take_rest()
    }
}

/// `bytes` in pieces: as many bytes in each as `lengths` says, and what is left in the last.
pub(crate) fn cut<'a>(mut bytes: &'a [u8], lengths: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for length in lengths {
        let (piece, rest) = bytes.split_at(usize::from(*length).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces.push(bytes);
    pieces
}

/// Another number for each input: a text made of it is in none, while a fuzzer soon says any that is always the same.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
