//! The run that is under way on this thread: what every simulated part reads and tells.
//!
//! The engine wants its connections, files and listeners to be values that may cross threads; a run never leaves its
//! own. So they hold numbers, and find the world here.

use std::cell::{Cell as Held, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::rc::{Rc, Weak};
use std::time::Duration;

use quintet::{Engine, ErrorKind, UploadTask};
use tokio::time::Instant;

use crate::answer::Answer;
use crate::cell::{Cell, Fault, Stage};
use crate::files::{File, Matters};
use crate::link::Link;
use crate::log::Log;
use crate::model::{Body, Going, Head};
use crate::random::Chance;
use crate::scenario::{Mistake, ORIGINS, Scenario, Spec};

/// I16: the most of a file that an upload may have read and not yet sent, and so the most that it may hold in memory.
const READ_AHEAD_BYTES_MAX: u64 = 224 * 1024;

thread_local! {
    static WORLD: RefCell<Option<Rc<World>>> = const { RefCell::new(None) };
}

/// The world of this thread.
///
/// # Panics
/// If no run is under way.
pub(crate) fn world() -> Rc<World> {
    WORLD.with_borrow(|world| world.clone().expect("a run is under way"))
}

/// Makes this the world of this thread, or ends the one there is.
pub(crate) fn set_world(world: Option<Rc<World>>) {
    WORLD.set(world);
}

/// Everything that a run knows.
#[derive(Debug)]
pub(crate) struct World {
    origin: Instant,
    pub(crate) scenario: Scenario,
    pub(crate) chance: RefCell<Chance>,
    pub(crate) uploads: RefCell<Vec<Live>>,
    pub(crate) files: RefCell<Vec<File>>,
    pub(crate) links: RefCell<Vec<Weak<Link>>>,
    pub(crate) log: RefCell<Log>,
    pub(crate) broken: RefCell<Vec<String>>,
    pub(crate) hits: RefCell<Vec<u64>>,
    pub(crate) engine: RefCell<Option<Engine>>,
    pub(crate) tasks: RefCell<Vec<Option<UploadTask>>>,
    /// Which call is being made: its trace is asked for.
    pub(crate) calling: Held<usize>,
    /// The call has not returned yet.
    pub(crate) is_calling: Held<bool>,
    /// Who was told to have asked for a connection: the dial, or the first look at a pooled one, follows at once.
    pub(crate) asked: Held<Option<usize>>,
    pub(crate) queue: RefCell<VecDeque<usize>>,
    pub(crate) active: Held<usize>,
    /// The number of slots, and what it was before it changed, and when that was.
    pub(crate) slots: Held<(usize, usize, u64)>,
    pub(crate) last_event_at: Held<u64>,
    pub(crate) shut_at: Held<Option<u64>>,
    /// Milliseconds by which the wall clock is off.
    pub(crate) wall: Held<u64>,
    pub(crate) boundaries: RefCell<BTreeSet<String>>,
    pub(crate) agent: String,
    pub(crate) open_links: Held<usize>,
    pub(crate) open_sources: Held<usize>,
    pub(crate) open_dials: Held<usize>,
    pub(crate) open_timers: Held<usize>,
    pub(crate) servers: Held<usize>,
}

/// One upload as it goes.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) trace: String,
    pub(crate) stage: Stage,
    pub(crate) called_at: Option<u64>,
    pub(crate) is_queued: bool,
    pub(crate) has_slot: bool,
    pub(crate) admitted_at: Option<u64>,
    pub(crate) done_at: Option<u64>,
    pub(crate) started_at: u64,
    pub(crate) reused: bool,
    pub(crate) requests: u32,
    /// Requests that the model knows a reason for.
    pub(crate) requests_due: u32,
    pub(crate) hop: usize,
    pub(crate) going: Going,
    /// Where a redirect leads that the server has sent and the engine must follow.
    pub(crate) next: Option<(u16, Going, bool)>,
    pub(crate) link: Weak<Link>,
    pub(crate) body_len: u64,
    pub(crate) body_taken: u64,
    /// How much of the file is in what was taken.
    pub(crate) file_taken: u64,
    pub(crate) request_whole: bool,
    pub(crate) wire_taken: u64,
    pub(crate) heard_now: u64,
    pub(crate) heard_all: u64,
    pub(crate) answer: Option<Rc<Answer>>,
    /// What it may end with; `None` is a success.
    pub(crate) expected: Vec<Option<ErrorKind>>,
    /// In which milliseconds, for an end that a clock decides.
    pub(crate) window: Option<(u64, u64)>,
    /// A success needs no whole request.
    pub(crate) may_be_partial: bool,
    pub(crate) performed: Vec<Cell>,
    pub(crate) aborted_at: Option<u64>,
    pub(crate) shut: bool,
    pub(crate) progress: Option<(u64, u64)>,
    pub(crate) hundreds: u32,
    pub(crate) is_whole_told: bool,
    pub(crate) headers_told: bool,
    pub(crate) events: u64,
    /// It was waiting while another one stalled.
    pub(crate) saw_stall: bool,
}

