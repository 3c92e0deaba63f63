//! What load is put on a server: by how many clients, when each upload is to begin, and for how long.

use std::time::Duration;

/// The load of a bench.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Client shells. Each has an engine, and with it its own slots, queue and connections. At least 1.
    pub clients: usize,
    /// Slots of each client: uploads that it has active at once. At least 1.
    pub slots: usize,
    /// Threads that the clients share; more than there are clients counts as one for each. At least 1.
    pub threads: usize,
    /// When uploads begin.
    pub pace: Pace,
    /// How long.
    pub span: Span,
    /// Which part of a load that several processes bring this one is.
    pub shard: Shard,
    /// What chance starts from: the same seed brings the same load.
    pub seed: u64,
}

/// When uploads begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// A closed loop: each slot begins an upload when its last one has ended. A server that stalls is sent less, and
    /// whoever would have come meanwhile is never seen: see the crate's README on what such numbers leave out.
    Closed,
    /// An open loop: uploads begin when they are due, whatever became of those before.
    Open {
        /// Uploads a second, of all shards together; more than 0.
        per_second: f64,
        /// How they are spread.
        arrivals: Arrivals,
    },
}

/// How the uploads of an open loop are spread over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// At equal distances.
    Constant,
    /// By chance, each regardless of the others, as many users come.
    Poisson,
}

/// How long a bench goes on: ramp, then warm-up, then what is measured. Without `duration` and `uploads` it goes on
/// until it is stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Over this time the load grows evenly from nothing: the rate of an open loop, the clients of a closed one.
    pub ramp: Duration,
    /// Uploads that are due in this time after the ramp are not measured.
    pub warm_up: Duration,
    /// How long uploads are begun and measured after that.
    pub duration: Option<Duration>,
    /// Most uploads that are begun, of all shards together, those of ramp and warm-up included.
    pub uploads: Option<u64>,
    /// How long those under way may take to end when no more are begun.
    pub drain: Duration,
    /// The length of one interval of the series over time; more than 0.
    pub interval: Duration,
}

impl Default for Span {
    fn default() -> Self {
        Self {
            ramp: Duration::ZERO,
            warm_up: Duration::ZERO,
            duration: None,
            uploads: None,
            drain: Duration::from_secs(30),
            interval: Duration::from_secs(1),
        }
    }
}

impl Span {
    /// Where measuring begins, from the start of the bench.
    pub fn measured_from(&self) -> Duration {
        self.ramp.saturating_add(self.warm_up)
    }

    /// Where it ends, if a time ends it.
    pub fn measured_to(&self) -> Option<Duration> {
        let from = self.measured_from();
        self.duration.map(|duration| from.saturating_add(duration))
    }
}

/// Part `index` of `of` parts, counted from 0: each brings its share of the same load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which one, less than `of`.
    pub index: u64,
    /// How many there are, at least 1.
    pub of: u64,
}

impl Shard {
    /// The only one.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Whether the upload or client of this number, of all shards together, is its own.
    pub fn has(self, number: u64) -> bool {
        number % self.of == self.index
    }

    /// How many of the first `count` are its own.
    pub fn share(self, count: u64) -> u64 {
        count / self.of + u64::from(self.index < count % self.of)
    }

    /// Its own of this place, by its number among all.
    pub fn number(self, place: u64) -> u64 {
        place * self.of + self.index
    }
}

impl Load {
    /// What is wrong with it, in a sentence.
    ///
    /// # Errors
    /// A number that must not be zero is, or the shard is none of its parts.
    pub fn check(&self) -> Result<(), String> {
        let zero = [
            (self.clients == 0, "clients"),
            (self.slots == 0, "slots"),
            (self.threads == 0, "threads"),
            (self.span.interval.is_zero(), "interval"),
            (self.shard.of == 0, "shards"),
        ];
        if let Some((_, what)) = zero.iter().find(|(is_zero, _)| *is_zero) {
            return Err(format!("{what} must be more than none"));
        }
        if let Pace::Open { per_second, .. } = self.pace
            && !(per_second.is_finite() && per_second > 0.0)
        {
            return Err("the rate must be more than nothing".into());
        }
        if self.shard.index >= self.shard.of {
            return Err("a shard is less than their number, and counted from 0".into());
        }
        if self.pace == Pace::Closed && self.shard.share(self.clients as u64) == 0 {
            return Err("there are more shards than clients, so that one would have none".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_everything_and_nothing_twice() {
        for of in 1..7 {
            for count in 0..40 {
                let shards = (0..of).map(|index| Shard { index, of });
                let shares: Vec<u64> = shards.clone().map(|shard| shard.share(count)).collect();
                assert_eq!(shares.iter().sum::<u64>(), count);
                for number in 0..count {
                    let owners = shards.clone().filter(|shard| shard.has(number));
                    assert_eq!(owners.count(), 1);
                }
                for (shard, share) in shards.zip(shares) {
                    assert!((0..share).all(|place| {
                        let number = shard.number(place);
                        shard.has(number) && number < count
                    }));
                }
            }
        }
    }
}
