//! Where the engine's thread writes down what happens, and the main thread reads it when it has time.
//!
//! The engine must not wait for a terminal or a full pipe, so its listener only notes; all output is the main thread's.
//! Progress that was not read yet is overwritten by newer progress: a reader that falls behind costs one entry for
//! each file, and a few notes for each request.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quintet::{Event, EventKind, Listener, Outcome};

/// Makes a note of an event, or none.
pub(crate) type Note = fn(&Event) -> Option<String>;

/// The state of a file's upload that a view shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) stage: Stage,
    pub(crate) sent: u64,
    /// Length of the body, 0 until it is known.
    pub(crate) total: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    #[default]
    Asked,
    Waiting,
    Active,
    Ended,
}

/// One thing to be told, of the file of this index.
#[derive(Debug)]
pub(crate) enum News {
    Note(usize, String),
    Ended(usize, Arc<Outcome>),
    /// Ctrl-C.
    Interrupted,
}

/// All that was written since the last reading.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    pub(crate) news: Vec<News>,
    pub(crate) moved: BTreeMap<usize, Moved>,
}

pub(crate) struct Board {
    note: Note,
    unread: Mutex<Unread>,
    written: Condvar,
}

impl Board {
    pub(crate) fn new(note: Note) -> Arc<Self> {
        Arc::new(Self {
            note,
            unread: Mutex::default(),
            written: Condvar::new(),
        })
    }

    /// A listener for the upload of one file.
    pub(crate) fn listener(self: &Arc<Self>, file: usize) -> Arc<dyn Listener> {
        Arc::new(Scribe {
            board: self.clone(),
            file,
            moved: Mutex::default(),
        })
    }

    /// Adds a piece of news from elsewhere.
    pub(crate) fn tell(&self, news: News) {
        self.unread().news.push(news);
        self.written.notify_one();
    }

    /// What is new, at once if there is something, else after `longest` at the latest.
    pub(crate) fn read(&self, longest: Duration) -> Unread {
        let nothing = |unread: &mut Unread| unread.news.is_empty() && unread.moved.is_empty();
        let waited = self
            .written
            .wait_timeout_while(self.unread(), longest, nothing);
        let mut unread = waited.unwrap_or_else(PoisonError::into_inner).0;
        std::mem::take(&mut *unread)
    }

    fn unread(&self) -> MutexGuard<'_, Unread> {
        // Nothing panics while the lock is held, so it cannot be poisoned.
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes down the events of one upload.
struct Scribe {
    board: Arc<Board>,
    file: usize,
    moved: Mutex<Moved>,
}

impl Listener for Scribe {
    fn on_event(&self, event: &Event) {
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *moved;
        match &event.kind {
            EventKind::Queued { .. } => moved.stage = Stage::Waiting,
            EventKind::Admitted => moved.stage = Stage::Active,
            EventKind::Progress(progress) => {
                (moved.sent, moved.total) = (progress.sent, progress.total);
            }
            EventKind::Done(_) => moved.stage = Stage::Ended,
            _ => {}
        }
        let mut unread = self.board.unread();
        if *moved != before {
            unread.moved.insert(self.file, *moved);
        }
        if let Some(text) = (self.board.note)(event) {
            unread.news.push(News::Note(self.file, text));
        }
        if let EventKind::Done(outcome) = &event.kind {
            unread.news.push(News::Ended(self.file, outcome.clone()));
        }
        drop(unread);
        self.board.written.notify_one();
    }
}
