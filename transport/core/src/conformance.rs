//! Whether a transport keeps the rules of [`Connection`]: run it in a test of your own crate.
//!
//! The kit asks for pairs: the connection under test, and the far end of it, which the kit drives ([`Far`]; TCP streams,
//! Unix streams and the ends of [`memory`](crate::memory) are far ends as they are). For each of the [`RULES`] it asks for a
//! new pair, and tells which rule is broken, what it saw and what it expected. It needs no runtime of its own: [`check`]
//! runs on whatever the transport runs on, [`check_blocking`] on nothing.
//!
//! ```
//! use quintet_transport::{conformance, memory};
//!
//! let report = conformance::check_blocking(async || {
//!     let (near, far) = memory::pair(1000);
//!     Ok::<_, std::io::Error>(conformance::Pair::new(near, far))
//! });
//! assert!(report.passed(), "{report}");
//! ```
//!
//! It never waits for longer than something must take: all it does is look again, until nothing has happened for
//! [`Kit::patience`]. So a transport that is right passes on a slow machine too, and one that is wrong costs that patience.
//! It asks about connections; connecting itself, and the steps told on the way, it leaves to the transport's own tests.

use std::fmt::{self, Display};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::Connection;

mod ends;
mod far;
mod rules;

use ends::{Ends, Stop};
pub use far::Far;
pub use rules::{RULES, Rule};

/// A connection under test and the far end of it.
pub struct Pair {
    near: Box<dyn Connection>,
    far: Box<dyn Far>,
}

impl Pair {
    /// Both must be connected to each other, with nothing sent yet. A secured one has shaken hands.
    pub fn new(near: impl Connection + 'static, far: impl Far + 'static) -> Self {
        Self {
            near: Box::new(near),
            far: Box::new(far),
        }
    }
}

/// How the kit asks.
#[derive(Clone, Copy, Debug)]
pub struct Kit {
    patience: u32,
    buffered_max: u64,
}

impl Default for Kit {
    /// Ten thousand looks, which is ten seconds or more, and 64 MiB.
    fn default() -> Self {
        Self {
            patience: 10_000,
            buffered_max: 64 << 20,
        }
    }
}

impl Kit {
    /// How many looks without any news make a failure. After the first hundred, a millisecond lies before each.
    #[must_use]
    pub fn patience(mut self, looks: u32) -> Self {
        self.patience = looks;
        self
    }

    /// How many bytes a connection may take while its peer reads none: all buffers on the way together.
    #[must_use]
    pub fn buffered_max(mut self, bytes: u64) -> Self {
        self.buffered_max = bytes;
        self
    }

    /// Checks every rule, each with a new pair.
    pub async fn check<E: Display>(self, mut pair: impl AsyncFnMut() -> Result<Pair, E>) -> Report {
        let mut checks = Vec::with_capacity(RULES.len());
        for rule in RULES {
            let verdict = match pair().await {
                Ok(pair) => {
                    let mut ends = Ends::new(pair, self.patience, self.buffered_max);
                    match (rule.run)(&mut ends).await {
                        Ok(()) => Verdict::Held,
                        Err(Stop::NotAsked(why)) => Verdict::NotAsked(why),
                        Err(Stop::Broken { seen, expected }) => Verdict::Broken { seen, expected },
                    }
                }
                Err(error) => Verdict::Broken {
                    seen: format!("no pair could be made: {error}"),
                    expected: "a new pair for every rule".into(),
                },
            };
            checks.push(Check { rule, verdict });
        }
        Report { checks }
    }

    /// As [`check`](Self::check), for transports that need no runtime.
    pub fn check_blocking<E: Display>(self, pair: impl AsyncFnMut() -> Result<Pair, E>) -> Report {
        let mut check = pin!(self.check(pair));
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            // The kit looks again by itself; what it waits for happens inside its calls or in the system.
            if let Poll::Ready(report) = check.as_mut().poll(&mut cx) {
                return report;
            }
        }
    }
}

/// [`Kit::check`] with the usual patience.
pub async fn check<E: Display>(pair: impl AsyncFnMut() -> Result<Pair, E>) -> Report {
    Kit::default().check(pair).await
}

/// [`Kit::check_blocking`] with the usual patience.
pub fn check_blocking<E: Display>(pair: impl AsyncFnMut() -> Result<Pair, E>) -> Report {
    Kit::default().check_blocking(pair)
}

/// What became of every rule, in the order of [`RULES`].
#[must_use = "it tells whether the transport is right"]
#[derive(Clone, Debug)]
pub struct Report {
    checks: Vec<Check>,
}

/// One rule and what became of it.
#[derive(Clone, Debug)]
pub struct Check {
    /// The rule.
    pub rule: &'static Rule,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It held.
    Held,
    /// It says nothing about this connection, for this reason.
    NotAsked(&'static str),
    /// It is broken.
    Broken {
        /// What the connection did.
        seen: String,
        /// What it should have done.
        expected: String,
    },
}

impl Report {
    /// Whether no rule is broken.
    pub fn passed(&self) -> bool {
        self.broken().next().is_none()
    }

    /// Every rule and its verdict.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The names of the broken rules.
    pub fn broken(&self) -> impl Iterator<Item = &'static str> {
        let broken = |check: &&Check| matches!(check.verdict, Verdict::Broken { .. });
        self.checks
            .iter()
            .filter(broken)
            .map(|check| check.rule.name)
    }
}

impl Display for Report {
    /// The rules that were broken or not asked, and how many held.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut held = 0;
        for Check { rule, verdict } in &self.checks {
            match verdict {
                Verdict::Held => held += 1,
                Verdict::NotAsked(why) => writeln!(f, "not asked: {} ({why})", rule.name)?,
                Verdict::Broken { seen, expected } => writeln!(
                    f,
                    "BROKEN: {}\n  rule:     {}\n  seen:     {seen}\n  expected: {expected}",
                    rule.name, rule.says
                )?,
            }
        }
        write!(f, "{held} of {} rules held", self.checks.len())
    }
}
