//! Readers, which may block for as long as they like: each is read on a thread of its own, a bounded piece ahead.
//!
//! ```text
//!   Awaited ──► Held ──first poll──► Ahead (a thread reads) ──asked for what was given──► Awaited, if it can seek
//!                 └──blocking reads──► Held
//! ```
//!
//! A reader that was not read goes back to its slot, where the next upload finds it, and so does one that can seek: as
//! soon as the thread has let go of it, which is what Awaited waits for.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::thread;

use quintet_proto::UNKNOWN_LENGTH;

use super::{FileError, OpenSource, Opened, Source, SourceState};

/// Size of one read: small enough for a thread's stack.
const READ_BYTES: usize = 64 * 1024;
/// How much is read ahead of what is sent.
const AHEAD_BYTES: usize = 256 * 1024;

/// Where a reader stands that another one may have moved.
const PLACE_UNKNOWN: u64 = u64::MAX;

/// A caller's reader.
trait Input: Read + Send {
    /// Goes to a place; `None` if it cannot.
    fn go_to(&mut self, place: u64) -> Option<io::Result<()>>;
}

struct Once<R>(R);

impl<R: Read> Read for Once<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl<R: Read + Send> Input for Once<R> {
    fn go_to(&mut self, _place: u64) -> Option<io::Result<()>> {
        None
    }
}

struct Seeks<R>(R);

impl<R: Read> Read for Seeks<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl<R: Read + Seek + Send> Input for Seeks<R> {
    fn go_to(&mut self, place: u64) -> Option<io::Result<()>> {
        Some(self.0.seek(SeekFrom::Start(place)).map(drop))
    }
}

/// Where a reader lies while no upload has it.
struct Slot {
    state: Mutex<SlotState>,
    returned: Condvar,
}

struct SlotState {
    input: Option<Box<dyn Input>>,
    /// It failed, and does not come back.
    is_lost: bool,
    waiting: Vec<Waker>,
}

impl Slot {
    fn new(input: impl Input + 'static) -> Arc<Self> {
        let state = SlotState {
            input: Some(Box::new(input)),
            is_lost: false,
            waiting: Vec::new(),
        };
        Arc::new(Self {
            state: Mutex::new(state),
            returned: Condvar::new(),
        })
    }

    fn take(&self) -> Option<Box<dyn Input>> {
        lock(&self.state).input.take()
    }

    /// Gives the reader back, or the word that it is lost.
    fn give_back(&self, input: Option<Box<dyn Input>>) {
        let mut state = lock(&self.state);
        state.is_lost = input.is_none();
        state.input = input;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.returned.notify_all();
        waiting.into_iter().for_each(Waker::wake);
    }

