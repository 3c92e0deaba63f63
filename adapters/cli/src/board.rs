//! Where the engine's thread writes down what happens, and the main thread reads it when it has time.
//!
//! The engine must not wait for a terminal or a full pipe, so its listener only notes; all output is the main thread's.
//! Progress that was not read yet is overwritten by newer progress of the same file unless a note stands between them:
//! a reader that falls behind costs a few entries for each request, not memory without bound.

use std::collections::HashMap;
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
    Moved(usize, Moved),
    Note(usize, String),
    Ended(usize, Arc<Outcome>),
    /// Ctrl-C.
    Interrupted,
}

/// All that was written since the last reading.
#[derive(Default)]
struct Unread {
    news: Vec<News>,
    /// Where in the news the progress of a file stands, if nothing of that file came after it.
    latest: HashMap<usize, usize>,
}

impl Unread {
    fn moved(&mut self, file: usize, moved: Moved) {
        let news = News::Moved(file, moved);
        match self.latest.get(&file) {
            Some(at) => self.news[*at] = news,
            None => {
                self.latest.insert(file, self.news.len());
                self.news.push(news);
            }
        }
    }

    fn told(&mut self, file: usize, news: News) {
        self.latest.remove(&file);
        self.news.push(news);
    }
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

    /// Ctrl-C was pressed.
    pub(crate) fn interrupted(&self) {
        self.unread().news.push(News::Interrupted);
        self.written.notify_one();
    }

    /// What is new, at once if there is something, else after `longest` at the latest.
    pub(crate) fn read(&self, longest: Duration) -> Vec<News> {
        let nothing = |unread: &mut Unread| unread.news.is_empty();
        let waited = self
            .written
            .wait_timeout_while(self.unread(), longest, nothing);
        let mut unread = waited.unwrap_or_else(PoisonError::into_inner).0;
        std::mem::take(&mut *unread).news
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
            unread.moved(self.file, *moved);
        }
        if let Some(text) = (self.board.note)(event) {
            unread.told(self.file, News::Note(self.file, text));
        }
        if let EventKind::Done(outcome) = &event.kind {
            unread.told(self.file, News::Ended(self.file, outcome.clone()));
        }
        drop(unread);
        self.board.written.notify_one();
    }
}
