//! The slots, and the line of those who wait in the order of their calls: all there is while nobody asks for more.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use super::{Cancelled, Standing, Submitted};
use crate::UploadId;
use crate::by_upload::ByUpload;
use crate::planted;

/// What [`Admission`](super::Admission) knows of everyone. Its methods are those of the same names there, for as long as no
/// upload has anything but its place in the line.
#[derive(Debug)]
pub(super) struct Slots<W> {
    pub(super) active_max: usize,
    pub(super) queue_max: usize,
    pub(super) open: bool,
    pub(super) active: usize,
    pub(super) parked: usize,
    /// Who is known: what waits, or nothing for one that has had a slot.
    pub(super) known: ByUpload<Option<W>>,
    /// In the order of the calls, all of priority 0. Who left it stays until its turn, and is skipped then.
    pub(super) line: VecDeque<UploadId>,
}

impl<W> Slots<W> {
    pub(super) fn submit(&mut self, id: UploadId, waiting: W) -> Submitted<W> {
        if self.starts_at_once() {
            self.known.insert(id, None);
            self.active += 1;
            return Submitted::Start(waiting);
        }
        let position = self.queued();
        if position >= self.queue_max {
            return Submitted::Full(waiting);
        }
        self.known.insert(id, Some(waiting));
        self.stand_in_line(id);
        Submitted::Queued { position }
    }

    pub(super) fn admit(&mut self) -> Option<(UploadId, Option<W>)> {
        if !self.has_free_slot() {
            return None;
        }
        loop {
            let id = self.line.pop_front()?;
            if let Some(waiting) = self.known.get_mut(&id).and_then(Option::take) {
                self.active += 1;
                return Some((id, Some(waiting)));
            }
        }
    }

    pub(super) fn finish(&mut self, id: UploadId) -> bool {
        let was_active = self.forget_begun(id);
        self.active -= usize::from(was_active);
        was_active
    }

    pub(super) fn cancel(&mut self, id: UploadId) -> Cancelled<W> {
        let Entry::Occupied(mut known) = self.known.entry(id) else {
            return Cancelled::Unknown;
        };
        let Some(waiting) = known.get_mut().take() else {
            return Cancelled::Active;
        };
        known.remove();
        self.sweep(Self::has_waiting);
        Cancelled::FromQueue(waiting)
    }

    pub(super) fn starts_at_once(&mut self) -> bool {
        self.has_free_slot() && {
            self.skip_who_left(Self::has_waiting);
            self.line.is_empty()
        }
    }

    pub(super) fn standing(&self, id: UploadId) -> Option<Standing> {
        let waiting = self.known.get(&id)?;
        Some(match waiting {
            Some(_) => Standing::Waiting { held: false },
            None => Standing::Active,
        })
    }

    pub(super) fn position(&self, id: UploadId) -> Option<usize> {
        let mut line = self.line.iter().filter(|id| self.has_waiting(**id));
        line.position(|other| *other == id)
    }

    pub(super) fn waiting(&self) -> Vec<UploadId> {
        let line = self.line.iter().copied();
        line.filter(|id| self.has_waiting(*id)).collect()
    }

    pub(super) fn has_free_slot(&self) -> bool {
        self.open && self.active < self.active_max + usize::from(planted::is("one-slot-too-many"))
    }

    pub(super) fn queued(&self) -> usize {
        self.known.len() - self.active - self.parked
    }

    /// Whether this one never had a slot.
    pub(super) fn has_waiting(&self, id: UploadId) -> bool {
        self.known.get(&id).is_some_and(Option::is_some)
    }

    /// Forgets one that has begun. Tells whether there was such an upload.
    pub(super) fn forget_begun(&mut self, id: UploadId) -> bool {
        match self.known.entry(id) {
            Entry::Occupied(known) if known.get().is_none() => {
                known.remove();
                true
            }
            _ => false,
        }
    }

    /// Puts one into the line. Calls of several threads may come a little out of their order.
    pub(super) fn stand_in_line(&mut self, id: UploadId) {
        if planted::is("queue-order-swapped") {
            return self.line.push_front(id);
        }
        let mut at = self.line.len();
        self.line.push_back(id);
        while at > 0 && self.line[at - 1] > id {
            self.line.swap(at - 1, at);
            at -= 1;
        }
    }

    /// Who leaves the line is only skipped when its turn comes; until then nobody must take it for one that waits.
    pub(super) fn skip_who_left(&mut self, is_in_line: impl Fn(&Self, UploadId) -> bool) {
        while let Some(id) = self.line.front()
            && !is_in_line(self, *id)
        {
            self.line.pop_front();
        }
    }

    /// Who left the line may never be more than half of it, so memory follows the number that wait.
    pub(super) fn sweep(&mut self, is_in_line: impl Fn(&Self, UploadId) -> bool) {
        const KEPT_MIN: usize = 64;
        if self.line.len() > KEPT_MIN && self.line.len() > 2 * self.queued() {
            let mut line = VecDeque::with_capacity(self.queued());
            for id in std::mem::take(&mut self.line) {
                if is_in_line(self, id) {
                    line.push_back(id);
                }
            }
            self.line = line;
        }
    }
}
