//! What carries out that running uploads are held back: paused, paced, or told to wait for a server's word.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::Context;
use std::time::Duration;

use crate::UploadId;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::pump::Pump;
use crate::scheduler::Scheduler;
use crate::wait::wait;

/// Reached only through an engine's [`Holder`], which is empty until something can hold its uploads back for the first time.
pub(crate) struct Holding {
    /// An upload stands as its reins say now.
    pub(crate) heed: fn(&mut Scheduler, UploadId),
    /// A parked upload has a slot again.
    pub(crate) go_on: fn(&Scheduler, UploadId),
    /// An upload that begins is paused.
    pub(crate) begun: fn(&Ledger),
    /// Ends when the upload is not paused, or with its timeout.
    pub(crate) wait: Wait,
    /// How many bytes may be written now; 0 for none, and it is seen to that there will be.
    pub(crate) allow: fn(&mut Pump<'_>, &mut Context<'_>) -> u64,
}

type Wait = fn(&Ledger, Option<Duration>) -> LocalBoxFuture<'_, Result<(), Error>>;

static HOLDING: Holding = Holding {
    heed: Scheduler::heed,
    go_on: Scheduler::go_on,
    begun: |ledger| ledger.heed(true),
    wait: |ledger, deadline| Box::pin(wait(ledger, Duration::ZERO, deadline)),
    allow: |pump, cx| pump.allow(cx),
};

/// Whether anything can hold an engine's uploads back yet, and then what carries it out. Only what can do so fills it: a
/// program that never pauses or paces is linked without all this.
#[derive(Default)]
pub(crate) struct Holder(OnceLock<&'static Holding>);

impl Holder {
    /// To be called before anything is held back.
    pub(crate) fn fill(&self) {
        self.0.get_or_init(|| &HOLDING);
    }

    pub(crate) fn get(&self) -> Option<&'static Holding> {
        self.0.get().copied()
    }
}

pub(crate) type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
