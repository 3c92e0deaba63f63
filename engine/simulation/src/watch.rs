//! Hears every event of every upload and holds it against the rules, at the moment when it is told.

use std::panic::{AssertUnwindSafe, catch_unwind};

use quintet::{ErrorKind, Event, EventKind, Listener, Outcome, Progress};

use crate::cell::{Cell, Fault, Stage};
use crate::log::word;
use crate::model::Going;
use crate::scenario::{Moment, ORIGINS};
use crate::world::{Live, World, world};

/// The engine's listener.
#[derive(Debug)]
pub(crate) struct Watcher;

impl Listener for Watcher {
    fn on_event(&self, event: &Event) {
        let world = world();
        // The engine would catch it, and nobody would know.
        if catch_unwind(AssertUnwindSafe(|| world.hears(event))).is_err() {
            world.violated("simulation", || "the listener panicked".into());
        }
    }
}

impl World {
    fn hears(&self, event: &Event) {
        let now = self.now();
        let upload = (u64::from(event.id) - 1) as usize;
        self.settle();
        self.log_event(upload, event);
        if self.is_calling.get() && self.shut_at.get().is_none() {
            self.violated("order", || {
                format!("upload {upload}: told of before the call returned")
            });
        }
        let told_at = event.at.as_millis() as u64;
        if told_at > now {
            self.violated("stamps", || {
                format!("upload {upload}: stamped {told_at} ms, in future")
            });
        }
        let nth = {
            let live = &mut self.uploads.borrow_mut()[upload];
            if live.done_at.is_some() {
                self.violated("I5", || {
                    format!("upload {upload}: {:?} after its end", event.kind)
                });
            }
            live.events += 1;
            live.events - 1
        };
        match &event.kind {
            EventKind::Queued { position } => self.is_queued(upload, *position),
            EventKind::Admitted => self.is_admitted(upload),
            EventKind::Started { reused } => self.is_started(upload, *reused),
            EventKind::Resolved => self.moves(upload, Stage::Dns, Stage::Connect),
            EventKind::Connected => {
                let from = self.uploads.borrow()[upload].going.origin;
                let to = if ORIGINS[from].secure {
                    Stage::Tls
                } else {
                    Stage::Head
                };
                self.moves(upload, Stage::Connect, to);
            }
            EventKind::Secured => self.moves(upload, Stage::Tls, Stage::Head),
            EventKind::HeadSent { .. } => self.moves(upload, Stage::Head, Stage::Body),
            EventKind::Progress(progress) => self.progresses(upload, *progress),
            EventKind::BodySent { whole } => self.body_is_sent(upload, *whole),
            EventKind::Redirected { status, new_origin } => {
                self.is_redirected(upload, *status, *new_origin);
            }
            EventKind::HeadersReceived { status, .. } => self.headers_came(upload, *status),
            EventKind::Done(outcome) => self.is_done(upload, outcome),
            _ => {}
        }
        let spec = &self.scenario.uploads[upload];
        if matches!(spec.abort, Some(Moment::InEvent(event)) if event == nth) {
            self.abort(upload);
        }
    }

    fn log_event(&self, upload: usize, event: &Event) {
        let nanos = event.at.as_nanos() as u64;
        let words = match &event.kind {
            EventKind::Done(outcome) => [
                outcome.phase as u64,
                word(&outcome.result),
                outcome.bytes_sent,
            ],
            kind => [word(kind), 0, 0],
        };
        let words = [upload as u64, nanos, words[0], words[1], words[2]];
        self.note(&words, || match &event.kind {
            EventKind::Done(outcome) => format!(
                "upload {upload}: done, {} {:?} in {}, {} of {} bytes, {:?}",
                outcome.err_msg(),
                outcome.status(),
                outcome.phase,
                outcome.bytes_sent,
                outcome.bytes_total,
                outcome.result.as_ref().err().map(quintet::Error::detail),
            ),
            kind => format!("upload {upload}: {kind:?}"),
        });
    }

    fn is_queued(&self, upload: usize, position: usize) {
        let mut queue = self.queue.borrow_mut();
        if position != queue.len() || self.active.get() < self.slots_least() {
            self.violated("I2", || {
                format!(
                    "upload {upload}: queued at {position} behind {} with {} active",
                    queue.len(),
                    self.active.get()
                )
            });
        }
        queue.push_back(upload);
        drop(queue);
        self.uploads.borrow_mut()[upload].is_queued = true;
        match self.scenario.uploads[upload].fate {
            Some(cell) if cell.stage == Stage::Queued => self.perform(upload, cell),
            _ => {}
        }
    }

