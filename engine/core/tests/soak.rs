//! Uploads for a long time: five active, of a hundred two through a proxy that breaks the connection and one aborted, to
//! receivers in the clear and over TLS. Each comes to the one outcome that it must, and descriptors, threads and memory stay
//! where they were after the first few.
//!
//! Among the other tests it is bounded by a number of uploads, 3,000. For a time, here an hour:
//!
//! ```text
//! QUINTET_SOAK_SECONDS=3600 cargo test -p quintet --test soak -- --nocapture
//! ```
#![forbid(unsafe_code)]
#![cfg(target_os = "linux")]

#[path = "support/fault_proxy.rs"]
mod fault_proxy;
mod support;

use std::collections::VecDeque;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fault_proxy::{Fault, FaultProxy, Numbers};
use quintet::{Engine, Event, EventKind, Listener, UploadRequest, UploadTask};
use quintet_receiver::{Receiver, Tls};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};
use sha2::{Digest, Sha256};
use support::*;

/// Uploads of a round; after it everything is counted.
const ROUND: usize = 500;
/// Rounds before anything is compared.
const WARM_UP_ROUNDS: usize = 2;
/// Rounds in all where no time is given.
const ROUNDS: usize = 6;
/// Of a hundred uploads.
const FAULTS: u64 = 2;
const ABORTS: u64 = 1;
/// Uploads that were asked for and have not ended: five are active, the others wait.
const ASKED_MAX: usize = 20;
/// An upload that is harmed may be stalled; the others have all the time that there is.
const HARMED_TIME: Duration = Duration::from_millis(500);
/// Idle connections, of both their ends, and proxied ones on their way out.
const DESCRIPTORS_MORE: usize = 2 * 8;
/// Rounds between two lines that tell how it goes.
const ROUNDS_TOLD: usize = 20;
/// What the allocators of all threads may hold on to, more than after the warm-up. In 396,000 uploads it swung between nothing
/// and six megabytes, and ended two above; a hundred bytes lost by each would have been forty.
const RESIDENT_BYTES_MORE: usize = 16 << 20;

/// Counts the events that matter, and keeps none.
#[derive(Default)]
struct Counts {
    active: AtomicUsize,
    active_most: AtomicUsize,
    done: AtomicUsize,
}

impl Listener for Counts {
    fn on_event(&self, event: &Event) {
        match event.kind {
            EventKind::Admitted => {
                let active = self.active.fetch_add(1, Ordering::SeqCst) + 1;
                self.active_most.fetch_max(active, Ordering::SeqCst);
            }
            EventKind::Done(_) => {
                self.done.fetch_add(1, Ordering::SeqCst);
                // One that was aborted while it waited was never active.
                let one_less = |active: usize| active.checked_sub(1);
                let _ = self
                    .active
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
            }
            _ => {}
        }
    }
}

/// What an upload was asked for with, and so how it may end.
enum Asked {
    Whole {
        sha256: String,
    },
    Harmed,
    /// And whether that came in time.
    Aborted(bool),
}

struct Soak {
    engine: Engine,
    counts: Arc<Counts>,
    receivers: [Receiver; 2],
    proxies: [FaultProxy; 2],
    files: Vec<(PathBuf, String)>,
    _folder: Files,
    numbers: Numbers,
    under_way: VecDeque<(UploadTask, Asked)>,
    asked: usize,
    ended: [usize; 3],
}

impl Soak {
    fn new() -> Self {
        let receivers = [None, Some(Tls::SelfMade)].map(|tls| {
            let settings = quintet_receiver::Settings {
                tls,
                // A list that grows would look like memory lost.
                arrivals_max: 0,
                ..quintet_receiver::Settings::default()
            };
            Receiver::start(settings).expect("a port")
        });
        let root = receivers[1].root_pem().expect("it is secure").as_bytes();
        let trusted = TlsSettings::only_given_roots().add_root_pem(root);
        let tls = TlsConnect::new(TcpConnect::new(), trusted.expect("a root"));
        let counts = Arc::<Counts>::default();
        let engine = Engine::builder(tls.expect("settings that fit"))
            .listener(counts.clone())
            .start();
        let folder = Files::new();
        let files = [0, 10, 2_000, 40_000, 70_000, 1_000_000].map(|len| {
            let path = folder.file(&len.to_string(), len);
            (path, sha256(&content(len)))
        });
        Self {
            engine: engine.expect("a thread"),
            counts,
            proxies: [0, 1].map(|which: usize| harming(&receivers[which], which as u64)),
            receivers,
            files: files.into(),
            _folder: folder,
            numbers: Numbers(7),
            under_way: VecDeque::new(),
            asked: 0,
            ended: [0; 3],
        }
    }

