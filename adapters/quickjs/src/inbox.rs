//! What the engine's thread leaves for the JavaScript thread.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quintet::{Event, EventKind, Headers, Listener, Outcome, Progress};

/// One for each door.
pub(crate) struct Inbox {
    waiting: Mutex<Waiting>,
    wake: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Waiting {
    news: VecDeque<(u64, News)>,
    /// The latest progress of each upload that has one among the news.
    progress: HashMap<u64, Progress>,
}

/// Something to tell about an upload.
pub(crate) enum News {
    /// See what the latest is.
    Progress,
    Headers {
        status: u16,
        headers: Headers,
    },
    Done(Arc<Outcome>),
}

impl Inbox {
    pub(crate) fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            waiting: Mutex::default(),
            wake: Box::new(wake),
        })
    }

    /// Hears the events of the upload with this key.
    pub(crate) fn listener(self: &Arc<Self>, key: u64) -> Arc<dyn Listener> {
        Arc::new(ByKey {
            key,
            inbox: self.clone(),
        })
    }

    pub(crate) fn take(&self) -> Option<(u64, News)> {
        self.waiting().news.pop_front()
    }

    /// For what could not be told yet.
    pub(crate) fn put_back(&self, key: u64, news: News) {
        self.waiting().news.push_front((key, news));
    }

    pub(crate) fn progress(&self, key: u64) -> Option<Progress> {
        self.waiting().progress.remove(&key)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while the lock is held, so it cannot be poisoned.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Returns whether there is more to tell than before.
    fn push(&mut self, key: u64, kind: &EventKind) -> bool {
        let news = match kind {
            EventKind::Progress(progress) => {
                if self.progress.insert(key, *progress).is_some() {
                    return false;
                }
                News::Progress
            }
            EventKind::HeadersReceived { status, headers } => News::Headers {
                status: *status,
                headers: headers.clone(),
            },
            EventKind::Done(outcome) => News::Done(outcome.clone()),
            _ => return false,
        };
        self.news.push_back((key, news));
        true
    }
}

struct ByKey {
    key: u64,
    inbox: Arc<Inbox>,
}

impl Listener for ByKey {
    fn on_event(&self, event: &Event) {
        let pushed = self.inbox.waiting().push(self.key, &event.kind);
        if pushed {
            (self.inbox.wake)();
        }
    }
}
