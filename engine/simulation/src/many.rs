//! Many seeds on many threads, each seed on one.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use quintet_simulation::{Cell, Report, run as run_one};

use crate::Arguments;

/// Failing seeds that are told of: more would hide the first.
const TOLD_MAX: usize = 10;

/// Runs the seeds, and tells what was hit and what was broken. Whether all is well.
pub(crate) fn run(arguments: &Arguments) -> bool {
    let uploads = arguments.uploads;
    let threads = arguments.threads.unwrap_or_else(processors);
    let hits = Mutex::new(vec![0_u64; Cell::COUNT]);
    let failed = Mutex::new(Vec::new());
    let twice = AtomicU64::new(0);
    each(arguments.seeds.clone(), threads, |seed| {
        let mut report = run_one(seed, uploads, false);
        // Spread over the seeds as evenly as whole numbers allow.
        if (seed * arguments.twice) % 100 < arguments.twice {
            twice.fetch_add(1, Ordering::Relaxed);
            let again = run_one(seed, uploads, false);
            if again.hash != report.hash {
                report.broken.push(format!(
                    "I20: {:016x}, then {:016x}",
                    report.hash, again.hash
                ));
            }
        }
        let mut hits = hits.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        hits.iter_mut()
            .zip(&report.hits)
            .for_each(|(sum, more)| *sum += more);
        drop(hits);
        if !report.broken.is_empty() {
            let mut failed = failed
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            failed.push(report);
        }
        true
    });
    let hits = hits
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let failed = failed
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let missed = tell_hits(&hits, arguments.hits_min);
    tell_failed(failed.clone(), uploads);
    let seeds = arguments.seeds.end - arguments.seeds.start;
    println!(
        "{seeds} seeds of {uploads} uploads, {} of them twice: {} broke a rule, {missed} cells were hit less than {} times",
        twice.into_inner(),
        failed.len(),
        arguments.hits_min,
    );
    failed.is_empty() && missed == 0
}

/// The first seed that breaks a rule, and how many that took.
pub(crate) fn find(seeds: Range<u64>, uploads: usize) -> bool {
    let found = Mutex::new(None::<Report>);
    let first = seeds.start;
    each(seeds, 1, |seed| {
        let report = run_one(seed, uploads, false);
        if report.broken.is_empty() {
            return true;
        }
        *found
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(report);
        false
    });
    let found = found
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(report) = &found {
        println!("{} {}", report.seed - first + 1, report.broken[0]);
    }
    found.is_some()
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Calls `run` with each seed until one says no.
fn each(seeds: Range<u64>, threads: usize, run: impl Fn(u64) -> bool + Sync) {
    let next = AtomicU64::new(seeds.start);
    let goes_on = AtomicBool::new(true);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while goes_on.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    if !run(seed) {
                        goes_on.store(false, Ordering::Relaxed);
                    }
                }
            });
        }
    });
}

/// How many cells were hit too seldom.
fn tell_hits(hits: &[u64], hits_min: u64) -> usize {
    let mut missed = 0;
    for cell in Cell::all() {
        let hit = hits[cell.index()];
        let seldom = hit < hits_min;
        missed += usize::from(seldom);
        println!(
            "{hit:>9}  {cell}{}",
            if seldom { "  TOO SELDOM" } else { "" }
        );
    }
    missed
}

fn tell_failed(mut failed: Vec<Report>, uploads: usize) {
    failed.sort_by_key(|report| report.seed);
    for report in failed.iter().take(TOLD_MAX) {
        crate::tell(report, uploads);
    }
}
