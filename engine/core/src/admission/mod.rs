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
//! before, then by priority, then by the call. What comes in the order of its rank, which without priorities is
//! everyone, stands in a line and costs a push and a pop; all others stand in a tree. Who is held stands in neither, and
//! who is first but whose host is at its cap steps aside, to a tree of its host's own:
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

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::Hash;

use crate::UploadId;
use crate::by_upload::ByUpload;
use crate::planted;
use hosts::Hosts;
use rank::{RETURNING, Rank};

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
    active_max: usize,
    queue_max: usize,
    open: bool,
    active: usize,
    parked: usize,
    /// Who is known: what waits, or nothing for one that has had a slot.
    known: ByUpload<Option<W>>,
    /// What is not plain about some of them. One without a mark has priority 0, no counted host, and is in the line or
    /// active.
    marks: ByUpload<Mark<H>>,
    /// In the order of the calls, all of priority 0. An entry that is not [`in_line`](Self::is_in_line) any more is skipped.
    line: VecDeque<UploadId>,
    tree: BTreeSet<Rank>,
    hosts: Hosts<H>,
    /// How many wait in each class but 0.
    classes: BTreeMap<i16, usize>,
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

#[derive(Clone, Debug)]
struct Mark<H> {
    priority: i8,
    returning: bool,
    stands: Stands,
    host: Option<H>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Line,
    Tree,
    Aside,
    Held,
    Active,
    Parked,
}

impl<H> Mark<H> {
    fn class(&self) -> i16 {
        if self.returning {
            RETURNING
        } else {
            i16::from(self.priority)
        }
    }

    fn waits(&self) -> bool {
        !matches!(self.stands, Stands::Active | Stands::Parked)
    }

    /// Whether it says no more than its absence would.
    fn is_plain(&self) -> bool {
        let plain = matches!(self.stands, Stands::Line | Stands::Active);
        plain && self.priority == 0 && self.host.is_none()
    }
}

impl<W, H: Clone + Eq + Hash> Admission<W, H> {
    /// At most `active_max` active (0 parks everything) and `queue_max` waiting, as many of one host as may be.
    pub fn new(active_max: usize, queue_max: usize) -> Self {
        Self {
            active_max,
            queue_max,
            open: true,
            active: 0,
            parked: 0,
            known: ByUpload::default(),
            marks: ByUpload::default(),
            line: VecDeque::new(),
            tree: BTreeSet::new(),
            hosts: Hosts::new(None),
            classes: BTreeMap::new(),
        }
    }

    /// Asks for a slot. The same id must not be submitted twice while it is known.
    pub fn submit(&mut self, id: UploadId, ask: Ask<H>, waiting: W) -> Submitted<W> {
        debug_assert!(!self.known.contains_key(&id), "{id} was submitted twice");
        let Ask { priority, host } = ask;
        let host = host.filter(|_| self.hosts.are_counted());
        let starts = self.starts_at_once(host.as_ref());
        if !starts && self.queued() >= self.queue_max {
            return Submitted::Full(waiting);
        }
        let in_order = priority == 0 && self.line.back().is_none_or(|last| *last < id);
        if priority != 0 || host.is_some() || !(starts || in_order) {
            let mark = Mark {
                priority,
                returning: false,
                stands: if in_order { Stands::Line } else { Stands::Tree },
                host,
            };
            self.marks.insert(id, mark);
        }
        if starts {
            self.known.insert(id, None);
            self.begin(id);
            return Submitted::Start(waiting);
        }
        let position = self.before_newcomer(priority);
        self.known.insert(id, Some(waiting));
        if in_order {
            match planted::is("queue-order-swapped") {
                false => self.line.push_back(id),
                true => self.line.push_front(id),
            }
        } else {
            self.tree.insert(Rank::new(priority.into(), id));
        }
        self.count_in(priority.into());
        Submitted::Queued { position }
    }

    /// Gives the first of those that may have it a free slot: what was kept of it, or nothing if it had a slot before.
    pub fn admit(&mut self) -> Option<(UploadId, Option<W>)> {
        while self.has_free_slot() {
            let rank = self.first()?;
            if !self.step_aside(rank) {
                return Some((rank.id, self.start(rank.id)));
            }
        }
        None
    }

