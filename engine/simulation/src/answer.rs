//! What the simulated server says: one final answer in one of many forms, and what a reader must make of it.

use crate::random::Chance;

/// An answer, interim ones before it included.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    /// How many of them come before the body.
    pub(crate) head_len: usize,
    pub(crate) status: u16,
    /// The body without its framing.
    pub(crate) content: Vec<u8>,
    /// Its end is the end of the connection.
    pub(crate) until_close: bool,
    /// The connection may be used again after it.
    pub(crate) keeps: bool,
    /// It is to stop a body that is still being sent.
    pub(crate) stops: bool,
    /// How many bytes follow that belong to nothing.
    pub(crate) surplus: usize,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Length,
    Chunks,
    Close,
}

/// What an answer must be; everything else is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) trace: &'a str,
    pub(crate) status: u16,
    pub(crate) frame: Frame,
    pub(crate) location: Option<&'a str>,
    /// Whether it says `Connection: close`.
    pub(crate) closes: bool,
    /// Longest content.
    pub(crate) content_max: u64,
}

impl Answer {
    pub(crate) fn new(chance: &mut Chance, wish: &Wish<'_>) -> Self {
        let mut bytes = Vec::new();
        while chance.percent(10) {
            bytes.extend_from_slice(
                chance
                    .one_of(&[
                        "HTTP/1.1 100 Continue\r\n\r\n",
                        "HTTP/1.1 103 \r\nLink: </a>\r\n\r\n",
                    ])
                    .as_bytes(),
            );
        }
        let bodiless = matches!(wish.status, 204 | 304);
        let old = wish.frame != Frame::Chunks && !bodiless && chance.percent(5);
        let minor = if old { 0 } else { 1 };
        let mut head = format!("HTTP/1.{minor} {} Said\r\n", wish.status);
        let content = if bodiless {
            Vec::new()
        } else {
            content(chance, wish)
        };
        let frame = if bodiless { Frame::Length } else { wish.frame };
        match frame {
            _ if bodiless => {}
            Frame::Length => head += &format!("Content-Length: {}\r\n", content.len()),
            Frame::Chunks => head += "Transfer-Encoding: chunked\r\n",
            Frame::Close => {}
        }
        if let Some(location) = wish.location {
            head += &format!("Location: {location}\r\n");
        }
        if wish.closes {
            head += chance.one_of(&["Connection: close\r\n", "connection: foo, Close\r\n"]);
        }
        head += &format!("X-Echo: {}\r\n\r\n", wish.trace);
        bytes.extend_from_slice(head.as_bytes());
        let head_len = bytes.len();
        match frame {
            Frame::Chunks => chunks(chance, &content, &mut bytes),
            _ => bytes.extend_from_slice(&content),
        }
        let mut answer = Self {
            head_len,
            bytes,
            status: wish.status,
            until_close: frame == Frame::Close,
            keeps: frame != Frame::Close && !wish.closes && !old,
            stops: wish.status >= 300 || wish.closes,
            content,
            surplus: 0,
        };
        if !answer.until_close && chance.percent(2) {
            let surplus = b"HTTP/1.1 200 Stray\r\nContent-Length: 0\r\n\r\n";
            answer.bytes.extend_from_slice(surplus);
            answer.surplus = surplus.len();
            answer.keeps = false;
        }
        answer
    }

    /// Where its last piece begins. What does not belong to it comes with its last byte: if it came later, no reader
    /// could know that it is not the next answer.
    pub(crate) fn tail(&self) -> usize {
        self.len() - usize::from(self.surplus > 0)
    }

    /// Where it ends, what belongs to nothing left out.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.surplus
    }
}

fn content(chance: &mut Chance, wish: &Wish<'_>) -> Vec<u8> {
    let mut content = format!("trace={};", wish.trace).into_bytes();
    let more = match chance.in_range(0..=19) {
        0 => chance.in_range(0..=wish.content_max.saturating_sub(content.len() as u64)),
        _ => chance.in_range(0..=64),
    };
    content.extend((0..more).map(|at| (at * 7) as u8));
    content
}

fn chunks(chance: &mut Chance, mut content: &[u8], out: &mut Vec<u8>) {
    while !content.is_empty() {
        let len = chance.in_range(1..=content.len() as u64) as usize;
        let line = chance.one_of(&["", ";a=b", " "]);
        out.extend_from_slice(format!("{len:x}{line}\r\n").as_bytes());
        out.extend_from_slice(&content[..len]);
        out.extend_from_slice(b"\r\n");
        content = &content[len..];
    }
    out.extend_from_slice(
        chance
            .one_of(&["0\r\n\r\n", "00\r\nX-T: 1\r\n\r\n"])
            .as_bytes(),
    );
}
