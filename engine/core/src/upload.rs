//! The actor of one active upload: it runs the driver, hears the stop, and always reports.

use std::rc::Rc;

use actix::prelude::*;

use crate::Response;
use crate::drive::{Env, drive};
use crate::error::{Error, ErrorKind};
use crate::ledger::Ledger;
use crate::request::Order;
use crate::scheduler::{Finished, Scheduler};
use crate::source::Opened;
use crate::ticket::Ticket;

/// Lives from admission to the report. Its driver is a future of its context, so stopping the actor drops the
/// driver, and with it connection and file.
pub(crate) struct Upload {
    scheduler: Addr<Scheduler>,
    ledger: Rc<Ledger>,
    begin: Option<(Env, Box<Order>, Opened)>,
}

impl Upload {
    /// Admits it: its slot is given now.
    pub(crate) fn new(
        scheduler: Addr<Scheduler>,
        env: Env,
        ticket: Ticket,
        order: Box<Order>,
        opened: Opened,
    ) -> Self {
        let ledger = Rc::new(Ledger::new(ticket));
        ledger.admitted();
        Self {
            scheduler,
            ledger,
            begin: Some((env, order, opened)),
        }
    }

    fn report(&self, result: Result<Response, Error>) {
        if let Some((ticket, outcome)) = self.ledger.close(result) {
            // The scheduler frees the slot, then lets the ticket end the upload.
            self.scheduler.do_send(Finished { ticket, outcome });
        }
    }
}

impl Actor for Upload {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some((env, order, opened)) = self.begin.take() {
            let driver = drive(env, order, opened, self.ledger.clone()).into_actor(self);
            ctx.spawn(driver.map(|result, upload, ctx| {
                upload.report(result);
                ctx.stop();
            }));
        }
    }
}

impl Drop for Upload {
    /// Whatever ended the actor without a report (a panic in the driver) still frees the slot and tells.
    fn drop(&mut self) {
        self.report(Err(
            Error::new(ErrorKind::Internal).because("the upload's actor broke off")
        ));
    }
}

/// Ends an active upload for this reason.
pub(crate) struct Stop(pub(crate) ErrorKind);

impl Message for Stop {
    type Result = ();
}

impl Handler<Stop> for Upload {
    type Result = ();

    fn handle(&mut self, Stop(reason): Stop, ctx: &mut Self::Context) {
        self.report(Err(Error::new(reason)));
        ctx.stop();
    }
}
