//! Time as an argument: what measures or waits asks a clock that it was given.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A monotonic clock that can wait. The engine has one that follows the system's; a test brings its own and so
/// runs in simulated time.
pub trait Clock: Send + Sync {
    /// Time since the clock's origin. Never falls. Called from any thread.
    fn now(&self) -> Duration;

    /// Ends at `at` or soon after. Called and polled on the engine's thread only.
    fn sleep_until(&self, at: Duration) -> Sleep;
}

/// What [`Clock::sleep_until`] returns.
pub type Sleep = Pin<Box<dyn Future<Output = ()>>>;

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Duration {
        (**self).now()
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        (**self).sleep_until(at)
    }
}

/// One timer that follows a deadline which mostly moves later: it is set again only when it has fired early or
/// the deadline has moved nearer, so a chunk of body costs no timer work.
#[derive(Default)]
pub struct Alarm {
    set: Option<(Duration, Sleep)>,
}

impl Alarm {
    /// An alarm that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ready once the clock has reached `at`; woken then at the latest.
    pub fn poll(&mut self, cx: &mut Context<'_>, clock: &dyn Clock, at: Duration) -> Poll<()> {
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

impl std::fmt::Debug for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let set_to = self.set.as_ref().map(|(at, _)| at);
        f.debug_struct("Alarm").field("set_to", &set_to).finish()
    }
}