impl Live {
    fn new(spec: &Spec) -> Self {
        Self {
            trace: String::new(),
            stage: Stage::Queued,
            called_at: None,
            is_queued: false,
            has_slot: false,
            admitted_at: None,
            done_at: None,
            started_at: 0,
            reused: false,
            requests: 0,
            requests_due: 0,
            hop: 0,
            going: Going {
                origin: spec.origin,
                path: spec.path.clone(),
                with_body: true,
                with_credentials: true,
            },
            next: None,
            link: Weak::new(),
            body_len: 0,
            body_taken: 0,
            file_taken: 0,
            request_whole: false,
            wire_taken: 0,
            heard_now: 0,
            heard_all: 0,
            answer: None,
            expected: vec![spec.mistake.and_then(Mistake::error)],
            window: None,
            may_be_partial: false,
            performed: Vec::new(),
            aborted_at: None,
            shut: false,
            progress: None,
            hundreds: 0,
            is_whole_told: false,
            headers_told: false,
            events: 0,
            saw_stall: false,
        }
    }

    /// The connection of its last request, if it is there and nobody else has it already.
    pub(crate) fn own_link(&self, upload: usize) -> Option<Rc<Link>> {
        let link = self.link.upgrade()?;
        let is_own = |link: &Link| {
            let state = link.state();
            state
                .request
                .as_ref()
                .is_some_and(|request| request.upload == upload)
        };
        is_own(&link).then_some(link)
    }

    /// Nothing has decided its end yet.
    pub(crate) fn is_undecided(&self) -> bool {
        self.done_at.is_none() && self.aborted_at.is_none() && !self.shut
    }
}

impl Mistake {
    fn error(self) -> Option<ErrorKind> {
        Some(match self {
            Self::Url | Self::Name | Self::Header | Self::Path => ErrorKind::InvalidParameter,
            Self::DeniedUrl | Self::BarredAddress => ErrorKind::DomainDenied,
            Self::Missing => ErrorKind::FileNotFound,
            Self::NotRegular => ErrorKind::NotRegularFile,
            Self::Unreadable => ErrorKind::FileDenied,
        })
    }
}

impl World {
    pub(crate) fn new(scenario: Scenario, chance: Chance, verbose: bool) -> Rc<Self> {
        let uploads = scenario.uploads.iter().map(Live::new).collect();
        let files = scenario.uploads.iter().map(File::new).collect();
        let tasks = scenario.uploads.iter().map(|_| None).collect();
        let slots = scenario.settings.active_max;
        Rc::new(Self {
            origin: Instant::now(),
            agent: scenario.settings.user_agent.clone(),
            scenario,
            chance: RefCell::new(chance),
            uploads: RefCell::new(uploads),
            files: RefCell::new(files),
            links: RefCell::default(),
            log: RefCell::new(Log::new(verbose)),
            broken: RefCell::default(),
            hits: RefCell::new(vec![0; Cell::COUNT]),
            engine: RefCell::default(),
            tasks: RefCell::new(tasks),
            calling: Held::new(0),
            is_calling: Held::new(false),
            asked: Held::new(None),
            queue: RefCell::default(),
            active: Held::new(0),
            slots: Held::new((slots, slots, 0)),
            last_event_at: Held::new(0),
            shut_at: Held::new(None),
            wall: Held::new(1_700_000_000_000),
            boundaries: RefCell::default(),
            open_links: Held::new(0),
            open_sources: Held::new(0),
            open_dials: Held::new(0),
            open_timers: Held::new(0),
            servers: Held::new(0),
        })
    }

