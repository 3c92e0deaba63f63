//! The scheduler actor: carries out what admission decides, and ends what is over.

mod life;
mod view;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;

use crate::admission::{Admission, Ask, Submitted};
use crate::by_upload::ByUpload;
use crate::drive::Env;
use crate::error::{Error, ErrorKind, Phase};
use crate::event::EventKind;
use crate::expect::ExpectAbove;
use crate::front::Front;
use crate::holding::HOLDING;
use crate::planted;
use crate::pool::watch;
use crate::queue::{After, HostPort, Labelled, ask};
use crate::request::Order;
use crate::task::Engaged;
use crate::ticket::{Shared, Ticket};
use crate::upload::{Begin, Nudge, Upload};
use crate::{Outcome, UploadId, UploadRequest, UploadTask};

/// How long a shutdown waits for active uploads to end by themselves once told to.
const SHUTDOWN_MAX: Duration = Duration::from_millis(1500);

/// Admits uploads to their slots. Programs that run actix send it an [`UploadRequest`] and get an [`UploadTask`]:
/// see [`Engine::scheduler`](crate::Engine::scheduler).
pub struct Scheduler {
    env: Env,
    admission: Admission<Waiting, HostPort>,
    /// Made for the first upload that has a label.
    labelled: Option<Box<dyn Labelled>>,
    /// Who has begun and is not over: who has a slot, and who was paused and gave it away.
    active: ByUpload<Active>,
    /// Actors without an upload: never more than were at work at once.
    idle: Vec<Addr<Upload>>,
    suspended: bool,
    gate_shut: bool,
    closing: bool,
}

/// A queued upload.
type Waiting = (Ticket, Box<Order>);

/// An upload that has begun.
struct Active {
    upload: Addr<Upload>,
    shared: Arc<Shared>,
    host: HostPort,
    after: Option<After>,
}

impl Scheduler {
    pub(crate) fn new(front: Arc<Front>) -> Self {
        let (settings, set_up) = (&front.settings, front.set_up);
        let mut scheduler = Self {
            admission: Admission::new(settings.active_max, settings.queue_max),
            env: Env::new(front),
            labelled: None,
            active: ByUpload::default(),
            idle: Vec::new(),
            suspended: false,
            gate_shut: false,
            closing: false,
        };
        if let Some(set_up) = set_up {
            set_up(&mut scheduler);
        }
        scheduler
    }

    /// Starts everyone who may start now.
    #[inline]
    pub(crate) fn admit(&mut self, ctx: &Context<Self>) {
        if self.admission.queued() > 0 {
            self.admit_waiting(ctx);
        }
    }

    fn admit_waiting(&mut self, ctx: &Context<Self>) {
        while self.admission.queued() > 0
            && self.may_admit()
            && let Some((id, waiting)) = self.admission.admit()
        {
            match waiting {
                Some(waiting) => self.start(id, waiting, ctx),
                None => {
                    if let Some(holding) = self.env.front.holding.get() {
                        (holding.go_on)(self, id);
                    }
                }
            }
        }
    }

    /// Whether there is a slot to give and nobody forbids it. The host is asked last.
    fn may_admit(&mut self) -> bool {
        self.admission.set_open(!self.suspended && !self.gate_shut);
        if let Some(gate) = &self.env.front.gate
            && self.admission.has_free_slot()
        {
            self.admission.set_open(ask(&**gate));
        }
        self.admission.has_free_slot()
    }

    /// Begins an upload that was given a slot, or frees that again if its file cannot be opened.
    fn start(&mut self, id: UploadId, (ticket, mut order): Waiting, ctx: &Context<Self>) {
        let opened = match order.open(&self.env.front) {
            Ok(opened) => opened,
            Err(error) => {
                self.admission.finish(id);
                self.forget_labels(id);
                return ticket.refuse(error, Phase::Open);
            }
        };
        let upload = self
            .idle
            .pop()
            .unwrap_or_else(|| Upload::new(self.env.clone(), ctx.address()).start());
        let extras = order.extras.as_mut();
        let after = extras.and_then(|extras| extras.queue.after_success.take());
        let (shared, host) = (ticket.shared().clone(), order.destination.clone());
        // Asked for only of one file by its path.
        let after = after
            .zip(opened.first())
            .map(|((what, arrange), opened)| arrange(what, &order.path, opened.state));
        upload.do_send(Begin {
            ticket,
            order,
            opened,
        });
        // Moved, not cloned: an address allocates for each.
        let active = Active {
            upload,
            shared,
            host: HostPort(host),
            after,
        };
        self.active.insert(id, active);
    }

    fn forget_labels(&mut self, id: UploadId) {
        if let Some(labelled) = &mut self.labelled {
            labelled.remove(id);
        }
    }

    fn stop_when_empty(&self, ctx: &mut Context<Self>) {
        if self.closing && self.active.is_empty() {
            ctx.stop();
        }
    }
}

/// [`set_up`], which only [`EngineBuilder::settings`](crate::EngineBuilder::settings) names.
pub(crate) type SetUp = fn(&mut Scheduler);

/// Carries out what settings may say and the default ones do not.
pub(crate) fn set_up(scheduler: &mut Scheduler) {
    let env = &mut scheduler.env;
    let settings = &env.front.settings;
    if settings.rate_max > 0 || settings.expect_continue_above.is_some() {
        env.front.holding.fill(&HOLDING);
    }
    if let Some(above) = settings.expect_continue_above {
        env.expect = Some(Rc::new(ExpectAbove::new(above)));
    }
    let active_per_host_max = settings.active_per_host_max;
    if active_per_host_max.is_some() {
        scheduler.set_active_per_host_max(active_per_host_max);
    }
}

