//! CPU time on systems where nobody is asked for it: always nothing, so that no warning rests on it.

use std::time::Duration;

pub(crate) fn process() -> Duration {
    Duration::ZERO
}

pub(crate) fn thread() -> Duration {
    Duration::ZERO
}