    /// Forgets an upload that has begun, and frees its slot if it has one. Tells whether there was such an upload.
    pub fn finish(&mut self, id: UploadId) -> bool {
        match self.known.entry(id) {
            Entry::Occupied(known) if known.get().is_none() => known.remove(),
            _ => return false,
        };
        let Some(mark) = self.marks.get(&id) else {
            self.active -= 1;
            return true;
        };
        match mark.stands {
            Stands::Active => self.end_active(id),
            Stands::Parked => self.parked -= 1,
            _ => self.withdraw(id),
        }
        self.marks.remove(&id);
        true
    }

    /// Takes an upload out of the queue, or tells that it has begun.
    pub fn cancel(&mut self, id: UploadId) -> Cancelled<W> {
        match self.known.get(&id) {
            None => return Cancelled::Unknown,
            Some(None) => return Cancelled::Active,
            Some(Some(_)) => self.withdraw(id),
        }
        self.marks.remove(&id);
        let waiting = self.known.remove(&id).flatten();
        self.sweep();
        // It was there two lines above.
        waiting.map_or(Cancelled::Unknown, Cancelled::FromQueue)
    }

    /// Passes over an upload that waits, until [`release`](Self::release): it keeps its place. Tells whether that is new.
    pub fn hold(&mut self, id: UploadId) -> bool {
        let waits = self.waits(id);
        if !waits || self.mark(id).stands == Stands::Held {
            return false;
        }
        self.withdraw(id);
        self.mark(id).stands = Stands::Held;
        self.count_in(self.class(id));
        self.sweep();
        true
    }

    /// Ends a [`hold`](Self::hold). Tells whether there was one.
    pub fn release(&mut self, id: UploadId) -> bool {
        let held = |mark: &Mark<H>| mark.stands == Stands::Held;
        if !self.marks.get(&id).is_some_and(held) {
            return false;
        }
        self.place(id);
        true
    }

    /// Takes the slot of an active upload, which has not ended. Tells whether it had one.
    pub fn park(&mut self, id: UploadId) -> bool {
        if self.standing(id) != Some(Standing::Active) {
            return false;
        }
        self.mark(id).stands = Stands::Parked;
        self.end_active(id);
        self.parked += 1;
        true
    }

    /// Lets a parked upload wait for a slot, ahead of all that never had one. Tells whether it was parked.
    pub fn return_to(&mut self, id: UploadId) -> bool {
        if self.standing(id) != Some(Standing::Parked) {
            return false;
        }
        self.parked -= 1;
        self.mark(id).returning = true;
        self.count_in(RETURNING);
        self.place(id);
        true
    }

    /// Changes the priority: an upload that waits takes its place among those of that priority, by its call. Tells
    /// whether it is known.
    pub fn set_priority(&mut self, id: UploadId, priority: i8) -> bool {
        if !self.known.contains_key(&id) {
            return false;
        }
        let mark = self.mark(id);
        if mark.priority == priority {
            return true;
        }
        let (waits, held) = (mark.waits(), mark.stands == Stands::Held);
        if waits {
            self.withdraw(id);
        }
        self.mark(id).priority = priority;
        if waits {
            self.count_in(self.class(id));
            if !held {
                self.place(id);
            }
        }
        true
    }

    /// Changes the number of slots. Fewer stop nobody.
    pub fn set_limit(&mut self, active_max: usize) {
        self.active_max = active_max;
    }

    /// Changes how many of one host may be active at once. `host_of` is asked for everyone known, what waits with what
    /// was kept of it, when counting begins. O(n) then and when it ends.
    pub fn set_limit_per_host(
        &mut self,
        active_max: Option<usize>,
        host_of: impl Fn(UploadId, Option<&W>) -> Option<H>,
    ) {
        let Some(active_max) = active_max else {
            return self.count_hosts_no_more();
        };
        if !self.hosts.are_counted() {
            let known = self.known.iter();
            let hosts: Vec<_> = known
                .filter_map(|(id, waiting)| Some((*id, host_of(*id, waiting.as_ref())?)))
                .collect();
            for (id, host) in hosts {
                let mark = self.mark(id);
                mark.host = Some(host.clone());
                if mark.stands == Stands::Active {
                    self.hosts.started(&host);
                }
            }
        }
        self.hosts.set_active_max(active_max);
        for rank in self.hosts.call_back_each() {
            self.come_back(rank);
        }
    }

