//! The opened sources of one upload.

use std::ops::Deref;
use std::task::{Context, Poll, ready};

use super::Opened;
use crate::error::{Error, ErrorKind};

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
