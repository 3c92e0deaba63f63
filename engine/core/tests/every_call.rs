//! Two uploads over one connection, of which the n-th call of every kind fails, for every n: connecting, writing, sending of
//! the file, reading, closing, and all that is asked of files. Each time both come to one outcome, what has failed is
//! used no more, and the engine goes on.
#![forbid(unsafe_code)]

#[path = "support/failing.rs"]
mod failing;
mod support;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use failing::{Breaker, Call, FailingConnect, FailingFiles, FailingRandom};
use quintet::{Engine, ErrorKind, Outcome};
use quintet_receiver::{Receiver, Tls};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};
use quintet_transport::Connect;
use support::*;

/// Read and sent with the form around it.
const SMALL: usize = 300;
/// Several ranges where the transport sends it, several writes where it is read.
const LARGE: usize = 3 << 20;
/// What TLS says to a peer that it leaves, and far less than a request.
const ALERT_BYTES: usize = 32;
/// More calls than any of these uploads makes.
const CALLS_MAX: u64 = 10_000;

/// One test at a time: they count the descriptors of the process.
static ALONE: Mutex<()> = Mutex::new(());

/// What is uploaded, to whom, and how.
struct Bench<T> {
    receiver: Receiver,
    path: PathBuf,
    _files: Files,
    transport: T,
    _alone: MutexGuard<'static, ()>,
}

impl<C: Connect + 'static, T: Fn(&Receiver, Breaker) -> C> Bench<T> {
    /// `transport` makes one to this receiver, in which the breaker stands where it belongs.
    fn new(tls: Option<Tls>, file_bytes: usize, transport: T) -> Self {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let files = Files::new();
        let settings = quintet_receiver::Settings {
            tls,
            ..quintet_receiver::Settings::default()
        };
        Self {
            receiver: Receiver::start(settings).expect("a port"),
            path: files.file("a.bin", file_bytes),
            _files: files,
            transport,
            _alone,
        }
    }

    /// Lets every call fail in its turn; `met` are those that must come at all.
    fn every_call_fails(&self, met: &[Call]) {
        self.run(None);
        #[cfg(target_os = "linux")]
        let before = descriptors();
        for call in Call::ALL {
            let mut calls = 0;
            while self.run(Some((call, calls + 1))) {
                calls += 1;
                assert!(calls < CALLS_MAX, "{call:?} has no end");
            }
            assert!(calls > 0 || !met.contains(&call), "no {call:?}");
        }
        #[cfg(target_os = "linux")]
        until("every descriptor is given back", || descriptors() <= before);
    }

    /// Two uploads, one behind the other, and one after both. Tells whether the call that was to fail has come.
    fn run(&self, fails: Option<(Call, u64)>) -> bool {
        let breaker = Breaker::default();
        let engine = Engine::builder((self.transport)(&self.receiver, breaker.clone()))
            .files(FailingFiles(breaker.clone()))
            .random(FailingRandom(breaker.clone()))
            .settings(settings(|settings| settings.active_max = 1))
            .start()
            .expect("a thread");
        if let Some((call, nth)) = fails {
            breaker.arm(call, nth);
        }
        let complete = self.receiver.stats().complete;
        let uploads = [(); 2].map(|()| {
            let (request, recorder) = recorded(&self.receiver.url("/up"), &self.path);
            (engine.upload(request), recorder)
        });
        let outcomes = uploads.map(|(task, recorder)| {
            recorder.wait_for("done");
            recorder.check();
            task.wait()
        });
        let failed: Vec<_> = outcomes.iter().filter(|outcome| !ok(outcome)).collect();
        let arrived = self.receiver.stats().complete - complete;
        if let Some((call, nth)) = fails {
            let what = format!("{call:?} {nth}");
            assert!(failed.len() <= 1, "{what}: {failed:?}");
            for outcome in &failed {
                assert!(is_its_failure(call, outcome), "{what}: {outcome:?}");
            }
            let succeeded = (outcomes.len() - failed.len()) as u64;
            match call {
                // The receiver may have all of a request whose answer cannot be read.
                Call::Read => assert!(arrived >= succeeded, "{what}"),
                _ => assert_eq!(arrived, succeeded, "{what}"),
            }
        }

        let (request, _) = recorded(&self.receiver.url("/up"), &self.path);
        let next = engine.upload(request).wait();
        // What is left may fail here too: the calls go on to be counted until the engine is gone.
        if !ok(&next) {
            let (call, nth) = fails.expect("nothing fails by itself");
            assert!(failed.is_empty(), "{call:?} {nth} failed twice: {next:?}");
            assert!(is_its_failure(call, &next), "{call:?} {nth}: {next:?}");
            let (request, _) = recorded(&self.receiver.url("/up"), &self.path);
            assert!(ok(&engine.upload(request).wait()), "the slot is free");
        }
        assert!(engine.shutdown(), "it ends in its time");
        let offered = breaker.offered_after();
        assert!(
            offered <= ALERT_BYTES,
            "{fails:?}: used again, {offered} bytes"
        );
        let struck = breaker.disarm();
        assert!(struck || failed.is_empty(), "{failed:?} without a fault");
        struck
    }
}

