//! A comparison for people.

use std::fmt;

use super::{Comparison, Measure, Median};
use crate::report::text::{size, time};

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.runs;
        writeln!(f, "A: {} ({a} runs)\nB: {} ({b} runs)\n", self.a, self.b)?;
        for measure in &self.measures {
            writeln!(f, "{}", measure.name)?;
            writeln!(f, "  A {}", measure.interval(&measure.a))?;
            writeln!(f, "  B {}", measure.interval(&measure.b))?;
            writeln!(f, "  {}", measure.verdict)?;
        }
        writeln!(f)?;
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        Ok(())
    }
}

impl Measure {
    pub(super) fn interval(&self, interval: &Median) -> String {
        let Median {
            median,
            low,
            high,
            confidence,
        } = interval;
        let (median, low, high) = (self.value(*median), self.value(*low), self.value(*high));
        format!(
            "median {median}, between {low} and {high} with {:.1} % confidence",
            confidence * 100.0
        )
    }

    pub(super) fn value(&self, value: f64) -> String {
        match &*self.key {
            key if key.ends_with("_us") => time(value),
            key if key.ends_with("bytes_per_s") => size(value) + "/s",
            "rate.achieved_per_s" => format!("{value:.2}/s"),
            _ => format!("{value:.0}"),
        }
    }
}
