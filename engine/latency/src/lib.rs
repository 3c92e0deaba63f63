//! Latency of uploads: a [`Listener`] that keeps one histogram for each phase, to be read, merged and stored.
//!
//! ```no_run
//! use std::sync::Arc;
//! use quintet_latency::Latency;
//! # fn example(transport: impl quintet_transport::Connect + 'static) -> std::io::Result<()> {
//!
//! let latency = Arc::new(Latency::new());
//! let engine = quintet::Engine::builder(transport).listener(latency.clone()).start()?;
//! // … uploads …
//! println!("{}", latency.snapshot());
//! # drop(engine);
//! # Ok(())
//! # }
//! ```
//!
//! # What is counted
//!
//! Every upload that ends is counted exactly once, and leaves its time in one of two places:
//!
//! - **A success** (a complete answer, whatever its status) leaves one value in `total`, and one in every other phase
//!   that it passed through. A reused connection has no `dns`, `connect` and `tls`, so their counts are lower. Its
//!   status is counted too: a server that answers 503 in a millisecond is fast, and that should be seen.
//! - **A failure** leaves nothing in the phases: a refused connection would make them look fast, and a timeout would
//!   show a setting instead of a measurement. It is counted under its reason, and if it had a slot, its time from
//!   there to the end goes into [`FAILED`].
//!
//! Waiting for a slot is `queue`, and no part of `total`. After a redirect the phases tell of the last request and
//! `total` of all. A program that starts its next upload when the last one has ended measures less waiting than its
//! users would see when the server stalls (coordinated omission); nothing here corrects for that.
//!
//! # Values
//!
//! Microseconds from 1 to [`MICROS_MAX`] (one hour) with three significant digits: a value read back is at most 0.1 %
//! above the one recorded. Less than 1 µs counts as 1, more than an hour as an hour.
//!
//! # Memory
//!
//! [`HISTOGRAM_BYTES`] for each of the ten histograms, allocated when it is made and never more: 1.9 MB. Besides, one
//! number for each status and each reason that has occurred: under a thousand.
#![forbid(unsafe_code)]

mod histogram;
mod snapshot;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use quintet::{Event, EventKind, Listener, Outcome, Timings};

pub use histogram::SerialError;
pub use snapshot::{Snapshot, Summary};

/// The name under which the times of failed uploads are found, from slot to end.
pub const FAILED: &str = "failed";
/// The longest time told apart: one hour, in microseconds.
pub const MICROS_MAX: u64 = 3_600_000_000;
/// What one histogram takes: 23,552 counters of eight bytes.
pub const HISTOGRAM_BYTES: usize = 23_552 * 8;

/// One histogram for each phase of [`Timings::phases`], filled by every upload that ends. Give it to
/// [`EngineBuilder::listener`](quintet::EngineBuilder::listener); one may serve several engines.
///
/// The [crate] tells what is counted and what that costs.
pub struct Latency(Mutex<Records>);

impl Latency {
    /// With every histogram empty.
    pub fn new() -> Self {
        Self(Mutex::new(Records::new()))
    }

    /// Adds everything that `other` has recorded, as if it had been recorded here. `other` keeps it.
    pub fn merge(&self, other: &Self) {
        // Copied first: two locks at once could wait for each other, or for themselves.
        let other = other.records().clone();
        self.records().merge(&other);
    }

    /// What was recorded so far, in numbers, taken at one moment.
    pub fn snapshot(&self) -> Snapshot {
        self.records().snapshot()
    }

    /// The histogram of `phase` (or of [`FAILED`]) in the V2 form of HdrHistogram; `None` if there is no such phase.
    pub fn serialize_v2(&self, phase: &str) -> Option<Vec<u8>> {
        Some(histogram::to_v2(self.records().histogram(phase)?))
    }

    /// As [`serialize_v2`](Self::serialize_v2), compressed: the form that the Java and Python libraries read, and
    /// that stands in base64 in `.hlog` files.
    pub fn serialize_v2_deflate(&self, phase: &str) -> Option<Vec<u8>> {
        Some(histogram::to_v2_deflate(self.records().histogram(phase)?))
    }

