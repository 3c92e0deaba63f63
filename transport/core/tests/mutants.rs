//! Every rule of the conformance kit catches a connection that breaks it: each mutant is wrong in one way, and the kit names
//! that rule and, but where a defect shows in two places, no other.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::io::{self, IoSlice, Read, Seek, SeekFrom};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use quintet_transport::conformance::{Far, Kit, Pair, RULES, Report};
use quintet_transport::{Connection, FileSend, Info, Secured};

/// What is wrong with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Nothing,
    TakesNoSingleByte,
    TellsMoreThanOffered,
    SkipsAByte,
    SwapsBytes,
    VectoredFromTheBack,
    VectoredTellsMore,
    WritesAgainWhileWaiting,
    BuffersWithoutBound,
    KeepsBytesBack,
    GarblesARead,
    ReadsMoreThanFits,
    SpuriousReadIsTheEnd,
    SpuriousReadLosesAByte,
    ReadsNotWhileWriting,
    KeepsTheFirstReader,
    KeepsTheFirstWriter,
    OneWakerForBoth,
    EndAtOnceIsAnError,
    EndLosesBytes,
    EndOnlyOnce,
    TruncationIsTheEnd,
    TruncationIsAnotherError,
    ResetReadsAsEnd,
    ResetReadWaits,
    ResetWriteSucceeds,
    CloseDoesNothing,
    CloseEndsReading,
    CloseTwiceFails,
    CloseTwiceWaits,
    DropLeaks,
    DropSaysGoodbye,
    AckedAboveTaken,
    AckedFalls,
    AckedForgets,
    MovedWithoutWrites,
    MovedWithoutReads,
    FileFromBefore,
    FileLongerThanAsked,
    FileOvertakes,
    FileWithoutEnd,
    FileEndWaits,
    TellsNonsense,
}

/// Each with the rules that it breaks.
const TABLE: &[(Wrong, &[&str])] = &[
    (Wrong::Nothing, &[]),
    (Wrong::TakesNoSingleByte, &["write-takes-some"]),
    (Wrong::TellsMoreThanOffered, &["write-takes-some"]),
    (Wrong::SkipsAByte, &["write-in-order"]),
    (Wrong::SwapsBytes, &["write-in-order"]),
    (Wrong::VectoredFromTheBack, &["vectored-in-order"]),
    (Wrong::VectoredTellsMore, &["vectored-in-order"]),
    (
        Wrong::WritesAgainWhileWaiting,
        &["pending-write-takes-nothing"],
    ),
    (Wrong::BuffersWithoutBound, &["backpressure"]),
    (Wrong::KeepsBytesBack, &["taken-is-below"]),
    (Wrong::GarblesARead, &["read-in-order"]),
    (Wrong::ReadsMoreThanFits, &["read-within-buffer"]),
    (Wrong::SpuriousReadIsTheEnd, &["pending-read-loses-nothing"]),
    (
        Wrong::SpuriousReadLosesAByte,
        &["pending-read-loses-nothing"],
    ),
    (Wrong::ReadsNotWhileWriting, &["both-ways"]),
    (Wrong::KeepsTheFirstReader, &["reader-woken"]),
    (
        Wrong::KeepsTheFirstWriter,
        &["writer-woken", "wakers-apart"],
    ),
    (Wrong::OneWakerForBoth, &["wakers-apart"]),
    (Wrong::EndAtOnceIsAnError, &["end-at-once"]),
    (Wrong::EndLosesBytes, &["end-after-bytes"]),
    (Wrong::EndOnlyOnce, &["end-stays"]),
    (Wrong::TruncationIsTheEnd, &["end-without-alert"]),
    (Wrong::TruncationIsAnotherError, &["end-without-alert"]),
    (Wrong::ResetReadsAsEnd, &["reset-while-reading"]),
    (Wrong::ResetReadWaits, &["reset-while-reading"]),
    (Wrong::ResetWriteSucceeds, &["reset-while-writing"]),
    (Wrong::CloseDoesNothing, &["close-reaches-peer"]),
    (Wrong::CloseEndsReading, &["close-leaves-reading"]),
    (Wrong::CloseTwiceFails, &["close-again"]),
    (Wrong::CloseTwiceWaits, &["close-again"]),
    (Wrong::DropLeaks, &["drop-ends"]),
    (Wrong::DropSaysGoodbye, &["drop-writes-nothing"]),
    (Wrong::AckedAboveTaken, &["acked-within-taken"]),
    (Wrong::AckedFalls, &["acked-never-falls"]),
    (Wrong::AckedForgets, &["acked-never-falls"]),
    (Wrong::MovedWithoutWrites, &["moved-tells"]),
    (Wrong::MovedWithoutReads, &["moved-tells"]),
    (Wrong::FileFromBefore, &["file-range"]),
    (Wrong::FileLongerThanAsked, &["file-range"]),
    (Wrong::FileOvertakes, &["file-range"]),
    (Wrong::FileWithoutEnd, &["file-end"]),
    (Wrong::FileEndWaits, &["file-end"]),
];

