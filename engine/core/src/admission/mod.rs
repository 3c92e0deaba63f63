//! Who may be active: a pure data structure that the scheduler carries out.
//!
//! ```text
//!            submit                 (a slot is free, nobody is before it)
//!   ─────────────────────────────► active ──finish──► gone
//!      │                           ▲    │                ▲
//!      └──► waiting ─────admit─────┘   park              │
//!            ▲ │ ▲                      ▼                │
//!       hold/release └──return_to─── parked ─────finish──┤
//!              └─────────────────cancel──────────────────┘
//! ```
//!
//! One idea: everyone who waits has a *rank*, and [`admit`](Admission::admit) takes the least. Ranks order by who had a slot
//! before, then by priority, then by the call. Who has nothing but the order of the calls, which without priorities is
//! everyone, stands in a line and costs a push and a pop (`slots.rs`). All others stand in a tree; who is held stands in
//! neither, and who is first but whose host is at its cap steps aside, to a tree of its host's own. These are made by the
//! first that asks for them (`ranks.rs`):
//!
//! ```text
//!   submit ──► line ──┐
//!     │               ├─ the lesser ─► (host at its cap?) ─no─► active
//!     └──────► tree ──┘                       │yes
//!                ▲                            ▼
//!                └───── host has room ─── host's tree
//! ```
//!
//! A long run of uploads to a busy host is thus passed over once, not at every turn: each steps aside again only if it was
//! called back, and each change at a host calls back one. While a host has room, the first of those aside is in the
//! common tree.
//!
//! Never more than `active_max` active, nor more of one host than its cap. After every call, call `admit` until it has
//! nobody: then a free slot means that nobody who waits may have it. Every call is O(1), amortised, for who is in the
//! line, else O(log n) and at most one step for each priority in use, unless it says otherwise.

mod hosts;
mod rank;
mod ranks;
mod slots;

use std::collections::VecDeque;
use std::fmt::Debug;
use std::hash::Hash;

use crate::UploadId;
use crate::by_upload::ByUpload;
use ranks::{Ranked, Ranks};
use slots::Slots;

/// The slots and the queue. `W` is what is kept of an upload that waits, `H` names its host.
///
/// ```
/// use quintet::admission::{Admission, Ask, Submitted};
/// use quintet::UploadId;
///
/// let mut admission: Admission<&str, &str> = Admission::new(1, 10);
/// let (a, b, c) = (UploadId::from(1), UploadId::from(2), UploadId::from(3));
/// assert_eq!(admission.submit(a, Ask::default(), "a"), Submitted::Start("a"));
/// assert_eq!(admission.submit(b, Ask::default(), "b"), Submitted::Queued { position: 0 });
/// let urgent = Ask { priority: 1, ..Ask::default() };
/// assert_eq!(admission.submit(c, urgent, "c"), Submitted::Queued { position: 0 });
/// assert!(admission.finish(a));
/// assert_eq!(admission.admit(), Some((c, Some("c"))));
/// assert_eq!(admission.admit(), None);
/// ```
#[derive(Debug)]
pub struct Admission<W, H> {
    slots: Slots<W>,
    /// What is not plain about some of those known; made by whatever asks for it first.
    ranks: Option<Box<dyn Ranked<W, H>>>,
}

/// How an upload is to be admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask<H> {
    /// Higher ones go first; first in, first out within one.
    pub priority: i8,
    /// Whose cap it counts for. Needed only while hosts are counted.
    pub host: Option<H>,
}

impl<H> Default for Ask<H> {
    fn default() -> Self {
        Self {
            priority: 0,
            host: None,
        }
    }
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
    /// It has begun: stop it, then call [`Admission::finish`].
    Active,
    /// Not known, or over already.
    Unknown,
}

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for a slot.
    Waiting {
        /// Whether it is passed over.
        held: bool,
    },
    /// It has a slot.
    Active,
    /// It has begun, and has neither a slot nor a place in the queue.
    Parked,
}

