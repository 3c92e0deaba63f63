//! Target `admission`: any order of calls gives what the queue's naive model gives, who waits, who is active and who is next.
//!
//! Input: the slots and the queue's bound, a byte each; then the calls, each a byte that tells which and one that is its
//! argument.

use quintet::UploadId;
use quintet::admission::{Admission, Ask, Cancelled, Standing, Submitted};

use crate::input::Input;
use model::{QueueModel, Stands};

/// The one that the engine's own tests compare with.
#[path = "../../../../core/tests/support/queue_model.rs"]
#[allow(unreachable_pub, reason = "it is written for several users")]
mod model;

/// The model takes the cube of their number.
const CALLS_MAX: usize = 80;

/// Panics if admission is not what the model is.
pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let active_max = usize::from(input.byte() % 9);
    let queue_max = usize::from(input.byte() % 16);
    let mut pair = Pair {
        admission: Admission::new(active_max, queue_max),
        model: QueueModel::new(active_max, queue_max),
        last: 0,
    };
    for _ in 0..CALLS_MAX {
        if input.is_empty() {
            break;
        }
        let (call, argument) = (input.byte(), input.byte());
        pair.call(call % 16, argument);
        pair.compare_admitted();
        pair.compare();
    }
}

/// The structure and the model, side by side.
struct Pair {
    admission: Admission<u64, u8>,
    model: QueueModel,
    last: u64,
}

impl Pair {
    fn call(&mut self, call: u8, argument: u8) {
        match call {
            0..=3 => self.submit(argument),
            4 => {
                self.model.active_max = usize::from(argument % 9);
                self.admission.set_limit(self.model.active_max);
            }
            5 => {
                let active_max = argument.checked_sub(128).map(|argument| argument % 4);
                self.model.active_per_host_max = active_max.map(usize::from);
                let known = self.model.known.clone();
                let host_of = |id: UploadId, _: Option<&u64>| {
                    let known = known.iter().find(|known| known.id == u64::from(id));
                    known.map(|known| known.host)
                };
                let active_max = self.model.active_per_host_max;
                self.admission.set_limit_per_host(active_max, host_of);
            }
            6 => {
                self.model.open = argument.is_multiple_of(2);
                self.admission.set_open(self.model.open);
            }
            _ => match self.model.known.get(usize::from(argument)) {
                Some(known) => self.on_one(call, known.id, argument),
                None => self.on_nobody(),
            },
        }
    }

    /// The argument's low bits choose the host, its others the priority.
    fn submit(&mut self, argument: u8) {
        self.last += 1;
        let (id, number) = (UploadId::from(self.last), self.last);
        let (host, priority) = (argument & 3, (argument as i8) >> 2);
        let fits = self.model.submit(number, priority, host);
        let position = self.model.position(number);
        let host = self.admission.counts_hosts().then_some(host);
        let submitted = self.admission.submit(id, Ask { priority, host }, number);
        let started = self.model.admit();
        let expected = match (started.first(), position) {
            (Some(started), _) => Submitted::Start(*started),
            (None, Some(position)) if fits => Submitted::Queued { position },
            _ => Submitted::Full(number),
        };
        assert!(started.iter().all(|started| *started == number));
        assert_eq!(submitted, expected);
    }

    fn on_one(&mut self, call: u8, number: u64, argument: u8) {
        let (id, known) = (UploadId::from(number), self.model.of(number));
        let was = known.stands;
        let fresh = known.waits() && !known.returning;
        let admission = &mut self.admission;
        match call {
            7 | 8 => {
                assert_eq!(admission.finish(id), !fresh);
                if !fresh {
                    self.model.forget(number);
                }
            }
            9 | 10 if fresh => {
                assert_eq!(admission.cancel(id), Cancelled::FromQueue(number));
                self.model.forget(number);
            }
            9 | 10 => assert_eq!(admission.cancel(id), Cancelled::Active),
            11 => {
                if was == Stands::Waiting {
                    known.stands = Stands::Held;
                }
                assert_eq!(admission.hold(id), was == Stands::Waiting);
            }
            12 => {
                if was == Stands::Held {
                    known.stands = Stands::Waiting;
                }
                assert_eq!(admission.release(id), was == Stands::Held);
            }
            13 => {
                if was == Stands::Active {
                    known.stands = Stands::Parked;
                }
                assert_eq!(admission.park(id), was == Stands::Active);
            }
            14 => {
                if was == Stands::Parked {
                    known.stands = Stands::Waiting;
                    known.returning = true;
                }
                assert_eq!(admission.return_to(id), was == Stands::Parked);
            }
            _ => {
                // Another one for each upload, and over time the same ones again.
                let priority = ((u64::from(argument) + self.last) % 5) as i8 - 2;
                known.priority = priority;
                assert!(admission.set_priority(id, priority));
            }
        }
    }

    /// Nothing that names an upload which is not known has an effect.
    fn on_nobody(&mut self) {
        let id = UploadId::from(self.last + 1);
        let admission = &mut self.admission;
        assert_eq!(admission.cancel(id), Cancelled::Unknown);
        assert!(!admission.finish(id) && !admission.hold(id) && !admission.release(id));
        assert!(!admission.park(id) && !admission.return_to(id));
        assert!(!admission.set_priority(id, 1));
        assert_eq!(
            (admission.position(id), admission.standing(id)),
            (None, None)
        );
    }

    fn compare_admitted(&mut self) {
        for expected in self.model.admit() {
            let id = UploadId::from(expected);
            let new = self.admission.kept(id).is_some().then_some(expected);
            assert_eq!(self.admission.admit(), Some((id, new)));
        }
        assert_eq!(self.admission.admit(), None);
    }

    fn compare(&self) {
        let waiting: Vec<_> = self
            .model
            .waiting()
            .into_iter()
            .map(UploadId::from)
            .collect();
        assert_eq!(self.admission.waiting(), waiting);
        assert_eq!(self.admission.queued(), waiting.len());
        let active = self.model.standing(Stands::Active).len();
        assert_eq!(self.admission.active(), active);
        for known in &self.model.known {
            let standing = match known.stands {
                Stands::Waiting => Standing::Waiting { held: false },
                Stands::Held => Standing::Waiting { held: true },
                Stands::Active => Standing::Active,
                Stands::Parked => Standing::Parked,
            };
            assert_eq!(self.admission.standing(known.id.into()), Some(standing));
        }
        for (position, id) in waiting.iter().enumerate().step_by(7) {
            assert_eq!(self.admission.position(*id), Some(position));
        }
    }
}