/// [`rank`], which only the setter of a priority names.
pub(crate) type Rank = fn(&mut Scheduler);

/// From here on the uploads have their turns by priority.
pub(crate) fn rank(scheduler: &mut Scheduler) {
    scheduler.admission.rank();
}

impl Actor for Scheduler {
    type Context = Context<Self>;

    fn started(&mut self, _ctx: &mut Self::Context) {
        let clock = self.env.front.clock.clone();
        actix::spawn(watch(Rc::downgrade(&self.env.pool), clock));
    }

    fn stopped(&mut self, _ctx: &mut Self::Context) {
        self.env.pool.borrow_mut().close();
        // They would stay, with all that they hold, as long as this thread's system.
        for upload in self.idle.drain(..) {
            upload.do_send(Nudge);
        }
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
        let listener = request.take_listener().map(|(listener, hear)| {
            hear(front);
            listener
        });
        let mut ignored = Vec::new();
        let order = request.check(front, &mut ignored);
        let shared = Shared::new(id, trace, front.clone(), ignored, listener);
        if let Ok(order) = &order
            && let Some(extras) = &order.extras
            && let Some((rate_max, set)) = extras.transfer.rate_max
        {
            set(&shared, rate_max);
        }
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
        // Who came before goes before, if a gate has opened meanwhile.
        self.admit(ctx);
        let ask = self.ask_for(&order);
        if !(self.may_admit() && self.admission.starts_at_once(ask.host.as_ref())) {
            if let Err(error) = order.look(&self.env.front) {
                return ticket.refuse(error, Phase::Call);
            }
            order.form.shrink();
        }
        let shared = ticket.shared().clone();
        if let Some(extras) = &mut order.extras {
            if let Some((labels, labelling)) = extras.queue.labels.take()
                && let Err(error) = (labelling.add)(&mut self.labelled, shared.id, labels)
            {
                return ticket.refuse(error, Phase::Call);
            }
            if let Some((_, rank)) = extras.queue.priority {
                rank(self);
            }
        }
        match self.admission.enter(shared.id, ask, (ticket, order)) {
            Submitted::Start(waiting) => self.start(shared.id, waiting, ctx),
            Submitted::Queued { position } => {
                shared.emit_now(EventKind::Queued { position });
            }
            Submitted::Full((ticket, _)) => {
                self.forget_labels(shared.id);
                ticket.refuse(Error::new(ErrorKind::QueueFull), Phase::Call);
            }
        }
        if shared.reins.is_paused()
            && let Some(holding) = self.env.front.holding.get()
        {
            // Asked for before the call had come here.
            (holding.heed)(self, shared.id);
        }
        // There is somebody only if a file could not be opened, or to step aside because its host is busy.
        self.admit(ctx);
    }
}

impl Scheduler {
    fn ask_for(&self, order: &Order) -> Ask<HostPort> {
        let extras = order.extras.as_ref();
        let counted = self.admission.counts_hosts();
        Ask {
            priority: extras
                .and_then(|extras| extras.queue.priority)
                .map_or(0, |(priority, _)| priority),
            host: counted.then(|| HostPort(order.destination.clone())),
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
        let scheduler = ctx.address();
        // By the mailbox, so that what the task is asked for next comes after it.
        scheduler.do_send(submit);
        MessageResult(UploadTask::new(shared, Engaged::Scheduler(scheduler)))
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
        self.abort(id);
    }
}

/// The caller paused an upload, or let it go on: its reins say which.
pub(crate) struct SetPaused(pub(crate) UploadId);

impl Message for SetPaused {
    type Result = ();
}

impl Handler<SetPaused> for Scheduler {
    type Result = ();

    fn handle(&mut self, SetPaused(id): SetPaused, ctx: &mut Self::Context) {
        self.heed(id);
        self.admit(ctx);
    }
}

/// A rate has changed: the upload that it concerns, or each of them, must not sleep on.
pub(crate) struct SetRate(pub(crate) Option<UploadId>);

impl Message for SetRate {
    type Result = ();
}

impl Handler<SetRate> for Scheduler {
    type Result = ();

    fn handle(&mut self, SetRate(whose): SetRate, _ctx: &mut Self::Context) {
        match whose {
            Some(id) => {
                if let Some(active) = self.active.get(&id) {
                    active.upload.do_send(Nudge);
                }
            }
            None => self
                .active
                .values()
                .for_each(|active| active.upload.do_send(Nudge)),
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
        let id = outcome.id;
        let after = self.active.remove(&id).and_then(|active| {
            // An actor that broke off is not for the next upload.
            self.idle
                .extend(Some(active.upload).filter(Addr::connected));
            Some((active.after?, active.shared))
        });
        if !(planted::is("slot-leaked-on-abort") && outcome.is_aborted()) {
            self.admission.finish(id);
        }
        self.forget_labels(id);
        // The slot is free: callbacks may ask for more. Who waited longest has it all the same, and is
        // admitted after this one was seen to end, so that nobody ever counts one too many.
        ticket.end(outcome);
        if let Some((after, shared)) = after {
            after(shared, ctx.address());
        }
        self.admit(ctx);
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
        self.admission.set_limit(active_max);
        self.admit(ctx);
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
        self.stop_all(ErrorKind::ShutDown);
        self.stop_when_empty(ctx);
        ctx.run_later(SHUTDOWN_MAX, |_, ctx| ctx.stop());
    }
}
