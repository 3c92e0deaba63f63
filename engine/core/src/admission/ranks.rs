//! Who is before whom beyond the order of the calls: priorities, who is held or parked, the caps of hosts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::hash::Hash;

use super::hosts::Hosts;
use super::rank::{RETURNING, Rank};
use super::slots::Slots;
use super::{Ask, Cancelled, Standing, Submitted};
use crate::UploadId;
use crate::by_upload::ByUpload;

/// What [`Admission`](super::Admission) does once somebody asked for more than a place in the line. Only what asks for it
/// makes one: a program that never does is linked without any of it.
pub(super) trait Ranked<W, H>: Debug {
    fn submit(
        &mut self,
        slots: &mut Slots<W>,
        id: UploadId,
        ask: Ask<H>,
        waiting: W,
    ) -> Submitted<W>;
    fn admit(&mut self, slots: &mut Slots<W>) -> Option<(UploadId, Option<W>)>;
    fn finish(&mut self, slots: &mut Slots<W>, id: UploadId) -> bool;
    fn cancel(&mut self, slots: &mut Slots<W>, id: UploadId) -> Cancelled<W>;
    fn hold(&mut self, slots: &mut Slots<W>, id: UploadId) -> bool;
    fn release(&mut self, id: UploadId) -> bool;
    fn park(&mut self, slots: &mut Slots<W>, id: UploadId) -> bool;
    fn return_to(&mut self, slots: &mut Slots<W>, id: UploadId) -> bool;
    fn set_priority(&mut self, slots: &Slots<W>, id: UploadId, priority: i8) -> bool;
    /// `hosts` are asked for only where counting begins.
    fn set_limit_per_host(
        &mut self,
        slots: &Slots<W>,
        active_max: Option<usize>,
        host_of: &dyn Fn(UploadId, Option<&W>) -> Option<H>,
    );
    fn counts_hosts(&self) -> bool;
    fn starts_at_once(&mut self, slots: &mut Slots<W>, host: Option<&H>) -> bool;
    fn standing(&self, slots: &Slots<W>, id: UploadId) -> Option<Standing>;
    fn position(&self, slots: &Slots<W>, id: UploadId) -> Option<usize>;
    fn waiting(&self, slots: &Slots<W>) -> Vec<UploadId>;
}

/// What is not plain about some uploads.
#[derive(Debug)]
pub(super) struct Ranks<H> {
    /// One without a mark has priority 0, no counted host, and is in the line or active.
    marks: ByUpload<Mark<H>>,
    tree: BTreeSet<Rank>,
    hosts: Hosts<H>,
    /// How many wait in each class but 0.
    classes: BTreeMap<i16, usize>,
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

impl<H> Default for Ranks<H> {
    fn default() -> Self {
        Self {
            marks: ByUpload::default(),
            tree: BTreeSet::new(),
            hosts: Hosts::new(),
            classes: BTreeMap::new(),
        }
    }
}

impl<W, H: Clone + Debug + Eq + Hash> Ranked<W, H> for Ranks<H> {
    fn submit(
        &mut self,
        slots: &mut Slots<W>,
        id: UploadId,
        ask: Ask<H>,
        waiting: W,
    ) -> Submitted<W> {
        let Ask { priority, host } = ask;
        let host = host.filter(|_| self.hosts.are_counted());
        let starts = self.starts_at_once(slots, host.as_ref());
        if !starts && slots.queued() >= slots.queue_max {
            return Submitted::Full(waiting);
        }
        let in_line = priority == 0;
        if !in_line || host.is_some() {
            let mark = Mark {
                priority,
                returning: false,
                stands: if in_line { Stands::Line } else { Stands::Tree },
                host,
            };
            self.marks.insert(id, mark);
        }
        if starts {
            slots.known.insert(id, None);
            self.begin(slots, id);
            return Submitted::Start(waiting);
        }
        let position = self.before_newcomer(slots, priority);
        slots.known.insert(id, Some(waiting));
        match in_line {
            true => slots.stand_in_line(id),
            false => {
                self.tree.insert(Rank::new(priority.into(), id));
            }
        }
        self.count_in(priority.into());
        Submitted::Queued { position }
    }