fn ok(outcome: &Outcome) -> bool {
    outcome.status() == Some(200) && outcome.bytes_sent == outcome.bytes_total
}

/// Whether an upload may end so because that call failed.
fn is_its_failure(call: Call, outcome: &Outcome) -> bool {
    let kind = outcome.kind();
    match call {
        Call::Connect | Call::Tunnel => kind == Some(ErrorKind::Refused),
        // Of TLS: while it shakes hands, nothing that happens to the connection is anything else.
        Call::Write | Call::WriteVectored | Call::SendFile | Call::Read => {
            matches!(kind, Some(ErrorKind::Closed | ErrorKind::Tls))
        }
        Call::Close => false,
        Call::FileCheck | Call::FileOpen => kind == Some(ErrorKind::FileDenied),
        Call::FileState | Call::FileRead => kind == Some(ErrorKind::FileUnreadable),
        Call::Random => kind == Some(ErrorKind::Internal),
    }
}

fn over_tcp(_: &Receiver, breaker: Breaker) -> FailingConnect<TcpConnect> {
    FailingConnect(TcpConnect::new(), breaker)
}

/// TLS that trusts this receiver.
fn tls<C: Connect>(receiver: &Receiver, below: C) -> TlsConnect<C> {
    let root = receiver.root_pem().expect("it is secure").as_bytes();
    let settings = TlsSettings::only_given_roots()
        .add_root_pem(root)
        .expect("its own certificate");
    TlsConnect::new(below, settings).expect("settings that fit")
}

/// What an upload asks for, whichever road it takes.
const ALWAYS: [Call; 5] = [
    Call::Read,
    Call::Close,
    Call::FileCheck,
    Call::FileOpen,
    Call::Random,
];

fn and(more: &[Call]) -> Vec<Call> {
    [&ALWAYS, more].concat()
}

#[test]
fn of_a_small_file() {
    let met = and(&[Call::Connect, Call::Write, Call::FileRead]);
    Bench::new(None, SMALL, over_tcp).every_call_fails(&met);
}

#[cfg(target_os = "linux")]
#[test]
fn of_a_large_file_that_the_transport_sends() {
    let met = and(&[Call::Connect, Call::Write, Call::SendFile, Call::FileState]);
    Bench::new(None, LARGE, over_tcp).every_call_fails(&met);
}

#[test]
fn of_a_large_file_that_is_read() {
    let declining =
        |_: &Receiver, breaker| FailingConnect(TcpConnect::new().send_files(false), breaker);
    let met = and(&[
        Call::Connect,
        Call::Write,
        Call::SendFile,
        Call::FileState,
        Call::FileRead,
    ]);
    Bench::new(None, LARGE, declining).every_call_fails(&met);
}

#[test]
fn below_tls() {
    let below =
        |receiver: &Receiver, breaker| tls(receiver, FailingConnect(TcpConnect::new(), breaker));
    let met = and(&[Call::Tunnel, Call::WriteVectored, Call::FileRead]);
    Bench::new(Some(Tls::SelfMade), SMALL, below).every_call_fails(&met);
}

#[test]
fn above_tls() {
    let above =
        |receiver: &Receiver, breaker| FailingConnect(tls(receiver, TcpConnect::new()), breaker);
    let met = and(&[
        Call::Connect,
        Call::Write,
        Call::SendFile,
        Call::FileState,
        Call::FileRead,
    ]);
    Bench::new(Some(Tls::SelfMade), LARGE, above).every_call_fails(&met);
}
