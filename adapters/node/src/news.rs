//! What the engine tells of an upload, on its way to the JavaScript thread.
//!
//! The way is the dearest thing in this door, so each upload has one thing at most in the queue: that there is something to
//! look at. What is told meanwhile is told with it, and what nobody listens for waits for somebody who does, or for the end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::FnArgs;
use napi::threadsafe_function::{
    ThreadsafeCallContext, ThreadsafeFunction, ThreadsafeFunctionCallMode, UnknownReturnValue,
};
use napi::{Result, Status};
use quintet::{Event, EventKind, Headers, Listener, Outcome, Progress};
use quintet_options::{Include, headers_received, progress, result};

/// One queue for each engine. Weak: by itself it keeps no process alive.
pub(crate) type Queue =
    ThreadsafeFunction<Arc<News>, UnknownReturnValue, Told, Status, false, true>;

/// The upload's key, and as JSON what there is of progress, headers and the end; before the last, whether that is a success.
pub(crate) type Told = FnArgs<(i64, Option<String>, Option<String>, bool, Option<String>)>;

/// What is to be told of the upload with this key.
pub(crate) struct News {
    key: i64,
    include: Include,
    untold: Mutex<Untold>,
}

#[derive(Default)]
struct Untold {
    /// Whether anybody listens for more than the end.
    is_heard: bool,
    is_queued: bool,
    /// The latest, so that a thread that is busy costs no memory.
    progress: Option<Progress>,
    headers: Option<(u16, Headers)>,
    end: Option<Arc<Outcome>>,
}

impl Untold {
    /// Whether it is to be put into the queue now.
    fn queue(&mut self) -> bool {
        let has_aside = self.progress.is_some() || self.headers.is_some();
        let is_wanted = self.end.is_some() || (self.is_heard && has_aside);
        let is_new = is_wanted && !self.is_queued;
        self.is_queued |= is_new;
        is_new
    }
}

impl News {
    pub(crate) fn new(key: i64, include: Include) -> Arc<Self> {
        Arc::new(Self {
            key,
            include,
            untold: Mutex::default(),
        })
    }

    /// Somebody listens from now on, and first of all for what has come already.
    pub(crate) fn hear(self: &Arc<Self>, queue: &Queue) {
        self.change(queue, |untold| untold.is_heard = true);
    }

    /// On the JavaScript thread.
    pub(crate) fn tell(context: ThreadsafeCallContext<Arc<Self>>) -> Result<Told> {
        let news = context.value;
        let mut untold = news.untold();
        untold.is_queued = false;
        let (sent, headers, end) = (
            untold.progress.take().filter(|_| untold.is_heard),
            untold.headers.take().filter(|_| untold.is_heard),
            untold.end.take(),
        );
        drop(untold);
        let sent = sent.map(|sent| progress(&sent).json_text());
        let headers =
            headers.map(|(status, headers)| headers_received(status, &headers).json_text());
        let succeeded = end.as_ref().is_some_and(|end| end.result.is_ok());
        let end = end.map(|end| result(&end, news.include).json_text());
        Ok((news.key, sent, headers, succeeded, end).into())
    }

    fn change(self: &Arc<Self>, queue: &Queue, change: impl FnOnce(&mut Untold)) {
        let mut untold = self.untold();
        change(&mut untold);
        let is_to_queue = untold.queue();
        drop(untold);
        if is_to_queue {
            // Refused only while the environment goes: then nobody is left to be told.
            queue.call(self.clone(), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    fn untold(&self) -> MutexGuard<'_, Untold> {
        // Nothing panics while the lock is held, so it cannot be poisoned.
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears the events of one upload.
pub(crate) struct Teller {
    news: Arc<News>,
    queue: Arc<Queue>,
}

impl Teller {
    pub(crate) fn new(news: Arc<News>, queue: Arc<Queue>) -> Self {
        Self { news, queue }
    }
}

impl Listener for Teller {
    fn on_event(&self, event: &Event) {
        self.news.change(&self.queue, |untold| match &event.kind {
            EventKind::Progress(progress) => untold.progress = Some(*progress),
            EventKind::HeadersReceived { status, headers } => {
                untold.headers = Some((*status, headers.clone()));
            }
            EventKind::Done(outcome) => untold.end = Some(outcome.clone()),
            _ => {}
        });
    }
}
