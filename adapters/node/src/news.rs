//! What the engine tells of an upload, on its way to the JavaScript thread.

use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::FnArgs;
use napi::threadsafe_function::{
    ThreadsafeCallContext, ThreadsafeFunction, ThreadsafeFunctionCallMode, UnknownReturnValue,
};
use napi::{Result, Status};
use quintet::{Event, EventKind, Headers, Listener, Outcome, Progress};
use quintet_options::{Include, Value, headers_received, progress, result};

/// One queue for each engine. Weak: by itself it keeps no process alive.
pub(crate) type Queue = ThreadsafeFunction<News, UnknownReturnValue, Told, Status, false, true>;

/// The upload's key, what happened, and the object for the callbacks as JSON.
pub(crate) type Told = FnArgs<(i64, &'static str, String)>;

/// Something to tell about the upload with this key.
pub(crate) struct News {
    key: i64,
    what: What,
}

enum What {
    /// See what the latest is.
    Progress(Arc<Latest>),
    Headers {
        status: u16,
        headers: Headers,
    },
    Done(Arc<Outcome>, Include),
}

/// The progress that waits to be told: one at most for each upload, so that a thread that is busy costs no memory.
#[derive(Default)]
struct Latest(Mutex<Option<Progress>>);

impl Latest {
    /// Returns the one before, if it was not told.
    fn set(&self, progress: Option<Progress>) -> Option<Progress> {
        // Nothing panics while the lock is held, so it cannot be poisoned.
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *latest, progress)
    }
}

impl News {
    /// On the JavaScript thread.
    pub(crate) fn tell(context: ThreadsafeCallContext<Self>) -> Result<Told> {
        let Self { key, what } = context.value;
        let (word, value) = match what {
            What::Progress(latest) => {
                let latest = latest.set(None);
                (
                    "progress",
                    latest.map_or(Value::Null, |latest| progress(&latest)),
                )
            }
            What::Headers { status, headers } => ("headers", headers_received(status, &headers)),
            What::Done(outcome, include) => {
                let word = if outcome.result.is_ok() {
                    "success"
                } else {
                    "fail"
                };
                (word, result(&outcome, include))
            }
        };
        Ok((key, word, value.json_text()).into())
    }
}

/// Hears the events of one upload.
pub(crate) struct Teller {
    key: i64,
    include: Include,
    latest: Arc<Latest>,
    queue: Arc<Queue>,
}

impl Teller {
    pub(crate) fn new(key: i64, include: Include, queue: Arc<Queue>) -> Self {
        Self {
            key,
            include,
            latest: Arc::default(),
            queue,
        }
    }
}

impl Listener for Teller {
    fn on_event(&self, event: &Event) {
        let what = match &event.kind {
            EventKind::Progress(progress) => {
                if self.latest.set(Some(*progress)).is_some() {
                    return;
                }
                What::Progress(self.latest.clone())
            }
            EventKind::HeadersReceived { status, headers } => What::Headers {
                status: *status,
                headers: headers.clone(),
            },
            EventKind::Done(outcome) => What::Done(outcome.clone(), self.include),
            _ => return,
        };
        let news = News {
            key: self.key,
            what,
        };
        // Refused only while the environment goes: then nobody is left to be told.
        self.queue
            .call(news, ThreadsafeFunctionCallMode::NonBlocking);
    }
}
