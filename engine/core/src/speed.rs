//! How fast a body goes, and how long the rest of it will take. Pure; asked only when somebody hears of progress.

use std::time::Duration;

/// What was a second ago counts a third of what is now.
const MEMORY_SECONDS: f64 = 1.0;

/// The speed of one request's body.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Speed {
    /// When the body began: another time is another body.
    began: Duration,
    /// How much was sent when it was last asked.
    last: (u64, Duration),
    /// Bytes a second lately, once known.
    lately: Option<f64>,
}

/// What is told of a speed: bytes a second, 0 while they are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) average: u64,
    pub(crate) lately: u64,
    pub(crate) remaining: Option<Duration>,
}

impl Speed {
    /// `sent` of `total` bytes have gone by `now`, of a body that began at `began`.
    pub(crate) fn tell(&mut self, began: Duration, sent: u64, total: u64, now: Duration) -> Told {
        if self.began != began {
            *self = Self {
                began,
                last: (0, began),
                lately: None,
            };
        }
        let (before, at) = self.last;
        let seconds = now.saturating_sub(at).as_secs_f64();
        if seconds > 0.0 {
            let now_and_then = sent.saturating_sub(before) as f64 / seconds;
            self.lately = Some(match self.lately {
                None => now_and_then,
                Some(lately) => {
                    // A young body's speed is its average: its first few bytes say little.
                    let share = seconds / now.saturating_sub(began).as_secs_f64();
                    let weight = share.max(1.0 - (-seconds / MEMORY_SECONDS).exp());
                    lately + weight * (now_and_then - lately)
                }
            });
            self.last = (sent, now);
        }
        let lately = self.lately.unwrap_or(0.0);
        let all = now.saturating_sub(began).as_secs_f64();
        let left = total.saturating_sub(sent);
        Told {
            average: if all > 0.0 {
                (sent as f64 / all) as u64
            } else {
                0
            },
            lately: lately as u64,
            remaining: match left {
                0 => Some(Duration::ZERO),
                // Too slow to say, or not known yet.
                _ => Duration::try_from_secs_f64(left as f64 / lately).ok(),
            },
        }
    }

    /// The time up to now does not count: the upload was paused.
    pub(crate) fn skip(&mut self, now: Duration) {
        self.last.1 = self.last.1.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_even_speed_is_told_as_it_is() {
        let mut speed = Speed::default();
        let nothing_known = Told {
            average: 0,
            lately: 0,
            remaining: None,
        };
        assert_eq!(speed.tell(SECOND, 0, 10_000, SECOND), nothing_known);
        for tenths in 1..100_u32 {
            let told = speed.tell(
                SECOND,
                u64::from(tenths) * 100,
                10_000,
                SECOND + tenths * SECOND / 10,
            );
            assert!(
                told.average.abs_diff(1000) <= 1 && told.lately.abs_diff(1000) <= 1,
                "{told:?}"
            );
            let left = told.remaining.unwrap().as_secs_f64();
            assert!((left - (10.0 - f64::from(tenths) / 10.0)).abs() < 0.01);
        }
        let done = speed.tell(SECOND, 10_000, 10_000, 11 * SECOND);
        assert_eq!(done.remaining, Some(Duration::ZERO));
    }

    #[test]
    fn a_change_shows_within_seconds_and_a_pause_does_not_count() {
        let mut speed = Speed::default();
        speed.tell(Duration::ZERO, 1000, 100_000, SECOND);
        for second in 2..6 {
            speed.tell(
                Duration::ZERO,
                1000 + (second - 1) * 5000,
                100_000,
                second as u32 * SECOND,
            );
        }
        speed.skip(1000 * SECOND);
        let told = speed.tell(Duration::ZERO, 26_000, 100_000, 1001 * SECOND);
        assert!((4900..=5000).contains(&told.lately), "{told:?}");
        assert_eq!(told.average, 25);
    }

    #[test]
    fn another_body_begins_anew() {
        let mut speed = Speed::default();
        speed.tell(Duration::ZERO, 5_000, 10_000, SECOND);
        let told = speed.tell(2 * SECOND, 100, 10_000, 3 * SECOND);
        assert_eq!((told.average, told.lately), (100, 100));
    }
}
