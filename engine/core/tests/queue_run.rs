//! Two hundred uploads on real sockets with priorities, pauses, retries, aborts, caps and gates that change, in step with the
//! naive model of the queue, to which a retry is nothing: it keeps its slot.
#![forbid(unsafe_code)]

mod support;

use std::collections::HashMap;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use quintet::{Engine, Retry, UploadRequest, UploadTask};
use support::queue_model::{QueueModel, Stands};
use support::turnstile::{TurnedAway, Turnstile};
use support::*;

const UPLOADS: u64 = 200;
/// Of one upload.
const RETRIES_MAX: u32 = 3;

/// Numbers that look random and are the same each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn at_once() -> Retry {
    let mut retry = Retry::default();
    (retry.delay_first, retry.retries_max) = (Duration::ZERO, RETRIES_MAX);
    retry
}

struct Run {
    engine: Engine,
    hosts: [Turnstile; 3],
    path: PathBuf,
    _files: Files,
    model: QueueModel,
    tasks: HashMap<u64, UploadTask>,
    /// How each is turned away at first.
    turned_away: HashMap<u64, Vec<TurnedAway>>,
    numbers: Numbers,
    submitted: u64,
}

impl Run {
    fn new(seed: u64) -> Self {
        let files = Files::new();
        Self {
            engine: engine_with(settings(|settings| {
                settings.paused_keeps_slot = false;
                settings.retry_reserve = UPLOADS as u32 * RETRIES_MAX;
            })),
            hosts: [Turnstile::new(), Turnstile::new(), Turnstile::new()],
            path: files.file("a", 2000),
            _files: files,
            model: QueueModel::new(5, 1 << 20),
            tasks: HashMap::new(),
            turned_away: HashMap::new(),
            numbers: Numbers(seed),
            submitted: 0,
        }
    }

    fn step(&mut self) {
        match self.numbers.below(20) {
            0..7 if self.submitted < UPLOADS => self.submit(),
            0..12 => self.finish_one(),
            12..14 => self.pause_one(),
            14..16 => drop(self.resume_one()),
            16 => self.abort_one(),
            17 => self.change_priority(),
            _ => self.change_caps(),
        }
        self.model.admit();
        self.compare();
    }

    fn submit(&mut self) {
        self.submitted += 1;
        let (number, host) = (self.submitted, self.numbers.below(4).min(2));
        let priority = [0, 0, 0, 1, -1, 50][self.numbers.below(6) as usize];
        let (peer, target) = (&self.hosts[host as usize], format!("/{number}"));
        let ways = [TurnedAway::Busy, TurnedAway::Broken];
        let turned_away: Vec<_> = (0..[0, 0, 1, RETRIES_MAX][self.numbers.below(4) as usize])
            .map(|_| ways[self.numbers.below(2) as usize])
            .collect();
        peer.turn_away(&target, turned_away.clone());
        self.turned_away.insert(number, turned_away);
        let request = UploadRequest::new(peer.url(&target), &self.path, "file")
            .priority(priority)
            .retry(at_once());
        let task = self.engine.upload(request);
        assert_eq!(u64::from(task.id()), number);
        self.tasks.insert(number, task);
        assert!(self.model.submit(number, priority, host as u8));
    }

    /// One of those that stand so.
    fn one(&mut self, stands: &[Stands]) -> Option<u64> {
        let all: Vec<_> = stands
            .iter()
            .flat_map(|stands| self.model.standing(*stands))
            .collect();
        let at = self.numbers.below(all.len().max(1) as u64);
        all.get(at as usize).copied()
    }

    fn finish_one(&mut self) {
        if let Some(number) = self.one(&[Stands::Active]) {
            let host = self.model.of(number).host;
            self.hosts[usize::from(host)].let_through(&format!("/{number}"));
            let outcome = self.tasks[&number].wait();
            assert_eq!(outcome.status(), Some(200), "{number}: {outcome:?}");
            // A connection that was kept, or is lost while paused, may break and cost no retry.
            let turned_away = &self.turned_away[&number];
            let busy = turned_away.iter().filter(|way| **way == TurnedAway::Busy);
            let retries = busy.count()..=turned_away.len();
            let attempts = outcome.attempts as usize;
            assert!(retries.contains(&(attempts - 1)), "{number}: {attempts}");
            self.model.forget(number);
        }
    }

    fn pause_one(&mut self) {
        if let Some(number) = self.one(&[Stands::Waiting, Stands::Active]) {
            assert!(self.tasks[&number].pause());
            let known = self.model.of(number);
            known.stands = match known.stands {
                Stands::Active => Stands::Parked,
                _ => Stands::Held,
            };
        }
    }

