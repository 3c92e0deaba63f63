//! Beginning uploads: in closed loops by the clients themselves, in an open loop by one who looks at nothing but the
//! schedule.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quintet::{Engine, UploadRequest, UploadTask};

use crate::arrivals::Schedule;
use crate::load::{Load, Shard};
use crate::meter::{Board, Meter};

/// Makes the request of each upload, by its number among all uploads of all shards: the same number makes the same
/// request.
pub trait Requests: Send + Sync {
    /// The request of this number.
    fn request(&self, number: u64) -> UploadRequest;
}

impl<F: Fn(u64) -> UploadRequest + Send + Sync> Requests for F {
    fn request(&self, number: u64) -> UploadRequest {
        self(number)
    }
}

/// One client shell: its engine, and where it counts.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) engine: Engine,
    pub(crate) meter: Arc<Meter>,
    pub(crate) requests: Arc<dyn Requests>,
}

impl Client {
    /// Begins the upload of this number, which was due at `intended`.
    fn begin(&self, number: u64, intended: Duration) -> UploadTask {
        let request = self.requests.request(number);
        self.engine
            .upload(request.listener(self.meter.begins(intended)))
    }
}

/// The numbers of the uploads of closed loops: each is given once.
pub(crate) struct Numbers {
    given: AtomicU64,
    share: u64,
    shard: Shard,
}

impl Numbers {
    pub(crate) fn of(load: &Load) -> Self {
        let Load { shard, span, .. } = load;
        Self {
            given: AtomicU64::new(0),
            share: span.uploads.map_or(u64::MAX, |all| shard.share(all)),
            shard: *shard,
        }
    }

    /// The next, and whether it is the last.
    fn next(&self) -> Option<(u64, bool)> {
        let place = self.given.fetch_add(1, Ordering::Relaxed);
        (place < self.share).then(|| (self.shard.number(place), place + 1 == self.share))
    }
}

/// One slot of a closed loop, from `from` on: an upload after the other.
pub(crate) async fn closed(client: Client, numbers: Arc<Numbers>, from: Duration) {
    let board = client.meter.board.clone();
    board.clock.sleep_until(from).await;
    loop {
        let now = board.clock.now();
        if board.is_stopped() || board.window.to().is_some_and(|to| now >= to) {
            break;
        }
        let Some((number, is_last)) = numbers.next() else {
            break;
        };
        let task = client.begin(number, now);
        if is_last {
            board.has_begun_last();
        }
        task.await;
    }
    board.has_begun_all();
}

/// What an open loop waits by.
pub(crate) trait Wait {
    /// Ends at `at`, or when the bench is stopped.
    fn until(&self, at: Duration) -> impl Future<Output = ()>;
}

/// Blocks the thread, which has nothing else to do: a runtime's timer would be late by up to a millisecond.
pub(crate) struct Blocking(pub(crate) Arc<Board>);

impl Wait for Blocking {
    async fn until(&self, at: Duration) {
        self.0.wait_until(at, Board::is_stopped);
    }
}

/// An open loop, the schedule counted from `began` on: each upload is begun when it is due, by the clients in turn, and
/// one that is late is begun at once. Nothing that uploads do is waited for.
pub(crate) async fn open(
    clients: &[Client],
    board: &Board,
    mut schedule: Schedule,
    began: Duration,
    wait: impl Wait,
) {
    for ((number, due), client) in schedule.by_ref().zip(clients.iter().cycle()) {
        let intended = began + due;
        wait.until(intended).await;
        if board.is_stopped() {
            break;
        }
        // Not awaited: its listener has all that is needed of it.
        drop(client.begin(number, intended));
    }
    // The time in which nothing was due any more was measured too.
    if let (Some(to), false) = (board.window.to(), schedule.is_spent()) {
        wait.until(to).await;
    }
    board.has_begun_all();
}
