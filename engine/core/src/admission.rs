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

use crate::UploadId;
use crate::by_upload::ByUpload;

/// The slots and the queue.
///
/// ```
/// use quintet::admission::{Admission, Submitted};
/// use quintet::UploadId;
///
/// let mut admission = Admission::new(1, 10);
/// let (a, b) = (UploadId::from(1), UploadId::from(2));
/// assert_eq!(admission.submit(a), Submitted::Start);
/// assert_eq!(admission.submit(b), Submitted::Queued { position: 0 });
/// assert_eq!(admission.finish(a), Some(b));
/// ```
#[derive(Debug)]
pub struct Admission {
    active_max: usize,
    queue_max: usize,
    active: usize,
    places: ByUpload<Place>,
    /// In order of submission. An entry whose place is gone was cancelled and is skipped.
    queue: VecDeque<UploadId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Queued,
    Active,
}

/// What became of [`Admission::submit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It has a slot: start it.
    Start,
    /// It waits; `position` others are before it.
    Queued {
        /// How many are before it.
        position: usize,
    },
    /// The queue is full; nothing was kept.
    Full,
}

/// What became of [`Admission::cancel`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It was waiting and is gone.
    FromQueue,
    /// It is active: stop it, then call [`Admission::finish`].
    Active,
    /// Not known, or over already.
    Unknown,
}

impl Admission {
    /// At most `active_max` active (0 parks everything) and `queue_max` waiting.
    pub fn new(active_max: usize, queue_max: usize) -> Self {
        Self {
            active_max,
            queue_max,
            active: 0,
            places: ByUpload::default(),
            queue: VecDeque::new(),
        }
    }

    /// Asks for a slot. The same id must not be submitted twice while it is known.
    pub fn submit(&mut self, id: UploadId) -> Submitted {
        debug_assert!(!self.places.contains_key(&id), "{id} was submitted twice");
        if self.has_free_slot() {
            self.active += 1;
            self.places.insert(id, Place::Active);
            return Submitted::Start;
        }
        let position = self.queued();
        if position >= self.queue_max {
            return Submitted::Full;
        }
        self.places.insert(id, Place::Queued);
        self.queue.push_back(id);
        Submitted::Queued { position }
    }

    /// Frees the slot of an active upload. Returns the one to start in its place.
    pub fn finish(&mut self, id: UploadId) -> Option<UploadId> {
        if self.places.get(&id) != Some(&Place::Active) {
            return None;
        }
        self.places.remove(&id);
        self.active -= 1;
        self.start_next()
    }

    /// Takes an upload out of the queue, or tells that it is active.
    pub fn cancel(&mut self, id: UploadId) -> Cancelled {
        match self.places.get(&id) {
            Some(Place::Active) => Cancelled::Active,
            None => Cancelled::Unknown,
            Some(Place::Queued) => {
                self.places.remove(&id);
                self.sweep();
                Cancelled::FromQueue
            }
        }
    }

    /// Changes the number of slots and returns those to start now. Fewer slots stop nobody.
    pub fn set_limit(&mut self, active_max: usize) -> Vec<UploadId> {
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
        self.places.len() - self.active
    }

    fn start_next(&mut self) -> Option<UploadId> {
        while self.has_free_slot() {
            let id = self.queue.pop_front()?;
            if let Some(place) = self.places.get_mut(&id) {
                *place = Place::Active;
                self.active += 1;
                return Some(id);
            }
        }
        None
    }

    /// Cancelled entries stay in the queue until they reach its front; they may never be more than half of
    /// it, so memory follows the number that wait.
    fn sweep(&mut self) {
        const KEPT_MIN: usize = 64;
        if self.queue.len() > KEPT_MIN && self.queue.len() > 2 * self.queued() {
            let places = &self.places;
            self.queue.retain(|id| places.contains_key(id));
            self.queue.shrink_to_fit();
        }
    }
}
