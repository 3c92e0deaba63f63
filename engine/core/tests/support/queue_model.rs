//! The rules of the queue, said as plainly as possible: what the engine's own is compared with.

use std::cmp::Reverse;
use std::collections::HashMap;

/// Everyone known, in the order of the calls, and what holds for them.
pub struct QueueModel {
    pub active_max: usize,
    pub active_per_host_max: Option<usize>,
    pub queue_max: usize,
    pub open: bool,
    pub known: Vec<Known>,
}

#[derive(Clone, Debug)]
pub struct Known {
    pub id: u64,
    pub priority: i8,
    pub host: u8,
    pub stands: Stands,
    /// It waits for a slot that it had before.
    pub returning: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    Waiting,
    Held,
    Active,
    Parked,
}

impl Known {
    pub fn waits(&self) -> bool {
        matches!(self.stands, Stands::Waiting | Stands::Held)
    }

    fn rank(&self) -> (bool, Reverse<i8>, u64) {
        let priority = if self.returning { 0 } else { self.priority };
        (!self.returning, Reverse(priority), self.id)
    }
}

impl QueueModel {
    pub fn new(active_max: usize, queue_max: usize) -> Self {
        Self {
            active_max,
            active_per_host_max: None,
            queue_max,
            open: true,
            known: Vec::new(),
        }
    }

    /// Everyone who waits, in order.
    pub fn waiting(&self) -> Vec<u64> {
        let mut waiting: Vec<_> = self.known.iter().filter(|known| known.waits()).collect();
        waiting.sort_by_key(|known| known.rank());
        waiting.iter().map(|known| known.id).collect()
    }

    pub fn position(&self, id: u64) -> Option<usize> {
        self.waiting().iter().position(|waiting| *waiting == id)
    }

    /// Who stands so, in the order of the calls.
    pub fn standing(&self, stands: Stands) -> Vec<u64> {
        let known = self.known.iter().filter(|known| known.stands == stands);
        known.map(|known| known.id).collect()
    }

    /// Adds one that waits, and tells whether there was room for it.
    pub fn submit(&mut self, id: u64, priority: i8, host: u8) -> bool {
        self.known.push(Known {
            id,
            priority,
            host,
            stands: Stands::Waiting,
            returning: false,
        });
        let fits = self.waiting().len() <= self.queue_max || self.best() == Some(id);
        if !fits {
            self.known.pop();
        }
        fits
    }

    pub fn forget(&mut self, id: u64) {
        self.known.retain(|known| known.id != id);
    }

    pub fn of(&mut self, id: u64) -> &mut Known {
        let mut known = self.known.iter_mut();
        known.find(|known| known.id == id).expect("a known upload")
    }

    /// Gives every slot that may be given, and tells to whom, in order.
    pub fn admit(&mut self) -> Vec<u64> {
        let mut admitted = Vec::new();
        while let Some(id) = self.best() {
            let known = self.of(id);
            known.stands = Stands::Active;
            known.returning = false;
            admitted.push(id);
        }
        admitted
    }

    fn best(&self) -> Option<u64> {
        let active = self.standing(Stands::Active).len();
        if !self.open || active >= self.active_max {
            return None;
        }
        let mut of_host = HashMap::new();
        for known in &self.known {
            let count: &mut usize = of_host.entry(known.host).or_default();
            *count += usize::from(known.stands == Stands::Active);
        }
        let has_room = |host| {
            self.active_per_host_max
                .is_none_or(|max| of_host[host] < max)
        };
        let ready = self
            .known
            .iter()
            .filter(|known| known.stands == Stands::Waiting && has_room(&known.host));
        ready.min_by_key(|known| known.rank()).map(|known| known.id)
    }
}
