//! Both ends of a connection under test, and the calls that the rules are made of.
//!
//! Each direction carries one endless pattern, so that a byte's place tells what it must be.

use std::fs::File;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use super::Pair;
use super::far::Far;
use crate::seed::Seeded;
use crate::{Connection, FileSend, Info};

/// Looks before each has a pause before it.
const QUICK_LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(1);

/// `Pending` so many times in a row is a connection that has no room.
const FULL_LOOKS: u32 = 64;

/// What a filling write offers.
pub(super) const FILL_BYTES: usize = PIECE_BYTES_MAX;

/// Why a rule was not found to hold.
pub(super) enum Stop {
    NotAsked(&'static str),
    Broken { seen: String, expected: String },
}

pub(super) type Checked<T = ()> = Result<T, Stop>;

pub(super) fn broken<T>(seen: impl Into<String>, expected: impl Into<String>) -> Checked<T> {
    Err(Stop::Broken {
        seen: seen.into(),
        expected: expected.into(),
    })
}

/// What one look came to.
pub(super) enum Look<T> {
    Done(T),
    Moved,
    Nothing,
}

/// After so many bytes the pattern begins again: a prime, so that no buffer's size divides it.
const PERIOD: usize = 100_003;

/// Most bytes that a piece of the pattern may have.
const PIECE_BYTES_MAX: usize = 64 << 10;

/// A piece of the pattern.
pub(super) fn pattern(from: u64, len: usize) -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    let bytes = BYTES.get_or_init(|| {
        let mut seeded = Seeded::new(0);
        let mut bytes: Vec<_> = (0..PERIOD).map(|_| seeded.next() as u8).collect();
        bytes.extend_from_within(..PIECE_BYTES_MAX);
        bytes
    });
    let from = (from % PERIOD as u64) as usize;
    &bytes[from..from + len.min(PIECE_BYTES_MAX)]
}

/// One direction, as seen from where it comes out.
#[derive(Default)]
struct Stream {
    arrived: u64,
    /// The first byte that is not what it must be.
    wrong: Option<u64>,
}

impl Stream {
    fn take(&mut self, bytes: &[u8]) {
        let expected = pattern(self.arrived, bytes.len());
        let wrong = bytes.iter().zip(expected).position(|(is, must)| is != must);
        if let (None, Some(place)) = (self.wrong, wrong) {
            self.wrong = Some(self.arrived + place as u64);
        }
        self.arrived += bytes.len() as u64;
    }
}

pub(super) struct Ends {
    near: Option<Box<dyn Connection>>,
    far: Option<Box<dyn Far>>,
    patience: u32,
    buffered_max: u64,
    /// Bytes that the near end has taken.
    pub(super) taken: u64,
    /// Bytes that the far end has taken.
    pub(super) said: u64,
    there: Stream,
    back: Stream,
    /// What a write offered that has to be made again.
    offered: usize,
}

impl Ends {
    pub(super) fn new(pair: Pair, patience: u32, buffered_max: u64) -> Self {
        Self {
            near: Some(pair.near),
            far: Some(pair.far),
            patience,
            buffered_max,
            taken: 0,
            said: 0,
            there: Stream::default(),
            back: Stream::default(),
            offered: 0,
        }
    }

    /// Bytes that came to the far end.
    pub(super) fn arrived(&self) -> u64 {
        self.there.arrived
    }

    /// Bytes that came to the near end.
    pub(super) fn heard(&self) -> u64 {
        self.back.arrived
    }

    pub(super) fn info(&self) -> Info {
        self.near
            .as_ref()
            .map(|near| near.info())
            .unwrap_or_default()
    }

