//! Looks on from the main thread: gathers what the meters have recorded, interval after interval, and sees the end.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use crate::cpu;
use crate::crew::Crew;
use crate::load::Load;
use crate::meter::{Board, Meter};
use crate::records::Records;
use crate::run::Tick;
use crate::series::{POINTS_MAX, Point};
use crate::tcp::TcpSums;

/// What a bench has counted, before it is made a report.
pub(crate) struct Counted {
    pub(crate) load: Load,
    pub(crate) started_at: SystemTime,
    pub(crate) total: Records,
    pub(crate) begun: u64,
    /// Body bytes that transports took in the measured time.
    pub(crate) sent_in_window: u64,
    /// The measured time.
    pub(crate) measured: Duration,
    pub(crate) series: Vec<Point>,
    /// Of the process, in the measured time.
    pub(crate) cpu: Duration,
    /// Of the busiest of the clients' threads in that time: the part of it in which it was busy, 0 to 1.
    pub(crate) busiest: f64,
    pub(crate) stopped: bool,
    pub(crate) tcp: Option<Arc<Mutex<TcpSums>>>,
}

/// CPU time used up to a moment.
struct Used {
    at: Duration,
    process: Duration,
    threads: Vec<Duration>,
}

/// Under way.
pub(crate) struct Watcher {
    load: Load,
    started_at: SystemTime,
    began: Duration,
    board: Arc<Board>,
    meters: Vec<Arc<Meter>>,
    total: Records,
    /// Lent to the meters in turn.
    spare: Records,
    series: Vec<Point>,
    /// Sums at the end of the last interval.
    told_begun: u64,
    told_sent: u64,
    used_from: Option<Used>,
    used_to: Option<Used>,
    stopped: bool,
}

impl Watcher {
    pub(crate) fn new(
        load: &Load,
        started_at: SystemTime,
        began: Duration,
        meters: &[Arc<Meter>],
    ) -> Self {
        Self {
            load: load.clone(),
            started_at,
            began,
            board: meters[0].board.clone(),
            meters: meters.to_vec(),
            total: Records::new(),
            spare: Records::new(),
            series: Vec::new(),
            told_begun: 0,
            told_sent: 0,
            used_from: None,
            used_to: None,
            stopped: false,
        }
    }

