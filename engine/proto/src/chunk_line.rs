//! What stands around the bytes of a body that goes out in chunks (RFC 9112 7.1).

/// The most bytes that a chunk's line has.
pub const CHUNK_LINE_BYTES_MAX: usize = 18;

/// What follows the bytes of a chunk.
pub const CHUNK_END: &[u8] = b"\r\n";

/// The last chunk, without trailers: the end of the body.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// The line before the bytes of a chunk: their number in hex, without leading zeros.
///
/// ```
/// use quintet_proto::{CHUNK_END, ChunkLine, LAST_CHUNK};
///
/// let line = ChunkLine::new(26);
/// let body = [line.as_bytes(), b"abcdefghijklmnopqrstuvwxyz", CHUNK_END, LAST_CHUNK].concat();
/// assert_eq!(body, b"1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ChunkLine {
    text: [u8; CHUNK_LINE_BYTES_MAX],
    start: usize,
}

impl ChunkLine {
    /// For a chunk of `len` bytes. A chunk of none would be the last: send [`LAST_CHUNK`] for that.
    pub const fn new(mut len: u64) -> Self {
        let mut text = [0; CHUNK_LINE_BYTES_MAX];
        text[CHUNK_LINE_BYTES_MAX - 2] = b'\r';
        text[CHUNK_LINE_BYTES_MAX - 1] = b'\n';
        let mut start = CHUNK_LINE_BYTES_MAX - 2;
        loop {
            start -= 1;
            text[start] = b"0123456789abcdef"[(len % 16) as usize];
            len /= 16;
            if len == 0 {
                return Self { text, start };
            }
        }
    }

    /// The line, with its line end.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::ChunkLine;

    #[test]
    fn every_length_has_a_line() {
        for (len, line) in [
            (0, "0\r\n"),
            (15, "f\r\n"),
            (16, "10\r\n"),
            (0x40000, "40000\r\n"),
            (u64::MAX, "ffffffffffffffff\r\n"),
        ] {
            assert_eq!(ChunkLine::new(len).as_bytes(), line.as_bytes());
        }
    }
}