    /// While closed, nobody is admitted; who is active goes on. Open at first.
    pub fn set_open(&mut self, open: bool) {
        self.open = open;
    }

    /// Whether hosts are counted: only then is [`Ask::host`] looked at.
    pub fn counts_hosts(&self) -> bool {
        self.hosts.are_counted()
    }

    /// Whether an upload to this host would start at once.
    pub fn starts_at_once(&mut self, host: Option<&H>) -> bool {
        self.skip_who_left();
        let nobody_waits = self.line.is_empty() && self.tree.is_empty();
        self.has_free_slot() && nobody_waits && host.is_none_or(|host| self.hosts.has_room(host))
    }

    /// Whether there is a slot to give.
    pub fn has_free_slot(&self) -> bool {
        self.open && self.active < self.active_max + usize::from(planted::is("one-slot-too-many"))
    }

    /// How many have a slot.
    pub fn active(&self) -> usize {
        self.active
    }

    /// How many wait, who is held among them.
    pub fn queued(&self) -> usize {
        self.known.len() - self.active - self.parked
    }

    /// Where an upload stands; nothing if it is not known.
    pub fn standing(&self, id: UploadId) -> Option<Standing> {
        let waiting = self.known.get(&id)?;
        let held = match self.marks.get(&id).map(|mark| mark.stands) {
            Some(Stands::Active) => return Some(Standing::Active),
            Some(Stands::Parked) => return Some(Standing::Parked),
            None if waiting.is_none() => return Some(Standing::Active),
            stands => stands == Some(Stands::Held),
        };
        Some(Standing::Waiting { held })
    }

    /// How many are before one that waits, who is held among them. O(n).
    pub fn position(&self, id: UploadId) -> Option<usize> {
        let rank = self.waits(id).then(|| self.rank(id))?;
        let others = self.known.keys().copied();
        let before = others.filter(|other| self.waits(*other) && self.rank(*other) < rank);
        Some(before.count())
    }

    /// Everyone who waits, in order, who is held among them. O(n log n).
    pub fn waiting(&self) -> Vec<UploadId> {
        let all = self.known.keys().copied();
        let mut ranks: Vec<_> = all
            .filter(|id| self.waits(*id))
            .map(|id| self.rank(id))
            .collect();
        ranks.sort_unstable();
        ranks.into_iter().map(|rank| rank.id).collect()
    }

    /// What is kept of one that waits and has never had a slot.
    pub fn kept(&self, id: UploadId) -> Option<&W> {
        self.known.get(&id)?.as_ref()
    }

    /// Whether an upload waits for a slot.
    pub fn waits(&self, id: UploadId) -> bool {
        matches!(self.standing(id), Some(Standing::Waiting { .. }))
    }

    fn class(&self, id: UploadId) -> i16 {
        self.marks.get(&id).map_or(0, Mark::class)
    }

    fn rank(&self, id: UploadId) -> Rank {
        Rank::new(self.class(id), id)
    }

    /// The mark of one that is known, made if it had none.
    fn mark(&mut self, id: UploadId) -> &mut Mark<H> {
        let known = &self.known;
        self.marks.entry(id).or_insert_with(|| {
            let waits = known.get(&id).is_some_and(Option::is_some);
            Mark {
                priority: 0,
                returning: false,
                stands: if waits { Stands::Line } else { Stands::Active },
                host: None,
            }
        })
    }

    /// Takes the one of the least rank out of the line and the tree.
    fn first(&mut self) -> Option<Rank> {
        self.skip_who_left();
        let plain = self.line.front().map(|id| Rank::new(0, *id));
        let tree = self.tree.first();
        if plain.is_some_and(|plain| tree.is_none_or(|tree| plain < *tree)) {
            self.line.pop_front();
            return plain;
        }
        self.tree.pop_first()
    }

    /// Who leaves the line is only skipped when its turn comes; until then nobody must take it for one that waits.
    fn skip_who_left(&mut self) {
        while let Some(id) = self.line.front()
            && !self.is_in_line(*id)
        {
            self.line.pop_front();
        }
    }

