//! One simulated connection: what the engine holds of it, what the server sees of it, and everything that is checked of
//! the bytes at the moment when the transport takes them.

use std::cell::{Ref, RefCell, RefMut};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use quintet_transport::{Connection, Info, Secured, SecurityError};
use tokio::time::Sleep;

use crate::cell::{Fault, Stage};
use crate::model::Body;
use crate::random::Chance;
use crate::scenario::ORIGINS;
use crate::world::world;

/// What both sides share.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) number: usize,
    pub(crate) origin: usize,
    pub(crate) secure: bool,
    state: RefCell<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) chance: Chance,
    latency: u64,
    // From the engine to the server: only counted, for the bytes are checked when they are taken.
    capacity: u64,
    taken: u64,
    drained: u64,
    gate: Gate,
    pub(crate) gate_reached: bool,
    /// Whose request comes next.
    owner: Option<usize>,
    pub(crate) request: Option<Request>,
    /// Of one request after another.
    pub(crate) begun: u32,
    // From the server to the engine.
    down: VecDeque<Segment>,
    end: Option<(u64, End)>,
    end_seen: bool,
    last_at: u64,
    said: u64,
    pub(crate) heard: u64,
    pub(crate) busy_at: u64,
    /// Where the answer to the current request begins and ends.
    answer: Option<(u64, u64)>,
    /// After the current answer the connection may be used again.
    keeps: bool,
    /// What is said from now on belongs to no request.
    pub(crate) is_stray: bool,
    /// Writing fails from here on.
    deaf_from: Option<u64>,
    pub(crate) is_gone: bool,
    is_closed: bool,
    writer: Option<Waker>,
    reader: Option<Waker>,
    server: Option<Waker>,
}

/// How much of a request may be taken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gate {
    Open,
    /// Nothing from this byte of the request on.
    Stop(u64),
    /// So many bytes every so many milliseconds.
    Trickle {
        bytes: u64,
        every: u64,
        next_at: u64,
    },
}

/// How the server's side ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// In order; over TLS with its closing alert.
    Fin,
    /// Over TLS without the closing alert; otherwise as [`End::Fin`].
    Cut,
    Reset,
    /// A fatal alert: only over TLS.
    Alert,
}

#[derive(Debug)]
struct Segment {
    at: u64,
    bytes: Vec<u8>,
    read: usize,
}

/// A request as it goes by.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) upload: usize,
    taken: u64,
    head: Vec<u8>,
    /// Whether `head` is whole; until then it is what was taken.
    is_known: bool,
    body: Option<Body>,
}

impl Request {
    fn len(&self) -> Option<u64> {
        let body = self.body.as_ref().map_or(0, Body::len);
        self.is_known.then(|| self.head.len() as u64 + body)
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.len() == Some(self.taken)
    }

    fn body_taken(&self) -> u64 {
        match self.is_known {
            true => self.taken.saturating_sub(self.head.len() as u64),
            false => 0,
        }
    }
}

impl Link {
    pub(crate) fn new(
        number: usize,
        origin: usize,
        dialler: usize,
        mut chance: Chance,
    ) -> Rc<Self> {
        let state = State {
            latency: chance.one_of(&[0, 0, 1, 5, 40]),
            capacity: chance.one_of(&[17, 300, 4096, 65_536, 1 << 20]),
            chance,
            taken: 0,
            drained: 0,
            gate: Gate::Open,
            gate_reached: false,
            owner: Some(dialler),
            request: None,
            begun: 0,
            down: VecDeque::new(),
            end: None,
            end_seen: false,
            last_at: 0,
            said: 0,
            heard: 0,
            busy_at: 0,
            answer: None,
            keeps: false,
            is_stray: false,
            deaf_from: None,
            is_gone: false,
            is_closed: false,
            writer: None,
            reader: None,
            server: None,
        };
        Rc::new(Self {
            number,
            origin,
            secure: ORIGINS[origin].secure,
            state: RefCell::new(state),
        })
    }

