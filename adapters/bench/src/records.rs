//! What has been counted of uploads, in sums that add up over clients, intervals and processes.

use std::collections::BTreeMap;
use std::time::Duration;

use quintet::{ErrorKind, Outcome};

use crate::histogram::Histograms;
use crate::phase::{Phase, spent};

/// An upload that is over.
pub(crate) struct Ended<'a> {
    pub(crate) outcome: &'a Outcome,
    pub(crate) intended: Duration,
    /// It was due in the time that is measured.
    pub(crate) measured: bool,
    /// It ended in that time.
    pub(crate) in_window: bool,
}

/// How uploads ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ends {
    /// With a complete answer of any status.
    pub(crate) answered: u64,
    /// Without.
    pub(crate) failed: u64,
    /// With the bench, which did not wait for them any longer.
    pub(crate) unfinished: u64,
}

impl Ends {
    pub(crate) fn all(self) -> u64 {
        self.answered + self.failed + self.unfinished
    }

    fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.failed += other.failed;
        self.unfinished += other.unfinished;
    }
}

/// Sums over uploads that have ended.
#[derive(Clone)]
pub(crate) struct Records {
    /// Of measured uploads.
    pub(crate) histograms: Histograms,
    /// Of all, those before measuring began included.
    pub(crate) run: Ends,
    /// Of all that ended while it was measured, whenever they were due.
    pub(crate) window: Ends,
    /// Of all that were due while it was measured, whenever they ended.
    pub(crate) measured: Ends,
    /// Of measured uploads, by status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Of measured uploads, by what they were doing and the reason.
    pub(crate) errors: BTreeMap<(&'static str, &'static str), u64>,
    /// Answered before the whole body was sent, of all.
    pub(crate) stopped_early: u64,
    /// Of all that were answered: connections made anew.
    pub(crate) connections: u64,
    /// Body bytes taken by transports, of all.
    pub(crate) body_bytes: u64,
    /// Of these, confirmed by the peer's kernel when their upload ended; those of systems that do not tell are missing.
    pub(crate) acked_bytes: u64,
    pub(crate) wire_bytes_sent: u64,
    pub(crate) wire_bytes_received: u64,
}

impl Records {
    pub(crate) fn new() -> Self {
        Self {
            histograms: Histograms::new(),
            run: Ends::default(),
            window: Ends::default(),
            measured: Ends::default(),
            statuses: BTreeMap::new(),
            errors: BTreeMap::new(),
            stopped_early: 0,
            connections: 0,
            body_bytes: 0,
            acked_bytes: 0,
            wire_bytes_sent: 0,
            wire_bytes_received: 0,
        }
    }

    pub(crate) fn count(&mut self, ended: &Ended<'_>) {
        let outcome = ended.outcome;
        let mut ends = Ends::default();
        match outcome.kind() {
            None => ends.answered = 1,
            Some(ErrorKind::Aborted | ErrorKind::ShutDown) => ends.unfinished = 1,
            Some(_) => ends.failed = 1,
        }
        self.run.add(ends);
        if ended.in_window {
            self.window.add(ends);
        }
        if ended.measured {
            self.measured.add(ends);
            self.time(ended, ends);
        }
        let timings = &outcome.timings;
        self.connections += u64::from(timings.connected.is_some() && !timings.reused);
        self.stopped_early += u64::from(outcome.stopped_early());
        self.body_bytes += outcome.bytes_sent;
        self.acked_bytes += outcome.bytes_acked.unwrap_or(0);
        self.wire_bytes_sent += outcome.wire_bytes_sent;
        self.wire_bytes_received += outcome.wire_bytes_received;
    }

    fn time(&mut self, ended: &Ended<'_>, ends: Ends) {
        let outcome = ended.outcome;
        match &outcome.result {
            Ok(response) => {
                *self.statuses.entry(response.status).or_default() += 1;
                for (phase, took) in spent(ended.intended, &outcome.timings) {
                    self.histograms.record(phase, took);
                }
            }
            Err(error) if ends.failed > 0 => {
                let stage = (outcome.phase.as_str(), error.kind().reason());
                *self.errors.entry(stage).or_default() += 1;
                let done = outcome.timings.done.unwrap_or(outcome.timings.queued);
                let took = done.saturating_sub(ended.intended);
                self.histograms.record(Phase::Failed, took);
            }
            Err(_) => {}
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let Self {
            histograms,
            run,
            window,
            measured,
            statuses,
            errors,
            stopped_early,
            connections,
            body_bytes,
            acked_bytes,
            wire_bytes_sent,
            wire_bytes_received,
        } = other;
        self.histograms.add(histograms);
        self.run.add(*run);
        self.window.add(*window);
        self.measured.add(*measured);
        for (status, count) in statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (stage, count) in errors {
            *self.errors.entry(*stage).or_default() += count;
        }
        self.stopped_early += stopped_early;
        self.connections += connections;
        self.body_bytes += body_bytes;
        self.acked_bytes += acked_bytes;
        self.wire_bytes_sent += wire_bytes_sent;
        self.wire_bytes_received += wire_bytes_received;
    }

    /// Empty again, without giving memory back.
    pub(crate) fn clear(&mut self) {
        self.histograms.clear();
        self.statuses.clear();
        self.errors.clear();
        (self.run, self.window, self.measured) = Default::default();
        (self.stopped_early, self.connections) = (0, 0);
        (self.body_bytes, self.acked_bytes) = (0, 0);
        (self.wire_bytes_sent, self.wire_bytes_received) = (0, 0);
    }
}
