//! The scheduler actor: carries out what admission decides, and ends what is over.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;

use crate::admission::{Admission, Cancelled, Submitted};
use crate::by_upload::ByUpload;
use crate::drive::Env;
use crate::error::{Error, ErrorKind, Phase};
use crate::event::EventKind;
use crate::front::Front;
use crate::pool::{Pool, watch};
use crate::request::Order;
use crate::task::Engaged;
use crate::ticket::{Shared, Ticket};
use crate::upload::{Begin, Stop, Upload};
use crate::{Outcome, UploadId, UploadRequest, UploadTask};

/// How long a shutdown waits for active uploads to end by themselves once told to.
const SHUTDOWN_MAX: Duration = Duration::from_millis(1500);

/// Admits uploads to their slots. Programs that run actix send it an [`UploadRequest`] and get an [`UploadTask`]:
/// see [`Engine::scheduler`](crate::Engine::scheduler).
pub struct Scheduler {
    env: Env,
    admission: Admission<Waiting>,
    active: ByUpload<Addr<Upload>>,
    /// Actors without an upload: never more than were active at once.
    idle: Vec<Addr<Upload>>,
    closing: bool,
}

/// A queued upload.
type Waiting = (Ticket, Box<Order>);

impl Scheduler {
    pub(crate) fn new(front: Arc<Front>) -> Self {
        let settings = &front.settings;
        let pool = Pool::new(settings.idle_max, settings.idle_timeout);
        Self {
            admission: Admission::new(settings.active_max, settings.queue_max),
            env: Env {
                front,
                pool: Rc::new(RefCell::new(pool)),
            },
            active: ByUpload::default(),
            idle: Vec::new(),
            closing: false,
        }
    }

    /// Gives the slot that is free to this upload, or, if its file cannot be opened, to the next.
    fn start(&mut self, id: UploadId, waiting: Waiting, ctx: &Context<Self>) {
        let mut next = Some((id, waiting));
        while let Some((id, waiting)) = next {
            next = self.open(id, waiting, ctx);
        }
    }

    /// Opens the file and begins. If it cannot be opened, the slot is for the one that is returned.
    fn open(
        &mut self,
        id: UploadId,
        (ticket, order): Waiting,
        ctx: &Context<Self>,
    ) -> Option<(UploadId, Waiting)> {
        match self.env.front.files.open(&order.path) {
            Ok(opened) => {
                let upload = self
                    .idle
                    .pop()
                    .unwrap_or_else(|| Upload::new(self.env.clone(), ctx.address()).start());
                upload.do_send(Begin {
                    ticket,
                    order,
                    opened,
                });
                self.active.insert(id, upload);
                None
            }
            Err(error) => {
                let next = self.admission.finish(id);
                ticket.refuse(error.into(), Phase::Open);
                next
            }
        }
    }

    fn stop_when_empty(&self, ctx: &mut Context<Self>) {
        if self.closing && self.active.is_empty() {
            ctx.stop();
        }
    }
}

impl Actor for Scheduler {
    type Context = Context<Self>;

    fn started(&mut self, _ctx: &mut Self::Context) {
        let clock = self.env.front.clock.clone();
        actix::spawn(watch(Rc::downgrade(&self.env.pool), clock));
    }

    fn stopped(&mut self, _ctx: &mut Self::Context) {
        self.env.pool.borrow_mut().close();
        self.env.front.ended.set();
    }
}

/// A call: checked, or refused with its reason. Both are answered from here, never from inside the call.
pub(crate) struct Submit {
    pub(crate) ticket: Ticket,
    pub(crate) order: Result<Box<Order>, Error>,
}

impl Submit {
    /// Names the call and checks it, on the caller's thread.
    pub(crate) fn new(front: &Arc<Front>, mut request: UploadRequest) -> Self {
        let (id, trace) = (front.next_id(), front.traces.trace());
        let listener = request.take_listener();
        let mut ignored = Vec::new();
        let order = request.check(front, &mut ignored);
        let shared = Shared::new(id, trace, front.clone(), ignored, listener);
        Self {
            ticket: Ticket::new(Arc::new(shared)),
            order,
        }
    }
}

impl Message for Submit {
    type Result = ();
}

impl Handler<Submit> for Scheduler {
    type Result = ();

