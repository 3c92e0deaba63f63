//! What the tests share: a transport over memory whose far ends the test gets, and a clock that jumps.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use quintet_transport::memory::{self, Memory};
use quintet_transport::{Clock, Connect, ConnectFuture, Host, Sleep, Target, Watch};

thread_local! {
    /// Far ends that nobody has taken yet, the newest last.
    pub static FARS: RefCell<Vec<Memory>> = const { RefCell::new(Vec::new()) };
}

/// Connects over memory of this capacity.
pub struct OverMemory(pub usize);

impl Connect for OverMemory {
    fn connect<'a>(&'a self, _: &'a Target, _: &'a dyn Watch) -> ConnectFuture<'a> {
        let (near, far) = memory::pair(self.0);
        FARS.with_borrow_mut(|fars| fars.push(far));
        Box::pin(async move { Ok(Box::new(near) as _) })
    }
}

pub fn target() -> Target {
    Target {
        secure: false,
        host: Host::Name("upload.test".into()),
        port: 80,
    }
}

/// Stands still until somebody waits, and then is where it is waited for.
#[derive(Clone, Default)]
pub struct JumpingClock(Arc<AtomicU64>);

impl Clock for JumpingClock {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        let nanos = self.0.clone();
        let mut waited = false;
        Box::pin(poll_fn(move |cx| {
            if std::mem::replace(&mut waited, true) {
                nanos.fetch_max(at.as_nanos() as u64, Ordering::SeqCst);
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }))
    }
}
