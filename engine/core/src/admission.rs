//! Who may be active: a pure data structure that the scheduler carries out.
//!
//! ```text
//!            submit                 (a slot is free, nobody waits)
//!   ─────────────────────────────► active ──finish──► gone
//!      │                             ▲                  ▲
//!      └──► queued ──a slot is free──┘                  │
//!             └────────────────cancel───────────────────┘
//! ```
//!
//! First in, first out; never more than `active_max` active; a free slot means an empty queue. Every call is
//! O(1), amortised.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use crate::UploadId;
use crate::by_upload::ByUpload;

/// The slots and the queue. `W` is what is kept of an upload that waits.
///
/// ```
/// use quintet::admission::{Admission, Submitted};
/// use quintet::UploadId;
///
/// let mut admission = Admission::new(1, 10);
/// let (a, b) = (UploadId::from(1), UploadId::from(2));
/// assert_eq!(admission.submit(a, "a"), Submitted::Start("a"));
/// assert_eq!(admission.submit(b, "b"), Submitted::Queued { position: 0 });
/// assert_eq!(admission.finish(a), Some((b, "b")));
/// ```
#[derive(Debug)]
pub struct Admission<W> {
    active_max: usize,
    queue_max: usize,
    active: usize,
    /// Who is known: what waits, or nothing for one that is active.
    known: ByUpload<Option<W>>,
    /// In order of submission. An entry that is not known was cancelled and is skipped.
    queue: VecDeque<UploadId>,
}

/// What became of [`Admission::submit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted<W> {
    /// It has a slot: start it.
    Start(W),
    /// It waits; `position` others are before it.
    Queued {
        /// How many are before it.
        position: usize,
    },
    /// The queue is full; nothing was kept.
    Full(W),
}

/// What became of [`Admission::cancel`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled<W> {
    /// It was waiting and is gone.
    FromQueue(W),
    /// It is active: stop it, then call [`Admission::finish`].
    Active,
    /// Not known, or over already.
    Unknown,
}

impl<W> Admission<W> {
    /// At most `active_max` active (0 parks everything) and `queue_max` waiting.
    pub fn new(active_max: usize, queue_max: usize) -> Self {
        Self {
            active_max,
            queue_max,
            active: 0,
            known: ByUpload::default(),
            queue: VecDeque::new(),
        }
    }

    /// Asks for a slot. The same id must not be submitted twice while it is known.
    pub fn submit(&mut self, id: UploadId, waiting: W) -> Submitted<W> {
        debug_assert!(!self.known.contains_key(&id), "{id} was submitted twice");
        if self.has_free_slot() {
            self.active += 1;
            self.known.insert(id, None);
            return Submitted::Start(waiting);
        }
        let position = self.queued();
        if position >= self.queue_max {
            return Submitted::Full(waiting);
        }
        self.known.insert(id, Some(waiting));
        self.queue.push_back(id);
        Submitted::Queued { position }
    }

    /// Frees the slot of an active upload. Returns the one to start in its place.
    pub fn finish(&mut self, id: UploadId) -> Option<(UploadId, W)> {
        match self.known.entry(id) {
            Entry::Occupied(known) if known.get().is_none() => known.remove(),
            _ => return None,
        };
        self.active -= 1;
        self.start_next()
    }

    /// Takes an upload out of the queue, or tells that it is active.
    pub fn cancel(&mut self, id: UploadId) -> Cancelled<W> {
        let Entry::Occupied(mut known) = self.known.entry(id) else {
            return Cancelled::Unknown;
        };
        let Some(waiting) = known.get_mut().take() else {
            return Cancelled::Active;
        };
        known.remove();
        self.sweep();
        Cancelled::FromQueue(waiting)
    }

    /// Takes everything out of the queue, in its order.
    pub fn drain(&mut self) -> Vec<W> {
        let queue = std::mem::take(&mut self.queue);
        queue
            .into_iter()
            .filter_map(|id| self.known.remove(&id).flatten())
            .collect()
    }

    /// Changes the number of slots and returns those to start now. Fewer slots stop nobody.
    pub fn set_limit(&mut self, active_max: usize) -> Vec<(UploadId, W)> {
        self.active_max = active_max;
        std::iter::from_fn(|| self.start_next()).collect()
    }

    /// Whether the next [`submit`](Self::submit) starts at once.
    pub fn has_free_slot(&self) -> bool {
        self.active < self.active_max
    }

    /// How many are active.
    pub fn active(&self) -> usize {
        self.active
    }

    /// How many wait.
    pub fn queued(&self) -> usize {
        self.known.len() - self.active
    }

    fn start_next(&mut self) -> Option<(UploadId, W)> {
        while self.has_free_slot() {
            let id = self.queue.pop_front()?;
            if let Some(waiting) = self.known.get_mut(&id).and_then(Option::take) {
                self.active += 1;
                return Some((id, waiting));
            }
        }
        None
    }

    /// Cancelled entries stay in the queue until they reach its front; they may never be more than half of
    /// it, so memory follows the number that wait.
    fn sweep(&mut self) {
        const KEPT_MIN: usize = 64;
        if self.queue.len() > KEPT_MIN && self.queue.len() > 2 * self.queued() {
            let known = &self.known;
            self.queue.retain(|id| known.contains_key(id));
            self.queue.shrink_to_fit();
        }
    }
}
