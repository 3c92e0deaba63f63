//! Which origins do not understand an Expect: what has refused it once is not asked again.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use quintet_transport::Target;

/// How long a head waits for 100 (Continue) before its body goes all the same (RFC 9110 10.1.1: a client must not wait
/// for ever, and a server of an older kind never says it).
pub(crate) const CONTINUE_MAX: Duration = Duration::from_secs(1);

/// So many are remembered; who uploads to more is refused now and then, which costs one round trip.
const ORIGINS_MAX: usize = 64;

/// The origins that have answered 417, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Refusals(RefCell<VecDeque<Target>>);

impl Refusals {
    pub(crate) fn holds(&self, origin: &Target) -> bool {
        self.0.borrow().contains(origin)
    }

    pub(crate) fn remember(&self, origin: &Target) {
        let mut origins = self.0.borrow_mut();
        if origins.contains(origin) {
            return;
        }
        if origins.len() >= ORIGINS_MAX {
            origins.pop_front();
        }
        origins.push_back(origin.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quintet_transport::Host;

    #[test]
    fn the_oldest_is_forgotten_and_nothing_is_kept_twice() {
        let origin = |port| Target {
            host: Host::Name("a.test".into()),
            port,
            secure: false,
        };
        let refusals = Refusals::default();
        for port in (0..=64).chain(0..=64).skip(1) {
            refusals.remember(&origin(port.max(1)));
        }
        assert!((1..=64).all(|port| refusals.holds(&origin(port))));
        refusals.remember(&origin(65));
        assert!(!refusals.holds(&origin(1)) && refusals.holds(&origin(65)));
    }
}
