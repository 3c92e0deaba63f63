//! The actor of one slot: it carries out one upload after another, hears the stop, and always reports.
//!
//! ```text
//!   Begin ─► driving ──driver ends, or Stop──► Finished to the scheduler ─► idle ─► Begin …
//! ```
//!
//! An actor costs a dozen allocations, so the scheduler keeps those whose upload is over for the next.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use actix::prelude::*;

use crate::drive::{Env, drive};
use crate::error::{Error, ErrorKind};
use crate::ledger::Ledger;
use crate::request::Order;
use crate::scheduler::{Finished, Scheduler};
use crate::source::Sources;
use crate::ticket::Ticket;
use crate::{Response, UploadId};

/// Holds at most one upload at a time.
pub(crate) struct Upload {
    env: Env,
    scheduler: Addr<Scheduler>,
    seat: Rc<Seat>,
}

/// What the actor's handlers hand to its work. No waker is needed: a context polls its futures after every message that
/// it handles.
#[derive(Default)]
struct Seat {
    begin: RefCell<Option<Begin>>,
    stop: Cell<Option<Stop>>,
    heed: Cell<Option<Heed>>,
}

impl Upload {
    pub(crate) fn new(env: Env, scheduler: Addr<Scheduler>) -> Self {
        Self {
            env,
            scheduler,
            seat: Rc::default(),
        }
    }
}

impl Actor for Upload {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let work = work(self.env.clone(), self.scheduler.clone(), self.seat.clone());
        ctx.spawn(work.into_actor(self));
    }
}

/// Carries out this upload, whose slot is given and whose files are open.
pub(crate) struct Begin {
    pub(crate) ticket: Ticket,
    pub(crate) order: Box<Order>,
    pub(crate) opened: Sources,
}

impl Message for Begin {
    type Result = ();
}

impl Handler<Begin> for Upload {
    type Result = ();

    fn handle(&mut self, begin: Begin, _ctx: &mut Self::Context) {
        self.seat.begin.replace(Some(begin));
    }
}

/// Ends an upload for this reason, if it is still the one at work.
#[derive(Clone, Copy)]
pub(crate) struct Stop(pub(crate) UploadId, pub(crate) ErrorKind);

impl Message for Stop {
    type Result = ();
}

impl Handler<Stop> for Upload {
    type Result = ();

    fn handle(&mut self, stop: Stop, _ctx: &mut Self::Context) {
        self.seat.stop.set(Some(stop));
    }
}

/// An upload was paused (true) or let go on, if it is still the one at work.
#[derive(Clone, Copy)]
pub(crate) struct Heed {
    whom: UploadId,
    paused: bool,
    heed: fn(&Ledger, bool),
}

impl Heed {
    pub(crate) fn new(whom: UploadId, paused: bool) -> Self {
        Self {
            whom,
            paused,
            heed: Ledger::heed,
        }
    }
}

impl Message for Heed {
    type Result = ();
}

impl Handler<Heed> for Upload {
    type Result = ();

    fn handle(&mut self, heed: Heed, _ctx: &mut Self::Context) {
        self.seat.heed.set(Some(heed));
    }
}

/// Something that an upload may be waiting for has changed.
pub(crate) struct Nudge;

impl Message for Nudge {
    type Result = ();
}

impl Handler<Nudge> for Upload {
    type Result = ();

    /// The context polls its work after this, and that is all.
    fn handle(&mut self, _: Nudge, _ctx: &mut Self::Context) {}
}

impl Seat {
    /// The next upload; none once the engine is over.
    async fn next(&self, env: &Env) -> Option<Begin> {
        poll_fn(|_| match self.begin.take() {
            None if !env.pool.borrow().is_closed() => Poll::Pending,
            begin => Poll::Ready(begin),
        })
        .await
    }

    /// Why this upload must end, if it must.
    fn stop(&self, id: UploadId) -> Option<Error> {
        let Stop(whom, reason) = self.stop.take()?;
        (whom == id).then(|| Error::new(reason))
    }

    /// What this upload has to heed, if it was paused or let go on just now.
    fn heed(&self, id: UploadId) -> Option<Heed> {
        self.heed.take().filter(|heed| heed.whom == id)
    }
}

async fn work(env: Env, scheduler: Addr<Scheduler>, seat: Rc<Seat>) {
    while let Some(begin) = seat.next(&env).await {
        let Begin {
            ticket,
            order,
            opened,
        } = begin;
        let duty = Duty {
            ledger: Ledger::new(ticket, &order),
            scheduler: &scheduler,
        };
        let ledger = &duty.ledger;
        ledger.admitted();
        if ledger.is_paused()
            && let Some(holding) = ledger.front().holding.get()
        {
            (holding.begun)(ledger);
        }
        // Dropped, with its connection and file, before the end is told.
        let result = {
            let mut driver = pin!(drive(&env, order, opened, ledger));
            poll_fn(|cx| {
                if let Some(stopped) = seat.stop(ledger.id()) {
                    return Poll::Ready(Err(stopped));
                }
                if let Some(Heed { heed, paused, .. }) = seat.heed(ledger.id()) {
                    heed(ledger, paused);
                }
                let polled = driver.as_mut().poll(cx);
                ledger.waits();
                polled
            })
            .await
        };
        duty.report(result);
    }
}

/// Whatever ends the work (a panic in the driver, the end of the actor) reports the upload that was at work.
struct Duty<'a> {
    ledger: Ledger,
    scheduler: &'a Addr<Scheduler>,
}

impl Duty<'_> {
    fn report(&self, result: Result<Response, Error>) {
        if let Some((ticket, outcome)) = self.ledger.close(result) {
            // The scheduler frees the slot, then lets the ticket end the upload.
            self.scheduler.do_send(Finished { ticket, outcome });
        }
    }
}

impl Drop for Duty<'_> {
    fn drop(&mut self) {
        if self.ledger.is_open() {
            let error = Error::new(ErrorKind::Internal).because("the upload's actor broke off");
            self.report(Err(error));
        }
    }
}