    /// Virtual milliseconds since the run began.
    pub(crate) fn now(&self) -> u64 {
        self.origin.elapsed().as_millis() as u64
    }

    pub(crate) fn instant(&self, at: u64) -> Instant {
        self.origin + Duration::from_millis(at)
    }

    pub(crate) fn note(&self, words: &[u64], text: impl FnOnce() -> String) {
        self.log.borrow_mut().note(self.now(), words, text);
    }

    /// A rule is broken: the run goes on, and fails.
    pub(crate) fn violated(&self, rule: &str, text: impl FnOnce() -> String) {
        let mut broken = self.broken.borrow_mut();
        // The first ones tell; after that one fault begets another.
        if broken.len() < 20 {
            broken.push(format!("{rule} at {} ms: {}", self.now(), text()));
        }
    }

    pub(crate) fn hit(&self, cell: Cell) {
        self.hits.borrow_mut()[cell.index()] += 1;
    }

    /// From now on this is what the upload may end with, because of what befell it here.
    pub(crate) fn expect(
        &self,
        upload: usize,
        cell: Cell,
        ends: &[Option<ErrorKind>],
        window: Option<(u64, u64)>,
    ) {
        let live = &mut self.uploads.borrow_mut()[upload];
        live.expected = ends.to_vec();
        live.window = window;
        live.performed = vec![cell];
        self.note(&[9, upload as u64, cell.index() as u64], || {
            format!("upload {upload}: {cell}, so it must end with {ends:?} {window:?}")
        });
    }

    /// Does to an upload what is in the second table of the matrix. Whatever it is, the caller goes on as if nothing
    /// had been.
    pub(crate) fn perform(&self, upload: usize, cell: Cell) {
        if !self.uploads.borrow()[upload].is_undecided() {
            return;
        }
        match cell.fault {
            Fault::Abort => {
                self.abort(upload);
            }
            Fault::ShutDown => self.shut_down(),
            Fault::ClockJump => {
                let to = self.chance.borrow_mut().in_range(0..=1 << 41);
                self.wall.set(to);
                self.mark(upload, cell);
            }
            _ => self.change_file(upload, cell),
        }
    }

    /// This befell the upload, and it goes on as before.
    pub(crate) fn mark(&self, upload: usize, cell: Cell) {
        self.note(&[10, upload as u64, cell.index() as u64], || {
            format!("upload {upload}: {cell}")
        });
        self.uploads.borrow_mut()[upload].performed.push(cell);
    }

    /// Changes the file of an upload that it is being sent from.
    pub(crate) fn change_file(&self, upload: usize, cell: Cell) {
        let flavour = self.scenario.uploads[upload].flavour;
        let mut files = self.files.borrow_mut();
        let file = &mut files[upload];
        let matters = file.matters();
        let was_open = file.is_open();
        match cell.fault {
            Fault::Truncated => file.len = flavour % file.len.max(1),
            Fault::Grew if flavour & 2 == 0 => file.len += 1 + flavour % 1000,
            Fault::Grew => file.modified += 1,
            _ if was_open => file.fails_at = Some(file.len.saturating_sub(1)),
            _ => {
                let kinds = [Mistake::Missing, Mistake::NotRegular, Mistake::Unreadable];
                file.missing = Some(kinds[flavour as usize % 3]);
            }
        }
        let missing = file.missing;
        drop(files);
        if !was_open {
            let end = missing.and_then(Mistake::error);
            return self.expect(upload, cell, &[end], None);
        }
        self.files.borrow_mut()[upload].changed = true;
        let error = match cell.fault {
            Fault::ReadError => ErrorKind::FileUnreadable,
            _ => ErrorKind::FileChanged,
        };
        match (matters, cell.fault) {
            (Matters::Yes, _) => self.expect(upload, cell, &[Some(error)], None),
            (Matters::Perhaps, Fault::Truncated | Fault::Grew) => {
                self.expect(upload, cell, &[None, Some(error)], None);
            }
            _ => self.expect(upload, cell, &[None], None),
        }
    }

