//! One upload as the host holds it.

use std::sync::Arc;

use quintet::{Engine, Event, EventKind, Outcome};
use tokio::sync::watch;

use crate::engine_thread;
use crate::failure::UploadError;
use crate::outcome::{UploadOutcome, UploadResponse};

/// An upload that was asked for. Closing or forgetting it does not abort the upload.
#[derive(Debug, uniffi::Object)]
pub struct UploadTask {
    task: quintet::UploadTask,
    /// For any number of coroutines, where the engine's task is a future for one.
    ended: watch::Receiver<Option<Arc<Outcome>>>,
}

impl UploadTask {
    /// Asks `engine` for it.
    pub(crate) fn begin(engine: &Engine, request: quintet::UploadRequest) -> Self {
        let (end, ended) = watch::channel(None);
        // After the host's own: who has waited finds that its listener has heard everything.
        let request = request.listener(Arc::new(move |event: &Event| {
            if let EventKind::Done(outcome) = &event.kind {
                end.send_replace(Some(outcome.clone()));
            }
        }));
        let task = engine.upload(request);
        Self { task, ended }
    }

    async fn ended(&self) -> Arc<Outcome> {
        let mut ended = self.ended.clone();
        loop {
            if let Some(outcome) = &*ended.borrow_and_update() {
                return outcome.clone();
            }
            let changed = ended.changed().await;
            changed.expect("the task keeps its listener, which keeps the sender");
        }
    }
}

#[uniffi::export]
impl UploadTask {
    /// Which upload this is, within its engine: counted from 1.
    pub fn id(&self) -> u64 {
        self.task.id().into()
    }

    /// The trace that its outcome and its request's headers carry.
    pub fn trace(&self) -> String {
        self.task.trace().to_string()
    }

    /// Names of given headers that were ignored because the engine owns them.
    pub fn ignored_headers(&self) -> Vec<String> {
        self.task.ignored_headers().to_vec()
    }

    /// Aborts the upload, in any state, from any thread, also inside a listener. Tells whether it took effect: not after
    /// the end, and not twice.
    pub fn abort(&self) -> bool {
        self.task.abort()
    }

    /// Pauses the upload, from any thread, also inside a listener. Tells whether it took effect.
    pub fn pause(&self) -> bool {
        self.task.pause()
    }

    /// Goes on after a `pause`. Tells whether it took effect.
    pub fn resume(&self) -> bool {
        self.task.resume()
    }

    /// Changes the most bytes of the body that are sent in a second; 0 for no bound.
    pub fn set_rate_max(&self, bytes_per_second: u64) {
        self.task.set_rate_max(bytes_per_second);
    }

    /// Changes its turn in the queue: higher ones go first.
    pub fn set_priority(&self, priority: i8) {
        self.task.set_priority(priority);
    }

    /// How it ended, once it has. Ceasing to wait does not abort the upload.
    pub async fn outcome(&self) -> UploadOutcome {
        UploadOutcome::from(&*self.ended().await)
    }

    /// The server's answer, whatever its status, once it is over; throws if there is none. Ceasing to wait does not abort
    /// the upload.
    pub async fn response(&self) -> Result<UploadResponse, UploadError> {
        UploadOutcome::from(&*self.ended().await).into_response()
    }

    /// As `outcome`, blocking this thread. Throws inside a listener, where waiting could never end.
    pub fn outcome_blocking(&self) -> Result<UploadOutcome, UploadError> {
        if engine_thread::is_current() {
            return Err(UploadError::InsideListener);
        }
        Ok(UploadOutcome::from(&*self.task.wait()))
    }

    /// The answer's body as it was received; absent as long as there is none.
    pub fn response_body(&self) -> Option<Vec<u8>> {
        let outcome = self.ended.borrow();
        let response = outcome.as_ref()?.result.as_ref().ok()?;
        Some(response.body.to_vec())
    }
}