    fn admit(&mut self, slots: &mut Slots<W>) -> Option<(UploadId, Option<W>)> {
        while slots.has_free_slot() {
            let rank = self.first(slots)?;
            if !self.step_aside(rank) {
                return Some((rank.id, self.start(slots, rank.id)));
            }
        }
        None
    }

    fn finish(&mut self, slots: &mut Slots<W>, id: UploadId) -> bool {
        if !slots.forget_begun(id) {
            return false;
        }
        let Some(mark) = self.marks.get(&id) else {
            slots.active -= 1;
            return true;
        };
        match mark.stands {
            Stands::Active => self.end_active(slots, id),
            Stands::Parked => slots.parked -= 1,
            _ => self.withdraw(id),
        }
        self.marks.remove(&id);
        true
    }

    fn cancel(&mut self, slots: &mut Slots<W>, id: UploadId) -> Cancelled<W> {
        match slots.known.get(&id) {
            None => return Cancelled::Unknown,
            Some(None) => return Cancelled::Active,
            Some(Some(_)) => self.withdraw(id),
        }
        self.marks.remove(&id);
        let waiting = slots.known.remove(&id).flatten();
        self.sweep(slots);
        // It was there two lines above.
        waiting.map_or(Cancelled::Unknown, Cancelled::FromQueue)
    }

    fn hold(&mut self, slots: &mut Slots<W>, id: UploadId) -> bool {
        let waits = self.waits(slots, id);
        if !waits || self.mark(slots, id).stands == Stands::Held {
            return false;
        }
        self.withdraw(id);
        self.mark(slots, id).stands = Stands::Held;
        self.count_in(self.class(id));
        self.sweep(slots);
        true
    }

    fn release(&mut self, id: UploadId) -> bool {
        let held = |mark: &Mark<H>| mark.stands == Stands::Held;
        if !self.marks.get(&id).is_some_and(held) {
            return false;
        }
        self.place(id);
        true
    }

    fn park(&mut self, slots: &mut Slots<W>, id: UploadId) -> bool {
        if self.standing(slots, id) != Some(Standing::Active) {
            return false;
        }
        self.mark(slots, id).stands = Stands::Parked;
        self.end_active(slots, id);
        slots.parked += 1;
        true
    }

    fn return_to(&mut self, slots: &mut Slots<W>, id: UploadId) -> bool {
        if self.standing(slots, id) != Some(Standing::Parked) {
            return false;
        }
        slots.parked -= 1;
        self.mark(slots, id).returning = true;
        self.count_in(RETURNING);
        self.place(id);
        true
    }

    fn set_priority(&mut self, slots: &Slots<W>, id: UploadId, priority: i8) -> bool {
        if !slots.known.contains_key(&id) {
            return false;
        }
        let mark = self.mark(slots, id);
        if mark.priority == priority {
            return true;
        }
        let (waits, held) = (mark.waits(), mark.stands == Stands::Held);
        if waits {
            self.withdraw(id);
        }
        self.mark(slots, id).priority = priority;
        if waits {
            self.count_in(self.class(id));
            if !held {
                self.place(id);
            }
        }
        true
    }