    /// Until everything has ended, or will not be waited for any longer.
    pub(crate) fn watch(mut self, crew: &Crew, each: &mut dyn FnMut(&Tick<'_>)) -> Self {
        let board = self.board.clone();
        let mut next = self.began + self.load.span.interval;
        let mut give_up = None;
        loop {
            let wake = self.next_wake(next, give_up);
            board.wait_until(wake, |board| board.is_over() || board.is_stopped());
            let now = board.clock.now();
            self.sample(crew, now);
            self.stopped = board.is_stopped();
            if self.stopped {
                board.window.end(now);
            }
            let is_end = self.stopped || board.is_over();
            if now >= next && !is_end {
                self.gather(now, false, each);
                next = next_tick(self.began, self.load.span.interval, now);
            }
            if give_up.is_none() && self.is_ending(now) {
                give_up = Some(now + self.load.span.drain);
            }
            if is_end || give_up.is_some_and(|at| now >= at) {
                // Whoever has not begun its next upload by now is not to.
                board.stop();
                self.end_window(crew, now);
                return self;
            }
        }
    }

    /// After the crew's end: what it has ended is counted too.
    pub(crate) fn end(mut self, each: &mut dyn FnMut(&Tick<'_>)) -> Counted {
        let now = self.board.clock.now();
        self.gather(now, true, each);
        let (from, to) = (self.board.window.from(), self.board.window.to());
        let (mut cpu, mut busiest) = (Duration::ZERO, 0.0);
        if let (Some(first), Some(last)) = (&self.used_from, &self.used_to) {
            cpu = last.process.saturating_sub(first.process);
            let wall = last.at.saturating_sub(first.at).as_secs_f64().max(1e-9);
            let both = first.threads.iter().zip(&last.threads);
            let parts = both.map(|(first, last)| last.saturating_sub(*first).as_secs_f64() / wall);
            busiest = parts.fold(0.0, f64::max).min(1.0);
        }
        let sums = |sum: fn(&Meter) -> u64| self.meters.iter().map(|meter| sum(meter)).sum();
        Counted {
            load: self.load,
            started_at: self.started_at,
            total: self.total,
            begun: self.board.begun.load(Ordering::Acquire),
            sent_in_window: sums(|meter| meter.sent_in_window.load(Ordering::Acquire)),
            measured: to.map_or(Duration::ZERO, |to| to.saturating_sub(from)),
            series: self.series,
            cpu,
            busiest,
            stopped: self.stopped,
            tcp: None,
        }
    }

    /// The end of the interval, or whatever else must be looked at before.
    fn next_wake(&self, next: Duration, give_up: Option<Duration>) -> Duration {
        let now = self.board.clock.now();
        let window = &self.board.window;
        let ahead = [Some(window.from()), window.to(), give_up];
        let ahead = ahead.into_iter().flatten().filter(|at| *at > now);
        ahead.fold(next, Duration::min)
    }

    /// Nothing more is begun.
    fn is_ending(&self, now: Duration) -> bool {
        self.board.all_begun() || self.board.window.to().is_some_and(|to| now >= to)
    }

    fn sample(&mut self, crew: &Crew, now: Duration) {
        let window = &self.board.window;
        if self.used_from.is_none() && now >= window.from() {
            self.used_from = Some(used(crew, now));
        }
        if self.used_to.is_none() && window.to().is_some_and(|to| now >= to) {
            self.used_to = Some(used(crew, now));
        }
    }

    /// Where no time has ended it, the last upload has.
    fn end_window(&mut self, crew: &Crew, now: Duration) {
        let (window, last) = (&self.board.window, self.board.last_end());
        if window.to().is_none_or(|to| now < to) {
            window.end(match self.board.is_over() {
                true => last.max(window.from()),
                false => now,
            });
        }
        self.used_to.get_or_insert_with(|| used(crew, now));
    }

    fn gather(&mut self, now: Duration, is_last: bool, each: &mut dyn FnMut(&Tick<'_>)) {
        let mut interval = Records::new();
        for meter in &self.meters {
            self.spare.clear();
            meter.take(&mut self.spare);
            interval.add(&self.spare);
        }
        self.total.add(&interval);
        let begun = self.board.begun.load(Ordering::Acquire);
        let sent = |meter: &Arc<Meter>| meter.sent.load(Ordering::Acquire);
        let sent: u64 = self.meters.iter().map(sent).sum();
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        let active = count(self.board.active.load(Ordering::Acquire));
        let under_way = count(self.board.under_way.load(Ordering::Acquire));
        let at = self
            .series
            .last()
            .map_or(Duration::ZERO, |last| last.at + last.length);
        let mut point = Point {
            at,
            length: now.saturating_sub(self.began).saturating_sub(at),
            begun: begun - self.told_begun,
            sent: sent - self.told_sent,
            active,
            queued: under_way.saturating_sub(active),
            ..Point::default()
        };
        point.fill(&interval);
        (self.told_begun, self.told_sent) = (begun, sent);
        if self.series.len() < POINTS_MAX {
            self.series.push(point);
        }
        each(&Tick {
            point: &point,
            begun,
            started_at: self.started_at,
            measured_from: self.load.span.measured_from(),
            shard: self.load.shard,
            is_last,
            records: &interval,
        });
    }
}

fn used(crew: &Crew, at: Duration) -> Used {
    Used {
        at,
        process: cpu::process(),
        threads: crew.busy(),
    }
}

/// The next whole interval after `now`.
fn next_tick(began: Duration, interval: Duration, now: Duration) -> Duration {
    let passed = now.saturating_sub(began).as_nanos() / interval.as_nanos().max(1);
    let next = (passed + 1).saturating_mul(interval.as_nanos());
    began + Duration::from_nanos(u64::try_from(next).unwrap_or(u64::MAX / 2))
}
