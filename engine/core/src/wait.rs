//! What an upload waits for between two requests, holding its slot.

use std::future::poll_fn;
use std::task::{Poll, ready};
use std::time::Duration;

use crate::clock::Alarm;
use crate::error::{Error, ErrorKind};
use crate::ledger::Ledger;

/// Ends once it is `until` and the upload is not paused.
///
/// # Errors
/// A timeout if the upload's own deadline comes first.
pub(crate) async fn wait(
    ledger: &Ledger,
    until: Duration,
    deadline: Option<Duration>,
) -> Result<(), Error> {
    let clock = &*ledger.front().clock;
    let deadline = deadline.unwrap_or(Duration::MAX);
    let mut alarm = Alarm::new();
    poll_fn(|cx| {
        loop {
            let now = ledger.look();
            if now >= deadline {
                return Poll::Ready(Err(time_is_over(ledger)));
            }
            let next = match now < until {
                true => until.min(deadline),
                false if ledger.is_paused() => deadline,
                false => return Poll::Ready(Ok(())),
            };
            // Whoever lets it go on sees to it that we are polled.
            ready!(alarm.poll(cx, clock, next));
        }
    })
    .await
}

/// The upload's own deadline has passed.
pub(crate) fn time_is_over(ledger: &Ledger) -> Error {
    Error::new(ErrorKind::Timeout(ledger.phase())).because("the upload's time is over")
}
