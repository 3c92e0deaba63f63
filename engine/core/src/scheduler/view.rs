//! What the scheduler tells of its uploads.

use std::sync::Arc;

use super::Scheduler;
use crate::admission::Standing;
use crate::ticket::Shared;
use crate::{Queue, Status, UploadId, UploadState};

impl Scheduler {
    pub(crate) fn view(&self) -> Queue {
        let standing = |wanted: Standing| {
            let begun = self.active.keys().copied();
            let mut ids: Vec<_> = begun
                .filter(|id| self.admission.standing(*id) == Some(wanted))
                .collect();
            ids.sort_unstable();
            ids
        };
        Queue {
            waiting: self.admission.waiting(),
            active: standing(Standing::Active),
            parked: standing(Standing::Parked),
            suspended: self.suspended,
            gate_open: !self.gate_shut,
        }
    }

    pub(crate) fn find(&self, caller_id: &str) -> Option<Status> {
        let id = self.labelled.as_ref()?.by_caller_id(caller_id)?;
        let state = self.state(id);
        Some(self.status(id, state))
    }

    pub(crate) fn tagged(&self, tag: &str) -> Vec<Status> {
        let Some(labelled) = &self.labelled else {
            return Vec::new();
        };
        let ids = labelled.tagged(tag);
        // Once for all: a position by itself costs as much as the whole order.
        let waiting = self.admission.waiting().into_iter().enumerate();
        let positions: crate::by_upload::ByUpload<usize> =
            waiting.map(|(position, id)| (id, position)).collect();
        let with_state = ids.into_iter().map(|id| {
            let state = self.state_at(id, || positions.get(&id).copied());
            self.status(id, state)
        });
        with_state.collect()
    }

    pub(crate) fn state(&self, id: UploadId) -> UploadState {
        self.state_at(id, || self.admission.position(id))
    }

    fn state_at(&self, id: UploadId, position: impl FnOnce() -> Option<usize>) -> UploadState {
        match self.admission.standing(id) {
            None => UploadState::Ended,
            Some(Standing::Parked) => UploadState::Parked,
            Some(Standing::Active) => UploadState::Active {
                paused: self
                    .shared(id)
                    .is_some_and(|shared| shared.reins.is_paused()),
            },
            Some(Standing::Waiting { held }) => UploadState::Queued {
                // It waits, so it has one.
                position: position().unwrap_or_default(),
                paused: held,
            },
        }
    }

    fn status(&self, id: UploadId, state: UploadState) -> Status {
        Status {
            id,
            caller_id: self.labelled.as_ref().and_then(|all| all.caller_id(id)),
            state,
        }
    }

    /// What an upload that is not over shares with its task.
    pub(super) fn shared(&self, id: UploadId) -> Option<&Arc<Shared>> {
        match self.admission.kept(id) {
            Some((ticket, _)) => Some(ticket.shared()),
            None => self.active.get(&id).map(|active| &active.shared),
        }
    }

    /// Those that wait in their order, then the others.
    pub(super) fn everyone(&self) -> Vec<UploadId> {
        let mut everyone = self.admission.waiting();
        let begun = self.active.keys().copied();
        let others = begun.filter(|id| !self.admission.waits(*id));
        everyone.extend(others);
        everyone
    }
}
