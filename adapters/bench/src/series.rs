//! What happened when: one point for each interval.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::phase::Phase;
use crate::records::Records;

/// Most points, a day of seconds: what comes later is in the sums alone.
pub const POINTS_MAX: usize = 86_400;

/// One interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// Where it begins, from the start of the bench.
    pub at: Duration,
    /// Its length.
    pub length: Duration,
    /// Uploads begun.
    pub begun: u64,
    /// Uploads that ended with an answer.
    pub answered: u64,
    /// Uploads that ended without.
    pub failed: u64,
    /// Body bytes taken by transports.
    pub sent: u64,
    /// Uploads that had a slot when it ended.
    pub active: u64,
    /// Uploads that waited for one when it ended.
    pub queued: u64,
    /// Of those measured uploads that ended in it with an answer; `None` if there was none.
    pub service: Option<Spread>,
    /// The same.
    pub response: Option<Spread>,
}

/// Times of one interval.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Spread {
    /// The median.
    pub p50: Duration,
    /// 99 % are within.
    pub p99: Duration,
    /// The greatest.
    pub max: Duration,
}

impl Spread {
    fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let at = |quantile| Duration::from_micros(histogram.value_at_quantile(quantile));
        (!histogram.is_empty()).then(|| Self {
            p50: at(0.5),
            p99: at(0.99),
            max: Duration::from_micros(histogram.max()),
        })
    }
}

impl Point {
    /// Adds what was recorded in it.
    pub(crate) fn fill(&mut self, records: &Records) {
        self.answered = records.run.answered;
        self.failed = records.run.failed;
        self.service = Spread::of(records.histograms.of(Phase::Service));
        self.response = Spread::of(records.histograms.of(Phase::Response));
    }
}
