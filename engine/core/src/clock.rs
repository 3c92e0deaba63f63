//! Time as an argument: everything that measures or waits asks the engine's clock.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// A monotonic clock that can wait.
///
/// Replace it (with [`EngineBuilder::clock`](crate::EngineBuilder::clock)) to run the engine in simulated time.
pub trait Clock: Send + Sync {
    /// Time since the clock's origin. Never falls. Called from any thread.
    fn now(&self) -> Duration;

    /// Ends at `at` or soon after. Called and polled on the engine's thread only.
    fn sleep_until(&self, at: Duration) -> Sleep;
}

/// What [`Clock::sleep_until`] returns.
pub type Sleep = Pin<Box<dyn Future<Output = ()>>>;

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

/// One timer that follows a deadline which mostly moves later: it is set again only when it has fired early or
/// the deadline has moved nearer, so a chunk of body costs no timer work.
pub(crate) struct Alarm {
    set: Option<(Duration, Sleep)>,
}

impl Alarm {
    pub(crate) fn new() -> Self {
        Self { set: None }
    }

    /// Ready once the clock has reached `at`.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        clock: &dyn Clock,
        at: Duration,
    ) -> Poll<()> {
        loop {
            match &mut self.set {
                Some((set_to, sleep)) if *set_to <= at => {
                    ready!(sleep.as_mut().poll(cx));
                    self.set = None;
                    if clock.now() >= at {
                        return Poll::Ready(());
                    }
                }
                _ => self.set = Some((at, clock.sleep_until(at))),
            }
        }
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