    fn is_in_line(&self, id: UploadId) -> bool {
        match self.marks.get(&id) {
            None => self.known.get(&id).is_some_and(Option::is_some),
            Some(mark) => mark.stands == Stands::Line,
        }
    }

    /// Whether the first must make way because its host is at its cap.
    fn step_aside(&mut self, rank: Rank) -> bool {
        let Some(mark) = self.marks.get_mut(&rank.id) else {
            return false;
        };
        match &mark.host {
            Some(host) if !self.hosts.has_room(host) => {
                mark.stands = Stands::Aside;
                self.hosts.put_aside(host, rank);
                true
            }
            _ => false,
        }
    }

    fn start(&mut self, id: UploadId) -> Option<W> {
        self.count_out(self.class(id));
        self.begin(id);
        self.known.get_mut(&id).and_then(Option::take)
    }

    /// One has a slot.
    fn begin(&mut self, id: UploadId) {
        self.active += 1;
        if let Some(mark) = self.marks.get_mut(&id) {
            mark.stands = Stands::Active;
            mark.returning = false;
            if let Some(host) = &mark.host {
                self.hosts.started(host);
            }
            self.settle(id);
        }
    }

    /// One that has a mark has its slot no more.
    fn end_active(&mut self, id: UploadId) {
        self.active -= 1;
        if let Some(host) = self.host(id) {
            self.hosts.ended(&host);
        }
        self.settle(id);
    }

    /// Takes one that waits out of wherever it stands; its mark, if any, is to be changed or forgotten next.
    fn withdraw(&mut self, id: UploadId) {
        self.count_out(self.class(id));
        let rank = self.rank(id);
        let Some(mark) = self.marks.get(&id) else {
            return;
        };
        match (mark.stands, &mark.host) {
            (Stands::Tree, _) => {
                self.tree.remove(&rank);
            }
            (Stands::Aside, Some(host)) => self.hosts.leave(host, rank),
            _ => {}
        }
        self.settle(id);
    }

    /// Puts one that waits into the tree; whether its host has room is seen when it is first.
    fn place(&mut self, id: UploadId) {
        let rank = self.rank(id);
        self.come_back(rank);
    }

    fn come_back(&mut self, rank: Rank) {
        self.mark(rank.id).stands = Stands::Tree;
        self.tree.insert(rank);
    }

    /// Something changed at an upload's host: if that has room, the first of those aside is called back.
    fn settle(&mut self, id: UploadId) {
        if let Some(host) = self.host(id)
            && let Some(rank) = self.hosts.call_back(&host)
        {
            self.come_back(rank);
        }
    }

    fn host(&self, id: UploadId) -> Option<H> {
        self.marks.get(&id)?.host.clone()
    }

    fn count_hosts_no_more(&mut self) {
        for rank in self.hosts.clear() {
            self.come_back(rank);
        }
        self.marks.retain(|_, mark| {
            mark.host = None;
            !mark.is_plain()
        });
    }

    fn count_in(&mut self, class: i16) {
        if class != 0 {
            *self.classes.entry(class).or_default() += 1;
        }
    }

    fn count_out(&mut self, class: i16) {
        if class != 0
            && let Some(count) = self.classes.get_mut(&class)
        {
            *count -= 1;
            if *count == 0 {
                self.classes.remove(&class);
            }
        }
    }

    /// How many are before one that comes now: all of its class and of those above.
    fn before_newcomer(&self, priority: i8) -> usize {
        let class = i16::from(priority);
        let above: usize = self.classes.range(class..).map(|(_, count)| count).sum();
        let plain = self.queued() - self.classes.values().sum::<usize>();
        above + if class <= 0 { plain } else { 0 }
    }

    /// Entries that are in the line no more stay there until they reach its front; they may never be more than half of
    /// it, so memory follows the number that wait.
    fn sweep(&mut self) {
        const KEPT_MIN: usize = 64;
        if self.line.len() > KEPT_MIN && self.line.len() > 2 * self.queued() {
            let mut line = std::mem::take(&mut self.line);
            line.retain(|id| self.is_in_line(*id));
            line.shrink_to_fit();
            self.line = line;
        }
    }
}