    /// The cap was lowered just now, and the engine may not have heard of it.
    fn slots_most(&self) -> usize {
        let (slots, before, changed_at) = self.slots.get();
        if changed_at == self.now() {
            slots.max(before)
        } else {
            slots
        }
    }

    fn slots_least(&self) -> usize {
        let (slots, before, changed_at) = self.slots.get();
        if changed_at == self.now() {
            slots.min(before)
        } else {
            slots
        }
    }

    /// The engine gives it a slot: opening the file is the first thing that it does then.
    pub(crate) fn is_given_a_slot(&self, upload: usize, is_there: bool) {
        self.settle();
        let mut queue = self.queue.borrow_mut();
        let live = &mut self.uploads.borrow_mut()[upload];
        let expected = if live.is_queued {
            queue.pop_front()
        } else {
            None
        };
        if live.is_queued && expected != Some(upload) {
            self.violated("I3", || {
                format!("upload {upload} opened before {expected:?}")
            });
        }
        if !live.is_queued && !queue.is_empty() {
            self.violated("I3", || {
                format!("upload {upload} passed the queue {queue:?}")
            });
        }
        if std::mem::replace(&mut live.has_slot, is_there) {
            self.violated("I5", || format!("upload {upload} opened twice"));
        }
        self.active.set(self.active.get() + usize::from(is_there));
        if self.active.get() > self.slots_most() {
            self.violated("I1", || {
                format!(
                    "upload {upload}: {} active, {} slots",
                    self.active.get(),
                    self.slots_most()
                )
            });
        }
    }

    fn is_admitted(&self, upload: usize) {
        let live = &mut self.uploads.borrow_mut()[upload];
        if live.admitted_at.replace(self.now()).is_some() || !live.has_slot {
            self.violated("I1", || {
                format!("upload {upload} admitted without a slot, or twice")
            });
        }
        live.stage = Stage::Dns;
    }

    fn is_started(&self, upload: usize, reused: bool) {
        if let Some(before) = self.asked.replace(Some(upload)) {
            self.violated("simulation", || {
                format!("upload {before} asked for a connection and never used it")
            });
        }
        let changed = {
            let mut files = self.files.borrow_mut();
            files[upload].rewind();
            files[upload].changed
        };
        let now = self.now();
        let mut uploads = self.uploads.borrow_mut();
        let live = &mut uploads[upload];
        let is_first = live.requests_due == 0;
        let is_hop = live.requests_due > live.requests;
        let is_stale = live.reused && live.heard_now == 0;
        if !is_first && !is_hop && !is_stale {
            self.violated("retry", || {
                format!(
                    "upload {upload}: tried again after {} bytes of an answer",
                    live.heard_now
                )
            });
        }
        live.requests_due = live.requests + 1;
        (live.reused, live.started_at) = (reused, now);
        live.stage = if reused { Stage::Head } else { Stage::Dns };
        live.heard_now = 0;
        live.answer = None;
        live.may_be_partial = false;
        live.window = None;
        live.is_whole_told = false;
        // What befell an earlier request of it is forgotten, but for its file.
        match changed {
            true => {
                let error = match live.performed.first().map(|cell| cell.fault) {
                    Some(Fault::ReadError) => ErrorKind::FileUnreadable,
                    _ => ErrorKind::FileChanged,
                };
                live.expected = vec![Some(error)];
            }
            false if self.scenario.uploads[upload].mistake.is_none() => {
                live.expected = vec![None];
                live.performed.retain(|cell| cell.stage == Stage::Queued);
            }
            false => {}
        }
    }

    fn moves(&self, upload: usize, from: Stage, to: Stage) {
        let live = &mut self.uploads.borrow_mut()[upload];
        if live.stage != from {
            self.violated("order", || {
                format!(
                    "upload {upload}: reached {to:?} from {:?}, not {from:?}",
                    live.stage
                )
            });
        }
        live.stage = to;
    }

