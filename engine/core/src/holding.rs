//! What carries out that running uploads are held back: paused, paced, or told to wait for a server's word.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use crate::UploadId;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::pump::Pump;
use crate::scheduler::Scheduler;
use crate::wait::wait;

/// Filled in by whatever can hold an upload back: a pause, a suspension, a rate, a server that is asked before a long body.
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

pub(crate) static HOLDING: Holding = Holding {
    heed: Scheduler::heed,
    go_on: Scheduler::go_on,
    begun: |ledger| ledger.heed(true),
    wait: |ledger, deadline| Box::pin(wait(ledger, Duration::ZERO, deadline)),
    allow: |pump, cx| pump.allow(cx),
};

pub(crate) type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
