//! Admission alone, by any order of calls: who waits, who is active and who is next are those of a naive model.
#![forbid(unsafe_code)]

mod support;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use quintet::UploadId;
use quintet::admission::{Admission, Ask, Cancelled, Standing, Submitted};
use support::queue_model::{QueueModel, Stands};

#[derive(Clone, Debug)]
enum Call {
    Submit { priority: i8, host: u8 },
    Of(OnOne, usize),
    SetLimit(usize),
    SetLimitPerHost(Option<usize>),
    SetOpen(bool),
}

/// What is done to one of the known, or to one that is not.
#[derive(Clone, Copy, Debug)]
enum OnOne {
    Finish,
    Cancel,
    Hold,
    Release,
    Park,
    Return,
    SetPriority(i8),
}

fn priority() -> impl Strategy<Value = i8> {
    prop_oneof![4 => Just(0), 2 => -2..3i8, 1 => any::<i8>()]
}

/// One is busier than the others.
fn host() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(0), 1 => 0..3u8]
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let on_one = prop_oneof![
        6 => Just(OnOne::Finish),
        2 => Just(OnOne::Cancel),
        2 => Just(OnOne::Hold),
        2 => Just(OnOne::Release),
        2 => Just(OnOne::Park),
        2 => Just(OnOne::Return),
        2 => priority().prop_map(OnOne::SetPriority),
    ];
    let call = prop_oneof![
        12 => (priority(), host()).prop_map(|(priority, host)| Call::Submit { priority, host }),
        16 => (on_one, 0..60usize).prop_map(|(what, whom)| Call::Of(what, whom)),
        2 => (0..8usize).prop_map(Call::SetLimit),
        2 => proptest::option::weighted(0.8, 0..4usize).prop_map(Call::SetLimitPerHost),
        2 => any::<bool>().prop_map(Call::SetOpen),
    ];
    proptest::collection::vec(call, 0..300)
}

/// First in, first out, and nothing else asked for: where only the line is used.
fn plain_calls() -> impl Strategy<Value = Vec<Call>> {
    let on_one = prop_oneof![2 => Just(OnOne::Finish), 1 => Just(OnOne::Cancel)];
    let call = prop_oneof![
        6 => Just(Call::Submit { priority: 0, host: 0 }),
        6 => (on_one, 0..60usize).prop_map(|(what, whom)| Call::Of(what, whom)),
        1 => (0..8usize).prop_map(Call::SetLimit),
    ];
    proptest::collection::vec(call, 0..300)
}

const QUEUE_MAX: usize = 40;

/// The structure and the model, side by side.
struct Pair {
    admission: Admission<u64, u8>,
    model: QueueModel,
    last: u64,
}

impl Pair {
    fn new() -> Self {
        Self {
            admission: Admission::new(5, QUEUE_MAX),
            model: QueueModel::new(5, QUEUE_MAX),
            last: 0,
        }
    }

    fn call(&mut self, call: &Call) -> TestCaseResult {
        match *call {
            Call::Submit { priority, host } => self.submit(priority, host)?,
            Call::Of(what, at) => match self.model.known.get(at).map(|known| known.id) {
                Some(id) => self.on_one(what, id)?,
                None => self.on_nobody()?,
            },
            Call::SetLimit(active_max) => {
                self.model.active_max = active_max;
                self.admission.set_limit(active_max);
            }
            Call::SetLimitPerHost(active_max) => {
                self.model.active_per_host_max = active_max;
                let known = self.model.known.clone();
                self.admission.set_limit_per_host(active_max, |id, _| {
                    let known = known.iter().find(|known| known.id == u64::from(id));
                    known.map(|known| known.host)
                });
            }
            Call::SetOpen(open) => {
                self.model.open = open;
                self.admission.set_open(open);
            }
        }
        self.compare_admitted()?;
        self.compare()
    }

