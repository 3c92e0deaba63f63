//! One small exchange over real sockets, broken at every byte of either direction in four ways: each time one outcome, the one
//! that belongs there, and a slot for the next. Then whatever a seed draws.
#![forbid(unsafe_code)]

mod support;

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use quintet::{Clock, Engine, ErrorKind, Outcome, Phase, Sleep};
use quintet_tcp::TcpConnect;
use quintet_transport::fault::{FaultConnect, Script, What, Where};
use quintet_transport::{Connect, ConnectFuture, Target, Watch};
use support::*;

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
const FILE_BYTES: usize = 40;

/// One test at a time: they count the descriptors of the process.
static ALONE: Mutex<()> = Mutex::new(());

/// TCP with the script that the test has put there.
#[derive(Clone)]
struct Faulty(Arc<Mutex<Arc<FaultConnect<TcpConnect>>>>);

impl Faulty {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Self::following(Script::none()))))
    }

    fn following(script: Script) -> Arc<FaultConnect<TcpConnect>> {
        Arc::new(FaultConnect::new(TcpConnect::new(), [script]))
    }

    fn follow(&self, script: Script) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Self::following(script);
    }

    fn now(&self) -> Arc<FaultConnect<TcpConnect>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn stalls(&self) -> bool {
        let done = self.now().done();
        done.iter().any(|done| {
            let what = done.did.what;
            matches!(what, What::Cut | What::StallReads | What::StallWrites)
        })
    }
}

impl Connect for Faulty {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move { self.now().connect(target, watch).await })
    }
}

/// Stands still while anything can move, and jumps to where it is waited for once the connection stalls.
struct StallClock {
    now: Arc<AtomicU64>,
    faulty: Faulty,
}

impl Clock for StallClock {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.now.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        let (now, faulty) = (self.now.clone(), self.faulty.clone());
        // A stall begins inside a call of the engine's, which looks at its timer after it: nobody else need wake it.
        Box::pin(poll_fn(move |_| match faulty.stalls() {
            true => {
                now.fetch_max(at.as_nanos() as u64, Ordering::SeqCst);
                Poll::Ready(())
            }
            false => Poll::Pending,
        }))
    }
}

struct Sweep {
    engine: Engine,
    faulty: Faulty,
    peer: Peer,
    /// Connections that the peer has closed.
    over: Arc<AtomicU64>,
    files: Files,
}

impl Sweep {
    fn new() -> Self {
        let faulty = Faulty::new();
        let clock = StallClock {
            now: Arc::default(),
            faulty: faulty.clone(),
        };
        let over: Arc<AtomicU64> = Arc::default();
        let closed = over.clone();
        let one = settings(|settings| settings.active_max = 1);
        let engine = Engine::builder(faulty.clone()).settings(one).clock(clock);
        Self {
            engine: engine.start().expect("a thread"),
            faulty,
            peer: Peer::start(move |mut conversation, _| {
                let (head, body) = conversation.request();
                if content_length(&head) == Some(body.len() as u64) {
                    conversation.say(ANSWER);
                }
                conversation.drain();
                drop(conversation);
                closed.fetch_add(1, Ordering::SeqCst);
            }),
            over,
            files: Files::new(),
        }
    }

    fn upload(&self, script: Script) -> Arc<Outcome> {
        self.faulty.follow(script);
        let path = self.files.path("a");
        let (request, recorder) = recorded(&self.peer.url(), &path);
        let outcome = self.engine.upload(request).wait();
        recorder.wait_for("done");
        recorder.check();
        assert!(outcome.bytes_sent <= outcome.bytes_total);
        outcome
    }

    fn wait_for_the_peer(&self) {
        until("the peer has closed every connection", || {
            self.over.load(Ordering::SeqCst) == self.peer.connections() as u64
        });
    }

    /// Breaks at `at` in the way of `what`; the outcome must be one that `expected` knows.
    fn cell(&self, at: Where, what: What, expected: impl Fn(&Outcome) -> bool) {
        let outcome = self.upload(Script::from([(at, what)]));
        assert_eq!(self.faulty.now().done().len(), 1, "{at}: {what}");
        let (kind, phase) = (outcome.kind(), outcome.phase);
        assert!(expected(&outcome), "{at}: {what}: {kind:?} in {phase}");
    }
}

fn ok(outcome: &Outcome) -> bool {
    outcome.status() == Some(200) && outcome.bytes_sent == outcome.bytes_total
}

fn closed(outcome: &Outcome) -> bool {
    outcome.kind() == Some(ErrorKind::Closed)
}

fn timed_out_in(phases: std::ops::RangeInclusive<Phase>) -> impl Fn(&Outcome) -> bool {
    move |outcome| match outcome.kind() {
        Some(ErrorKind::Timeout(phase)) => phases.contains(&phase) && phase == outcome.phase,
        _ => false,
    }
}

#[test]
fn every_byte_of_both_directions_in_four_ways() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let sweep = Sweep::new();
    sweep.files.file("a", FILE_BYTES);
    let whole = sweep.upload(Script::none());
    assert!(ok(&whole));
    sweep.wait_for_the_peer();
    #[cfg(target_os = "linux")]
    let before = descriptors();

    let request = whole.wire_bytes_sent;
    for n in 0..=request {
        let at = Where::Written(n);
        sweep.cell(at, What::Reset, closed);
        sweep.cell(at, What::End, closed);
        sweep.cell(at, What::Trickle, ok);
        // Once all of it is written there is nothing left to stall, and the answer comes.
        if n < request {
            let sending = timed_out_in(Phase::Connect..=Phase::Body);
            sweep.cell(at, What::StallWrites, sending);
        }
    }
    let answer = ANSWER.len() as u64;
    for n in 0..answer {
        let at = Where::Read(n);
        sweep.cell(at, What::Reset, closed);
        sweep.cell(at, What::End, closed);
        sweep.cell(at, What::Trickle, ok);
        // From the first byte on: before it, time jumps while the request is still being sent.
        let first = if n == 0 {
            Phase::Connect
        } else {
            Phase::Response
        };
        sweep.cell(
            at,
            What::StallReads,
            timed_out_in(first..=Phase::ResponseBody),
        );
    }
    for what in [What::Reset, What::End, What::Trickle] {
        sweep.cell(Where::Read(answer), what, ok);
    }

    assert!(ok(&sweep.upload(Script::none())), "and the slot is free");
    sweep.wait_for_the_peer();
    #[cfg(target_os = "linux")]
    until("every descriptor is given back", || descriptors() <= before);
}

#[test]
fn whatever_a_seed_draws_comes_to_an_outcome() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let sweep = Sweep::new();
    sweep.files.file("a", 20_000);
    for seed in 0..500 {
        let outcome = sweep.upload(Script::drawn(seed));
        let clear = match outcome.kind() {
            None => ok(&outcome),
            Some(kind) => matches!(
                kind,
                ErrorKind::Refused
                    | ErrorKind::Closed
                    | ErrorKind::Timeout(_)
                    | ErrorKind::Malformed
                    | ErrorKind::ResponseTooLarge
            ),
        };
        let done = sweep.faulty.now().done();
        assert!(clear, "seed {seed}: {:?} after {done:?}", outcome.kind());
        let harmed = outcome.kind().is_none() || !done.is_empty();
        assert!(harmed, "seed {seed}: {:?} without a fault", outcome.kind());
    }
    assert!(ok(&sweep.upload(Script::none())), "and the slot is free");
}
