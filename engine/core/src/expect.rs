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

/// Who is asked before long bodies. An engine that asks nobody has none of this.
pub(crate) trait Expect {
    /// The length of body above which this origin is asked.
    fn above(&self, origin: &Target) -> Option<u64>;

    /// This origin has answered 417.
    fn refused(&self, origin: &Target);
}

/// All are asked but those that have refused it once.
pub(crate) struct ExpectAbove {
    above: u64,
    /// The oldest first.
    refused: RefCell<VecDeque<Target>>,
}

impl ExpectAbove {
    pub(crate) fn new(above: u64) -> Self {
        Self {
            above,
            refused: RefCell::default(),
        }
    }
}

impl Expect for ExpectAbove {
    fn above(&self, origin: &Target) -> Option<u64> {
        (!self.refused.borrow().contains(origin)).then_some(self.above)
    }

    fn refused(&self, origin: &Target) {
        let mut origins = self.refused.borrow_mut();
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
        let expect = ExpectAbove::new(7);
        let asks = |origin: &Target| expect.above(origin).is_some();
        for port in (0..=64).chain(0..=64).skip(1) {
            expect.refused(&origin(port.max(1)));
        }
        assert!((1..=64).all(|port| !asks(&origin(port))));
        expect.refused(&origin(65));
        assert!(asks(&origin(1)) && !asks(&origin(65)));
    }
}
