//! The opened sources of one upload.

use std::future::poll_fn;
use std::ops::{Deref, DerefMut};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::Opened;
use crate::clock::Alarm;
use crate::error::{Error, ErrorKind};
use crate::ledger::Ledger;

/// One, without a list of its own, or as many as were asked for.
pub(crate) enum Sources {
    One([Opened; 1]),
    Many(Vec<Opened>),
}

impl Deref for Sources {
    type Target = [Opened];

    fn deref(&self) -> &[Opened] {
        match self {
            Self::One(one) => one,
            Self::Many(many) => many,
        }
    }
}

impl DerefMut for Sources {
    fn deref_mut(&mut self) -> &mut [Opened] {
        match self {
            Self::One(one) => one,
            Self::Many(many) => many,
        }
    }
}

/// Waits for the sources that must be read before anything is sent.
pub(crate) async fn prepare(
    sources: &mut [Opened],
    deadline: Option<Duration>,
    ledger: &Ledger,
) -> Result<(), Error> {
    let mut alarm = Alarm::new();
    poll_fn(|cx| {
        if let Poll::Ready(prepared) = prepared(sources, cx) {
            return Poll::Ready(prepared);
        }
        let Some(deadline) = deadline else {
            return Poll::Pending;
        };
        alarm.poll(cx, &*ledger.front().clock, deadline).map(|()| {
            Err(Error::new(ErrorKind::Timeout(ledger.phase()))
                .because("the upload's time is over, and its source is not at its end"))
        })
    })
    .await
}

/// Ready when every source that must be read first was read.
pub(crate) fn prepared(sources: &mut [Opened], cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
    for opened in sources {
        match ready!(opened.source.poll_instead(cx)) {
            Ok(None) => {}
            Ok(Some(instead)) => *opened = instead,
            Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                return Poll::Ready(Err(Error::parameter("source", error)));
            }
            Err(error) => {
                return Poll::Ready(Err(Error::new(ErrorKind::FileUnreadable).because(error)));
            }
        }
    }
    Poll::Ready(Ok(()))
}

/// Why the body cannot be sent once more, if it cannot: `wanted` is what asks for that.
pub(crate) fn spent(sources: &[Opened], wanted: &str) -> Result<(), Error> {
    if sources.iter().all(|opened| opened.source.reads_again()) {
        return Ok(());
    }
    let why = format_args!("{wanted}, but a source of it can be read only once");
    Err(Error::new(ErrorKind::BodySpent).because(why))
}
