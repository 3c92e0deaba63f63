//! Where the events of an engine's uploads come together, and go to the host: at once, or when it polls.

use std::sync::{Arc, Weak};
use std::time::Duration;

use quintet::{Event, EventKind, Listener};

use crate::callbacks::{Events, User};
use crate::failure::Failure;
use crate::handles;
use crate::json::Include;
use crate::polled::Polled;
use crate::task::Task;
use crate::telling;

/// One for each engine. Its listeners hold it, so the host's `on_drop` is called when none is left.
pub(crate) struct Hub {
    events: Events,
    with_json: bool,
    polled: Option<Polled>,
}

/// Whose events these are.
#[derive(Clone)]
pub(crate) struct Whose {
    /// The handle.
    pub(crate) task: u64,
    pub(crate) user: User,
    pub(crate) include: Include,
    /// Whether the handle is over with the upload, since nobody else has it.
    pub(crate) is_ours: bool,
    /// Weak: the task's upload has the listener that has this.
    pub(crate) held: Weak<Task>,
}

impl Hub {
    pub(crate) fn new(events: Events, with_json: bool, polled: Option<Polled>) -> Arc<Self> {
        Arc::new(Self {
            events,
            with_json,
            polled,
        })
    }

    /// Hears one upload.
    pub(crate) fn listener(self: &Arc<Self>, whose: Whose) -> Arc<dyn Listener> {
        Arc::new(Told {
            hub: self.clone(),
            whose,
        })
    }

    pub(crate) fn is_polled(&self) -> bool {
        self.polled.is_some()
    }

    /// The descriptor that is readable while events wait.
    pub(crate) fn descriptor(&self) -> Result<i32, Failure> {
        self.polled()?.descriptor()
    }

    /// Tells what waits, after waiting for it; how much.
    pub(crate) fn poll(&self, longest: Option<Duration>) -> Result<i32, Failure> {
        self.poll_unless(&|| false, longest)
    }

    /// As [`poll`](Self::poll), unless what is waited for was told by now.
    pub(crate) fn poll_unless(
        &self,
        is_told: &dyn Fn() -> bool,
        longest: Option<Duration>,
    ) -> Result<i32, Failure> {
        let tell = |whose: &Whose, at, kind: &EventKind| self.tell(whose, at, kind);
        self.polled()?.poll(longest, is_told, &tell)
    }

    /// The engine has ended: tells what still waits, unless somebody polls, who then does.
    pub(crate) fn finish(&self) {
        if let Some(polled) = &self.polled {
            polled.finish(&|whose, at, kind| self.tell(whose, at, kind));
        }
    }

    fn polled(&self) -> Result<&Polled, Failure> {
        self.polled.as_ref().ok_or_else(|| {
            Failure::invalid("the engine was made without QUINTET_POLLED: its thread tells events")
        })
    }

    fn tell(&self, whose: &Whose, at: Duration, kind: &EventKind) {
        if self.events.are_heard() {
            let json = self.with_json.then_some(whose.include);
            telling::tell(&self.events, whose, at, kind, json);
        }
        if let EventKind::Done(_) = kind {
            if whose.is_ours {
                drop(handles::remove(whose.task));
            }
            if let Some(task) = whose.held.upgrade() {
                task.was_told();
            }
        }
    }
}

struct Told {
    hub: Arc<Hub>,
    whose: Whose,
}

impl Listener for Told {
    fn on_event(&self, event: &Event) {
        if !telling::is_told(&event.kind) {
            return;
        }
        match &self.hub.polled {
            Some(polled) => {
                if polled.push(&self.whose, event) {
                    self.hub.finish();
                }
            }
            None => self.hub.tell(&self.whose, event.at, &event.kind),
        }
    }
}