    fn poll_take(&self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Input>>> {
        let mut state = lock(&self.state);
        match state.input.take() {
            Some(input) => Poll::Ready(Ok(input)),
            None if state.is_lost => Poll::Ready(Err(gone())),
            None => {
                state.waiting.push(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn wait_take(&self) -> io::Result<Box<dyn Input>> {
        let away = |state: &mut SlotState| state.input.is_none() && !state.is_lost;
        let state = self.returned.wait_while(lock(&self.state), away);
        let input = state.unwrap_or_else(PoisonError::into_inner).input.take();
        input.ok_or_else(gone)
    }
}

/// A reader as the caller gave it.
pub(super) struct Reader {
    slot: Arc<Slot>,
    len: Option<u64>,
    seeks: bool,
}

impl Reader {
    pub(super) fn once(reader: impl Read + Send + 'static, len: Option<u64>) -> Self {
        Self {
            slot: Slot::new(Once(reader)),
            len: len.map(|len| len.min(UNKNOWN_LENGTH - 1)),
            seeks: false,
        }
    }

    pub(super) fn seekable(mut reader: impl Read + Seek + Send + 'static) -> io::Result<Self> {
        let len = reader.seek(SeekFrom::End(0))?;
        Ok(Self {
            slot: Slot::new(Seeks(reader)),
            len: Some(len),
            seeks: true,
        })
    }
}

impl OpenSource for Reader {
    fn open(&self) -> Result<Opened, FileError> {
        let run = match self.slot.take() {
            Some(input) => Run::Held { input, at: 0 },
            None if self.seeks && !lock(&self.slot.state).is_lost => Run::Awaited,
            None => return Err(FileError::Spent),
        };
        let len = self.len.unwrap_or(UNKNOWN_LENGTH);
        let state = SourceState {
            len,
            modified: None,
        };
        Ok(Opened {
            source: Box::new(Reading {
                slot: self.slot.clone(),
                len,
                seeks: self.seeks,
                at: Cell::new(0),
                is_longer: Cell::new(false),
                run: RefCell::new(run),
            }),
            state,
        })
    }
}

/// A reader that an upload has.
struct Reading {
    slot: Arc<Slot>,
    len: u64,
    seeks: bool,
    /// How far it was given out.
    at: Cell<u64>,
    /// It has more than was promised.
    is_longer: Cell<bool>,
    run: RefCell<Run>,
}

enum Run {
    /// Another upload has it, or a thread that has yet to let go of it.
    Awaited,
    /// Nobody reads, and this is the place that it has come to.
    Held {
        input: Box<dyn Input>,
        at: u64,
    },
    Ahead(Arc<Pipe>),
    /// It could not be read, or a thread could not be had.
    Lost,
}

impl Source for Reading {
    fn state(&self) -> io::Result<SourceState> {
        let len = self.len.saturating_add(u64::from(self.is_longer.get()));
        Ok(SourceState {
            len,
            modified: None,
        })
    }

    /// For those who may wait: reads on their own thread.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut run = self.run.borrow_mut();
        if let Run::Awaited = *run {
            let (input, at) = (self.slot.wait_take()?, PLACE_UNKNOWN);
            *run = Run::Held { input, at };
        }
        let Run::Held { input, at } = &mut *run else {
            return Err(io::Error::other("the source is read by a thread"));
        };
        let read = guarded(|| {
            move_to(&mut **input, *at, offset)?;
            *at = offset;
            let read = read_some(&mut **input, buf)?;
            *at += read as u64;
            if *at == self.len && read > 0 {
                let more = read_some(&mut **input, &mut [0])?;
                *at += more as u64;
                self.is_longer.set(more > 0);
            }
            Ok(read)
        });
        match read {
            Ok(read) => self.at.set(offset + read as u64),
            Err(_) => {
                *run = Run::Lost;
                self.slot.give_back(None);
            }
        }
        read
    }

    fn poll_read_at(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        offset: u64,
    ) -> Poll<io::Result<usize>> {
        let mut run = self.run.borrow_mut();
        if offset != self.at.get()
            && let Run::Ahead(pipe) = &*run
        {
            if !self.seeks {
                return Poll::Ready(Err(read_once()));
            }
            // The thread gives the reader back, and another one begins where it is wanted.
            pipe.stop();
            *run = Run::Awaited;
        }
        if let Run::Awaited = *run {
            let (input, at) = (ready!(self.slot.poll_take(cx))?, PLACE_UNKNOWN);
            *run = Run::Held { input, at };
        }
        if let Run::Held { .. } = *run
            && let Run::Held { input, at } = std::mem::replace(&mut *run, Run::Lost)
        {
            let begun = read_ahead(input, at, offset, self.slot.clone(), self.seeks);
            *run = Run::Ahead(begun.inspect_err(|_| self.slot.give_back(None))?);
            self.at.set(offset);
        }
        let Run::Ahead(pipe) = &*run else {
            return Poll::Ready(Err(gone()));
        };
        let left = self.len.saturating_sub(offset);
        let read = ready!(pipe.poll_read(cx, buf, left))?;
        self.at.set(offset + read as u64);
        self.is_longer
            .set(read as u64 > left || pipe.has_more_than(left, read));
        Poll::Ready(Ok(read))
    }

    fn reads_again(&self) -> bool {
        self.seeks || self.at.get() == 0
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        match std::mem::replace(self.run.get_mut(), Run::Lost) {
            Run::Held { input, .. } if self.seeks || self.at.get() == 0 => {
                self.slot.give_back(Some(input));
            }
            Run::Ahead(pipe) => pipe.stop(),
            Run::Held { .. } | Run::Awaited | Run::Lost => {}
        }
    }
}

/// What was read ahead, between the thread that reads and the upload.
struct Pipe {
    state: Mutex<PipeState>,
    moved: Condvar,
}

struct PipeState {
    bytes: VecDeque<u8>,
    /// The reader's end, or what went wrong with it.
    end: Option<io::Result<()>>,
    /// Nobody wants more.
    stopped: bool,
    /// What comes next is waited for, though there may be no room.
    awaited: bool,
    waker: Option<Waker>,
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, PipeState> {
        lock(&self.state)
    }

    /// Reads what is there. The last of `left` bytes is given only together with the word that no more follow, or with
    /// what follows.
    fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        left: u64,
    ) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        let there = state.bytes.len();
        let awaits_end = there as u64 == left && there <= buf.len();
        if state.end.is_none() && (there == 0 || awaits_end) {
            state.waker = Some(cx.waker().clone());
            state.awaited = true;
            drop(state);
            self.moved.notify_one();
            return Poll::Pending;
        }
        match &state.end {
            Some(Err(error)) if there == 0 || awaits_end => {
                return Poll::Ready(Err(io::Error::new(error.kind(), error.to_string())));
            }
            Some(Ok(())) if there == 0 => return Poll::Ready(Ok(0)),
            _ => {}
        }
        let mut read = 0;
        // Its bytes lie in two pieces.
        while read < buf.len() && !state.bytes.is_empty() {
            read += state.bytes.read(&mut buf[read..])?;
        }
        drop(state);
        self.moved.notify_one();
        Poll::Ready(Ok(read))
    }

    /// Whether, after `read` of the `left` bytes that were promised, one too many is here.
    fn has_more_than(&self, left: u64, read: usize) -> bool {
        (self.lock().bytes.len() as u64) > left.saturating_sub(read as u64)
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.moved.notify_one();
    }

    /// Gives what was read, once there is room. Returns whether anybody wants more.
    fn give(&self, piece: &[u8]) -> bool {
        let full = |state: &mut PipeState| {
            !state.stopped && !state.awaited && state.bytes.len() + piece.len() > AHEAD_BYTES
        };
        let state = self.moved.wait_while(self.lock(), full);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if !state.stopped {
            // Into memory: it cannot fail.
            let _ = state.bytes.write_all(piece);
            state.awaited = false;
            wake(state);
            return true;
        }
        false
    }
}

fn wake(mut state: MutexGuard<'_, PipeState>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Begins to read `input`, which has come to `at`, from `offset`.
fn read_ahead(
    mut input: Box<dyn Input>,
    at: u64,
    offset: u64,
    slot: Arc<Slot>,
    seeks: bool,
) -> io::Result<Arc<Pipe>> {
    let pipe = Arc::new(Pipe {
        state: Mutex::new(PipeState {
            bytes: VecDeque::new(),
            end: None,
            stopped: false,
            awaited: false,
            waker: None,
        }),
        moved: Condvar::new(),
    });
    let to = pipe.clone();
    thread::Builder::new()
        .name("quintet-reader".into())
        .spawn(move || {
            let end = guarded(|| {
                let mut buf = [0; READ_BYTES];
                move_to(&mut *input, at, offset)?;
                loop {
                    let read = read_some(&mut *input, &mut buf)?;
                    if read == 0 || !to.give(&buf[..read]) {
                        return Ok(());
                    }
                }
            });
            // There for the next before anybody hears of the end.
            if seeks {
                slot.give_back(end.is_ok().then_some(input));
            }
            let mut state = to.lock();
            state.end = Some(end);
            wake(state);
        })?;
    Ok(pipe)
}

/// A caller's code: its panic is an error of its own upload.
fn guarded<T>(read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(io::Error::other("the reader panicked")))
}

/// Goes from `at` to `offset`: a reader that cannot seek reads over what lies between.
fn move_to(input: &mut dyn Input, at: u64, offset: u64) -> io::Result<()> {
    if at == offset && at != 0 {
        return Ok(());
    }
    if let Some(moved) = input.go_to(offset) {
        return moved;
    }
    let mut left = offset.checked_sub(at).ok_or_else(read_once)?;
    let mut scratch = [0; 4096];
    while left > 0 {
        let wanted = usize::try_from(left).map_or(scratch.len(), |left| left.min(scratch.len()));
        match read_some(input, &mut scratch[..wanted])? {
            0 => return Ok(()),
            read => left -= read as u64,
        }
    }
    Ok(())
}

fn read_some(input: &mut dyn Input, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buf) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(read) if read > buf.len() => {
                return Err(io::Error::other(
                    "the reader tells of more than it was asked for",
                ));
            }
            read => return read,
        }
    }
}

fn gone() -> io::Error {
    io::Error::other("the source failed before")
}

fn read_once() -> io::Error {
    io::Error::other("the source can be read only once")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A caller's code that panics does so outside the lock.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
