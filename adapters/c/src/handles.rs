//! The handles: numbers that stand for what the host holds. Each is given once in the life of the process, so one that is
//! over is known to be, and never another's.

use std::collections::BTreeMap;
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

struct Table {
    last: u64,
    held: BTreeMap<u64, Held>,
}

static TABLE: Mutex<Table> = Mutex::new(Table {
    last: 0,
    held: BTreeMap::new(),
});

fn table() -> MutexGuard<'static, Table> {
    // Nothing panics while the lock is held but for want of memory, and then nothing is half done.
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A new handle.
pub(crate) fn insert(held: Held) -> u64 {
    let mut table = table();
    table.last += 1;
    let handle = table.last;
    table.held.insert(handle, held);
    handle
}

/// Ends a handle of any kind; what it stood for is dropped by the caller, after the lock.
pub(crate) fn remove(handle: u64) -> Option<Held> {
    table().held.remove(&handle)
}

/// Ends the handles of an engine's tasks.
pub(crate) fn remove_tasks_of(engine: u64) -> Vec<Held> {
    let mut table = table();
    let is_its = |held: &Held| matches!(held, Held::Task(task) if task.engine == engine);
    let its = table.held.iter().filter(|(_, held)| is_its(held));
    let its: Vec<u64> = its.map(|(handle, _)| *handle).collect();
    let removed = its.iter().filter_map(|handle| table.held.remove(handle));
    removed.collect()
}

/// Writes one kind's functions.
macro_rules! kinds {
    ($($kind:ident, $of:ty, $find:ident, $take:ident, $name:literal;)*) => {$(
        #[doc = concat!("The ", $name, " of this handle.")]
        pub(crate) fn $find(handle: u64) -> Result<Arc<$of>, Failure> {
            match table().held.get(&handle) {
                Some(Held::$kind(found)) => Ok(found.clone()),
                _ => Err(stale($name, handle)),
            }
        }

        #[doc = concat!("Ends the handle, and gives its ", $name, ".")]
        pub(crate) fn $take(handle: u64) -> Result<Arc<$of>, Failure> {
            let mut table = table();
            match table.held.get(&handle) {
                Some(Held::$kind(found)) => {
                    let found = found.clone();
                    table.held.remove(&handle);
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
    match table().held.get(&handle) {
        Some(Held::Waker(found)) => Ok(found.clone()),
        _ => Err(stale("waker", handle)),
    }
}

fn stale(kind: &str, handle: u64) -> Failure {
    let says = format!("no {kind} has the handle {handle}, or none any more");
    Failure::new(abi::QUINTET_STALE, says)
}
