//! Ctrl-C: the first aborts every upload, the second leaves at once.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quintet::UploadTask;

use crate::board::Board;
use crate::exit::Exit;

/// What Ctrl-C acts on. The handler has a thread of its own and waits for nothing there, so that the second press is
/// heard whatever the rest of the program is stuck in.
pub(crate) struct Interrupt {
    board: Arc<Board>,
    happened: AtomicBool,
    tasks: Mutex<Vec<Arc<UploadTask>>>,
    /// A directory of our own that a hasty end must not leave behind.
    directory: Mutex<Option<PathBuf>>,
}

impl Interrupt {
    /// Takes over Ctrl-C for the rest of the program.
    pub(crate) fn install(board: &Arc<Board>) -> io::Result<Arc<Self>> {
        let interrupt = Arc::new(Self {
            board: board.clone(),
            happened: AtomicBool::new(false),
            tasks: Mutex::default(),
            directory: Mutex::default(),
        });
        let handler = interrupt.clone();
        ctrlc::set_handler(move || handler.pressed()).map_err(io::Error::other)?;
        Ok(interrupt)
    }

    /// Whether it was pressed.
    pub(crate) fn happened(&self) -> bool {
        self.happened.load(Ordering::Acquire)
    }

    /// Aborts this one too when it is pressed; at once if it was.
    pub(crate) fn covers(&self, task: UploadTask) {
        let task = Arc::new(task);
        lock(&self.tasks).push(task.clone());
        // Looked at after the push: either the handler finds the task, or we find that it was pressed.
        if self.happened() {
            task.abort();
        }
    }

    /// Removes this directory on the second press; on every other way out its owner does.
    pub(crate) fn removes(&self, directory: PathBuf) {
        *lock(&self.directory) = Some(directory);
    }

    fn pressed(&self) {
        if self.happened.swap(true, Ordering::AcqRel) {
            if let Some(directory) = lock(&self.directory).take() {
                let _ = std::fs::remove_dir_all(directory);
            }
            std::process::exit(Exit::Aborted as i32);
        }
        // From the last on: what waits must not get the slot of one that was just aborted.
        for task in lock(&self.tasks).iter().rev() {
            task.abort();
        }
        self.board.interrupted();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while one of these locks is held, so it cannot be poisoned.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