    /// Writes every histogram that has values as one line of a `.hlog` file, tagged with its phase: what was recorded
    /// in the `took` from `start` on. Times in the file's fourth column are milliseconds, those within the
    /// histograms microseconds.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write_hlog(
        &self,
        out: &mut impl io::Write,
        start: SystemTime,
        took: Duration,
    ) -> io::Result<()> {
        let records = self.records().clone();
        histogram::write_hlog(&records.histograms, out, start, took)
    }

    /// Adds to the histogram of `phase` one that [`serialize_v2`](Self::serialize_v2) or
    /// [`serialize_v2_deflate`](Self::serialize_v2_deflate) wrote, here or in another process. Numbers of uploads,
    /// statuses and reasons are not in it and do not change.
    ///
    /// # Errors
    /// [`SerialError`], and nothing is added, if there is no such phase, or `bytes` are no such histogram, or it holds
    /// values beyond [`MICROS_MAX`].
    pub fn merge_serialized(&self, phase: &str, bytes: &[u8]) -> Result<(), SerialError> {
        let read = histogram::from_v2(bytes)?;
        let mut records = self.records();
        let histogram = records.histogram_mut(phase);
        histogram
            .ok_or(SerialError::NoSuchPhase)?
            .add(&read)
            .map_err(|_| SerialError::OutOfRange)
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        // Each change leaves the records fit for use, wherever a panic might strike.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

impl Listener for Latency {
    fn on_event(&self, event: &Event) {
        if let EventKind::Done(outcome) = &event.kind {
            self.records().record(outcome);
        }
    }
}

impl fmt::Debug for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records = self.records();
        f.debug_struct("Latency")
            .field("succeeded", &records.succeeded())
            .field("failed", &records.failures.values().sum::<u64>())
            .finish()
    }
}

impl fmt::Display for Latency {
    /// The table of [`Snapshot`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}

/// All that is kept.
#[derive(Clone)]
struct Records {
    /// In the order of the phases, and [`FAILED`] last.
    histograms: Vec<(&'static str, Histogram<u64>)>,
    statuses: BTreeMap<u16, u64>,
    failures: BTreeMap<&'static str, u64>,
}

impl Records {
    fn new() -> Self {
        let named = |name| (name, histogram::empty());
        Self {
            histograms: Timings::PHASES
                .into_iter()
                .chain([FAILED])
                .map(named)
                .collect(),
            statuses: BTreeMap::new(),
            failures: BTreeMap::new(),
        }
    }

    fn record(&mut self, outcome: &Outcome) {
        match &outcome.result {
            Ok(response) => self.record_success(response.status, &outcome.timings),
            Err(error) => self.record_failure(error.kind().reason(), &outcome.timings),
        }
    }

    fn record_success(&mut self, status: u16, timings: &Timings) {
        *self.statuses.entry(status).or_default() += 1;
        for ((_, histogram), took) in self.histograms.iter_mut().zip(timings.durations()) {
            if let Some(took) = took {
                record(histogram, took);
            }
        }
    }

    fn record_failure(&mut self, reason: &'static str, timings: &Timings) {
        *self.failures.entry(reason).or_default() += 1;
        // Only what had a slot has a total.
        let total = timings.phases().find(|(phase, _)| *phase == "total");
        if let (Some((_, took)), Some(histogram)) = (total, self.histogram_mut(FAILED)) {
            record(histogram, took);
        }
    }

    fn merge(&mut self, other: &Self) {
        for (phase, histogram) in &other.histograms {
            if let Some(own) = self.histogram_mut(phase) {
                own.add(histogram)
                    .expect("both were made with the same bounds");
            }
        }
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (reason, count) in &other.failures {
            *self.failures.entry(reason).or_default() += count;
        }
    }

    fn succeeded(&self) -> u64 {
        self.statuses.values().sum()
    }

    fn histogram(&self, phase: &str) -> Option<&Histogram<u64>> {
        let mut all = self.histograms.iter();
        all.find(|(name, _)| *name == phase).map(|(_, own)| own)
    }

    fn histogram_mut(&mut self, phase: &str) -> Option<&mut Histogram<u64>> {
        let mut all = self.histograms.iter_mut();
        all.find(|(name, _)| *name == phase).map(|(_, own)| own)
    }
}

fn record(histogram: &mut Histogram<u64>, took: Duration) {
    let seconds = took.as_secs().min(MICROS_MAX);
    let micros = seconds * 1_000_000 + u64::from(took.subsec_micros());
    histogram.saturating_record(micros.clamp(1, MICROS_MAX));
}

#[cfg(test)]
mod tests;