    fn progresses(&self, upload: usize, progress: Progress) {
        let Progress {
            sent, total, acked, ..
        } = progress;
        let now = self.now();
        let interval = self.scenario.settings.progress_interval.as_millis() as u64;
        let live = &mut self.uploads.borrow_mut()[upload];
        let (before, before_at) = live.progress.unwrap_or((0, 0));
        if sent <= before || sent > total || acked.is_some_and(|acked| acked > sent) {
            self.violated("I7", || {
                format!("upload {upload}: {sent} of {total}, {acked:?} acked, after {before}")
            });
        }
        // The last word on a request is not bound to the interval.
        let is_last = sent == live.body_taken && sent == total || live.answer.is_some();
        if live.progress.is_some() && now < before_at + interval && !is_last {
            self.violated("I7", || {
                format!("upload {upload}: told again after {} ms", now - before_at)
            });
        }
        live.hundreds += u32::from(sent == total);
        if live.hundreds > 1 {
            self.violated("I7", || format!("upload {upload}: 100 percent told twice"));
        }
        if sent != live.body_taken || total != live.body_len {
            self.violated("I8", || {
                format!(
                    "upload {upload}: {sent} of {total} told, {} of {} taken",
                    live.body_taken, live.body_len
                )
            });
        }
        live.progress = Some((sent, now));
    }

    fn body_is_sent(&self, upload: usize, whole: bool) {
        let live = &mut self.uploads.borrow_mut()[upload];
        if whole != live.request_whole && live.going.with_body {
            self.violated("I8", || {
                format!("upload {upload}: the body is told to be sent, whole: {whole}")
            });
        }
        let told = live.progress.map_or(0, |(sent, _)| sent);
        if live.going.with_body && told < live.body_taken {
            self.violated("I7", || {
                format!(
                    "upload {upload}: the last progress, {}, was not told",
                    live.body_taken
                )
            });
        }
        live.stage = match (live.heard_now, &live.answer) {
            (0, _) => Stage::Waiting,
            (heard, Some(answer)) if heard >= answer.head_len as u64 => Stage::ResponseBody,
            _ => Stage::ResponseHead,
        };
    }

    fn is_redirected(&self, upload: usize, status: u16, new_origin: bool) {
        let live = &mut self.uploads.borrow_mut()[upload];
        let Some((expected, going, expected_new)) = live.next.take() else {
            return self.violated("redirect", || {
                format!("upload {upload}: led elsewhere by {status}")
            });
        };
        if (status, new_origin) != (expected, expected_new) {
            self.violated("redirect", || {
                format!(
                    "upload {upload}: {status}, new origin {new_origin}: not as the model has it"
                )
            });
        }
        let Going { with_body, .. } = going;
        live.going = going;
        live.hop += 1;
        live.requests_due += 1;
        if !with_body {
            live.request_whole = false;
        }
    }

    fn headers_came(&self, upload: usize, status: u16) {
        let live = &mut self.uploads.borrow_mut()[upload];
        let good = live
            .answer
            .as_ref()
            .is_some_and(|answer| answer.status == status);
        if !good || std::mem::replace(&mut live.headers_told, true) {
            self.violated("I11", || format!("upload {upload}: headers of {status}"));
        }
    }

    fn is_done(&self, upload: usize, outcome: &Outcome) {
        let now = self.now();
        if self.asked.get() == Some(upload) {
            self.asked.set(None);
        }
        let mut uploads = self.uploads.borrow_mut();
        if outcome
            .kind()
            .is_some_and(|kind| matches!(kind, ErrorKind::Timeout(_)))
        {
            for &waiting in self.queue.borrow().iter() {
                uploads[waiting].saw_stall = true;
            }
        }
        let live = &mut uploads[upload];
        crate::oracle::check(self, upload, live, outcome);
        if live.done_at.replace(now).is_some() {
            self.violated("I4", || format!("upload {upload}: ended twice"));
        }
        if live.has_slot {
            self.active.set(self.active.get() - 1);
        } else if live.is_queued {
            self.queue.borrow_mut().retain(|queued| *queued != upload);
        }
        self.count(live);
    }

    fn count(&self, live: &Live) {
        for cell in &live.performed {
            self.hit(*cell);
        }
        if live.saw_stall && live.expected.contains(&None) {
            self.hit(Cell::new(Stage::Queued, Fault::Stall));
        }
    }
}
