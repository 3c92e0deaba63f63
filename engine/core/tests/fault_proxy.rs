//! Uploads through a proxy that harms the connection at a byte of either direction: real sockets on all sides, in the clear
//! and over TLS. What is drawn follows from a seed; the sweep over every byte is in `sweep.rs`.
#![forbid(unsafe_code)]

#[path = "support/fault_proxy.rs"]
mod fault_proxy;
mod support;

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use fault_proxy::{Fault, FaultProxy, Harm, Numbers, Way};
use quintet::{Clock, Engine, ErrorKind, Outcome, Settings, Sleep};
use quintet_receiver::{Received, Receiver, Tls};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};
use quintet_transport::Connect;
use sha2::{Digest, Sha256};
use support::*;

/// How many bytes a connection takes is not the same each time: what TLS says at the end may have gone when they are
/// counted, and tickets vary. These last ones of either way are left alone.
const VARYING_BYTES: u64 = 48;
/// After this long a garbled request or answer is taken for one of which both sides wait for more.
const NEWS: Duration = Duration::from_millis(100);

/// One test at a time: they count the descriptors of the process.
static ALONE: Mutex<()> = Mutex::new(());

/// Stands still until it is told to jump; then to wherever it is waited for.
#[derive(Clone, Default)]
struct JumpClock(Arc<Mutex<Jump>>);

#[derive(Default)]
struct Jump {
    now: Duration,
    jumps: bool,
    waiting: Vec<Waker>,
}

impl JumpClock {
    fn state(&self) -> MutexGuard<'_, Jump> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn jumps(&self, jumps: bool) {
        let mut state = self.state();
        state.jumps = jumps;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Clock for JumpClock {
    fn now(&self) -> Duration {
        self.state().now
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        let clock = self.clone();
        Box::pin(poll_fn(move |cx| {
            let mut state = clock.state();
            if state.jumps {
                state.now = state.now.max(at);
            }
            if state.now >= at {
                return Poll::Ready(());
            }
            if !state
                .waiting
                .iter()
                .any(|waker| waker.will_wake(cx.waker()))
            {
                state.waiting.push(cx.waker().clone());
            }
            Poll::Pending
        }))
    }
}

struct Bench {
    engine: Engine,
    clock: JumpClock,
    proxy: FaultProxy,
    receiver: Receiver,
    received: Arc<Mutex<Vec<Received>>>,
    files: Files,
    _alone: MutexGuard<'static, ()>,
}

impl Bench {
    fn new(tls: bool, change: impl FnOnce(&mut Settings)) -> Self {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let keep = received.clone();
        let receiver = Receiver::start(quintet_receiver::Settings {
            tls: tls.then_some(Tls::SelfMade),
            on_upload: Some(Arc::new(move |one| keep.lock().unwrap().push(one.clone()))),
            ..quintet_receiver::Settings::default()
        });
        let receiver = receiver.expect("a port");
        let clock = JumpClock::default();
        let stalls = clock.clone();
        let one = settings(|settings| {
            settings.active_max = 1;
            change(settings);
        });
        Self {
            engine: Engine::builder(transport_to(&receiver))
                .settings(one)
                .clock(clock.clone())
                .start()
                .expect("a thread"),
            clock,
            proxy: FaultProxy::start(receiver.addr(), move || stalls.jumps(true)),
            received,
            receiver,
            files: Files::new(),
            _alone,
        }
    }

    /// Uploads, and waits for its one outcome.
    fn upload(&self, file: &str, may_hang: bool) -> Arc<Outcome> {
        let scheme = if self.receiver.root_pem().is_some() {
            "https"
        } else {
            "http"
        };
        let url = format!("{scheme}://{}/up", self.proxy.addr);
        let (request, recorder) = recorded(&url, &self.files.path(file));
        let task = self.engine.upload(request);
        // Not since it began: on a busy machine that is long before the fault is reached.
        let mut struck_at = None;
        until("it comes to an outcome", || {
            if may_hang && self.proxy.has_struck() {
                let struck_at = struck_at.get_or_insert_with(Instant::now);
                if struck_at.elapsed() > NEWS {
                    self.clock.jumps(true);
                }
            }
            task.outcome().is_some()
        });
        recorder.wait_for("done");
        recorder.check();
        task.wait()
    }

    fn good_upload(&self, file: &str) {
        self.clock.jumps(false);
        let outcome = self.upload(file, false);
        assert!(ok(&outcome), "{outcome:?}");
    }

    /// How many bytes a good upload takes, up and down.
    fn measure(&self, file: &str) -> (u64, u64) {
        self.proxy.harm_next(None);
        self.good_upload(file);
        self.proxy.passed()
    }

    /// What came whole since the last time, as the SHA-256 of its file.
    fn arrived(&self) -> Vec<String> {
        let received = std::mem::take(&mut *self.received.lock().unwrap());
        let whole = received.into_iter().filter(|one| one.complete);
        whole
            .flat_map(|one| one.files)
            .map(|file| file.sha256)
            .collect()
    }