    fn submit(&mut self, priority: i8, host: u8) -> TestCaseResult {
        self.last += 1;
        let (id, number) = (UploadId::from(self.last), self.last);
        let fits = self.model.submit(number, priority, host);
        let position = self.model.position(number);
        let host = self.admission.counts_hosts().then_some(host);
        let submitted = self.admission.submit(id, Ask { priority, host }, number);
        let started = self.model.admit();
        let expected = match started.first() {
            Some(started) => Submitted::Start(*started),
            None if fits => Submitted::Queued {
                position: position.expect("it waits"),
            },
            None => Submitted::Full(number),
        };
        prop_assert!(started.iter().all(|started| *started == number));
        prop_assert_eq!(submitted, expected);
        Ok(())
    }

    fn on_one(&mut self, what: OnOne, number: u64) -> TestCaseResult {
        let (id, known) = (UploadId::from(number), self.model.of(number));
        let was = known.stands;
        let fresh = known.waits() && !known.returning;
        match what {
            OnOne::Finish => {
                prop_assert_eq!(self.admission.finish(id), !fresh);
                if !fresh {
                    self.model.forget(number);
                }
            }
            OnOne::Cancel if fresh => {
                let cancelled = self.admission.cancel(id);
                prop_assert_eq!(cancelled, Cancelled::FromQueue(number));
                self.model.forget(number);
            }
            OnOne::Cancel => prop_assert_eq!(self.admission.cancel(id), Cancelled::Active),
            OnOne::Hold => {
                if was == Stands::Waiting {
                    known.stands = Stands::Held;
                }
                prop_assert_eq!(self.admission.hold(id), was == Stands::Waiting);
            }
            OnOne::Release => {
                if was == Stands::Held {
                    known.stands = Stands::Waiting;
                }
                prop_assert_eq!(self.admission.release(id), was == Stands::Held);
            }
            OnOne::Park => {
                if was == Stands::Active {
                    known.stands = Stands::Parked;
                }
                prop_assert_eq!(self.admission.park(id), was == Stands::Active);
            }
            OnOne::Return => {
                if was == Stands::Parked {
                    known.stands = Stands::Waiting;
                    known.returning = true;
                }
                prop_assert_eq!(self.admission.return_to(id), was == Stands::Parked);
            }
            OnOne::SetPriority(priority) => {
                known.priority = priority;
                prop_assert!(self.admission.set_priority(id, priority));
            }
        }
        Ok(())
    }

    /// Nothing that names an upload which is not known has an effect.
    fn on_nobody(&mut self) -> TestCaseResult {
        let id = UploadId::from(self.last + 1);
        let admission = &mut self.admission;
        prop_assert_eq!(admission.cancel(id), Cancelled::Unknown);
        prop_assert!(!admission.finish(id) && !admission.hold(id) && !admission.release(id));
        prop_assert!(!admission.park(id) && !admission.return_to(id));
        prop_assert!(!admission.set_priority(id, 1));
        prop_assert_eq!(admission.position(id), None);
        prop_assert_eq!(admission.standing(id), None);
        Ok(())
    }

    fn is_new(&self, number: u64) -> bool {
        self.admission.kept(UploadId::from(number)).is_some()
    }

    fn compare_admitted(&mut self) -> TestCaseResult {
        for expected in self.model.admit() {
            let new = self.is_new(expected).then_some(expected);
            let admitted = self.admission.admit();
            prop_assert_eq!(admitted, Some((UploadId::from(expected), new)));
        }
        prop_assert_eq!(self.admission.admit(), None);
        Ok(())
    }

