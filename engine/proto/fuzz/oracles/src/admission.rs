//! Target `admission`: any order of calls gives what two plain lists give.
//!
//! Input: the slots and the queue's bound, a byte each; then the calls, each a byte whose low three bits tell which, and
//! whose others are its argument.

use std::collections::VecDeque;

use quintet::UploadId;
use quintet::admission::{Admission, Cancelled, Submitted};

use crate::input::Input;

/// The rules, said as plainly as possible.
struct Model {
    limit: usize,
    active: Vec<UploadId>,
    queue: VecDeque<UploadId>,
}

impl Model {
    fn fill(&mut self) -> Vec<(UploadId, u64)> {
        let mut started = Vec::new();
        while self.active.len() < self.limit
            && let Some(next) = self.queue.pop_front()
        {
            self.active.push(next);
            started.push((next, u64::from(next)));
        }
        started
    }
}

/// Panics if admission is not what the model is.
pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let limit = usize::from(input.byte() % 9);
    let queue_max = usize::from(input.byte());
    let mut admission = Admission::new(limit, queue_max);
    let mut model = Model {
        limit,
        active: Vec::new(),
        queue: VecDeque::new(),
    };
    let mut submitted = 0;
    for call in input.rest() {
        let argument = usize::from(call >> 3);
        // The argument counts back from the newest, beyond the oldest too.
        let id = UploadId::from((submitted + 1_u64).wrapping_sub(argument as u64));
        match call & 7 {
            0..=2 => {
                submitted += 1;
                let id = UploadId::from(submitted);
                let expected = if model.active.len() < model.limit {
                    model.active.push(id);
                    Submitted::Start(submitted)
                } else if model.queue.len() < queue_max {
                    model.queue.push_back(id);
                    Submitted::Queued {
                        position: model.queue.len() - 1,
                    }
                } else {
                    Submitted::Full(submitted)
                };
                assert_eq!(admission.submit(id, submitted), expected);
            }
            3 => {
                let id = model.active.get(argument).copied().unwrap_or(id);
                let place = model.active.iter().position(|active| *active == id);
                let started = place.map(|place| {
                    model.active.remove(place);
                    model.fill()
                });
                let started = started.unwrap_or_default();
                assert_eq!(
                    admission.finish(id).into_iter().collect::<Vec<_>>(),
                    started
                );
            }
            4 | 5 => {
                let id = match call & 7 {
                    4 => id,
                    _ => model.queue.get(argument).copied().unwrap_or(id),
                };
                let place = model.queue.iter().position(|queued| *queued == id);
                let expected = if let Some(place) = place {
                    model.queue.remove(place);
                    Cancelled::FromQueue(u64::from(id))
                } else if model.active.contains(&id) {
                    Cancelled::Active
                } else {
                    Cancelled::Unknown
                };
                assert_eq!(admission.cancel(id), expected);
            }
            6 => {
                model.limit = argument % 9;
                assert_eq!(admission.set_limit(model.limit), model.fill());
            }
            _ if argument == 31 => {
                let drained: Vec<_> = model.queue.drain(..).map(u64::from).collect();
                assert_eq!(admission.drain(), drained);
            }
            _ => {}
        }
        assert_eq!(admission.active(), model.active.len());
        assert_eq!(admission.queued(), model.queue.len());
        assert_eq!(admission.has_free_slot(), model.active.len() < model.limit);
        assert!(!admission.has_free_slot() || admission.queued() == 0);
    }
}