    fn resume_one(&mut self) -> bool {
        let Some(number) = self.one(&[Stands::Held, Stands::Parked]) else {
            return false;
        };
        assert!(self.tasks[&number].resume());
        let known = self.model.of(number);
        known.returning |= known.stands == Stands::Parked;
        known.stands = Stands::Waiting;
        true
    }

    fn abort_one(&mut self) {
        let any = [
            Stands::Waiting,
            Stands::Held,
            Stands::Active,
            Stands::Parked,
        ];
        if let Some(number) = self.one(&any) {
            assert!(self.tasks[&number].abort());
            assert!(self.tasks[&number].wait().is_aborted());
            self.model.forget(number);
        }
    }

    fn change_priority(&mut self) {
        let any = [
            Stands::Waiting,
            Stands::Held,
            Stands::Active,
            Stands::Parked,
        ];
        if let Some(number) = self.one(&any) {
            let priority = self.numbers.below(5) as i8 - 2;
            self.tasks[&number].set_priority(priority);
            self.model.of(number).priority = priority;
        }
    }

    fn change_caps(&mut self) {
        match self.numbers.below(3) {
            0 => {
                let max = self.numbers.below(8) as usize;
                self.set_active_max(max);
            }
            1 => {
                let max = Some(self.numbers.below(5) as usize).filter(|max| *max < 4);
                self.set_active_per_host_max(max);
            }
            _ => {
                let open = self.numbers.below(4) > 0;
                self.set_gate(open);
            }
        }
    }

    fn set_active_max(&mut self, max: usize) {
        self.model.active_max = max;
        self.engine.set_active_max(max);
    }

    fn set_active_per_host_max(&mut self, max: Option<usize>) {
        self.model.active_per_host_max = max;
        self.engine.set_active_per_host_max(max);
    }

    fn set_gate(&mut self, open: bool) {
        self.model.open = open;
        self.engine.set_gate(open);
    }

    fn compare(&self) {
        let queue = self.engine.queue().wait();
        let numbers = |ids: Vec<_>| ids.into_iter().map(u64::from).collect::<Vec<_>>();
        assert_eq!(numbers(queue.waiting), self.model.waiting());
        assert_eq!(numbers(queue.active), self.model.standing(Stands::Active));
        assert_eq!(numbers(queue.parked), self.model.standing(Stands::Parked));
    }

    /// Lets everyone go on, and sees everyone end.
    fn finish_all(mut self) {
        self.set_gate(true);
        self.model.admit();
        self.set_active_max(5);
        self.model.admit();
        self.set_active_per_host_max(Some(2));
        self.model.admit();
        while self.resume_one() {
            self.model.admit();
        }
        while !self.model.known.is_empty() {
            self.finish_one();
            self.model.admit();
            self.compare();
        }
        assert_eq!(self.tasks.len() as u64, UPLOADS);
        let attempts = self.tasks.values().map(|task| task.wait().attempts);
        assert!(attempts.sum::<u32>() > UPLOADS as u32, "none was retried");
    }
}

#[test]
fn two_hundred_uploads_are_admitted_as_the_model_says() {
    for seed in [1, 0xdead_beef, 424_242] {
        let mut run = Run::new(seed);
        while run.submitted < UPLOADS {
            run.step();
        }
        (0..100).for_each(|_| run.step());
        run.finish_all();
    }
}

#[test]
fn however_fast_minds_change_nobody_is_forgotten() {
    let (peer, files) = (Turnstile::new(), Files::new());
    let path = files.file("a", 2000);
    let engine = engine_with(settings(|settings| {
        settings.active_max = 2;
        settings.active_per_host_max = Some(1);
        settings.paused_keeps_slot = false;
    }));
    peer.let_all_through();
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let url = peer.url(&format!("/{number}"));
            engine.upload(UploadRequest::new(url, &path, "file"))
        })
        .collect();
    thread::scope(|scope| {
        for seed in 1..5 {
            let (engine, tasks) = (&engine, &tasks);
            scope.spawn(move || {
                let mut numbers = Numbers(seed);
                for _ in 0..300 {
                    let task = &tasks[numbers.below(40) as usize];
                    match numbers.below(5) {
                        0 | 1 => drop(task.pause()),
                        2 | 3 => drop(task.resume()),
                        _ if numbers.below(2) == 0 => drop(engine.suspend()),
                        _ => drop(engine.resume()),
                    }
                }
            });
        }
    });
    let _ = engine.resume().wait();
    let _ = engine.resume_all().wait();
    assert!(tasks.iter().all(|task| task.wait().status() == Some(200)));
    let queue = engine.queue().wait();
    assert!(queue.active.is_empty() && queue.waiting.is_empty() && queue.parked.is_empty());
}
