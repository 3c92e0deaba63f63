//! What is done when an upload has succeeded and its caller knows.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use actix::Addr;

use super::answer::Do;
use crate::event::{Event, EventKind, tell};
use crate::front::Front;
use crate::scheduler::Scheduler;
use crate::source::SourceState;
use crate::ticket::Shared;
use crate::{Outcome, UploadId};

/// What a caller asked for.
#[derive(Clone)]
pub(crate) enum AfterSuccess {
    Remove,
    Call(Arc<Dispose>),
}

type Dispose = dyn Fn(&Path, &Outcome) -> io::Result<()> + Send + Sync;

/// Does it, if the upload's outcome is a success.
pub(crate) type After = Box<dyn FnOnce(Arc<Shared>, Addr<Scheduler>)>;

/// [`arrange`], which only the setters name.
pub(crate) type Arrange = fn(AfterSuccess, &Path, SourceState) -> After;

/// Makes ready what is done after an upload that has begun.
pub(crate) fn arrange(what: AfterSuccess, path: &Path, sent: SourceState) -> After {
    let work = Work {
        what,
        path: path.to_owned(),
        sent,
    };
    Box::new(|shared, scheduler| {
        // What was told: an abort may have come before the end.
        let told = shared.state().outcome.clone();
        if let Some(told) = told {
            work.begin(told, shared.front.clone(), scheduler);
        }
    })
}

struct Work {
    what: AfterSuccess,
    path: PathBuf,
    sent: SourceState,
}

impl Work {
    /// On a thread of its own: removing a large file takes its time.
    fn begin(self, outcome: Arc<Outcome>, front: Arc<Front>, scheduler: Addr<Scheduler>) {
        if !outcome
            .status()
            .is_some_and(|status| (200..300).contains(&status))
        {
            return;
        }
        let id = outcome.id;
        let (for_thread, to) = (front.clone(), scheduler.clone());
        let work = move || {
            if let Err(why) = self.run(&for_thread, &outcome) {
                report(id, why, for_thread, &to);
            }
        };
        let name = "quintet-after".into();
        if let Err(why) = thread::Builder::new().name(name).spawn(work) {
            report(id, why.to_string(), front, &scheduler);
        }
    }

    fn run(&self, front: &Front, outcome: &Outcome) -> Result<(), String> {
        let said = |why: &dyn Display| why.to_string();
        match &self.what {
            AfterSuccess::Call(dispose) => {
                dispose(&self.path, outcome).map_err(|error| said(&error))
            }
            AfterSuccess::Remove => {
                let now = front.files.open(&self.path).map_err(|error| said(&error))?;
                if now.state != self.sent {
                    return Err("the file is not the one that was sent any more".into());
                }
                let removed = front.files.remove(&self.path);
                removed.map_err(|error| said(&error))
            }
        }
    }
}

/// Events are told on the engine's thread. If that has ended, nobody listens.
fn report(id: UploadId, detail: String, front: Arc<Front>, scheduler: &Addr<Scheduler>) {
    let tell_all = move || {
        let event = Event {
            id,
            at: front.clock.now(),
            kind: EventKind::AfterSuccessFailed { detail },
        };
        for listener in &front.listeners {
            tell(&**listener, &event);
        }
    };
    scheduler.do_send(Do(Box::new(|_, _| tell_all())));
}