    fn handle(&mut self, Submit { ticket, order }: Submit, ctx: &mut Self::Context) {
        let mut order = match order {
            Ok(order) => order,
            Err(error) => return ticket.refuse(error, Phase::Call),
        };
        if self.closing {
            return ticket.refuse(Error::new(ErrorKind::ShutDown), Phase::Queue);
        }
        if ticket.shared().is_aborted() {
            return ticket.refuse(Error::new(ErrorKind::Aborted), Phase::Queue);
        }
        if !self.admission.has_free_slot() {
            if let Err(error) = self.env.front.files.check(&order.path) {
                return ticket.refuse(error.into(), Phase::Call);
            }
            order.form.shrink();
        }
        let shared = ticket.shared().clone();
        match self.admission.submit(shared.id, (ticket, order)) {
            Submitted::Start(waiting) => self.start(shared.id, waiting, ctx),
            Submitted::Queued { position } => {
                shared.emit_now(EventKind::Queued { position });
            }
            Submitted::Full((ticket, _)) => {
                ticket.refuse(Error::new(ErrorKind::QueueFull), Phase::Call);
            }
        }
    }
}

impl Message for UploadRequest {
    type Result = UploadTask;
}

/// For programs that run actix: the same as [`Engine::upload`](crate::Engine::upload).
impl Handler<UploadRequest> for Scheduler {
    type Result = MessageResult<UploadRequest>;

    fn handle(&mut self, request: UploadRequest, ctx: &mut Self::Context) -> Self::Result {
        let submit = Submit::new(&self.env.front, request);
        let shared = submit.ticket.shared().clone();
        ctx.notify(submit);
        MessageResult(UploadTask::new(shared, Engaged::Scheduler(ctx.address())))
    }
}

/// The caller's abort was accepted.
pub(crate) struct Abort(pub(crate) UploadId);

impl Message for Abort {
    type Result = ();
}

impl Handler<Abort> for Scheduler {
    type Result = ();

    fn handle(&mut self, Abort(id): Abort, _ctx: &mut Self::Context) {
        match self.admission.cancel(id) {
            Cancelled::FromQueue((ticket, _)) => {
                ticket.refuse(Error::new(ErrorKind::Aborted), Phase::Queue);
            }
            Cancelled::Active => {
                if let Some(upload) = self.active.get(&id) {
                    upload.do_send(Stop(id, ErrorKind::Aborted));
                }
            }
            Cancelled::Unknown => {}
        }
    }
}

/// An active upload is over.
pub(crate) struct Finished {
    pub(crate) ticket: Ticket,
    pub(crate) outcome: Arc<Outcome>,
}

impl Message for Finished {
    type Result = ();
}

impl Handler<Finished> for Scheduler {
    type Result = ();

    fn handle(&mut self, Finished { ticket, outcome }: Finished, ctx: &mut Self::Context) {
        // An actor that broke off is not for the next upload.
        self.idle
            .extend(self.active.remove(&outcome.id).filter(Addr::connected));
        let next = self.admission.finish(outcome.id);
        // The slot is free: callbacks may ask for more. Who waited longest has it all the same, and is
        // admitted after this one was seen to end, so that nobody ever counts one too many.
        ticket.end(outcome);
        if let Some((id, waiting)) = next {
            self.start(id, waiting, ctx);
        }
        self.stop_when_empty(ctx);
    }
}

/// Changes the number of slots, while running: see
/// [`Engine::set_active_max`](crate::Engine::set_active_max).
pub(crate) struct SetActiveMax(pub(crate) usize);

impl Message for SetActiveMax {
    type Result = ();
}

impl Handler<SetActiveMax> for Scheduler {
    type Result = ();

    fn handle(&mut self, SetActiveMax(active_max): SetActiveMax, ctx: &mut Self::Context) {
        let mut starting = VecDeque::from(self.admission.set_limit(active_max));
        while let Some((id, waiting)) = starting.pop_front() {
            // Who gets the slot of one whose file is gone comes after those that have theirs.
            starting.extend(self.open(id, waiting, ctx));
        }
    }
}

/// Ends every upload, queued and active, and then the scheduler: within two seconds.
#[derive(Clone, Copy, Debug)]
pub struct Shutdown;

impl Message for Shutdown {
    type Result = ();
}

impl Handler<Shutdown> for Scheduler {
    type Result = ();

    fn handle(&mut self, _: Shutdown, ctx: &mut Self::Context) {
        if std::mem::replace(&mut self.closing, true) {
            return;
        }
        for (ticket, _) in self.admission.drain() {
            ticket.refuse(Error::new(ErrorKind::ShutDown), Phase::Queue);
        }
        for (id, upload) in &self.active {
            upload.do_send(Stop(*id, ErrorKind::ShutDown));
        }
        self.stop_when_empty(ctx);
        ctx.run_later(SHUTDOWN_MAX, |_, ctx| ctx.stop());
    }
}
