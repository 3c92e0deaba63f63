//! A receiver that throws bodies away unparsed, and behaves as servers do on bad days: for trying out what measures them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How such a receiver behaves; the default answers at once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Discard {
    /// The time between the end of a body (or the point of an early answer) and its answer, besides
    /// [`Settings::delay`](crate::Settings::delay).
    pub think: Think,
    /// Where nobody is answered: from so long after the start, for so long. Who comes in that time is answered after it.
    pub stall: Option<(Duration, Duration)>,
    /// The part of the uploads, 0 to 1, whose connection is closed in the middle of their body, without an answer: a reset
    /// for whoever has sent more than was read.
    pub reset: f64,
    /// Answer as an HTTP/1.0 server: with that version, and the end of the connection.
    pub http10: bool,
}

/// Times between question and answer. None is longer than an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Think {
    /// Always this.
    Fixed(Duration),
    /// Anything between the two, each as likely.
    Uniform(Duration, Duration),
    /// Mostly short, at times long: exponential, with this mean.
    Exponential(Duration),
    /// Two kinds.
    Either {
        /// What most have.
        usual: Duration,
        /// What some have.
        rare: Duration,
        /// How many have it, 0 to 1.
        share: f64,
    },
}

const LONGEST: Duration = Duration::from_secs(3600);

impl Default for Think {
    fn default() -> Self {
        Self::Fixed(Duration::ZERO)
    }
}

impl Think {
    /// A time for this part of all chances, 0 to less than 1.
    fn at(self, chance: f64) -> Duration {
        let time = match self {
            Self::Fixed(time) => time,
            Self::Uniform(least, most) => least + most.saturating_sub(least).mul_f64(chance),
            // The inverse of the distribution; no chance is 1.
            Self::Exponential(mean) => mean.min(LONGEST).mul_f64(-(1.0 - chance).ln()),
            Self::Either { rare, share, .. } if chance < share => rare,
            Self::Either { usual, .. } => usual,
        };
        time.min(LONGEST)
    }
}

/// One receiver's chances: the same in every run, so that what is tried out can be tried again.
pub(crate) struct Fate {
    discard: Discard,
    started: Instant,
    chance: Mutex<fastrand::Rng>,
}

impl Fate {
    pub(crate) fn of(discard: Discard) -> Self {
        Self {
            discard,
            started: Instant::now(),
            chance: Mutex::new(fastrand::Rng::with_seed(0)),
        }
    }

    /// Whether the next upload is to be reset.
    pub(crate) fn resets(&self) -> bool {
        self.discard.reset > 0.0 && self.chance() < self.discard.reset
    }

    /// How long the next answer takes.
    pub(crate) fn thinks(&self) -> Duration {
        let think = match self.discard.think {
            Think::Fixed(time) => time,
            think => think.at(self.chance()),
        };
        think + self.stalled()
    }

    fn stalled(&self) -> Duration {
        let Some((after, length)) = self.discard.stall else {
            return Duration::ZERO;
        };
        let now = self.started.elapsed();
        let end = after.saturating_add(length);
        match now >= after {
            true => end.saturating_sub(now),
            false => Duration::ZERO,
        }
    }

    fn chance(&self) -> f64 {
        // Nothing panics while the lock is held, so it cannot be poisoned.
        let chance = self.chance.lock();
        chance.unwrap_or_else(PoisonError::into_inner).f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_their_distribution() {
        let millis = Duration::from_millis;
        let uniform = Think::Uniform(millis(10), millis(30));
        assert_eq!(uniform.at(0.0), millis(10));
        assert_eq!(uniform.at(0.5), millis(20));
        let exponential = Think::Exponential(millis(100));
        assert_eq!(exponential.at(0.0), Duration::ZERO);
        // The median is ln 2 of the mean.
        assert_eq!(exponential.at(0.5).as_micros(), 69_314);
        let either = Think::Either {
            usual: millis(1),
            rare: millis(500),
            share: 0.05,
        };
        assert_eq!(
            (either.at(0.049), either.at(0.05)),
            (millis(500), millis(1))
        );
        assert_eq!(Think::Fixed(Duration::MAX).at(0.0), LONGEST);
    }
}
