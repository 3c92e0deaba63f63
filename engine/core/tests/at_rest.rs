//! An engine without uploads waits for nothing, and one that has ended leaves nobody behind who does.
#![forbid(unsafe_code)]

#[path = "support/simulated.rs"]
mod simulated;
mod support;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use quintet::{Clock, Engine, Settings, Sleep, SystemClock, UploadRequest};
use simulated::{Network, pass_time, simulated};
use support::OK;

const SECOND: Duration = Duration::from_secs(1);

/// The clock that stands still, and how many wait for it.
#[derive(Default)]
struct Counting {
    clock: SystemClock,
    waits: Arc<AtomicUsize>,
}

impl Counting {
    fn waits(&self) -> usize {
        self.waits.load(Ordering::SeqCst)
    }
}

impl Clock for Counting {
    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        self.waits.fetch_add(1, Ordering::SeqCst);
        Box::pin(Wait(self.clock.sleep_until(at), self.waits.clone()))
    }
}

struct Wait(Sleep, Arc<AtomicUsize>);

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An engine in the system of the test, and its clock.
fn engine(network: &Network) -> (Engine, Arc<Counting>) {
    let clock = Arc::new(Counting::default());
    let engine = network
        .builder(1000, Settings::default())
        .clock(clock.clone())
        .start_in_current_system();
    (engine, clock)
}

fn request() -> UploadRequest {
    UploadRequest::new("http://peer.test/up", "a.bin", "file")
}

/// Found by the simulation: the timer of an idle connection outlived it.
#[test]
fn an_idle_engine_has_no_timer() {
    simulated(async {
        let network = Network::new(1 << 10, |mut end, _| async move {
            end.request().await;
            end.say(OK).await;
            pass_time(5 * SECOND).await;
        });
        let (engine, clock) = engine(&network);
        assert_eq!(engine.upload(request()).await.status(), Some(200));
        pass_time(SECOND).await;
        assert!(clock.waits() > 0, "a connection is kept for its time");
        pass_time(5 * SECOND).await;
        assert_eq!(clock.waits(), 0, "the peer has closed it");
    });
}

/// Found by the simulation: who watches idle connections outlived the engine.
#[test]
fn an_ended_engine_has_no_watcher() {
    simulated(async {
        let network = Network::new(1 << 10, |_, _| async {});
        let (engine, clock) = engine(&network);
        pass_time(SECOND).await;
        engine.shutdown();
        drop(engine);
        pass_time(SECOND).await;
        assert_eq!(Arc::strong_count(&clock), 1, "nobody has it any more");
    });
}

/// The actors of its slots outlived it, in a system that goes on.
#[test]
fn an_ended_engine_has_no_actors() {
    simulated(async {
        let network = Network::new(1 << 10, |mut end, _| async move {
            end.request().await;
            end.say(OK).await;
            pass_time(SECOND).await;
        });
        let (engine, clock) = engine(&network);
        let tasks: Vec<_> = (0..7).map(|_| engine.upload(request())).collect();
        for task in tasks {
            assert_eq!(task.await.status(), Some(200));
        }
        engine.shutdown();
        drop(engine);
        pass_time(SECOND).await;
        assert_eq!(clock.waits(), 0);
        assert_eq!(Arc::strong_count(&clock), 1, "nobody has it any more");
    });
}
