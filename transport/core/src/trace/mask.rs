//! Secrets out of a stream of bytes, however it is cut into pieces.

use std::sync::Arc;

/// Headers whose values are never recorded.
pub const SECRET_HEADERS: [&str; 4] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
];

/// One direction of a connection, a byte at a time.
pub(super) struct Mask {
    secret: Arc<[String]>,
    /// The longest name among them: a longer line start is none of them.
    longest: usize,
    place: Place,
    /// The beginning of the line, in lower case.
    name: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In what may be a header's name.
    Name,
    /// In a line that is no secret.
    Plain,
    /// In a secret's value.
    Secret,
    /// At the start of a line after a secret's: one that begins with a blank goes on with it.
    AfterSecret,
}

impl Mask {
    /// `secret` in lower case.
    pub(super) fn new(secret: Arc<[String]>) -> Self {
        Self {
            longest: secret.iter().map(String::len).max().unwrap_or(0),
            secret,
            place: Place::Name,
            name: Vec::new(),
        }
    }

    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.next(*byte);
        }
    }

    fn next(&mut self, byte: u8) -> u8 {
        if self.place == Place::AfterSecret {
            self.place = match byte {
                b' ' | b'\t' => Place::Secret,
                _ => Place::Name,
            };
        }
        match (self.place, byte) {
            (Place::Secret, b'\n') => self.begin_line(Place::AfterSecret),
            (_, b'\n') => self.begin_line(Place::Name),
            (Place::Secret, b'\r' | b' ' | b'\t') => {}
            (Place::Secret, _) => return b'*',
            (Place::Name, b':') => self.place = self.value(),
            (Place::Name, _) if self.name.len() == self.longest => self.place = Place::Plain,
            // A blank before the colon is an error that some peers forgive.
            (Place::Name, b' ' | b'\t') => {}
            (Place::Name, _) => self.name.push(byte.to_ascii_lowercase()),
            (Place::Plain | Place::AfterSecret, _) => {}
        }
        byte
    }

    fn begin_line(&mut self, place: Place) {
        self.place = place;
        self.name.clear();
    }

    fn value(&self) -> Place {
        let secret = |name: &String| name.as_bytes() == self.name;
        match self.secret.iter().any(secret) {
            true => Place::Secret,
            false => Place::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(pieces: &[&str]) -> String {
        let mut mask = Mask::new(["cookie", "x-key"].map(String::from).into());
        let mut all = Vec::new();
        for piece in pieces {
            let mut bytes = piece.as_bytes().to_vec();
            mask.apply(&mut bytes);
            all.extend(bytes);
        }
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn values_are_masked_in_any_case_and_any_pieces() {
        let head = "GET /cookie: HTTP/1.1\r\nCOOKIE: a=b; c\r\n d\r\nx-key :k:k\r\nx-keys: open\r\nx-ke: y\r\n\r\n";
        let hidden = "GET /cookie: HTTP/1.1\r\nCOOKIE: **** *\r\n *\r\nx-key :***\r\nx-keys: open\r\nx-ke: y\r\n\r\n";
        assert_eq!(masked(&[head]), hidden);
        for at in 0..head.len() {
            let (one, two) = head.split_at(at);
            assert_eq!(masked(&[one, two]), hidden, "cut at {at}");
        }
    }
}
