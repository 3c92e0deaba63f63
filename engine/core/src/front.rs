//! What the calling side and the engine's thread share: the arguments that the engine was built with.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread::{self, ThreadId};
use std::time::Duration;

use quintet_transport::Connect;

use crate::clock::Clock;
use crate::destination::Destinations;
use crate::event::Listener;
use crate::holding::Holding;
use crate::ledger::{HEARING, Hearing};
use crate::media_types::MediaTypes;
use crate::on_demand::OnDemand;
use crate::policy::HostPolicy;
use crate::pump::Chunking;
use crate::queue::Gate;
use crate::random::Random;
use crate::scheduler::SetUp;
use crate::source::Files;
use crate::trace::TraceSource;
use crate::{Settings, UploadId};

/// What the calling side and the engine's thread share.
pub(crate) struct Front {
    pub(crate) settings: Settings,
    pub(crate) set_up: Option<SetUp>,
    /// Of all uploads together, in bytes a second; 0 bounds nothing. The setting is only its beginning.
    pub(crate) rate_max: AtomicU64,
    pub(crate) holding: OnDemand<Holding>,
    pub(crate) chunking: OnDemand<Chunking>,
    pub(crate) connect: Arc<dyn Connect>,
    pub(crate) files: Arc<dyn Files>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) policy: Arc<dyn HostPolicy>,
    pub(crate) media_types: Arc<dyn MediaTypes>,
    pub(crate) listeners: Vec<Arc<dyn Listener>>,
    pub(crate) hearing: OnDemand<Hearing>,
    pub(crate) gate: Option<Arc<dyn Gate>>,
    pub(crate) traces: Arc<dyn TraceSource>,
    pub(crate) destinations: Destinations,
    pub(crate) ids: AtomicU64,
    pub(crate) thread: OnceLock<ThreadId>,
    /// The last handle and the last task are gone.
    pub(crate) abandoned: Latch,
    pub(crate) ended: Latch,
}

/// [`Front::hear`], which only what adds a listener names.
pub(crate) type Hear = fn(&Front);

impl Front {
    /// To be called before anybody begins to listen.
    pub(crate) fn hear(&self) {
        self.hearing.fill(&HEARING);
    }

    /// Numbers a call.
    pub(crate) fn next_id(&self) -> UploadId {
        UploadId::from(self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// The engine runs on the current thread.
    pub(crate) fn runs_here(&self) {
        let _ = self.thread.set(thread::current().id());
    }

    pub(crate) fn is_own_thread(&self) -> bool {
        self.thread.get() == Some(&thread::current().id())
    }

    pub(crate) fn refuse_to_block(&self, what: &str) {
        assert!(
            !self.is_own_thread(),
            "{what} on the engine's own thread would never return"
        );
    }
}

/// Opens once, for threads and for one future.
#[derive(Default)]
pub(crate) struct Latch {
    state: Mutex<LatchState>,
    opened: Condvar,
}

#[derive(Default)]
struct LatchState {
    open: bool,
    waker: Option<std::task::Waker>,
}

impl Latch {
    fn lock(&self) -> std::sync::MutexGuard<'_, LatchState> {
        // Nothing panics while the lock is held, so it cannot be poisoned.
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(crate) fn set(&self) {
        let mut state = self.lock();
        state.open = true;
        self.opened.notify_all();
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    pub(crate) fn wait(&self, longest: Duration) -> bool {
        let waited = self
            .opened
            .wait_timeout_while(self.lock(), longest, |state| !state.open);
        waited
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .0
            .open
    }

    pub(crate) async fn wait_async(&self) {
        std::future::poll_fn(|cx| {
            let mut state = self.lock();
            if state.open {
                return std::task::Poll::Ready(());
            }
            state.waker = Some(cx.waker().clone());
            std::task::Poll::Pending
        })
        .await;
    }
}