    /// The caller aborts. Whether it was in time.
    pub(crate) fn abort(&self, upload: usize) -> bool {
        let tasks = self.tasks.borrow();
        let Some(task) = &tasks[upload] else {
            return false;
        };
        let accepted = task.abort();
        drop(tasks);
        let now = self.now();
        self.note(&[11, upload as u64, accepted.into()], || {
            format!(
                "upload {upload}: abort, {}",
                if accepted { "in time" } else { "too late" }
            )
        });
        let mut uploads = self.uploads.borrow_mut();
        let live = &mut uploads[upload];
        // The headers are the first word of an end that is decided.
        let is_over = live.done_at.is_some() || live.headers_told;
        let in_time = !is_over && live.aborted_at.is_none();
        if accepted != in_time {
            self.violated("abort", || {
                format!("upload {upload}: abort() said {accepted}, and should say {in_time}")
            });
        }
        if accepted {
            live.aborted_at = Some(now);
            live.performed = vec![Cell::new(live.stage, Fault::Abort)];
        }
        accepted
    }

    /// The engine is shut down, if it was not before.
    pub(crate) fn shut_down(&self) {
        if self.shut_at.get().is_some() {
            return;
        }
        self.shut_at.set(Some(self.now()));
        self.note(&[12], || "the engine is shut down".into());
        for live in self.uploads.borrow_mut().iter_mut() {
            if live.called_at.is_some() && live.is_undecided() {
                live.performed = vec![Cell::new(live.stage, Fault::ShutDown)];
                live.shut = true;
            }
        }
        for link in self.links.borrow().iter().filter_map(Weak::upgrade) {
            if link.is_idle() {
                self.hit(Cell::new(Stage::Idle, Fault::ShutDown));
            }
        }
        let engine = self.engine.borrow().clone();
        if let Some(engine) = engine {
            // On the engine's own thread it only begins.
            engine.shutdown();
        }
    }

    pub(crate) fn set_slots(&self, slots: usize) {
        let now = self.now();
        self.settle();
        let (before, _, _) = self.slots.get();
        self.slots.set((slots, before, now));
        self.note(&[13, slots as u64], || format!("{slots} slots from now on"));
        if let Some(engine) = &*self.engine.borrow() {
            engine.set_active_max(slots);
        }
    }

    /// Time has moved on: what was begun before must have come to rest. I1, I2, I16.
    pub(crate) fn settle(&self) {
        let now = self.now();
        if self.last_event_at.replace(now) == now || self.shut_at.get().is_some() {
            return;
        }
        let (slots, _, _) = self.slots.get();
        let (active, queued) = (self.active.get(), self.queue.borrow().len());
        if active < slots && queued > 0 {
            self.violated("I2", || {
                format!("{active} of {slots} slots are taken while {queued} wait")
            });
        }
        let links = self.open_links.get();
        let links_max = active + self.scenario.settings.idle_max;
        if links > links_max {
            self.violated("I16", || {
                format!("{links} connections are held, and {links_max} may be")
            });
        }
        let sources = self.open_sources.get();
        if sources > active {
            self.violated("I16", || {
                format!("{sources} files are open for {active} uploads")
            });
        }
    }

    /// The engine has read the file up to here: what of it is not on its way yet lies in memory. I16.
    pub(crate) fn has_read(&self, upload: usize, file_end: u64) {
        let held = file_end.saturating_sub(self.uploads.borrow()[upload].file_taken);
        if held > READ_AHEAD_BYTES_MAX {
            self.violated("I16", || {
                format!("upload {upload}: {held} bytes of its file are held")
            });
        }
    }

