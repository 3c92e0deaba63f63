//! What is done to uploads that run or wait: abort, pause, suspension, the end.

use actix::prelude::*;

use super::Scheduler;
use crate::admission::{Cancelled, Standing};
use crate::error::{Error, ErrorKind, Phase};
use crate::event::EventKind;
use crate::planted;
use crate::queue::HostPort;
use crate::reins::Hand;
use crate::upload::{Heed, Stop};
use crate::{SuspendActive, UploadId};

impl Scheduler {
    /// Carries out an abort that was accepted.
    pub(super) fn abort(&mut self, id: UploadId) {
        self.stop(id, ErrorKind::Aborted);
    }

    /// Ends an upload for this reason, wherever it stands.
    fn stop(&mut self, id: UploadId, reason: ErrorKind) {
        match self.admission.cancel(id) {
            Cancelled::FromQueue((ticket, _)) => {
                self.forget_labels(id);
                ticket.refuse(Error::new(reason), Phase::Queue);
            }
            Cancelled::Active => {
                if let Some(active) = self.active.get(&id) {
                    active.upload.do_send(Stop(id, reason));
                }
            }
            Cancelled::Unknown => {}
        }
    }

    /// Ends everyone: those that wait in their order, then the others.
    pub(super) fn stop_all(&mut self, reason: ErrorKind) {
        let left = usize::from(planted::is("shutdown-leaves-one"));
        for id in self.everyone().into_iter().skip(left) {
            self.stop(id, reason);
        }
    }

    pub(crate) fn abort_all(&mut self) -> usize {
        let everyone = self.everyone();
        self.abort_each(everyone)
    }

    pub(crate) fn abort_tagged(&mut self, tag: &str) -> usize {
        let tagged = self.labelled.as_ref().map(|labelled| labelled.tagged(tag));
        self.abort_each(tagged.unwrap_or_default())
    }

    fn abort_each(&mut self, ids: Vec<UploadId>) -> usize {
        let mut accepted = 0;
        for id in ids {
            if self.shared(id).is_some_and(|shared| shared.decide_abort()) {
                self.abort(id);
                accepted += 1;
            }
        }
        accepted
    }

    pub(crate) fn pause_all(&mut self, paused: bool, ctx: &Context<Self>) -> usize {
        let mut accepted = 0;
        for id in self.everyone() {
            let set = |shared: &crate::ticket::Shared| {
                shared.is_open() && shared.hold(Hand::Caller, paused)
            };
            if self.shared(id).is_some_and(|shared| set(shared)) {
                self.heed(id);
                accepted += 1;
            }
        }
        self.admit(ctx);
        accepted
    }

    /// Sees to it that an upload stands as its reins say now: its caller may have changed its mind already.
    pub(crate) fn heed(&mut self, id: UploadId) {
        let Some(shared) = self.shared(id).cloned() else {
            return;
        };
        let paused = shared.reins.is_held_by(Hand::Caller);
        let frees_slot = !self.env.front.settings.paused_keeps_slot;
        // One that gave its slot away was told of as paused, and will be as it goes on.
        let has_begun = self.active.contains_key(&id);
        match (self.admission.standing(id), paused) {
            (Some(Standing::Waiting { .. }), true) => {
                if self.admission.hold(id) && !has_begun {
                    shared.emit_now(EventKind::Paused);
                }
            }
            (Some(Standing::Waiting { .. }), false) => {
                if self.admission.release(id) && !has_begun {
                    shared.emit_now(EventKind::Resumed);
                }
            }
            (Some(Standing::Active), true) if frees_slot => {
                shared.hold(Hand::Parking, true);
                self.admission.park(id);
                self.tell_paused(id);
            }
            (Some(Standing::Active), _) => self.tell_paused(id),
            (Some(Standing::Parked), false) => {
                self.admission.return_to(id);
            }
            (Some(Standing::Parked), true) | (None, _) => {}
        }
    }

    /// A parked upload has a slot again.
    pub(crate) fn go_on(&self, id: UploadId) {
        if let Some(active) = self.active.get(&id) {
            active.shared.hold(Hand::Parking, false);
            self.tell_paused(id);
        }
    }

    /// Lets an upload that has begun look at its reins.
    fn tell_paused(&self, id: UploadId) {
        if let Some(active) = self.active.get(&id) {
            let paused = active.shared.reins.is_paused();
            active.upload.do_send(Heed::new(id, paused));
        }
    }

    pub(crate) fn suspend(&mut self) -> bool {
        if std::mem::replace(&mut self.suspended, true) {
            return false;
        }
        match self.env.front.settings.suspend_active {
            SuspendActive::Run => {}
            SuspendActive::Pause => self.hold_active(true),
            SuspendActive::Interrupt => {
                for (id, active) in &self.active {
                    active.upload.do_send(Stop(*id, ErrorKind::Interrupted));
                }
            }
        }
        true
    }

    pub(crate) fn resume(&mut self, ctx: &mut Context<Self>) -> bool {
        let suspended = std::mem::replace(&mut self.suspended, false);
        if suspended {
            self.hold_active(false);
            self.admit(ctx);
        }
        suspended
    }

    fn hold_active(&self, held: bool) {
        for (id, active) in &self.active {
            if active.shared.hold(Hand::Suspension, held) {
                self.tell_paused(*id);
            }
        }
    }

    pub(crate) fn set_gate(&mut self, open: bool) {
        self.gate_shut = !open;
    }

    pub(crate) fn set_active_per_host_max(&mut self, active_max: Option<usize>) {
        let active = &self.active;
        self.admission
            .set_limit_per_host(active_max, |id, waiting| match waiting {
                Some((_, order)) => Some(HostPort(order.destination.clone())),
                None => active.get(&id).map(|active| active.host.clone()),
            });
    }

    pub(crate) fn set_priority(&mut self, id: UploadId, priority: i8) {
        self.admission.set_priority(id, priority);
    }
}
