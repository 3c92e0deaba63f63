//! Events that wait until the host asks for them, and the bell that tells it to.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quintet::{Event, EventKind, Progress};

use crate::bell::Bell;
use crate::failure::Failure;
use crate::hub::Whose;

/// The queue of an engine that is polled.
pub(crate) struct Polled {
    waiting: Mutex<Waiting>,
    came: Condvar,
}

struct Waiting {
    news: VecDeque<(Whose, Duration, EventKind)>,
    /// The latest progress of each upload that has one among the news: of one upload at most one waits.
    progress: HashMap<u64, (Duration, Progress)>,
    /// Somebody is telling: nobody else may, or events would not come in order.
    is_polled: bool,
    /// The engine has ended: whoever polls tells all that is left.
    is_over: bool,
    bell: Bell,
}

type Tell<'a> = &'a dyn Fn(&Whose, Duration, &EventKind);

impl Polled {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            waiting: Mutex::new(Waiting {
                news: VecDeque::new(),
                progress: HashMap::new(),
                is_polled: false,
                is_over: false,
                bell: Bell::new()?,
            }),
            came: Condvar::new(),
        })
    }

    pub(crate) fn descriptor(&self) -> Result<i32, Failure> {
        self.waiting().bell.descriptor()
    }

    /// Returns whether nobody will poll for it any more: then it is to be told by [`finish`](Self::finish).
    pub(crate) fn push(&self, whose: &Whose, event: &Event) -> bool {
        let mut waiting = self.waiting();
        if let EventKind::Progress(progress) = event.kind {
            let latest = (event.at, progress);
            if waiting.progress.insert(whose.task, latest).is_some() {
                return waiting.is_over;
            }
        }
        let news = (whose.clone(), event.at, event.kind.clone());
        waiting.news.push_back(news);
        if waiting.news.len() == 1 {
            waiting.bell.ring();
            self.came.notify_one();
        }
        waiting.is_over
    }

    /// Tells what waits when it begins to, after waiting for something: not longer than that, or as long as it takes; and not at
    /// all if the caller, now that nobody else tells, finds that there is no need.
    pub(crate) fn poll(
        &self,
        longest: Option<Duration>,
        is_needless: &dyn Fn() -> bool,
        tell: Tell<'_>,
    ) -> Result<i32, Failure> {
        let turn = self.turn()?;
        if is_needless() {
            // For the turn's end.
            return Ok(i32::try_from(self.tell_all(turn, 0, tell)).unwrap_or(i32::MAX));
        }
        let waiting = self.waiting();
        let is_empty = |waiting: &mut Waiting| waiting.news.is_empty() && !waiting.is_over;
        let waiting = match longest {
            None => {
                let waited = self.came.wait_while(waiting, is_empty);
                waited.unwrap_or_else(PoisonError::into_inner)
            }
            Some(longest) => {
                let waited = self.came.wait_timeout_while(waiting, longest, is_empty);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        let count = waiting.news.len();
        drop(waiting);
        Ok(i32::try_from(self.tell_all(turn, count, tell)).unwrap_or(i32::MAX))
    }

    /// Tells all that waits. If somebody is at it, they do.
    pub(crate) fn finish(&self, tell: Tell<'_>) {
        self.waiting().is_over = true;
        self.came.notify_all();
        if let Ok(turn) = self.turn() {
            self.tell_all(turn, 0, tell);
        }
    }

    /// Tells this many, and all there are if the engine has ended meanwhile; then the turn is over.
    fn tell_all(&self, turn: Turn<'_>, mut count: usize, tell: Tell<'_>) -> usize {
        let mut told = 0;
        loop {
            while told < count && self.tell_one(tell) {
                told += 1;
            }
            let mut waiting = self.waiting();
            if !waiting.is_over || waiting.news.is_empty() {
                // In one with the look, so that `finish` finds either a turn that looks again or none.
                waiting.is_polled = false;
                std::mem::forget(turn);
                return told;
            }
            count = told + waiting.news.len();
        }
    }

    fn tell_one(&self, tell: Tell<'_>) -> bool {
        let mut waiting = self.waiting();
        let Some((whose, mut at, mut kind)) = waiting.news.pop_front() else {
            return false;
        };
        if waiting.news.is_empty() {
            waiting.bell.silence();
        }
        if let EventKind::Progress(progress) = &mut kind
            && let Some(latest) = waiting.progress.remove(&whose.task)
        {
            (at, *progress) = latest;
        }
        drop(waiting);
        tell(&whose, at, &kind);
        true
    }

    fn turn(&self) -> Result<Turn<'_>, Failure> {
        let mut waiting = self.waiting();
        if waiting.is_polled {
            return Err(Failure::busy("the engine is being polled already"));
        }
        waiting.is_polled = true;
        Ok(Turn(self))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while the lock is held, so it cannot be poisoned.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to tell, given back when it goes: by a panic, else by [`Polled::tell_all`].
struct Turn<'a>(&'a Polled);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.waiting().is_polled = false;
    }
}
