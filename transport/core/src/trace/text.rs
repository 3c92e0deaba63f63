//! A trace as text and back.

use std::error::Error;
use std::fmt::{self, Display, Formatter, Write};
use std::io::ErrorKind;
use std::str::FromStr;
use std::time::Duration;

use super::{Entry, Happened, Trace};

const HEAD: &str = "quintet trace 1";
const TARGET: &str = "target ";

/// Most bytes in one line of text.
const LINE_BYTES_MAX: usize = 96;

/// Kinds of errors by name; any other is written as `Other`.
const KINDS: [ErrorKind; 12] = [
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::ConnectionRefused,
    ErrorKind::BrokenPipe,
    ErrorKind::UnexpectedEof,
    ErrorKind::TimedOut,
    ErrorKind::InvalidData,
    ErrorKind::NotConnected,
    ErrorKind::HostUnreachable,
    ErrorKind::NetworkUnreachable,
    ErrorKind::WriteZero,
    ErrorKind::Other,
];

impl Display for Trace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}\n{TARGET}{}", self.target)?;
        self.entries.iter().try_for_each(|entry| entry.fmt(f))
    }
}

impl Display for Entry {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let at = format!("{}.{:09}", self.at.as_secs(), self.at.subsec_nanos());
        match &self.what {
            Happened::Sent(bytes) => write_bytes(f, &at, '>', bytes),
            Happened::Received(bytes) => write_bytes(f, &at, '<', bytes),
            Happened::Closed => writeln!(f, "{at} closed"),
            Happened::Ended => writeln!(f, "{at} ended"),
            Happened::Failed(kind) => {
                let known = KINDS.iter().find(|known| *known == kind);
                writeln!(f, "{at} failed {:?}", known.unwrap_or(&ErrorKind::Other))
            }
            Happened::LeftOut => writeln!(f, "{at} left out"),
        }
    }
}

fn write_bytes(f: &mut Formatter<'_>, at: &str, mark: char, bytes: &[u8]) -> fmt::Result {
    let mut before = at.to_owned();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        for piece in line.chunks(LINE_BYTES_MAX) {
            write!(f, "{before} {mark} ")?;
            for (index, byte) in piece.iter().enumerate() {
                match byte {
                    b'\r' => f.write_str("\\r")?,
                    b'\n' => f.write_str("\\n")?,
                    b'\t' => f.write_str("\\t")?,
                    b'\\' => f.write_str("\\\\")?,
                    b' ' if index + 1 == piece.len() => f.write_str("\\x20")?,
                    b' '..=b'~' => f.write_char(char::from(*byte))?,
                    _ => write!(f, "\\x{byte:02x}")?,
                }
            }
            f.write_char('\n')?;
            before = " ".repeat(at.len());
        }
    }
    Ok(())
}

/// What is wrong with the text of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceError {
    /// Counted from 1.
    pub line: usize,
    what: &'static str,
}

impl Display for TraceError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the trace: {}", self.line, self.what)
    }
}

impl Error for TraceError {}

impl FromStr for Trace {
    type Err = TraceError;

    fn from_str(text: &str) -> Result<Self, TraceError> {
        let mut lines = text.lines();
        let at = |line, what| TraceError { line, what };
        if lines.next() != Some(HEAD) {
            return Err(at(1, "must be \"quintet trace 1\""));
        }
        let target = lines.next().and_then(|line| line.strip_prefix(TARGET));
        let mut trace = Trace {
            target: target.ok_or(at(2, "must name the target"))?.to_owned(),
            entries: Vec::new(),
        };
        for (line, number) in lines.zip(3..) {
            add_line(&mut trace.entries, line).map_err(|what| at(number, what))?;
        }
        Ok(trace)
    }
}

fn add_line(entries: &mut Vec<Entry>, line: &str) -> Result<(), &'static str> {
    let (stamp, rest) = match line.trim_start().len() == line.len() {
        true => line
            .split_once(' ')
            .ok_or("must have a time and what happened")?,
        false => ("", line.trim_start()),
    };
    if stamp.is_empty() {
        return match (
            entries.last_mut().map(|entry| &mut entry.what),
            rest.get(..2),
        ) {
            (Some(Happened::Sent(bytes)), Some("> "))
            | (Some(Happened::Received(bytes)), Some("< ")) => read_bytes(bytes, &rest[2..]),
            _ => Err("goes on with nothing"),
        };
    }
    let mut bytes = Vec::new();
    let what = match rest {
        "closed" => Happened::Closed,
        "ended" => Happened::Ended,
        "left out" => Happened::LeftOut,
        _ => match rest.split_once(' ') {
            Some((">", text)) => {
                read_bytes(&mut bytes, text)?;
                Happened::Sent(bytes)
            }
            Some(("<", text)) => {
                read_bytes(&mut bytes, text)?;
                Happened::Received(bytes)
            }
            Some(("failed", name)) => {
                let kind = KINDS.iter().find(|kind| format!("{kind:?}") == name);
                Happened::Failed(*kind.ok_or("names no kind of error that traces know")?)
            }
            _ => return Err("says nothing that traces know"),
        },
    };
    let at = read_time(stamp).ok_or("must begin with seconds and nine decimals")?;
    entries.push(Entry { at, what });
    Ok(())
}

fn read_time(text: &str) -> Option<Duration> {
    let (seconds, nanos) = text.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if nanos.len() != 9 || !digits(nanos) || !digits(seconds) {
        return None;
    }
    Some(Duration::new(seconds.parse().ok()?, nanos.parse().ok()?))
}

fn read_bytes(bytes: &mut Vec<u8>, text: &str) -> Result<(), &'static str> {
    const WRONG: &str = "holds an escape that traces do not know";
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next().ok_or(WRONG)? {
                b'r' => b'\r',
                b'n' => b'\n',
                b't' => b'\t',
                b'\\' => b'\\',
                b'x' => {
                    let mut digit = || char::from(rest.next()?).to_digit(16);
                    let (high, low) = (digit().ok_or(WRONG)?, digit().ok_or(WRONG)?);
                    (high * 16 + low) as u8
                }
                _ => return Err(WRONG),
            },
            b' '..=b'~' => byte,
            _ => return Err("holds a byte that must be escaped"),
        });
    }
    Ok(())
}
