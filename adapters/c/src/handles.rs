//! The handles: numbers that stand for what the host holds. Each is given once in the life of the process, so one that is
//! over is known to be, and never another's.
//!
//! The lower half of a handle is a place, the upper half says how often that place was taken: a place that was taken as often as
//! can be said is not used again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::abi;
use crate::failure::Failure;
use crate::host::Host;
use crate::own_transport::Wakers;
use crate::request::Request;
use crate::task::Task;

/// What a handle may stand for.
pub(crate) enum Held {
    Engine(Arc<Host>),
    Request(Arc<Request>),
    Task(Arc<Task>),
    Waker(Arc<Wakers>),
}

struct Place {
    /// How often it was taken.
    turn: u32,
    held: Option<Held>,
}

struct Table {
    places: Vec<Place>,
    free: Vec<u32>,
}

static TABLE: Mutex<Table> = Mutex::new(Table {
    places: Vec::new(),
    free: Vec::new(),
});

fn table() -> MutexGuard<'static, Table> {
    // Nothing panics while the lock is held but for want of memory, and then nothing is half done.
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    fn find(&self, handle: u64) -> Option<&Held> {
        let (at, turn) = split(handle);
        let place = self.places.get(at).filter(|place| place.turn == turn)?;
        place.held.as_ref()
    }

    fn take(&mut self, handle: u64) -> Option<Held> {
        let (at, turn) = split(handle);
        let place = self.places.get_mut(at);
        let held = place.filter(|place| place.turn == turn)?.held.take()?;
        if turn < u32::MAX {
            self.free.push(at as u32);
        }
        Some(held)
    }
}

/// The place and the turn of a handle.
fn split(handle: u64) -> (usize, u32) {
    (handle as u32 as usize, (handle >> 32) as u32)
}

fn join(at: u32, turn: u32) -> u64 {
    u64::from(turn) << 32 | u64::from(at)
}

/// A new handle; never 0, for the first turn is 1.
pub(crate) fn insert(held: Held) -> Result<u64, Failure> {
    let mut table = table();
    let at = match table.free.pop() {
        Some(at) => at,
        None => {
            let at = u32::try_from(table.places.len())
                .map_err(|_| Failure::new(abi::QUINTET_SYSTEM, "there are no handles any more"))?;
            table.places.push(Place {
                turn: 0,
                held: None,
            });
            at
        }
    };
    let place = &mut table.places[at as usize];
    place.turn += 1;
    place.held = Some(held);
    Ok(join(at, place.turn))
}

/// Ends a handle of any kind; what it stood for is dropped by the caller, after the lock.
pub(crate) fn remove(handle: u64) -> Option<Held> {
    table().take(handle)
}

/// Ends the handles of an engine's tasks.
pub(crate) fn remove_tasks_of(engine: u64) -> Vec<Held> {
    let mut table = table();
    let mut its = Vec::new();
    for at in 0..table.places.len() {
        let place = &table.places[at];
        if matches!(&place.held, Some(Held::Task(task)) if task.engine == engine) {
            let handle = join(at as u32, place.turn);
            its.extend(table.take(handle));
        }
    }
    its
}

/// Writes one kind's functions.
macro_rules! kinds {
    ($($kind:ident, $of:ty, $find:ident, $take:ident, $name:literal;)*) => {$(
        #[doc = concat!("The ", $name, " of this handle.")]
        pub(crate) fn $find(handle: u64) -> Result<Arc<$of>, Failure> {
            match table().find(handle) {
                Some(Held::$kind(found)) => Ok(found.clone()),
                _ => Err(stale($name, handle)),
            }
        }

        #[doc = concat!("Ends the handle, and gives its ", $name, ".")]
        pub(crate) fn $take(handle: u64) -> Result<Arc<$of>, Failure> {
            let mut table = table();
            match table.find(handle) {
                Some(Held::$kind(found)) => {
                    let found = found.clone();
                    table.take(handle);
                    Ok(found)
                }
                _ => Err(stale($name, handle)),
            }
        }
    )*};
}

kinds! {
    Engine, Host, engine, take_engine, "engine";
    Request, Request, request, take_request, "request";
    Task, Task, task, take_task, "task";
}

/// The wakers of a connection; there is no need to end their handle from outside.
pub(crate) fn wakers(handle: u64) -> Result<Arc<Wakers>, Failure> {
    match table().find(handle) {
        Some(Held::Waker(found)) => Ok(found.clone()),
        _ => Err(stale("waker", handle)),
    }
}

fn stale(kind: &str, handle: u64) -> Failure {
    let says = format!("no {kind} has the handle {handle}, or none any more");
    Failure::new(abi::QUINTET_STALE, says)
}