/// Every pipe holds so much.
const CAPACITY: usize = 3000;

fn check(wrong: Wrong) -> Report {
    // Everything happens inside the calls: what has not happened after a few looks never will.
    let kit = Kit::default().patience(90).buffered_max(1 << 20);
    kit.check_blocking(async || {
        let wire = Shared::default();
        let mutant = Mutant::new(wrong, wire.clone());
        Ok::<_, io::Error>(Pair::new(mutant, Peer(wire)))
    })
}

#[test]
fn each_mutant_is_caught_by_its_rule_and_no_other() {
    let mut failures = Vec::new();
    for (wrong, expected) in TABLE {
        let report = check(*wrong);
        let broken: Vec<_> = report.broken().collect();
        if broken != *expected {
            failures.push(format!("{wrong:?}: {report}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn whatever_a_connection_tells_the_kit_does_not_panic() {
    let report = check(Wrong::TellsNonsense);
    assert!(report.broken().count() > 10, "{report}");
}

#[test]
fn each_rule_has_a_mutant() {
    let caught: BTreeSet<_> = TABLE.iter().flat_map(|(_, rules)| *rules).collect();
    let all: BTreeSet<_> = RULES.iter().map(|rule| &rule.name).collect();
    assert_eq!(caught, all);
}

#[test]
fn a_report_tells_rule_sentence_seen_and_expected() {
    let told = check(Wrong::CloseTwiceFails).to_string();
    for piece in [
        "BROKEN: close-again",
        "rule:     Closing again is ready and no error.",
        "seen:     closing failed: ",
        "expected: no error",
        "28 of 29 rules held",
    ] {
        assert!(told.contains(piece), "{piece} in {told}");
    }
}

/// Both directions, and what each end has done.
#[derive(Default)]
struct Wire {
    there: VecDeque<u8>,
    back: VecDeque<u8>,
    near_ended: bool,
    near_gone: bool,
    far_ended: bool,
    truncated: bool,
    reset: bool,
    writer: Option<Waker>,
    reader: Option<Waker>,
}

type Shared = Rc<RefCell<Wire>>;

/// The far end.
struct Peer(Shared);

impl Peer {
    fn wake(waker: &mut Option<Waker>) {
        if let Some(waker) = waker.take() {
            waker.wake();
        }
    }
}

impl Far for Peer {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut wire = self.0.borrow_mut();
        let went = buf.len().min(CAPACITY - wire.back.len());
        if went == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        wire.back.extend(&buf[..went]);
        Self::wake(&mut wire.reader);
        Ok(went)
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut wire = self.0.borrow_mut();
        let given = wire.there.len().min(buf.len());
        for (to, from) in buf.iter_mut().zip(wire.there.drain(..given)) {
            *to = from;
        }
        match given {
            0 if wire.near_ended || wire.near_gone => Ok(0),
            0 => Err(io::ErrorKind::WouldBlock.into()),
            _ => {
                Self::wake(&mut wire.writer);
                Ok(given)
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.0.borrow_mut().far_ended = true;
        Ok(())
    }

    fn reset(self: Box<Self>) {
        self.0.borrow_mut().reset = true;
    }

    fn truncate(self: Box<Self>) {
        self.0.borrow_mut().truncated = true;
    }
}

/// A connection that says it is secured, sends files, and is wrong in one way.
struct Mutant {
    wrong: Wrong,
    wire: Shared,
    taken: u64,
    read: u64,
    held: Vec<u8>,
    full: u32,
    waited: u32,
    end_told: bool,
    closed: u32,
    infos: Cell<u64>,
}

/// Only the rules about order go so far.
const FAR_ON: u64 = 100_000;

impl Mutant {
    fn new(wrong: Wrong, wire: Shared) -> Self {
        Self {
            wrong,
            wire,
            taken: 0,
            read: 0,
            held: Vec::new(),
            full: 0,
            waited: 0,
            end_told: false,
            closed: 0,
            infos: Cell::new(0),
        }
    }

    /// Room for more, or a waker that waits for it.
    fn poll_room(&mut self, cx: &mut Context<'_>, first: Option<u8>) -> Poll<usize> {
        let wire = &mut *self.wire.borrow_mut();
        let room = match self.wrong {
            Wrong::BuffersWithoutBound => usize::MAX,
            _ => CAPACITY.saturating_sub(wire.there.len()),
        };
        if room > 0 {
            self.full = 0;
            return Poll::Ready(room);
        }
        self.full += 1;
        if self.wrong == Wrong::WritesAgainWhileWaiting && self.full > 10 {
            wire.there.extend(first);
        }
        match (self.wrong, &mut wire.writer) {
            (Wrong::KeepsTheFirstWriter, Some(_)) => {}
            (Wrong::OneWakerForBoth, _) => {
                wire.reader = None;
                wire.writer = Some(cx.waker().clone());
            }
            (_, writer) => *writer = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    fn take(&mut self, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        let passes = (self.taken..self.taken + bytes.len() as u64).contains(&FAR_ON);
        match self.wrong {
            Wrong::SkipsAByte if passes => drop(bytes.pop()),
            Wrong::SwapsBytes if passes => bytes.reverse(),
            Wrong::KeepsBytesBack if self.taken == 0 && bytes.len() == 1000 => {
                self.held = std::mem::take(&mut bytes);
            }
            _ => {}
        }
        self.wire.borrow_mut().there.extend(bytes);
    }

    fn end(&mut self, waker: &Waker) -> Poll<io::Result<usize>> {
        let truncated = self.wire.borrow().truncated;
        match self.wrong {
            Wrong::TruncationIsAnotherError if truncated => {
                Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
            }
            Wrong::TruncationIsTheEnd if truncated => Poll::Ready(Ok(0)),
            _ if truncated => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Wrong::EndAtOnceIsAnError if self.read == 0 => {
                Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()))
            }
            Wrong::EndOnlyOnce if self.end_told => {
                self.wire.borrow_mut().reader = Some(waker.clone());
                Poll::Pending
            }
            _ => {
                self.end_told = true;
                Poll::Ready(Ok(0))
            }
        }
    }

    fn wait_to_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.waited += 1;
        if self.wrong == Wrong::SpuriousReadIsTheEnd && self.waited > 3 {
            return Poll::Ready(Ok(0));
        }
        let wire = &mut *self.wire.borrow_mut();
        match (self.wrong, &mut wire.reader) {
            (Wrong::KeepsTheFirstReader, Some(_)) => {}
            (Wrong::OneWakerForBoth, _) => {
                wire.writer = None;
                wire.reader = Some(cx.waker().clone());
            }
            (_, reader) => *reader = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

fn reset() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

impl Connection for Mutant {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.wire.borrow().reset {
            return Poll::Ready(match self.wrong {
                Wrong::ResetWriteSucceeds => Ok(buf.len()),
                _ => Err(reset()),
            });
        }
        if self.wrong == Wrong::TakesNoSingleByte && self.taken == 0 && buf.len() == 1 {
            return Poll::Ready(Ok(0));
        }
        if self.wrong == Wrong::TellsNonsense {
            return Poll::Ready(Ok(usize::MAX));
        }
        let room = std::task::ready!(self.poll_room(cx, buf.first().copied()));
        let taken = room.min(buf.len());
        self.take(&buf[..taken]);
        self.taken += taken as u64;
        match self.wrong {
            Wrong::TellsMoreThanOffered if buf.len() == 11 => Poll::Ready(Ok(taken + 1)),
            _ => Poll::Ready(Ok(taken)),
        }
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut bytes: Vec<_> = bufs.iter().flat_map(|buf| buf.to_vec()).collect();
        if self.wrong == Wrong::VectoredFromTheBack {
            bytes = bufs.iter().rev().flat_map(|buf| buf.to_vec()).collect();
        }
        let taken = std::task::ready!(self.poll_write(cx, &bytes))?;
        match self.wrong {
            Wrong::VectoredTellsMore => Poll::Ready(Ok(bytes.len() + 1)),
            _ => Poll::Ready(Ok(taken)),
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.wrong == Wrong::TellsNonsense {
            return Poll::Ready(Ok(usize::MAX));
        }
        let (reset_by_peer, ended, empty, full) = {
            let wire = self.wire.borrow();
            let ended = wire.far_ended || wire.truncated;
            let full = wire.there.len() >= CAPACITY;
            (wire.reset, ended, wire.back.is_empty(), full)
        };
        match self.wrong {
            Wrong::ResetReadsAsEnd if reset_by_peer => return Poll::Ready(Ok(0)),
            Wrong::ResetReadWaits if reset_by_peer => return self.wait_to_read(cx),
            _ if reset_by_peer => return Poll::Ready(Err(reset())),
            Wrong::CloseEndsReading if self.closed > 0 => return Poll::Ready(Ok(0)),
            Wrong::ReadsNotWhileWriting if full => return self.wait_to_read(cx),
            Wrong::EndLosesBytes if ended => return self.end(cx.waker()),
            _ if empty && ended => return self.end(cx.waker()),
            _ if empty => return self.wait_to_read(cx),
            _ => {}
        }
        let wire = &mut *self.wire.borrow_mut();
        if self.wrong == Wrong::SpuriousReadLosesAByte && self.waited > 3 {
            wire.back.pop_front();
        }
        self.waited = 0;
        let given = wire.back.len().min(buf.len());
        for (to, from) in buf.iter_mut().zip(wire.back.drain(..given)) {
            *to = from;
        }
        let passes = (self.read..self.read + given as u64).contains(&FAR_ON);
        self.read += given as u64;
        match self.wrong {
            Wrong::GarblesARead if passes => buf[..given].reverse(),
            Wrong::ReadsMoreThanFits if buf.len() == 3 => return Poll::Ready(Ok(given + 1)),
            _ => {}
        }
        Poll::Ready(Ok(given))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.closed += 1;
        match self.wrong {
            Wrong::CloseDoesNothing => return Poll::Ready(Ok(())),
            Wrong::CloseTwiceFails if self.closed > 1 => {
                return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
            }
            Wrong::CloseTwiceWaits if self.closed > 1 => return Poll::Pending,
            _ => {}
        }
        self.wire.borrow_mut().near_ended = true;
        Poll::Ready(Ok(()))
    }

    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        mut file: &File,
        offset: u64,
        len: u64,
    ) -> Poll<io::Result<FileSend>> {
        if self.wrong == Wrong::TellsNonsense {
            return Poll::Ready(Ok(FileSend::Sent(u64::MAX)));
        }
        let from = match self.wrong {
            Wrong::FileFromBefore if offset > 1000 => offset - 1,
            _ => offset,
        };
        let more = match self.wrong {
            Wrong::FileLongerThanAsked => 5,
            _ => 0,
        };
        let room = std::task::ready!(self.poll_room(cx, None)) as u64;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.take(len.min(room) + more).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            match self.wrong {
                Wrong::FileWithoutEnd => bytes.push(0),
                Wrong::FileEndWaits => return Poll::Pending,
                _ => {}
            }
        }
        let sent = (bytes.len() as u64).min(len);
        self.taken += sent;
        let wire = &mut *self.wire.borrow_mut();
        match self.wrong {
            Wrong::FileOvertakes => bytes
                .iter()
                .rev()
                .for_each(|byte| wire.there.push_front(*byte)),
            _ => wire.there.extend(bytes),
        }
        Poll::Ready(Ok(FileSend::Sent(sent)))
    }

    fn info(&self) -> Info {
        let infos = self.infos.replace(self.infos.get() + 1);
        let acked = self
            .taken
            .saturating_sub(self.wire.borrow().there.len() as u64);
        let mut info = Info::default();
        info.acked = match self.wrong {
            Wrong::AckedAboveTaken => Some(self.taken + 1),
            Wrong::AckedFalls if infos == 5 => Some(0),
            Wrong::AckedForgets if infos == 5 => None,
            // Its buffers hold what nobody has taken.
            Wrong::WritesAgainWhileWaiting | Wrong::FileLongerThanAsked => None,
            _ => Some(acked),
        };
        info.moved = match self.wrong {
            Wrong::MovedWithoutWrites => self.read,
            Wrong::MovedWithoutReads => self.taken,
            _ => self.taken + self.read,
        };
        info.secured = Some(Secured::new("TLSv1.3", "", false));
        info
    }
}

impl Drop for Mutant {
    fn drop(&mut self) {
        let mut wire = self.wire.borrow_mut();
        if self.wrong == Wrong::DropSaysGoodbye {
            wire.there.extend(b"bye");
        }
        wire.near_gone = self.wrong != Wrong::DropLeaks;
    }
}