    fn set_limit_per_host(
        &mut self,
        slots: &Slots<W>,
        active_max: Option<usize>,
        host_of: &dyn Fn(UploadId, Option<&W>) -> Option<H>,
    ) {
        let Some(active_max) = active_max else {
            return self.count_hosts_no_more();
        };
        if !self.hosts.are_counted() {
            for (id, waiting) in &slots.known {
                let Some(host) = host_of(*id, waiting.as_ref()) else {
                    continue;
                };
                let mark = self.mark(slots, *id);
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

    fn counts_hosts(&self) -> bool {
        self.hosts.are_counted()
    }

    fn starts_at_once(&mut self, slots: &mut Slots<W>, host: Option<&H>) -> bool {
        self.skip_who_left(slots);
        let nobody_waits = slots.line.is_empty() && self.tree.is_empty();
        slots.has_free_slot() && nobody_waits && host.is_none_or(|host| self.hosts.has_room(host))
    }

    fn standing(&self, slots: &Slots<W>, id: UploadId) -> Option<Standing> {
        let known = slots.standing(id)?;
        Some(match self.marks.get(&id).map(|mark| mark.stands) {
            None => known,
            Some(Stands::Active) => Standing::Active,
            Some(Stands::Parked) => Standing::Parked,
            Some(stands) => Standing::Waiting {
                held: stands == Stands::Held,
            },
        })
    }

    fn position(&self, slots: &Slots<W>, id: UploadId) -> Option<usize> {
        let rank = self.waits(slots, id).then(|| self.rank(id))?;
        let others = slots.known.keys().copied();
        let before = others.filter(|other| self.waits(slots, *other) && self.rank(*other) < rank);
        Some(before.count())
    }

    fn waiting(&self, slots: &Slots<W>) -> Vec<UploadId> {
        let all = slots.known.keys().copied();
        let mut ranks: Vec<_> = all
            .filter(|id| self.waits(slots, *id))
            .map(|id| self.rank(id))
            .collect();
        ranks.sort_unstable();
        ranks.into_iter().map(|rank| rank.id).collect()
    }
}

impl<H: Clone + Debug + Eq + Hash> Ranks<H> {
    fn waits<W>(&self, slots: &Slots<W>, id: UploadId) -> bool {
        matches!(self.standing(slots, id), Some(Standing::Waiting { .. }))
    }

    fn class(&self, id: UploadId) -> i16 {
        self.marks.get(&id).map_or(0, Mark::class)
    }

    fn rank(&self, id: UploadId) -> Rank {
        Rank::new(self.class(id), id)
    }

    /// The mark of one that is known, made if it had none.
    fn mark<W>(&mut self, slots: &Slots<W>, id: UploadId) -> &mut Mark<H> {
        self.marks.entry(id).or_insert_with(|| Mark {
            priority: 0,
            returning: false,
            stands: match slots.has_waiting(id) {
                true => Stands::Line,
                false => Stands::Active,
            },
            host: None,
        })
    }

    /// Takes the one of the least rank out of the line and the tree.
    fn first<W>(&mut self, slots: &mut Slots<W>) -> Option<Rank> {
        self.skip_who_left(slots);
        let plain = slots.line.front().map(|id| Rank::new(0, *id));
        let tree = self.tree.first();
        if plain.is_some_and(|plain| tree.is_none_or(|tree| plain < *tree)) {
            slots.line.pop_front();
            return plain;
        }
        self.tree.pop_first()
    }

    fn skip_who_left<W>(&self, slots: &mut Slots<W>) {
        slots.skip_who_left(|slots, id| self.is_in_line(slots, id));
    }

    fn sweep<W>(&self, slots: &mut Slots<W>) {
        slots.sweep(|slots, id| self.is_in_line(slots, id));
    }

    fn is_in_line<W>(&self, slots: &Slots<W>, id: UploadId) -> bool {
        match self.marks.get(&id) {
            None => slots.has_waiting(id),
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

    fn start<W>(&mut self, slots: &mut Slots<W>, id: UploadId) -> Option<W> {
        self.count_out(self.class(id));
        self.begin(slots, id);
        slots.known.get_mut(&id).and_then(Option::take)
    }

    /// One has a slot.
    fn begin<W>(&mut self, slots: &mut Slots<W>, id: UploadId) {
        slots.active += 1;
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
    fn end_active<W>(&mut self, slots: &mut Slots<W>, id: UploadId) {
        slots.active -= 1;
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

    /// Puts one that waits and has a mark into the tree; whether its host has room is seen when it is first.
    fn place(&mut self, id: UploadId) {
        self.come_back(self.rank(id));
    }

    fn come_back(&mut self, rank: Rank) {
        if let Some(mark) = self.marks.get_mut(&rank.id) {
            mark.stands = Stands::Tree;
        }
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
    fn before_newcomer<W>(&self, slots: &Slots<W>, priority: i8) -> usize {
        let class = i16::from(priority);
        let above: usize = self.classes.range(class..).map(|(_, count)| count).sum();
        let plain = slots.queued() - self.classes.values().sum::<usize>();
        above + if class <= 0 { plain } else { 0 }
    }
}