    /// Looks until it is done; nothing for the whole patience is a broken rule.
    pub(super) async fn look<T>(
        &mut self,
        expected: &str,
        mut look: impl FnMut(&mut Self, &mut Context<'_>) -> Checked<Look<T>>,
    ) -> Checked<T> {
        let mut idle = 0;
        poll_fn(|cx| {
            if let Some(far) = &mut self.far {
                far.turn();
            }
            match look(self, cx)? {
                Look::Done(done) => return Poll::Ready(Ok(done)),
                Look::Moved => idle = 0,
                Look::Nothing if idle == self.patience => {
                    let seen = format!("nothing happened in {idle} looks");
                    return Poll::Ready(broken(seen, expected));
                }
                Look::Nothing => {
                    idle += 1;
                    if idle > QUICK_LOOKS {
                        thread::sleep(PAUSE);
                    }
                }
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }

    /// Lets the runtime look at its sockets.
    pub(super) async fn turn(&mut self) {
        let mut looked = false;
        poll_fn(|cx| match std::mem::replace(&mut looked, true) {
            true => Poll::Ready(()),
            false => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        })
        .await;
    }

    fn near(&mut self) -> Checked<&mut dyn Connection> {
        match &mut self.near {
            Some(near) => Ok(&mut **near),
            None => broken("the kit used a dropped connection", "a defect of the kit"),
        }
    }

    /// Offers the next `len` bytes, or as many as were offered before to a write that had to wait.
    pub(super) fn write(
        &mut self,
        cx: &mut Context<'_>,
        len: usize,
    ) -> Checked<Poll<io::Result<usize>>> {
        let len = len.max(self.offered);
        let bytes = pattern(self.taken, len);
        let result = self.near()?.poll_write(cx, bytes);
        Ok(self.wrote(len, result))
    }

    /// As [`write`](Self::write), from buffers of these sizes.
    pub(super) fn write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        sizes: &[usize],
    ) -> Checked<Poll<io::Result<usize>>> {
        let bytes = pattern(self.taken, sizes.iter().sum());
        let mut rest = bytes;
        let mut bufs = Vec::new();
        for size in sizes {
            let (buf, after) = rest.split_at(*size);
            bufs.push(IoSlice::new(buf));
            rest = after;
        }
        let result = self.near()?.poll_write_vectored(cx, &bufs);
        Ok(self.wrote(bytes.len(), result))
    }

    fn wrote(&mut self, len: usize, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.offered = match &result {
            Poll::Pending => len,
            Poll::Ready(_) => 0,
        };
        if let Poll::Ready(Ok(taken)) = &result {
            // A connection may tell any number.
            self.taken = self.taken.saturating_add(*taken as u64);
        }
        result
    }

    pub(super) fn send_file(
        &mut self,
        cx: &mut Context<'_>,
        file: &File,
        offset: u64,
        len: u64,
    ) -> Checked<Poll<io::Result<FileSend>>> {
        let result = self.near()?.poll_send_file(cx, file, offset, len);
        if let Poll::Ready(Ok(FileSend::Sent(bytes))) = result {
            self.taken = self.taken.saturating_add(bytes);
        }
        Ok(result)
    }

    pub(super) fn close(&mut self, cx: &mut Context<'_>) -> Checked<Poll<io::Result<()>>> {
        Ok(self.near()?.poll_close(cx))
    }

    pub(super) fn drop_near(&mut self) {
        self.near = None;
    }

    /// Reads into `len` bytes.
    pub(super) fn read(
        &mut self,
        cx: &mut Context<'_>,
        len: usize,
    ) -> Checked<Poll<io::Result<usize>>> {
        let mut buf = vec![0; len];
        let result = self.near()?.poll_read(cx, &mut buf);
        if let Poll::Ready(Ok(given)) = &result {
            self.back.take(&buf[..len.min(*given)]);
        }
        // Else a connection that invents bytes would be read for ever.
        if self.heard() > self.said {
            let seen = format!("{} bytes read", self.heard());
            return broken(seen, format!("the {} that the peer wrote", self.said));
        }
        Ok(result)
    }

    fn far(&mut self) -> Checked<&mut dyn Far> {
        match &mut self.far {
            Some(far) => Ok(&mut **far),
            None => broken("the kit used a dropped far end", "a defect of the kit"),
        }
    }

    /// The far end says the next bytes, `len` at most. How many went.
    pub(super) fn say(&mut self, len: usize) -> Checked<usize> {
        let bytes = pattern(self.said, len);
        match self.far()?.write(bytes) {
            Ok(said) => {
                self.said += said as u64;
                Ok(said)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => broken(
                format!("the far end could not write: {error}"),
                "the connection stays open",
            ),
        }
    }

    /// The far end reads. `None` if there is nothing now; `Err` if it was broken off.
    pub(super) fn far_read(&mut self, len: usize) -> Checked<Option<io::Result<usize>>> {
        let mut buf = vec![0; len];
        match self.far()?.read(&mut buf) {
            Ok(read) => {
                self.there.take(&buf[..read]);
                Ok(Some(Ok(read)))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Ok(Some(Err(error))),
        }
    }

    pub(super) fn reset_far(&mut self) {
        if let Some(far) = self.far.take() {
            far.reset();
        }
    }

    pub(super) fn truncate_far(&mut self) {
        if let Some(far) = self.far.take() {
            far.truncate();
        }
    }

    /// The far end ends its writing; what stands in its way the near end reads.
    pub(super) async fn end_far(&mut self) -> Checked {
        self.look("the far end can end", |ends, cx| match ends.far()?.end() {
            Ok(()) => Ok(Look::Done(())),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Ok(match ends.read(cx, 100)? {
                    Poll::Ready(Ok(1..)) => Look::Moved,
                    _ => Look::Nothing,
                })
            }
            Err(error) => broken(
                format!("the far end could not end: {error}"),
                "the connection stays open",
            ),
        })
        .await
    }

    /// The near end writes `send` bytes and the far end `say`, in the sizes of `sizes` in turn, and each reads what the
    /// other has written, until all of it was there.
    pub(super) async fn exchange(&mut self, send: u64, say: u64, sizes: &[usize]) -> Checked {
        let (send, say) = (self.taken.saturating_add(send), self.said + say);
        let mut next = sizes.iter().copied().cycle();
        let mut size = move |left: u64| {
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            next.next().unwrap_or(1).min(left)
        };
        self.look("all bytes arrive", |ends, cx| {
            let before = (ends.taken, ends.said, ends.arrived(), ends.heard());
            if ends.taken < send {
                let offer = size(send - ends.taken);
                went_well(&ends.write(cx, offer)?, "write")?;
            }
            if ends.arrived() < send {
                let read = ends.far_read(size(u64::MAX))?;
                read.map_or(Ok(()), |read| no_end(read, "the far end's read"))?;
            }
            if ends.said < say {
                let offer = size(say - ends.said);
                ends.say(offer)?;
            }
            if ends.heard() < say
                && let Poll::Ready(read) = ends.read(cx, size(u64::MAX))?
            {
                no_end(read, "a read")?;
            }
            let after = (ends.taken, ends.said, ends.arrived(), ends.heard());
            Ok(match after {
                (taken, said, arrived, heard)
                    if taken >= send && said >= say && arrived >= send && heard >= say =>
                {
                    Look::Done(())
                }
                _ if after == before => Look::Nothing,
                _ => Look::Moved,
            })
        })
        .await
    }

    /// The far end says `len` bytes, without the near end reading; as many as there is room for.
    pub(super) async fn say_some(&mut self, len: u64) -> Checked {
        let from = self.said;
        self.look("the far end can write", |ends, _| {
            let left = from + len - ends.said;
            let went = ends.say(usize::try_from(left).unwrap_or(usize::MAX))?;
            Ok(match went {
                // Some went, and there is no room for more.
                0 if ends.said > from => Look::Done(()),
                0 => Look::Nothing,
                _ if ends.said == from + len => Look::Done(()),
                _ => Look::Moved,
            })
        })
        .await
    }

    /// Writes until there is no room. False if there was room for more than the bound.
    pub(super) async fn fill(&mut self) -> Checked<bool> {
        let (mut full, from, max) = (0, self.taken, self.buffered_max);
        self.look("a write is taken or waits", |ends, cx| {
            match ends.write(cx, FILL_BYTES)? {
                Poll::Pending => full += 1,
                Poll::Ready(Ok(_)) => full = 0,
                Poll::Ready(Err(error)) => {
                    return broken(
                        format!("a write failed: {error}"),
                        "the connection stays open",
                    );
                }
            }
            Ok(match full {
                FULL_LOOKS => Look::Done(true),
                _ if ends.taken - from > max => Look::Done(false),
                _ => Look::Moved,
            })
        })
        .await
    }

    /// As [`fill`](Self::fill), for rules that are about waiting.
    pub(super) async fn fill_or_leave(&mut self) -> Checked {
        match self.fill().await? {
            true => Ok(()),
            false => Err(Stop::NotAsked("its writes never wait")),
        }
    }

    /// Makes a call (which tells whether it waits) until it does, and tells the flag of its waker; none if it is woken
    /// at once every time. Room may come late, from a system that is still busy with what was written before.
    pub(super) async fn pend(
        &mut self,
        mut call: impl FnMut(&mut Self, &mut Context<'_>) -> Checked<bool>,
    ) -> Checked<Option<Arc<Flag>>> {
        let mut waits = false;
        for _ in 0..QUICK_LOOKS {
            let flag = Arc::new(Flag::default());
            waits = call(self, &mut Context::from_waker(&flag.waker()))?;
            self.turn().await;
            if waits && !flag.woken() {
                return Ok(Some(flag));
            }
        }
        match waits {
            true => Ok(None),
            false => broken("the call is ready again and again", "it waits"),
        }
    }

    /// Whether everything that came to the far end was right.
    pub(super) fn right_there(&self) -> Checked {
        right(&self.there, "the far end")
    }

    /// Whether everything that came to the near end was right.
    pub(super) fn right_back(&self) -> Checked {
        right(&self.back, "the near end")
    }
}

fn right(stream: &Stream, at: &str) -> Checked {
    match stream.wrong {
        None => Ok(()),
        Some(place) => broken(
            format!("byte {place} that came to {at} is not the one that was written"),
            "every byte once and in order",
        ),
    }
}

/// Whether a call was taken or waits.
pub(super) fn went_well<T>(result: &Poll<io::Result<T>>, what: &str) -> Checked {
    match result {
        Poll::Ready(Err(error)) => broken(
            format!("a {what} failed: {error}"),
            "the connection stays open",
        ),
        _ => Ok(()),
    }
}

fn no_end(read: io::Result<usize>, what: &str) -> Checked {
    match read {
        Ok(1..) => Ok(()),
        Ok(0) => broken(
            format!("{what} was at the end"),
            "bytes that are on their way",
        ),
        Err(error) => broken(
            format!("{what} failed: {error}"),
            "bytes that are on their way",
        ),
    }
}

/// A waker that remembers.
#[derive(Default)]
pub(super) struct Flag(AtomicBool);

impl Flag {
    pub(super) fn waker(self: &Arc<Self>) -> Waker {
        self.clone().into()
    }

    pub(super) fn woken(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}