impl<W, H: Clone + Debug + Eq + Hash + 'static> Admission<W, H> {
    /// At most `active_max` active (0 parks everything) and `queue_max` waiting, as many of one host as may be.
    pub fn new(active_max: usize, queue_max: usize) -> Self {
        Self {
            slots: Slots {
                active_max,
                queue_max,
                open: true,
                active: 0,
                parked: 0,
                known: ByUpload::default(),
                line: VecDeque::new(),
            },
            ranks: None,
        }
    }

    /// Asks for a slot. The same id must not be submitted twice while it is known.
    pub fn submit(&mut self, id: UploadId, ask: Ask<H>, waiting: W) -> Submitted<W> {
        if ask.priority != 0 {
            self.rank();
        }
        self.enter(id, ask, waiting)
    }

    /// As [`submit`](Self::submit), of one whose priority is 0 unless [`rank`](Self::rank) was called before.
    pub(crate) fn enter(&mut self, id: UploadId, ask: Ask<H>, waiting: W) -> Submitted<W> {
        let known = &self.slots.known;
        debug_assert!(!known.contains_key(&id), "{id} was submitted twice");
        match &mut self.ranks {
            None => self.slots.submit(id, waiting),
            Some(ranks) => ranks.submit(&mut self.slots, id, ask, waiting),
        }
    }

    /// Gives the first of those that may have it a free slot: what was kept of it, or nothing if it had a slot before.
    pub fn admit(&mut self) -> Option<(UploadId, Option<W>)> {
        match &mut self.ranks {
            None => self.slots.admit(),
            Some(ranks) => ranks.admit(&mut self.slots),
        }
    }

    /// Forgets an upload that has begun, and frees its slot if it has one. Tells whether there was such an upload.
    pub fn finish(&mut self, id: UploadId) -> bool {
        match &mut self.ranks {
            None => self.slots.finish(id),
            Some(ranks) => ranks.finish(&mut self.slots, id),
        }
    }

    /// Takes an upload out of the queue, or tells that it has begun.
    pub fn cancel(&mut self, id: UploadId) -> Cancelled<W> {
        match &mut self.ranks {
            None => self.slots.cancel(id),
            Some(ranks) => ranks.cancel(&mut self.slots, id),
        }
    }

    /// Passes over an upload that waits, until [`release`](Self::release): it keeps its place. Tells whether that is new.
    pub fn hold(&mut self, id: UploadId) -> bool {
        let (ranks, slots) = self.ranked();
        ranks.hold(slots, id)
    }

    /// Ends a [`hold`](Self::hold). Tells whether there was one.
    pub fn release(&mut self, id: UploadId) -> bool {
        self.ranked().0.release(id)
    }

    /// Takes the slot of an active upload, which has not ended. Tells whether it had one.
    pub fn park(&mut self, id: UploadId) -> bool {
        let (ranks, slots) = self.ranked();
        ranks.park(slots, id)
    }

    /// Lets a parked upload wait for a slot, ahead of all that never had one. Tells whether it was parked.
    pub fn return_to(&mut self, id: UploadId) -> bool {
        let (ranks, slots) = self.ranked();
        ranks.return_to(slots, id)
    }

    /// Changes the priority: an upload that waits takes its place among those of that priority, by its call. Tells
    /// whether it is known.
    pub fn set_priority(&mut self, id: UploadId, priority: i8) -> bool {
        let (ranks, slots) = self.ranked();
        ranks.set_priority(slots, id, priority)
    }

    /// Changes the number of slots. Fewer stop nobody.
    pub fn set_limit(&mut self, active_max: usize) {
        self.slots.active_max = active_max;
    }

    /// Changes how many of one host may be active at once. `host_of` is asked for everyone known, what waits with what
    /// was kept of it, when counting begins. O(n) then and when it ends.
    pub fn set_limit_per_host(
        &mut self,
        active_max: Option<usize>,
        host_of: impl Fn(UploadId, Option<&W>) -> Option<H>,
    ) {
        let (ranks, slots) = self.ranked();
        ranks.set_limit_per_host(slots, active_max, &host_of);
    }

    /// While closed, nobody is admitted; who is active goes on. Open at first.
    pub fn set_open(&mut self, open: bool) {
        self.slots.open = open;
    }

    /// Whether hosts are counted: only then is [`Ask::host`] looked at.
    pub fn counts_hosts(&self) -> bool {
        self.ranks
            .as_ref()
            .is_some_and(|ranks| ranks.counts_hosts())
    }

    /// Whether an upload to this host would start at once.
    pub fn starts_at_once(&mut self, host: Option<&H>) -> bool {
        match &mut self.ranks {
            None => self.slots.starts_at_once(),
            Some(ranks) => ranks.starts_at_once(&mut self.slots, host),
        }
    }

    /// Whether there is a slot to give.
    pub fn has_free_slot(&self) -> bool {
        self.slots.has_free_slot()
    }

    /// How many have a slot.
    pub fn active(&self) -> usize {
        self.slots.active
    }

    /// How many wait, who is held among them.
    pub fn queued(&self) -> usize {
        self.slots.queued()
    }

    /// Where an upload stands; nothing if it is not known.
    pub fn standing(&self, id: UploadId) -> Option<Standing> {
        match &self.ranks {
            None => self.slots.standing(id),
            Some(ranks) => ranks.standing(&self.slots, id),
        }
    }

    /// How many are before one that waits, who is held among them. O(n).
    pub fn position(&self, id: UploadId) -> Option<usize> {
        match &self.ranks {
            None => self.slots.position(id),
            Some(ranks) => ranks.position(&self.slots, id),
        }
    }

    /// Everyone who waits, in order, who is held among them. O(n log n).
    pub fn waiting(&self) -> Vec<UploadId> {
        match &self.ranks {
            None => self.slots.waiting(),
            Some(ranks) => ranks.waiting(&self.slots),
        }
    }

    /// What is kept of one that waits and has never had a slot.
    pub fn kept(&self, id: UploadId) -> Option<&W> {
        self.slots.known.get(&id)?.as_ref()
    }

    /// Whether an upload waits for a slot.
    pub fn waits(&self, id: UploadId) -> bool {
        matches!(self.standing(id), Some(Standing::Waiting { .. }))
    }

    /// From now on uploads have ranks, for what is not plain about some of them.
    pub(crate) fn rank(&mut self) {
        self.ranked();
    }

    fn ranked(&mut self) -> (&mut dyn Ranked<W, H>, &mut Slots<W>) {
        let ranks = self.ranks.get_or_insert_with(|| Box::new(Ranks::default()));
        (&mut **ranks, &mut self.slots)
    }
}
