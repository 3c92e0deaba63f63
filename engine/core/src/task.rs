//! The caller's side of an upload: its task.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use actix::Addr;

use crate::engine::Inner;
use crate::event_stream::{EventStream, event_stream};
use crate::front::Front;
use crate::reins::Hand;
use crate::scheduler::{Abort, Scheduler, SetPaused, SetRate};
use crate::ticket::Shared;
use crate::{Outcome, Trace, UploadId};

/// An upload that was asked for. Dropping it does not abort the upload.
///
/// It is a future of the [`Outcome`]; [`wait`](Self::wait) blocks for it instead. Both may be asked again.
pub struct UploadTask {
    shared: Arc<Shared>,
    engaged: Engaged,
}

/// Who carries an upload out.
pub(crate) enum Engaged {
    /// An engine, which lives as long as a handle or a task of it.
    By(Arc<Inner>),
    /// A scheduler that was asked by message.
    Scheduler(Addr<Scheduler>),
}

impl UploadTask {
    pub(crate) fn new(shared: Arc<Shared>, engaged: Engaged) -> Self {
        Self { shared, engaged }
    }

    /// Which upload this is, within its engine.
    pub fn id(&self) -> UploadId {
        self.shared.id
    }

    /// The trace that its outcome and its request's headers carry.
    pub fn trace(&self) -> &Trace {
        &self.shared.trace
    }

    /// Names of given headers that were ignored because the engine owns them.
    pub fn ignored_headers(&self) -> &[String] {
        &self.shared.ignored_headers
    }

    /// Aborts the upload, in any state; from any thread, also from inside a listener. The outcome is then
    /// [`ErrorKind::Aborted`](crate::ErrorKind::Aborted), never a success. Returns whether it took effect: not after the end, and not twice.
    ///
    /// An upload aborted after its body was sent may still have been kept by the server.
    pub fn abort(&self) -> bool {
        let accepted = self.shared.decide_abort();
        if accepted {
            self.scheduler().do_send(Abort(self.shared.id));
        }
        accepted
    }

    /// Pauses the upload, from any thread, also from inside a listener. Returns whether it took effect: not if it
    /// is paused already, and not after the end.
    ///
    /// A paused upload writes not one byte more, its request's head included; from another thread, a write that is
    /// under way is finished (1 MiB at most). What the system's own buffers hold still leaves. The slot is kept, unless
    /// [`paused_keeps_slot`](crate::Settings::paused_keeps_slot) says otherwise; the peer is heard (an answer can still end the upload), and the stall clock stands still;
    /// [`timeout`](crate::UploadRequest::timeout) goes on, for it bounds how long a caller waits. A connection that
    /// is being made is made; none is asked for. One that waits keeps its place and is passed over.
    ///
    /// If the connection is lost meanwhile, [`resume`](Self::resume) begins again from the first byte over a new
    /// one, unless the whole body had gone: then the server may have acted on it, and the upload fails.
    pub fn pause(&self) -> bool {
        self.set_paused(true)
    }

    /// Goes on after a [`pause`](Self::pause). Returns whether it took effect: not if it was not paused, and not
    /// after the end.
    pub fn resume(&self) -> bool {
        self.set_paused(false)
    }

    /// Changes the most bytes of the body that are sent in a second, from any thread; 0 for as many as the connection
    /// takes. See [`UploadRequest::rate_max`](crate::UploadRequest::rate_max).
    pub fn set_rate_max(&self, bytes_per_second: u64) {
        self.shared.set_rate_max(bytes_per_second);
        self.scheduler().do_send(SetRate(Some(self.shared.id)));
    }

    fn set_paused(&self, paused: bool) -> bool {
        let accepted = self.shared.is_open() && self.shared.hold(Hand::Caller, paused);
        if accepted {
            self.scheduler().do_send(SetPaused(self.shared.id));
        }
        accepted
    }

    pub(crate) fn scheduler(&self) -> &Addr<Scheduler> {
        match &self.engaged {
            Engaged::By(engine) => &engine.scheduler,
            Engaged::Scheduler(scheduler) => scheduler,
        }
    }

    pub(crate) fn front(&self) -> &Arc<Front> {
        &self.shared.front
    }

    /// The outcome, if it is over.
    pub fn outcome(&self) -> Option<Arc<Outcome>> {
        self.shared.state().outcome.clone()
    }

    /// Blocks until it is over.
    ///
    /// # Panics
    /// On the engine's own thread (inside a listener, or beside an engine that was started in the current
    /// actix system), where waiting could never end.
    pub fn wait(&self) -> Arc<Outcome> {
        self.shared.front.refuse_to_block("UploadTask::wait");
        let mut state = self.shared.state();
        loop {
            match &state.outcome {
                Some(outcome) => return outcome.clone(),
                None => {
                    state.is_waited_for = true;
                    let waited = self.shared.ended.wait(state);
                    // Nothing panics while the lock is held, so it cannot be poisoned.
                    state = waited.unwrap_or_else(|poisoned| poisoned.into_inner());
                }
            }
        }
    }

    /// Events from now on. To hear every one, give the request a listener of [`event_stream`] instead.
    pub fn events(&self) -> EventStream {
        let mut state = self.shared.state();
        if state.outcome.is_some() {
            return EventStream::ended();
        }
        self.shared.front.hear();
        let (listener, stream) = event_stream();
        let mut late = std::mem::take(&mut state.late).into_vec();
        late.push(listener);
        state.late = late.into();
        self.shared.heard_late.store(true, Ordering::Release);
        stream
    }
}

impl Future for UploadTask {
    type Output = Arc<Outcome>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.shared.state();
        match &state.outcome {
            Some(outcome) => Poll::Ready(outcome.clone()),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for UploadTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadTask")
            .field("id", &self.shared.id)
            .field("trace", &self.shared.trace)
            .finish_non_exhaustive()
    }
}
