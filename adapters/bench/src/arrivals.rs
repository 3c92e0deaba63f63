//! When each upload of an open loop is due: decided before anything is sent, so that no server can put it off.

use std::time::Duration;

use crate::load::{Arrivals, Load, Pace, Shard, Span};

/// The uploads of an open loop that are this shard's: number and due time from the start of the bench, in order.
///
/// Every shard goes through the whole schedule and keeps its own, so that all of them together bring exactly the load
/// of one.
pub(crate) struct Schedule {
    rate: f64,
    ramp: f64,
    end: f64,
    uploads_max: u64,
    shard: Shard,
    chance: Option<fastrand::Rng>,
    number: u64,
    /// Uploads due so far, by the rate's integral; not whole where chance spreads them.
    due: f64,
}

impl Schedule {
    /// `None` for a closed loop.
    pub(crate) fn of(load: &Load) -> Option<Self> {
        let Pace::Open {
            per_second,
            arrivals,
        } = load.pace
        else {
            return None;
        };
        let Span { ramp, uploads, .. } = load.span;
        let end = load.span.measured_to();
        Some(Self {
            rate: per_second,
            ramp: ramp.as_secs_f64(),
            end: end.map_or(f64::INFINITY, |end| end.as_secs_f64()),
            uploads_max: uploads.unwrap_or(u64::MAX),
            shard: load.shard,
            chance: (arrivals == Arrivals::Poisson).then(|| fastrand::Rng::with_seed(load.seed)),
            number: 0,
            due: 0.0,
        })
    }

    /// Whether the number of uploads has ended it, and not the time.
    pub(crate) fn is_spent(&self) -> bool {
        self.number >= self.uploads_max
    }

    /// The next of all shards.
    fn advance(&mut self) -> Option<(u64, Duration)> {
        let number = self.number;
        match &mut self.chance {
            // Counted, not summed up: a million steps of 1 lose nothing.
            None => self.due = number as f64,
            // Exponential distances of mean 1, by the inverse of their distribution; 1 - f64() is never 0.
            Some(chance) => self.due -= (1.0 - chance.f64()).ln(),
        }
        let at = self.time_of(self.due);
        if number >= self.uploads_max || at >= self.end {
            return None;
        }
        self.number += 1;
        // What is due after the end of time is not due.
        Some((number, Duration::try_from_secs_f64(at).ok()?))
    }

    /// When so many uploads are due: over the ramp `rate * t² / (2 ramp)` of them, then `rate` more each second.
    fn time_of(&self, due: f64) -> f64 {
        let by_ramp = self.rate * self.ramp / 2.0;
        match due < by_ramp {
            true => (2.0 * due * self.ramp / self.rate).sqrt(),
            false => self.ramp + (due - by_ramp) / self.rate,
        }
    }
}

impl Iterator for Schedule {
    type Item = (u64, Duration);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = self.advance()?;
            if self.shard.has(next.0) {
                return Some(next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(per_second: f64, arrivals: Arrivals, span: Span) -> Load {
        Load {
            clients: 1,
            slots: 5,
            threads: 1,
            pace: Pace::Open {
                per_second,
                arrivals,
            },
            span,
            shard: Shard::WHOLE,
            seed: 7,
        }
    }

    fn seconds(seconds: u64) -> Span {
        Span {
            duration: Some(Duration::from_secs(seconds)),
            ..Span::default()
        }
    }

    #[test]
    fn a_constant_rate_has_equal_distances() {
        let due: Vec<_> = Schedule::of(&load(4.0, Arrivals::Constant, seconds(2)))
            .unwrap()
            .map(|(number, at)| (number, at.as_millis()))
            .collect();
        let expected: Vec<_> = (0..8).map(|n| (n, u128::from(n) * 250)).collect();
        assert_eq!(due, expected);
    }

    #[test]
    fn a_ramp_grows_evenly_to_the_rate() {
        let span = Span {
            ramp: Duration::from_secs(10),
            ..seconds(10)
        };
        let due: Vec<f64> = Schedule::of(&load(100.0, Arrivals::Constant, span))
            .unwrap()
            .map(|(_, at)| at.as_secs_f64())
            .collect();
        // Half of them in the ramp, of which a quarter in its first half.
        assert_eq!(due.len(), 500 + 1000);
        assert_eq!(due.iter().filter(|at| **at < 10.0).count(), 500);
        assert_eq!(due.iter().filter(|at| **at < 5.0).count(), 125);
        assert!(due.is_sorted());
    }

    #[test]
    fn chance_keeps_the_rate_and_spreads_as_poisson_does() {
        let all = load(1000.0, Arrivals::Poisson, seconds(100));
        let due: Vec<f64> = Schedule::of(&all)
            .unwrap()
            .map(|(_, at)| at.as_secs_f64())
            .collect();
        // Five deviations of a count of 100,000; the seed is fixed, so that it holds always.
        assert!(due.len().abs_diff(100_000) < 1_600, "{}", due.len());
        let mean = 1e-3;
        let distances: Vec<f64> = due.windows(2).map(|two| two[1] - two[0]).collect();
        let squares: f64 = distances.iter().map(|d| (d - mean).powi(2)).sum();
        let deviation = (squares / distances.len() as f64).sqrt();
        assert!((deviation / mean - 1.0).abs() < 0.02, "{deviation}");
    }

    #[test]
    fn shards_together_are_the_whole() {
        for arrivals in [Arrivals::Constant, Arrivals::Poisson] {
            let mut whole = load(50.0, arrivals, seconds(10));
            whole.span.uploads = Some(333);
            let all: Vec<_> = Schedule::of(&whole).unwrap().collect();
            let mut parts = Vec::new();
            for index in 0..3 {
                whole.shard = Shard { index, of: 3 };
                let part: Vec<_> = Schedule::of(&whole).unwrap().collect();
                assert_eq!(part.len(), 111);
                parts.extend(part);
            }
            parts.sort();
            assert_eq!(parts, all);
        }
    }
}
