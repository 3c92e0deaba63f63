//! What was recorded, in numbers and as a table.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::{FAILED, Records};

/// Everything recorded up to one moment. Its `Display` is a table of the phases that have values.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Each phase in its order: name and numbers, of successes alone.
    pub phases: Vec<(&'static str, Summary)>,
    /// From slot to end of the failures that had a slot.
    pub failed: Summary,
    /// How many successes had which status; their sum is the number of successes.
    pub statuses: BTreeMap<u16, u64>,
    /// How many failures had which reason; their sum is the number of failures.
    pub failures: BTreeMap<&'static str, u64>,
}

impl Snapshot {
    /// The numbers of one phase; `None` if there is none of that name.
    pub fn phase(&self, name: &str) -> Option<Summary> {
        let mut phases = self.phases.iter();
        phases
            .find(|(phase, _)| *phase == name)
            .map(|(_, own)| *own)
    }

    /// Uploads that ended with an answer, whatever its status.
    pub fn succeeded(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Uploads that ended without one.
    pub fn failed_count(&self) -> u64 {
        self.failures.values().sum()
    }
}

/// One histogram in numbers, all zero if nothing was recorded. A percentile is the least time that at least so many
/// percent of the values do not exceed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// How many values.
    pub count: u64,
    /// The least, at most 0.1 % below the truth.
    pub min: Duration,
    /// The mean.
    pub mean: Duration,
    /// The median.
    pub p50: Duration,
    /// 90 % are within.
    pub p90: Duration,
    /// 99 % are within.
    pub p99: Duration,
    /// 99.9 % are within.
    pub p999: Duration,
    /// The greatest.
    pub max: Duration,
}

impl Summary {
    fn of(histogram: &Histogram<u64>) -> Self {
        if histogram.is_empty() {
            return Self::default();
        }
        let at = |quantile| Duration::from_micros(histogram.value_at_quantile(quantile));
        Self {
            count: histogram.len(),
            min: Duration::from_micros(histogram.min()),
            mean: Duration::from_secs_f64(histogram.mean() / 1e6),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: Duration::from_micros(histogram.max()),
        }
    }

    fn times(&self) -> [Duration; 7] {
        [
            self.min, self.mean, self.p50, self.p90, self.p99, self.p999, self.max,
        ]
    }
}

impl Records {
    pub(crate) fn snapshot(&self) -> Snapshot {
        let (failed, phases): (Vec<_>, Vec<_>) = self
            .histograms
            .iter()
            .map(|(name, histogram)| (*name, Summary::of(histogram)))
            .partition(|(name, _)| *name == FAILED);
        Snapshot {
            phases,
            failed: failed.first().map(|(_, own)| *own).unwrap_or_default(),
            statuses: self.statuses.clone(),
            failures: self.failures.clone(),
        }
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<9}{:>7}", "phase", "count")?;
        for column in ["min", "mean", "p50", "p90", "p99", "p99.9", "max"] {
            write!(f, "{column:>10}")?;
        }
        writeln!(f)?;
        let failed = [(FAILED, self.failed)];
        for (name, summary) in self.phases.iter().chain(&failed) {
            if summary.count > 0 {
                write!(f, "{name:<9}{:>7}", summary.count)?;
                for time in summary.times() {
                    write!(f, "{:>10}", short(time))?;
                }
                writeln!(f)?;
            }
        }
        write!(f, "{} succeeded", self.succeeded())?;
        list(
            f,
            self.statuses.iter().map(|(status, count)| (count, status)),
        )?;
        write!(f, ", {} failed", self.failed_count())?;
        list(
            f,
            self.failures.iter().map(|(reason, count)| (count, reason)),
        )
    }
}

/// ` (3 × this, 1 × that)`, nothing for nothing.
fn list<'a>(
    f: &mut fmt::Formatter<'_>,
    counted: impl Iterator<Item = (&'a u64, impl fmt::Display)>,
) -> fmt::Result {
    let all: Vec<_> = counted
        .map(|(count, what)| format!("{count} × {what}"))
        .collect();
    match all.is_empty() {
        true => Ok(()),
        false => write!(f, " ({})", all.join(", ")),
    }
}

/// Three digits and a unit.
fn short(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    let (value, unit) = match micros {
        ..999.5 => (micros, "µs"),
        ..999_500.0 => (micros / 1e3, "ms"),
        _ => (micros / 1e6, "s"),
    };
    let decimals = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_three_digits_and_its_unit() {
        for (micros, text) in [
            (1, "1.00 µs"),
            (12, "12.0 µs"),
            (999, "999 µs"),
            (1_000, "1.00 ms"),
            (9_999, "10.0 ms"),
            (99_990, "100 ms"),
            (999_600, "1.00 s"),
            (61_500_000, "61.5 s"),
            (3_600_000_000, "3600 s"),
        ] {
            assert_eq!(short(Duration::from_micros(micros)), text);
        }
    }
}