    pub(crate) fn state(&self) -> Ref<'_, State> {
        self.state.borrow()
    }

    pub(crate) fn state_mut(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    /// For the server: waits until something is so.
    pub(crate) async fn until(&self, is_so: impl Fn(&State) -> bool) {
        poll_fn(|cx| {
            let mut state = self.state.borrow_mut();
            if is_so(&state) {
                return Poll::Ready(());
            }
            state.server = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// The server says this, in pieces that take their time.
    pub(crate) fn say(&self, bytes: &[u8]) {
        let now = world().now();
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let mut rest = bytes;
        let pieces = state.chance.one_of(&[1, 1, 2, 5]);
        while !rest.is_empty() {
            let most = (bytes.len() as u64 / pieces + 1).min(rest.len() as u64);
            let len = state.chance.in_range(1..=most.max(1)) as usize;
            let len = if pieces == 1 { rest.len() } else { len };
            let jitter = state.chance.one_of(&[0, 0, 0, 1, 20]);
            state.last_at = state.last_at.max(now + state.latency) + jitter;
            state.push(state.last_at, &rest[..len]);
            rest = &rest[len..];
        }
        wake(&mut state.reader);
    }

    /// The server says this, and it comes in one piece.
    pub(crate) fn say_whole(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let now = world().now();
        let mut state = self.state.borrow_mut();
        state.last_at = state.last_at.max(now + state.latency);
        let at = state.last_at;
        state.push(at, bytes);
        wake(&mut state.reader);
    }

    /// The server says this, and it is there at once.
    pub(crate) fn say_now(&self, bytes: &[u8]) {
        let now = world().now();
        let mut state = self.state.borrow_mut();
        state.last_at = state.last_at.max(now);
        let at = state.last_at;
        state.push(at, bytes);
        wake(&mut state.reader);
    }

    /// The server's side ends; with `deaf`, it takes nothing any more either.
    pub(crate) fn end(&self, end: End, deaf: bool) {
        let now = world().now();
        let mut state = self.state.borrow_mut();
        if state.end.is_none() {
            let at = state.last_at.max(now + state.latency);
            state.end = Some((at, end));
            if deaf || matches!(end, End::Reset | End::Alert) {
                state.deaf_from = Some(at);
            }
        }
        wake(&mut state.reader);
    }

    pub(crate) fn set_gate(&self, gate: Gate) {
        let mut state = self.state.borrow_mut();
        state.gate = gate;
        state.gate_reached = false;
        wake(&mut state.writer);
    }

    /// The answer that begins now has this length, and the connection may be used again after it, or not.
    pub(crate) fn answers(&self, len: usize, keeps: bool) {
        let mut state = self.state.borrow_mut();
        state.answer = Some((state.said, state.said + len as u64));
        state.keeps = keeps;
    }

    /// The engine looks at it first thing after it has told who uses it again.
    fn bind(&self) {
        let world = world();
        let begun = self.state.borrow().begun;
        let Some(upload) = world.asked.get().filter(|_| begun > 0) else {
            return;
        };
        world.asked.set(None);
        if !self.is_clean() {
            world.violated("d", || {
                format!(
                    "upload {upload}: link {} used again though it is spoilt",
                    self.number
                )
            });
        }
        self.state.borrow_mut().owner = Some(upload);
    }

    /// Whether the server has ended it.
    pub(crate) fn has_ended(&self) -> bool {
        self.state.borrow().end.is_some()
    }

    /// Whether nothing is under way on it, and nothing stands against using it again.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.state.borrow();
        let is_free = state.owner.is_none() && state.end.is_none() && !state.is_gone;
        drop(state);
        is_free && self.is_clean()
    }

    /// Whether the engine may use it again now.
    pub(crate) fn is_clean(&self) -> bool {
        self.was_clean_at(world().now())
    }

    /// Whether it may be used again, for all that had arrived at this time.
    pub(crate) fn was_clean_at(&self, now: u64) -> bool {
        let state = self.state.borrow();
        let answered = state.answer.is_some_and(|(_, end)| state.heard == end);
        let whole = state.request.as_ref().is_some_and(Request::is_whole);
        let arrived = state.down.front().is_some_and(|segment| segment.at <= now)
            || state.end.is_some_and(|(at, _)| at <= now);
        answered && whole && state.keeps && !arrived && !state.is_closed
    }

    /// Whether the whole answer was read.
    pub(crate) fn is_answered(&self, until_close: bool) -> bool {
        let state = self.state.borrow();
        let read = state.answer.is_some_and(|(_, end)| state.heard >= end);
        read && (!until_close || state.end_seen)
    }

    /// Waits for the engine to let go of it.
    pub(crate) async fn gone(&self) {
        self.until(|state| state.is_gone).await;
    }
}

impl State {
    /// Everything that was said was read.
    pub(crate) fn has_heard_all(&self) -> bool {
        self.heard == self.said
    }

    /// The current request is whole, and so is what was said to it.
    pub(crate) fn is_settled(&self) -> bool {
        self.has_heard_all() && self.request.as_ref().is_some_and(Request::is_whole)
    }

    fn push(&mut self, at: u64, bytes: &[u8]) {
        self.said += bytes.len() as u64;
        self.down.push_back(Segment {
            at,
            bytes: bytes.to_vec(),
            read: 0,
        });
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// The engine's end.
#[derive(Debug)]
pub(crate) struct SimulatedConnection {
    link: Rc<Link>,
    reading: Option<(u64, Pin<Box<Sleep>>)>,
    writing: Option<(u64, Pin<Box<Sleep>>)>,
    /// When the server will have read something of what is on its way.
    drains_at: Option<u64>,
}

impl SimulatedConnection {
    pub(crate) fn new(link: Rc<Link>) -> Self {
        let world = world();
        world.open_links.set(world.open_links.get() + 1);
        Self {
            link,
            reading: None,
            writing: None,
            drains_at: None,
        }
    }
}

/// Not ready before `at`.
fn wait(timer: &mut Option<(u64, Pin<Box<Sleep>>)>, cx: &mut Context<'_>, at: u64) {
    let world = world();
    loop {
        match timer {
            Some((set_to, sleep)) if *set_to == at => {
                if sleep.as_mut().poll(cx).is_ready() {
                    // It is due already: whoever asked comes back at once.
                    cx.waker().wake_by_ref();
                    *timer = None;
                }
                return;
            }
            _ => *timer = Some((at, Box::pin(tokio::time::sleep_until(world.instant(at))))),
        }
    }
}

impl Connection for SimulatedConnection {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let now = world().now();
        let mut guard = self.link.state.borrow_mut();
        let state = &mut *guard;
        if state.is_closed {
            world().violated("f", || {
                format!("link {}: written after its close", self.link.number)
            });
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if state.request.as_ref().is_none_or(Request::is_whole) {
            drop(guard);
            if !begin(&self.link) {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            guard = self.link.state.borrow_mut();
        }
        let state = &mut *guard;
        state.writer = Some(cx.waker().clone());
        if state.deaf_from.is_some_and(|from| from <= now) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if !recognise(&self.link, state, buf) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let Some(request) = &state.request else {
            return Poll::Pending;
        };
        let mut most = buf.len() as u64;
        // The body is never longer than it should be: what is too much is seen when it begins a request of its own.
        if let Some(len) = request.len() {
            most = most.min(len - request.taken);
        }
        match &mut state.gate {
            Gate::Open => {}
            Gate::Stop(at) => {
                most = most.min(at.saturating_sub(request.taken));
                if most == 0 {
                    if !std::mem::replace(&mut state.gate_reached, true) {
                        wake(&mut state.server);
                    }
                    return Poll::Pending;
                }
            }
            Gate::Trickle { next_at, .. } if *next_at > now => {
                let at = *next_at;
                wait(&mut self.writing, cx, at);
                return Poll::Pending;
            }
            Gate::Trickle {
                bytes,
                every,
                next_at,
            } => {
                most = most.min(*bytes);
                *next_at = now + *every;
            }
        }
        let room = state.capacity.saturating_sub(state.taken - state.drained);
        if room == 0 {
            let at = *self.drains_at.get_or_insert(now + state.latency.max(1));
            if at > now {
                wait(&mut self.writing, cx, at);
                return Poll::Pending;
            }
            self.drains_at = None;
            state.drained = state.taken - state.chance.in_range(0..=state.capacity / 2);
        }
        let room = state
            .capacity
            .saturating_sub(state.taken - state.drained)
            .max(1);
        let taken = most.min(room);
        let taken = match state.chance.percent(20) {
            true => state.chance.in_range(1..=taken),
            false => taken,
        };
        take(&self.link, state, &buf[..taken as usize]);
        Poll::Ready(Ok(taken as usize))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.link.bind();
        let now = world().now();
        let mut state = self.link.state.borrow_mut();
        let state = &mut *state;
        state.reader = Some(cx.waker().clone());
        if let Some(front) = state.down.front_mut() {
            if front.at > now {
                let at = front.at;
                wait(&mut self.reading, cx, at);
                return Poll::Pending;
            }
            let rest = &front.bytes[front.read..];
            let len = rest.len().min(buf.len());
            buf[..len].copy_from_slice(&rest[..len]);
            front.read += len;
            if front.read == front.bytes.len() {
                state.down.pop_front();
            }
            heard(state, len as u64, now);
            return Poll::Ready(Ok(len));
        }
        match state.end {
            Some((at, _)) if at > now => {
                wait(&mut self.reading, cx, at);
                Poll::Pending
            }
            Some((_, end)) => {
                if !std::mem::replace(&mut state.end_seen, true) {
                    wake(&mut state.server);
                }
                Poll::Ready(match end {
                    End::Cut if self.link.secure => Err(io::ErrorKind::UnexpectedEof.into()),
                    End::Fin | End::Cut => Ok(0),
                    End::Reset => Err(io::ErrorKind::ConnectionReset.into()),
                    End::Alert => Err(SecurityError::io("simulated alert")),
                })
            }
            None => Poll::Pending,
        }
    }

    fn poll_close(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.link.state.borrow_mut().is_closed = true;
        Poll::Ready(Ok(()))
    }

    fn info(&self) -> Info {
        let state = self.link.state.borrow();
        let mut info = Info::default();
        info.acked = Some(state.drained);
        info.moved = state.taken + state.drained;
        info.secured = self.link.secure.then(|| Secured::new("TLSv1.3", "", false));
        info
    }
}

impl Drop for SimulatedConnection {
    fn drop(&mut self) {
        let world = world();
        world.open_links.set(world.open_links.get() - 1);
        world.note(&[7, self.link.number as u64], || {
            format!("link {} is let go", self.link.number)
        });
        let mut state = self.link.state.borrow_mut();
        state.is_gone = true;
        wake(&mut state.server);
    }
}

/// The first byte of a request is about to be taken. False if there must be none.
fn begin(link: &Rc<Link>) -> bool {
    let world = world();
    let owner = link.state_mut().owner.take();
    let Some(upload) = owner else {
        world.violated("I9", || {
            format!("link {}: bytes after the end of a request", link.number)
        });
        return false;
    };
    let fate = world.scenario.uploads[upload].fate;
    let place = world.scenario.uploads[upload].place;
    world.begins(upload, link);
    let mut state = link.state_mut();
    state.begun += 1;
    state.answer = None;
    state.keeps = false;
    state.is_stray = false;
    state.gate_reached = false;
    state.gate = match fate {
        Some(fate) if fate.stage == Stage::Head => Gate::Stop(place % 100),
        _ => Gate::Open,
    };
    state.request = Some(Request {
        upload,
        taken: 0,
        head: Vec::new(),
        is_known: false,
        body: None,
    });
    wake(&mut state.server);
    true
}

/// Reads the head as soon as the whole of it is offered. False if it is wrong.
fn recognise(link: &Link, state: &mut State, buf: &[u8]) -> bool {
    let Some(request) = &mut state.request else {
        return false;
    };
    if request.is_known {
        return true;
    }
    let offered = [&request.head[..], buf].concat();
    let Some(end) = offered.windows(4).position(|four| four == b"\r\n\r\n") else {
        return true;
    };
    let head = &offered[..end + 4];
    let world = world();
    let Some(body) = world.recognised(request.upload, link, head) else {
        return false;
    };
    let fate = world.scenario.uploads[request.upload].fate;
    let place = world.scenario.uploads[request.upload].place;
    if let (Some(fate), Some(body)) = (fate, &body) {
        let head = head.len() as u64;
        let after = body.after.len() as u64;
        match fate.stage {
            Stage::Body => {
                let until = match fate.fault {
                    // So early that most of the file has yet to be read.
                    Fault::Truncated | Fault::Grew | Fault::ReadError => {
                        body.before.len() as u64 + 16_384
                    }
                    _ => body.file_end(),
                };
                state.gate = Gate::Stop(head + place % until);
            }
            Stage::Closing => state.gate = Gate::Stop(head + body.file_end() + place % after),
            _ => {}
        }
    }
    // A large body must not take forever over a narrow link.
    let len = body.as_ref().map_or(0, Body::len);
    state.capacity = state.capacity.max(len / 50);
    request.head = head.to_vec();
    request.is_known = true;
    request.body = body;
    true
}

/// Takes these bytes for good, and compares them with what they must be.
fn take(link: &Link, state: &mut State, bytes: &[u8]) {
    let world = world();
    let Some(request) = &mut state.request else {
        return;
    };
    let mut of_head = 0;
    let good = if request.is_known {
        let at = request.taken as usize;
        of_head = bytes.len().min(request.head.len().saturating_sub(at));
        let head_good = of_head == 0 || request.head[at..].starts_with(&bytes[..of_head]);
        let body_at = (at + of_head - request.head.len().min(at + of_head)) as u64;
        let rest = &bytes[of_head..];
        head_good
            && match &request.body {
                Some(body) => body.holds(body_at, rest, |offset, bytes| {
                    let salt = world.files.borrow()[request.upload].salt;
                    crate::content::is(salt, offset, bytes)
                }),
                None => rest.is_empty(),
            }
    } else {
        request.head.extend_from_slice(bytes);
        true
    };
    request.taken += bytes.len() as u64;
    state.taken += bytes.len() as u64;
    if !good {
        world.violated("I9", || {
            format!(
                "upload {}: not the bytes of the model at {} of the body (of the head: {of_head})",
                request.upload,
                request.body_taken()
            )
        });
    }
    world.took(
        request.upload,
        bytes.len() as u64,
        request.body_taken(),
        request.body.as_ref(),
    );
    if request.is_whole() {
        state.busy_at = world.now();
        world.note(&[8, request.upload as u64], || {
            format!(
                "upload {}: request whole on link {}",
                request.upload, link.number
            )
        });
        wake(&mut state.server);
    }
}

/// The engine has read this much.
fn heard(state: &mut State, len: u64, now: u64) {
    state.heard += len;
    state.busy_at = now;
    if let Some(request) = state.request.as_ref().filter(|_| !state.is_stray) {
        let begins = state.answer.map_or(0, |(begins, _)| begins);
        world().heard(request.upload, len, state.heard.saturating_sub(begins));
    }
    wake(&mut state.server);
}
