//! The queue as a caller sees it: what waits, in which order, who goes first, and who may go at all.

mod after;
mod answer;
mod gate;
mod host;
mod labels;

use std::sync::Arc;

pub(crate) use after::{After, AfterSuccess, Arrange, arrange};
pub use answer::Answer;
use answer::Do;
pub use gate::Gate;
pub(crate) use gate::ask;
pub(crate) use host::HostPort;
pub(crate) use labels::{LABELLING, Labelled, Labelling, Labels};

use crate::scheduler::Scheduler;
use crate::{Engine, UploadId, UploadTask};

/// Everything in an engine at one moment: see [`Engine::queue`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Queue {
    /// Who waits for a slot, in order. Its length is the depth of the queue; who is paused is among them.
    pub waiting: Vec<UploadId>,
    /// Who has a slot, in the order of the calls.
    pub active: Vec<UploadId>,
    /// Who was paused and gave its slot away, in the order of the calls.
    pub parked: Vec<UploadId>,
    /// Whether the engine is suspended.
    pub suspended: bool,
    /// Whether the switch of [`Engine::set_gate`] is open. The host's own [`Gate`] is not asked.
    pub gate_open: bool,
}

/// Where an upload stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UploadState {
    /// It waits for a slot.
    Queued {
        /// How many are before it, who is paused among them.
        position: usize,
        /// Whether it is passed over.
        paused: bool,
    },
    /// It has a slot.
    Active {
        /// Whether it writes nothing for now.
        paused: bool,
    },
    /// It was paused and gave its slot away.
    Parked,
    /// It is over, or its engine is.
    #[default]
    Ended,
}

/// An upload that was found: see [`Engine::find`] and [`Engine::tagged`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Which upload.
    pub id: UploadId,
    /// The id of its caller's choice.
    pub caller_id: Option<Arc<str>>,
    /// Where it stands.
    pub state: UploadState,
}

/// The queue, and what is done to all of it. Nothing here waits: what is answered is an [`Answer`].
impl Engine {
    /// Who waits, who is active and who is parked, at one moment. O(n log n) on the engine's thread, for n uploads.
    ///
    /// ```no_run
    /// # fn example(engine: &quintet::Engine) {
    /// let queue = engine.queue().wait();
    /// println!("{} active, {} waiting", queue.active.len(), queue.waiting.len());
    /// # }
    /// ```
    pub fn queue(&self) -> Answer<Queue> {
        self.ask(|scheduler| scheduler.view())
    }

    /// The upload with this [`caller_id`](crate::UploadRequest::caller_id), if it is not over.
    pub fn find(&self, caller_id: impl Into<String>) -> Answer<Option<Status>> {
        let caller_id = caller_id.into();
        self.ask(move |scheduler| scheduler.find(&caller_id))
    }

    /// The uploads with this [`tag`](crate::UploadRequest::tag) that are not over, in the order of the calls.
    pub fn tagged(&self, tag: impl Into<String>) -> Answer<Vec<Status>> {
        let tag = tag.into();
        self.ask(move |scheduler| scheduler.tagged(&tag))
    }

    /// Aborts the uploads with this tag, as [`UploadTask::abort`] does. The answer is how many it took effect on.
    pub fn abort_tagged(&self, tag: impl Into<String>) -> Answer<usize> {
        let tag = tag.into();
        self.ask(move |scheduler| scheduler.abort_tagged(&tag))
    }

    /// Aborts every upload that was asked for so far, as [`UploadTask::abort`] does: those that wait in their order, then
    /// the others. The answer is how many it took effect on.
    pub fn abort_all(&self) -> Answer<usize> {
        self.ask(Scheduler::abort_all)
    }

    /// Pauses every upload that was asked for so far, as [`UploadTask::pause`] does. The answer is how many it took
    /// effect on.
    pub fn pause_all(&self) -> Answer<usize> {
        Answer::of(self.scheduler(), &self.inner.front, |scheduler, ctx| {
            scheduler.pause_all(true, ctx)
        })
    }

    /// Lets every paused upload go on, as [`UploadTask::resume`] does. The answer is how many it took effect on.
    pub fn resume_all(&self) -> Answer<usize> {
        Answer::of(self.scheduler(), &self.inner.front, |scheduler, ctx| {
            scheduler.pause_all(false, ctx)
        })
    }

    /// Admits nobody until [`resume`](Self::resume): calls are taken and wait. What becomes of the active ones is the setting
    /// [`suspend_active`](crate::Settings::suspend_active). The answer comes when it is so, and tells whether it was not.
    pub fn suspend(&self) -> Answer<bool> {
        self.ask(Scheduler::suspend)
    }

    /// Ends a [`suspend`](Self::suspend). Who was paused by its caller stays so. The answer tells whether there was one.
    pub fn resume(&self) -> Answer<bool> {
        Answer::of(self.scheduler(), &self.inner.front, Scheduler::resume)
    }

    /// Opens or closes admission, beside what the host's [`Gate`] says: both must permit. Open at first. While it is
    /// closed, calls are taken and wait; who is active goes on.
    pub fn set_gate(&self, open: bool) {
        self.tell(move |scheduler| scheduler.set_gate(open));
    }

    /// Has the host's [`Gate`] asked again: call it when its answer may be another.
    pub fn ask_gate(&self) {
        self.tell(|_| ());
    }

    /// Changes how many uploads of one host may be active at once; `None` ends the bound. Less stops nobody: the running
    /// ones end first. O(n) for n uploads.
    pub fn set_active_per_host_max(&self, active_max: Option<usize>) {
        self.tell(move |scheduler| scheduler.set_active_per_host_max(active_max));
    }

    fn ask<T: Default + Send + 'static>(
        &self,
        work: impl FnOnce(&mut Scheduler) -> T + Send + 'static,
    ) -> Answer<T> {
        Answer::of(self.scheduler(), &self.inner.front, |scheduler, _| {
            work(scheduler)
        })
    }

    /// Has something changed that may let uploads begin.
    fn tell(&self, work: impl FnOnce(&mut Scheduler) + Send + 'static) {
        self.scheduler().do_send(Do(Box::new(|scheduler, ctx| {
            work(scheduler);
            scheduler.admit(ctx);
        })));
    }
}

/// An upload's place in the queue.
impl UploadTask {
    /// Where it stands. O(n) on the engine's thread for one that waits, of n uploads.
    pub fn state(&self) -> Answer<UploadState> {
        let id = self.id();
        Answer::of(self.scheduler(), self.front(), move |scheduler, _| {
            scheduler.state(id)
        })
    }

    /// Changes its [`priority`](crate::UploadRequest::priority). It takes its place by its call among those of the new
    /// one; if it has a slot, nothing changes but for when it must wait for one again.
    pub fn set_priority(&self, priority: i8) {
        let id = self.id();
        self.scheduler().do_send(Do(Box::new(move |scheduler, ctx| {
            scheduler.set_priority(id, priority);
            scheduler.admit(ctx);
        })));
    }
}