    fn round(&mut self) {
        for _ in 0..ROUND {
            self.ask();
            while self.under_way.len() > ASKED_MAX {
                self.end_oldest();
            }
        }
        while !self.under_way.is_empty() {
            self.end_oldest();
        }
        for proxy in &self.proxies {
            proxy.hang_up();
        }
        assert!(self.counts.active_most.load(Ordering::SeqCst) <= 5);
        until("every upload has told its end", || {
            self.counts.done.load(Ordering::SeqCst) >= self.asked
        });
        assert_eq!(self.counts.done.load(Ordering::SeqCst), self.asked);
    }

    fn ask(&mut self) {
        let which = self.numbers.below(2) as usize;
        let (path, sha256) = &self.files[self.numbers.below(self.files.len() as u64) as usize];
        let url = self.receivers[which].url("/up");
        let request = |url: String| UploadRequest::new(url, path, "file").field("album", "spring");
        let chance = self.numbers.below(100);
        let (task, asked) = if chance < FAULTS {
            let there = self.receivers[which].addr().to_string();
            let through = url.replace(&there, &self.proxies[which].addr.to_string());
            let harmed = request(through).timeout(HARMED_TIME);
            (self.engine.upload(harmed), Asked::Harmed)
        } else if chance < FAULTS + ABORTS {
            let task = self.engine.upload(request(url));
            let in_time = task.abort();
            (task, Asked::Aborted(in_time))
        } else {
            let sha256 = sha256.clone();
            (self.engine.upload(request(url)), Asked::Whole { sha256 })
        };
        self.asked += 1;
        self.under_way.push_back((task, asked));
    }

    fn end_oldest(&mut self) {
        let Some((task, asked)) = self.under_way.pop_front() else {
            return;
        };
        let outcome = task.wait();
        match asked {
            Asked::Whole { sha256 } => {
                let answer = outcome.result.as_ref();
                let answer = answer.unwrap_or_else(|error| panic!("{error:?} of {outcome:?}"));
                assert!(answer.data().contains(&sha256), "{outcome:?}");
                self.ended[0] += 1;
            }
            Asked::Harmed => self.ended[1] += 1,
            Asked::Aborted(in_time) => {
                assert_eq!(outcome.is_aborted(), in_time, "{outcome:?}");
                self.ended[2] += 1;
            }
        }
    }
}

/// A proxy that harms every connection at one of its first bytes.
fn harming(receiver: &Receiver, seed: u64) -> FaultProxy {
    let proxy = FaultProxy::start(receiver.addr(), || {});
    let mut numbers = Numbers(seed);
    proxy.harm_each(move || Some(Fault::drawn(&mut numbers, &(0..4_000), &(0..600))));
    proxy
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What this process holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    descriptors: usize,
    threads: usize,
    resident_bytes: usize,
}

impl Held {
    fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("procfs");
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.expect(name).parse::<usize>().expect("a number")
        };
        Self {
            descriptors: descriptors(),
            threads: number("Threads:"),
            resident_bytes: number("VmRSS:") * 1024,
        }
    }

    fn is_within(self, before: Self) -> bool {
        self.descriptors <= before.descriptors + DESCRIPTORS_MORE
            && self.threads <= before.threads
            && self.resident_bytes <= before.resident_bytes + RESIDENT_BYTES_MORE
    }
}

#[test]
fn hours_of_uploads_leave_nothing_behind() {
    let seconds = env::var("QUINTET_SOAK_SECONDS").ok();
    let time = seconds.map(|seconds| Duration::from_secs(seconds.parse().expect("whole seconds")));
    let mut soak = Soak::new();
    // The proxies' threads and connections go a little after the uploads.
    let settled = |before: Held| {
        until("all is as before", || Held::now().is_within(before));
        Held::now()
    };
    for _ in 0..WARM_UP_ROUNDS {
        soak.round();
    }
    let before = Held::now();
    let begun = Instant::now();
    for round in WARM_UP_ROUNDS.. {
        if time.map_or(round >= ROUNDS, |time| begun.elapsed() >= time) {
            break;
        }
        soak.round();
        let now = settled(before);
        if round % ROUNDS_TOLD == 0 {
            println!("after {} uploads {now:?}", soak.asked);
        }
    }
    let [whole, harmed, aborted] = soak.ended;
    println!("{whole} whole, {harmed} harmed, {aborted} aborted");
    println!(
        "after the warm-up {before:?}, at the end {:?}",
        settled(before)
    );
    assert!(harmed > 0 && aborted > 0);
    assert!(soak.engine.shutdown());
}