    /// The first byte of a request is about to be taken.
    pub(crate) fn begins(&self, upload: usize, link: &Rc<Link>) {
        let mut uploads = self.uploads.borrow_mut();
        let live = &mut uploads[upload];
        if live.done_at.is_some() {
            self.violated("f", || format!("upload {upload}: a request after its end"));
        }
        if live.requests == live.requests_due {
            self.violated("retry", || {
                format!("upload {upload}: a request that nothing calls for")
            });
        }
        live.requests += 1;
        live.link = Rc::downgrade(link);
        if live.going.with_body {
            live.body_taken = 0;
            live.file_taken = 0;
        }
        live.request_whole = false;
        live.heard_now = 0;
        live.answer = None;
        self.note(&[14, upload as u64, link.number as u64], || {
            format!(
                "upload {upload}: request {} over link {}",
                live.requests, link.number
            )
        });
    }

    /// A request's head is known. Its body by the model, `None` if it is not as it must be.
    pub(crate) fn recognised(
        &self,
        upload: usize,
        link: &Link,
        text: &[u8],
    ) -> Option<Option<Body>> {
        let spec = &self.scenario.uploads[upload];
        let mut uploads = self.uploads.borrow_mut();
        let live = &mut uploads[upload];
        let wrong = |what: String| self.violated("I9", || format!("upload {upload}: {what}"));
        let Some(head) = Head::read(text) else {
            wrong("a head that cannot be read".into());
            return None;
        };
        if live.going.origin != link.origin {
            wrong(format!(
                "sent to {} instead of {}",
                ORIGINS[link.origin].authority(),
                ORIGINS[live.going.origin].authority()
            ));
        }
        let boundary = head.boundary();
        let body = match (live.going.with_body, boundary) {
            (false, _) => None,
            (true, None) => {
                wrong("a multipart body without a boundary".into());
                return None;
            }
            (true, Some(boundary)) => {
                if boundary.len() < 32 || !self.boundaries.borrow_mut().insert(boundary.into()) {
                    wrong(format!("boundary {boundary} is short, or was used before"));
                }
                let file_len = self.files.borrow()[upload].opened_len;
                Some(Body::new(spec, file_len, boundary))
            }
        };
        let framing = body.as_ref().zip(boundary);
        let mistake = head.mistake(spec, &live.going, &live.trace, &self.agent, framing);
        if let Some(mistake) = mistake {
            wrong(mistake);
            return None;
        }
        if let Some(body) = &body {
            live.body_len = body.len();
        }
        Some(body)
    }

    /// The transport took bytes of a request.
    pub(crate) fn took(&self, upload: usize, bytes: u64, body_taken: u64, body: Option<&Body>) {
        let mut uploads = self.uploads.borrow_mut();
        let live = &mut uploads[upload];
        if live.done_at.is_some() {
            self.violated("f", || format!("upload {upload}: bytes after its end"));
        }
        live.wire_taken += bytes;
        let Some(body) = body else {
            return;
        };
        live.body_taken = body_taken;
        live.file_taken = body_taken.saturating_sub(body.file_start());
        live.request_whole = body_taken == body.len();
        if live.stage == Stage::Body && body_taken >= body.file_end() {
            live.stage = Stage::Closing;
        }
        if body_taken > body.file_end() {
            // I10, I12: all of the file went, and it was what was promised when the engine looked last.
            let must_fail = !live.expected.contains(&None) && {
                use ErrorKind::{FileChanged, FileUnreadable};
                let of_file = [Some(FileChanged), Some(FileUnreadable)];
                live.expected.iter().all(|end| of_file.contains(end))
            };
            if must_fail {
                self.violated("I10", || {
                    format!(
                        "upload {upload}: the closing boundary was sent though the file changed"
                    )
                });
            }
        }
    }

    /// The engine read bytes; `of_answer` is how many of the answer to the current request, if there is one.
    pub(crate) fn heard(&self, upload: usize, bytes: u64, of_answer: u64) {
        let mut uploads = self.uploads.borrow_mut();
        let live = &mut uploads[upload];
        if live.done_at.is_some() {
            return;
        }
        live.heard_now += bytes;
        live.heard_all += bytes;
        if live.stage >= Stage::Waiting {
            let head_len = live
                .answer
                .as_ref()
                .map_or(u64::MAX, |answer| answer.head_len as u64);
            live.stage = match of_answer >= head_len {
                true => Stage::ResponseBody,
                false => Stage::ResponseHead,
            };
        }
    }
}
