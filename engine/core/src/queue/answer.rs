//! What the engine's thread is asked, and the answer to it.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use actix::{Addr, Handler, Message};
use tokio::sync::oneshot;

use crate::front::Front;
use crate::scheduler::Scheduler;

type SchedulerContext = actix::Context<Scheduler>;

/// What the engine's thread was asked: a future, or [`wait`](Self::wait) blocks for it.
///
/// It is as things stand after everything that the same thread asked of the engine before. It is done also where it is
/// dropped. An engine that has ended has nothing in it, and answers so.
#[must_use = "it is asked all the same, but nobody hears the answer"]
pub struct Answer<T> {
    reply: oneshot::Receiver<T>,
    front: Arc<Front>,
}

impl<T: Default + Send + 'static> Answer<T> {
    /// Has the scheduler do this.
    pub(crate) fn of(
        scheduler: &Addr<Scheduler>,
        front: &Arc<Front>,
        work: impl FnOnce(&mut Scheduler, &mut SchedulerContext) -> T + Send + 'static,
    ) -> Self {
        let (tell, reply) = oneshot::channel();
        scheduler.do_send(Do(Box::new(|scheduler, ctx| {
            // Whoever asked may not care.
            let _ = tell.send(work(scheduler, ctx));
        })));
        Self {
            reply,
            front: front.clone(),
        }
    }

    /// Blocks until it is there.
    ///
    /// # Panics
    /// On the engine's own thread, where waiting could never end.
    pub fn wait(self) -> T {
        self.front.refuse_to_block("Answer::wait");
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut answer = pin!(self);
        loop {
            match answer.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(answer) => return answer,
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl<T: Default> Future for Answer<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let reply = Pin::new(&mut self.reply).poll(cx);
        reply.map(Result::unwrap_or_default)
    }
}

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Something that is done on the engine's thread, in its turn among the messages. For what is rare: each is allocated.
pub(crate) struct Do(pub(crate) Work);

type Work = Box<dyn FnOnce(&mut Scheduler, &mut SchedulerContext) + Send>;

impl Message for Do {
    type Result = ();
}

impl Handler<Do> for Scheduler {
    type Result = ();

    fn handle(&mut self, Do(work): Do, ctx: &mut SchedulerContext) {
        work(self, ctx);
    }
}
