//! The clock that the engine follows unless [`EngineBuilder::clock`](crate::EngineBuilder::clock) gives it another.

use std::time::{Duration, Instant};

pub(crate) use quintet_transport::Alarm;
pub use quintet_transport::{Clock, Sleep};

/// Thirty years: no timer is set for later, and none that is waits that long.
const FAR: Duration = Duration::from_secs(30 * 365 * 86_400);

/// The system's monotonic clock, waiting by tokio's timer.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            origin: tokio::time::Instant::now().into_std(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        // tokio's `Instant` is the system's, and stands still with a paused tokio clock.
        tokio::time::Instant::now()
            .into_std()
            .saturating_duration_since(self.origin)
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        // Later than the system can say would panic: a caller's timeout may be as long as it likes.
        let at = self.origin + at.min(FAR);
        Box::pin(tokio::time::sleep_until(tokio::time::Instant::from_std(at)))
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    #[test]
    fn a_deadline_at_the_end_of_time_can_be_waited_for() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.unwrap().block_on(async {
            let mut alarm = Alarm::new();
            let clock = SystemClock::default();
            let polled =
                std::future::poll_fn(|cx| Poll::Ready(alarm.poll(cx, &clock, Duration::MAX)));
            assert!(polled.await.is_pending());
        });
    }
}