    /// Whether an upload with that fault may end so.
    fn is_its_end(&self, fault: Fault, outcome: &Outcome) -> bool {
        let secure = self.receiver.root_pem().is_some();
        let broken = match outcome.kind() {
            Some(ErrorKind::Closed) => true,
            // Of a handshake that breaks off, too.
            Some(ErrorKind::Tls) => secure,
            _ => false,
        };
        let timed_out = matches!(outcome.kind(), Some(ErrorKind::Timeout(_)));
        match fault.harm {
            Harm::Cut | Harm::Reset => broken,
            Harm::Stall => timed_out,
            Harm::Trickle => ok(outcome),
            Harm::Garble(_) => match outcome.kind() {
                None => true,
                Some(ErrorKind::Malformed | ErrorKind::ResponseTooLarge) => !secure,
                Some(_) => broken || timed_out,
            },
        }
    }
}

/// TCP, and TLS over it for a secure receiver.
fn transport_to(receiver: &Receiver) -> Box<dyn Connect> {
    let Some(root) = receiver.root_pem() else {
        return Box::new(TcpConnect::new());
    };
    let trusted = TlsSettings::only_given_roots().add_root_pem(root.as_bytes());
    let tls = TlsConnect::new(TcpConnect::new(), trusted.expect("a root"));
    Box::new(tls.expect("settings that fit"))
}

fn ok(outcome: &Outcome) -> bool {
    outcome.status() == Some(200) && outcome.bytes_sent == outcome.bytes_total
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Each upload has a connection of its own, and a fault in it.
fn whatever_is_drawn_comes_to_its_outcome(tls: bool, seeds: u64) {
    let bench = Bench::new(tls, |settings| settings.idle_max = 0);
    let files = [("small", 3_000), ("large", 400_000)].map(|(name, len)| {
        bench.files.file(name, len);
        bench.measure(name);
        // The second resumes the session of the first, and is shorter.
        let (up, down) = bench.measure(name);
        let (up, down) = (up - VARYING_BYTES, down - VARYING_BYTES);
        (name, sha256(&content(len)), 0..up, 0..down)
    });
    bench.proxy.hang_up();
    #[cfg(target_os = "linux")]
    let before = descriptors();
    let mut numbers = Numbers(1);
    for _ in 0..seeds {
        let (file, digest, up, down) = &files[usize::from(numbers.below(4) == 0)];
        let fault = Fault::drawn(&mut numbers, up, down);
        bench.arrived();
        bench.proxy.harm_next(Some(fault));
        bench.clock.jumps(false);
        let outcome = bench.upload(file, matches!(fault.harm, Harm::Garble(_)));
        assert!(bench.proxy.has_struck(), "{file} {fault:?}");
        assert!(
            bench.is_its_end(fault, &outcome),
            "{file} {fault:?}: {outcome:?}"
        );
        let arrived = bench.arrived();
        assert!(arrived.len() <= 1, "{file} {fault:?}: it came twice");
        // In the clear nobody can see that a byte has become another.
        if tls && outcome.status().is_some() {
            assert_eq!(&arrived, std::slice::from_ref(digest), "{file} {fault:?}");
        }
        bench.proxy.hang_up();
        bench.proxy.harm_next(None);
        bench.good_upload("small");
    }
    bench.proxy.hang_up();
    #[cfg(target_os = "linux")]
    until("every descriptor is given back", || descriptors() <= before);
}

#[test]
fn in_the_clear() {
    whatever_is_drawn_comes_to_its_outcome(false, 400);
}

#[test]
fn over_tls() {
    whatever_is_drawn_comes_to_its_outcome(true, 400);
}

/// The fault befalls the second upload of a connection. Before the first byte of an answer that costs one more
/// connection, and afterwards the upload.
fn on_a_connection_that_was_kept(tls: bool, seeds: u64) {
    let bench = Bench::new(tls, |_| {});
    bench.files.file("small", 3_000);
    let first = bench.measure("small");
    let both = bench.measure("small");
    let (up, down) = (both.0 - first.0, both.1 - first.1);
    let (up, down) = (0..up - VARYING_BYTES, 0..down - VARYING_BYTES);
    let mut numbers = Numbers(2);
    for _ in 0..seeds {
        // Another connection, and a good upload over it.
        bench.proxy.hang_up();
        bench.measure("small");
        let fault = Fault::drawn(&mut numbers, &up, &down);
        bench.proxy.harm_newest(fault);
        let outcome = bench.upload("small", matches!(fault.harm, Harm::Garble(_)));
        assert!(bench.proxy.has_struck(), "{fault:?}");
        let breaks = matches!(fault.harm, Harm::Cut | Harm::Reset);
        // What is a byte of the answer shows in the clear alone.
        let may_begin_again = fault.way == Way::Up || fault.at == 0 || tls;
        let must_begin_again = may_begin_again && (fault.way == Way::Up || fault.at == 0);
        let as_it_must = match breaks && may_begin_again {
            true => ok(&outcome) || (!must_begin_again && bench.is_its_end(fault, &outcome)),
            false => bench.is_its_end(fault, &outcome),
        };
        assert!(as_it_must, "{fault:?}: {outcome:?}");
    }
}

#[test]
fn of_the_second_upload_in_the_clear() {
    on_a_connection_that_was_kept(false, 200);
}

#[test]
fn of_the_second_upload_over_tls() {
    on_a_connection_that_was_kept(true, 200);
}
