//! Connections that wait to be used again.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Weak;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use quintet_proto::wipe;
use quintet_transport::{Connection, Target, Via};

use crate::clock::{Alarm, Clock};
use crate::destination::Destination;
use crate::planted;

/// Size of the buffer that answers are read into: most answers in one read.
const INPUT_BYTES: usize = 8 * 1024;
/// Buffers that grew beyond this are not kept with an idle connection: of 8 connections they hold 1 MiB at most.
const OUTPUT_KEPT_BYTES_MAX: usize = 64 * 1024;

/// A connection with the buffers that belong to it: no buffer serves two connections.
pub(crate) struct Wire {
    pub(crate) connection: Box<dyn Connection>,
    /// Where a request's head is written, before it goes to the front of the output.
    pub(crate) head: Vec<u8>,
    /// Stays as long as it once was: what lies beyond the request's bytes is room.
    pub(crate) output: Vec<u8>,
    /// Up to where the output may hold what was a header's or a field's.
    pub(crate) secret_end: usize,
    pub(crate) input: Box<[u8]>,
    /// Holds the text of the plan while a request is under way, and its room in between.
    pub(crate) form: Vec<u8>,
    /// Bytes that the connection has taken, over all requests.
    pub(crate) taken: u64,
    pub(crate) peer: Option<std::net::SocketAddr>,
    /// The proxy in between, if there is one.
    pub(crate) via: Option<Via>,
    /// The connection declined a file: from then on files are read and written.
    pub(crate) declines_files: bool,
    /// Set for one request after another: an alarm that is early costs less than one that is made anew.
    pub(crate) alarm: Alarm,
    /// Whether the system tells what the peer has confirmed.
    pub(crate) tells_acked: bool,
}

impl Wire {
    /// Boxed, because it moves between its upload and the pool.
    pub(crate) fn boxed(connection: Box<dyn Connection>) -> Box<Self> {
        let info = connection.info();
        let input = vec![0; INPUT_BYTES].into_boxed_slice();
        Box::new(Self {
            connection,
            head: Vec::new(),
            output: Vec::new(),
            secret_end: 0,
            form: Vec::new(),
            input,
            taken: 0,
            peer: info.peer,
            via: info.via,
            declines_files: false,
            alarm: Alarm::new(),
            tells_acked: info.acked.is_some(),
        })
    }

    /// Whether nothing came since the last answer. Anything that did is not ours to read: bytes would be
    /// taken for the answer to the next request, and an end or error means that it is over.
    fn is_quiet(&mut self, waker: &Waker) -> bool {
        self.connection
            .poll_read(&mut Context::from_waker(waker), &mut self.input)
            .is_pending()
    }

    /// Nothing of what it sent stays: headers and fields may be secrets.
    fn wipe(&mut self) {
        let secret_end = self.secret_end.min(self.output.len());
        wipe(&mut self.output[..secret_end]);
        self.secret_end = 0;
        wipe(&mut self.form);
    }

    /// Ends it in an orderly way as far as that goes without waiting; it is dropped after that.
    fn discard(&mut self) {
        let _ = self
            .connection
            .poll_close(&mut Context::from_waker(Waker::noop()));
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// Idle connections, the one used last at the end. Each is watched: an end, an error or a stray byte drops it at
/// once, and so does the idle limit.
pub(crate) struct Pool {
    idle: Vec<Idle>,
    idle_max: usize,
    idle_timeout: Duration,
    /// Wakes [`watch`]; stands in every idle connection.
    watcher: Waker,
    /// Whether [`watch`] waits for an idle limit already.
    armed: bool,
    /// The engine is over, and with it [`watch`].
    closed: bool,
}

struct Idle {
    destination: Arc<Destination>,
    wire: Box<Wire>,
    since: Duration,
}

impl Pool {
    pub(crate) fn new(idle_max: usize, idle_timeout: Duration) -> Self {
        let watcher = Waker::noop().clone();
        Self {
            idle: Vec::new(),
            idle_max,
            idle_timeout,
            watcher,
            armed: false,
            closed: false,
        }
    }

    /// The connection to `target` that was used last, if it is still good.
    pub(crate) fn take(&mut self, target: &Target, now: Duration) -> Option<Box<Wire>> {
        while let Some(at) = self
            .idle
            .iter()
            .rposition(|idle| idle.destination.target == *target)
        {
            let Idle {
                mut wire, since, ..
            } = self.idle.remove(at);
            if now.saturating_sub(since) < self.idle_timeout && wire.is_quiet(Waker::noop()) {
                return Some(wire);
            }
            wire.discard();
        }
        None
    }

    /// Keeps a connection whose last answer was complete and allows its reuse.
    pub(crate) fn put(
        &mut self,
        destination: Arc<Destination>,
        mut wire: Box<Wire>,
        now: Duration,
    ) {
        if self.closed || self.idle_max == 0 || !wire.is_quiet(&self.watcher) {
            return wire.discard();
        }
        if self.idle.len() >= self.idle_max && !planted::is("idle-without-bound") {
            self.idle.remove(0).wire.discard();
        }
        wire.wipe();
        wire.output.truncate(OUTPUT_KEPT_BYTES_MAX);
        wire.output.shrink_to(OUTPUT_KEPT_BYTES_MAX);
        wire.form.clear();
        wire.form.shrink_to(OUTPUT_KEPT_BYTES_MAX);
        self.idle.push(Idle {
            destination,
            wire,
            since: now,
        });
        if !self.armed {
            self.watcher.wake_by_ref();
        }
    }

    /// Closes them all, for good.
    pub(crate) fn close(&mut self) {
        self.idle.drain(..).for_each(|mut idle| idle.wire.discard());
        self.closed = true;
        self.watcher.wake_by_ref();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Drops what ended, broke off or stayed too long. Returns the next idle limit.
    fn sweep(&mut self, cx: &mut Context<'_>, now: Duration) -> Option<Duration> {
        if !self.watcher.will_wake(cx.waker()) {
            self.watcher = cx.waker().clone();
        }
        let (timeout, watcher) = (self.idle_timeout, &self.watcher);
        let over = |idle: &mut Idle| {
            now.saturating_sub(idle.since) >= timeout
                || !(planted::is("idle-connection-not-watched") || idle.wire.is_quiet(watcher))
        };
        self.idle
            .extract_if(.., over)
            .for_each(|mut idle| idle.wire.discard());
        let next = self.idle.first().map(|oldest| oldest.since + timeout);
        self.armed = next.is_some();
        next
    }
}

/// Watches a pool until it is closed or gone.
pub(crate) async fn watch(pool: Weak<RefCell<Pool>>, clock: Arc<dyn Clock>) {
    let mut alarm = Alarm::new();
    poll_fn(|cx| {
        let Some(pool) = Weak::upgrade(&pool) else {
            return Poll::Ready(());
        };
        loop {
            let next = pool.borrow_mut().sweep(cx, clock.now());
            match next {
                Some(at) if alarm.poll(cx, &*clock, at).is_ready() => {}
                Some(_) => return Poll::Pending,
                None if pool.borrow().is_closed() => return Poll::Ready(()),
                None => {
                    // An engine that has nothing to wait for has no timer.
                    alarm = Alarm::new();
                    return Poll::Pending;
                }
            }
        }
    })
    .await;
}