    fn compare(&self) -> TestCaseResult {
        let ids = |numbers: Vec<u64>| numbers.into_iter().map(UploadId::from).collect::<Vec<_>>();
        let waiting = ids(self.model.waiting());
        prop_assert_eq!(self.admission.waiting(), waiting.clone());
        prop_assert_eq!(self.admission.queued(), waiting.len());
        let active = self.model.standing(Stands::Active).len();
        prop_assert_eq!(self.admission.active(), active);
        for known in &self.model.known {
            let standing = match known.stands {
                Stands::Waiting => Standing::Waiting { held: false },
                Stands::Held => Standing::Waiting { held: true },
                Stands::Active => Standing::Active,
                Stands::Parked => Standing::Parked,
            };
            let id = UploadId::from(known.id);
            prop_assert_eq!(self.admission.standing(id), Some(standing));
        }
        for (position, id) in waiting.iter().enumerate().step_by(7) {
            prop_assert_eq!(self.admission.position(*id), Some(position));
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn it_keeps_its_rules_in_any_order_of_calls(calls in calls()) {
        let mut pair = Pair::new();
        for call in &calls {
            pair.call(call)?;
        }
    }

    #[test]
    fn first_in_is_first_out_where_nothing_else_is_asked(calls in plain_calls()) {
        let mut pair = Pair::new();
        for call in &calls {
            pair.call(call)?;
        }
    }
}

#[test]
fn those_of_a_busy_host_step_aside_once() {
    const MANY: u64 = 100_000;
    let mut admission: Admission<u64, u8> = Admission::new(5, 2 * MANY as usize);
    admission.set_limit_per_host(Some(1), |_, _| None);
    let ask = |host| Ask {
        host: Some(host),
        ..Ask::default()
    };
    admission.submit(UploadId::from(0), ask(0), 0);
    for number in 1..MANY {
        admission.submit(UploadId::from(number), ask(0), number);
        assert_eq!(admission.admit(), None);
    }
    // Were the others looked at each time, this would not end within a test's patience.
    for number in MANY..2 * MANY {
        let id = UploadId::from(number);
        assert_eq!(
            admission.submit(id, ask(1), number),
            Submitted::Start(number)
        );
        assert_eq!(admission.admit(), None);
        assert!(admission.finish(id));
    }
    assert_eq!(admission.queued(), MANY as usize - 1);
}

#[test]
fn one_that_was_called_back_and_then_leaves_calls_the_next() {
    let id = |number: u64| UploadId::from(number);
    let leaves: [fn(&mut Admission<u64, u8>); 3] = [
        |admission| assert_eq!(admission.cancel(2.into()), Cancelled::FromQueue(2)),
        |admission| assert!(admission.hold(2.into())),
        |admission| assert!(admission.set_priority(2.into(), -1)),
    ];
    for leave in leaves {
        let mut admission = Admission::new(2, 10);
        admission.set_limit_per_host(Some(1), |_, _| None);
        for number in 1..=3 {
            let ask = Ask {
                host: Some(0),
                ..Ask::default()
            };
            admission.submit(id(number), ask, number);
            assert_eq!(admission.admit(), None);
        }
        admission.set_open(false);
        assert!(admission.finish(id(1)));
        leave(&mut admission);
        admission.set_open(true);
        assert_eq!(admission.admit(), Some((id(3), Some(3))));
    }
}

#[test]
fn one_that_left_the_queue_keeps_nobody_from_starting_at_once() {
    let id = |number: u64| UploadId::from(number);
    let mut admission: Admission<u64, u8> = Admission::new(1, 10);
    for number in 1..=3 {
        admission.submit(id(number), Ask::default(), number);
    }
    // The last of the queue leaves it, the first gets the slot and ends: nobody waits.
    assert_eq!(admission.cancel(id(3)), Cancelled::FromQueue(3));
    assert!(admission.finish(id(1)));
    assert_eq!(admission.admit(), Some((id(2), Some(2))));
    assert!(admission.finish(id(2)));
    let newcomer = admission.submit(id(4), Ask::default(), 4);
    assert_eq!(newcomer, Submitted::Start(4));
}

#[test]
fn calls_that_come_out_of_their_order_stand_in_it_all_the_same() {
    // With marks and without: the tables of ranks are made by the first that asks for one.
    for ranked in [false, true] {
        let mut admission: Admission<u64, u8> = Admission::new(0, 10);
        if ranked {
            admission.set_limit_per_host(None, |_, _| None);
        }
        for number in [2, 1, 5, 3, 4] {
            admission.submit(number.into(), Ask::default(), number);
        }
        assert_eq!(admission.cancel(3.into()), Cancelled::FromQueue(3));
        admission.set_limit(4);
        let order: Vec<_> = std::iter::from_fn(|| admission.admit()?.1).collect();
        assert_eq!(order, [1, 2, 4, 5]);
    }
}
