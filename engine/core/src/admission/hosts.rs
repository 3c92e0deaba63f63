//! How many uploads each host has active, and who waits aside because its host has as many as it may.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use super::rank::Rank;

/// Every host that has an upload active or aside; none where no cap is set.
#[derive(Debug)]
pub(super) struct Hosts<H> {
    active_max: Option<usize>,
    hosts: HashMap<H, Host>,
}

#[derive(Debug, Default)]
struct Host {
    active: usize,
    aside: BTreeSet<Rank>,
}

impl<H> Hosts<H> {
    pub(super) fn new() -> Self {
        Self {
            active_max: None,
            hosts: HashMap::new(),
        }
    }
}

impl<H: Clone + Eq + Hash> Hosts<H> {
    /// Whether hosts are counted.
    pub(super) fn are_counted(&self) -> bool {
        self.active_max.is_some()
    }

    /// Changes the cap of every host.
    pub(super) fn set_active_max(&mut self, active_max: usize) {
        self.active_max = Some(active_max);
    }

    pub(super) fn has_room(&self, host: &H) -> bool {
        let active = self.hosts.get(host).map_or(0, |host| host.active);
        self.active_max.is_none_or(|max| active < max)
    }

    pub(super) fn started(&mut self, host: &H) {
        self.hosts.entry(host.clone()).or_default().active += 1;
    }

    pub(super) fn ended(&mut self, host: &H) {
        if let Some(known) = self.hosts.get_mut(host) {
            known.active -= 1;
            self.forget_if_idle(host);
        }
    }

    pub(super) fn put_aside(&mut self, host: &H, rank: Rank) {
        let known = self.hosts.entry(host.clone()).or_default();
        known.aside.insert(rank);
    }

    pub(super) fn leave(&mut self, host: &H, rank: Rank) {
        if let Some(known) = self.hosts.get_mut(host) {
            known.aside.remove(&rank);
            self.forget_if_idle(host);
        }
    }

    /// The first of those aside, if their host has room.
    pub(super) fn call_back(&mut self, host: &H) -> Option<Rank> {
        let max = self.active_max?;
        let known = self.hosts.get_mut(host)?;
        if known.active >= max {
            return None;
        }
        let first = known.aside.pop_first();
        self.forget_if_idle(host);
        first
    }

    /// As [`call_back`](Self::call_back), one of each host.
    pub(super) fn call_back_each(&mut self) -> Vec<Rank> {
        let Some(max) = self.active_max else {
            return Vec::new();
        };
        let with_room = self.hosts.values_mut().filter(|host| host.active < max);
        with_room
            .filter_map(|host| host.aside.pop_first())
            .collect()
    }

    /// Forgets every host. Returns who was aside.
    pub(super) fn clear(&mut self) -> Vec<Rank> {
        self.active_max = None;
        let hosts = std::mem::take(&mut self.hosts).into_values();
        hosts.flat_map(|host| host.aside).collect()
    }

    fn forget_if_idle(&mut self, host: &H) {
        let is_idle = |host: &Host| host.active == 0 && host.aside.is_empty();
        if self.hosts.get(host).is_some_and(is_idle) {
            self.hosts.remove(host);
        }
    }
}
