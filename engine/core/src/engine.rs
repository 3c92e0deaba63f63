//! The engine handle: for programs that do not run actix, and the way to the scheduler for those that do.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::Poll;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actix::{Actor, Addr, System};
use quintet_transport::Connect;

use crate::clock::{Clock, SystemClock};
use crate::destination::Destinations;
use crate::encode::{EncodeError, Encoded, encode};
use crate::event::Listener;
use crate::front::{Front, Latch};
use crate::holding::HOLDING;
use crate::ledger::{HEARING, Hearing};
use crate::media_types::{ByExtensionKept, MediaTypes};
use crate::on_demand::OnDemand;
use crate::policy::{HostPolicy, PermitAll};
use crate::preview::{Preview, preview};
use crate::pump::{CHUNKING, Chunking};
use crate::queue::Gate;
use crate::random::{Random, SystemRandom};
use crate::scheduler::{Scheduler, SetActiveMax, SetRate, SetUp, Shutdown, Submit, set_up};
use crate::source::{Files, LocalFiles};
use crate::task::Engaged;
use crate::trace::{SystemTraces, TraceSource};
use crate::{Error, Settings, UploadRequest, UploadTask};

/// How long [`Engine::shutdown`] waits: a shutdown ends every upload within this time.
const SHUTDOWN_MAX: Duration = Duration::from_secs(2);

/// Uploads files, at most [`active_max`](Settings::active_max) at a time.
///
/// A handle: clone it and send it to any thread. The engine ends when the last handle and the last task of it are
/// dropped, as by [`shutdown`](Self::shutdown), but without waiting.
///
/// ```no_run
/// use quintet::{Engine, UploadRequest};
/// # fn example(transport: impl quintet_transport::Connect + 'static) -> std::io::Result<()> {
///
/// let engine = Engine::start(transport)?;
/// let task = engine.upload(UploadRequest::new("http://localhost:8080/up", "photo.jpg", "file"));
/// match &task.wait().result {
///     Ok(response) => println!("{} {}", response.status, response.data()),
///     Err(error) => println!("{error} ({})", error.detail()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

impl Engine {
    /// Starts an engine on a thread of its own, with the default settings, over this transport.
    pub fn start(connect: impl Connect + 'static) -> io::Result<Self> {
        Self::builder(connect).start()
    }

    /// Begins to set up an engine over this transport. A file part has the media type of its extension.
    pub fn builder(connect: impl Connect + 'static) -> EngineBuilder {
        Self::builder_with_media_types(connect, ByExtensionKept::default())
    }

    /// As [`builder`](Self::builder), with the host's own media types instead of those of extensions. Here and not
    /// in the builder, so that a program that calls nothing but this is linked without the table of extensions.
    pub fn builder_with_media_types(
        connect: impl Connect + 'static,
        media_types: impl MediaTypes + 'static,
    ) -> EngineBuilder {
        EngineBuilder {
            chunking: OnDemand::default(),
            settings: Settings::default(),
            set_up: None,
            connect: Arc::new(connect),
            files: Arc::new(LocalFiles::anywhere()),
            clock: None,
            random: Arc::new(SystemRandom::default()),
            traces: Arc::new(SystemTraces::default()),
            policy: Arc::new(PermitAll),
            gate: None,
            media_types: Arc::new(media_types),
            listeners: Vec::new(),
            hearing: OnDemand::default(),
        }
    }

    /// Asks for an upload and returns at once.
    ///
    /// The call is checked on the calling thread (parameters, host policy, existence and kind of the file);
    /// what is wrong with it is the task's outcome, like every other failure.
    pub fn upload(&self, request: UploadRequest) -> UploadTask {
        let submit = Submit::new(&self.inner.front, request);
        let shared = submit.ticket.shared().clone();
        self.inner.scheduler.do_send(submit);
        UploadTask::new(shared, Engaged::By(self.inner.clone()))
    }

    /// What [`upload`](Self::upload) of this request would send, without connecting and without taking a slot.
    ///
    /// Fails as the upload would before it connects. The file is opened and its length read, on the calling thread.
    pub fn preview(&self, request: UploadRequest) -> Result<Preview, Error> {
        preview(&self.inner.front, request)
    }

    /// Writes the body that an upload of this request would send to `out`, exactly, without connecting and without taking
    /// a slot: for hosts whose platform insists on sending by itself. Returns the headers that belong to it.
    ///
    /// Fails as the upload would. The sources are read on the calling thread, which waits for them; what is written by
    /// then is no whole body, and its closing boundary is missing.
    ///
    /// ```
    /// # use quintet::{Engine, FilePart, UploadRequest, UploadSource};
    /// # fn example(engine: &Engine) -> Result<(), quintet::EncodeError> {
    /// let request = UploadRequest::form("http://localhost/up")
    ///     .file(FilePart::new("file", UploadSource::bytes("hello")).file_name("a.txt"));
    /// let mut body = Vec::new();
    /// let encoded = engine.encode_to(request, &mut body)?;
    /// assert_eq!(encoded.content_length, body.len() as u64);
    /// # Ok(())
    /// # }
    /// ```
    pub fn encode_to(
        &self,
        request: UploadRequest,
        out: &mut impl io::Write,
    ) -> Result<Encoded, EncodeError> {
        encode(&self.inner.front, request, out)
    }

    /// Changes the number of slots. Fewer stop nobody: the running ones end first.
    pub fn set_active_max(&self, active_max: usize) {
        self.inner.scheduler.do_send(SetActiveMax(active_max));
    }

    /// Changes the most bytes of bodies that all uploads together send in a second, while running; 0 for as many as
    /// their connections take. See [`Settings::rate_max`].
    pub fn set_rate_max(&self, bytes_per_second: u64) {
        let front = &self.inner.front;
        front.holding.fill(&HOLDING);
        front.rate_max.store(bytes_per_second, Ordering::Release);
        self.inner.scheduler.do_send(SetRate(None));
    }

    /// The scheduler, for programs that run actix: send it an [`UploadRequest`], or [`Shutdown`].
    pub fn scheduler(&self) -> &Addr<Scheduler> {
        &self.inner.scheduler
    }

    /// Ends every upload with [`ErrorKind::ShutDown`](crate::ErrorKind::ShutDown), then the engine, and waits for
    /// that: two seconds at most. Returns whether it has ended. Later calls fail in the same way.
    ///
    /// On the engine's own thread it only begins, and returns `false`.
    pub fn shutdown(&self) -> bool {
        let Inner {
            scheduler,
            front,
            thread,
        } = &*self.inner;
        scheduler.do_send(Shutdown);
        if front.is_own_thread() || !front.ended.wait(SHUTDOWN_MAX) {
            return false;
        }
        // Nothing panics while the lock is held, so it cannot be poisoned.
        let thread = thread
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .take();
        thread.is_none_or(|thread| thread.join().is_ok())
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("settings", &self.inner.front.settings)
            .finish_non_exhaustive()
    }
}

/// Sets up an [`Engine`]: everything that it would otherwise take from the system is an argument here.
pub struct EngineBuilder {
    chunking: OnDemand<Chunking>,
    settings: Settings,
    /// What carries out the settings that the default ones leave alone.
    set_up: Option<SetUp>,
    connect: Arc<dyn Connect>,
    files: Arc<dyn Files>,
    clock: Option<Arc<dyn Clock>>,
    random: Arc<dyn Random>,
    traces: Arc<dyn TraceSource>,
    policy: Arc<dyn HostPolicy>,
    gate: Option<Arc<dyn Gate>>,
    media_types: Arc<dyn MediaTypes>,
    listeners: Vec<Arc<dyn Listener>>,
    hearing: OnDemand<Hearing>,
}

impl EngineBuilder {
    /// Replaces the settings. A program that takes the default ones is linked without what only others can ask for: caps
    /// of hosts, a rate, the word of a server before a long body.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self.set_up = Some(set_up);
        self
    }

    /// Replaces the files that callers may name: the path resolver and sandbox. Any file of the system by default.
    pub fn files(mut self, files: impl Files + 'static) -> Self {
        self.files = Arc::new(files);
        // A host's own files may be such that only their end tells their length.
        self.chunking.fill(&CHUNKING);
        self
    }

    /// Replaces the clock.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Replaces the source of random bytes. Boundaries must not be guessable: only for tests.
    pub fn random(mut self, random: impl Random + 'static) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// Replaces the maker of traces.
    pub fn traces(mut self, traces: impl TraceSource + 'static) -> Self {
        self.traces = Arc::new(traces);
        self
    }

    /// Replaces the host policy, which permits everything by default.
    pub fn policy(mut self, policy: impl HostPolicy + 'static) -> Self {
        self.policy = Arc::new(policy);
        self
    }

    /// Sets a gate that is asked before each admission; none by default. What it parks is in no slot and no failure.
    pub fn gate(mut self, gate: impl Gate + 'static) -> Self {
        self.gate = Some(Arc::new(gate));
        self
    }

    /// Adds a listener that hears the events of every upload, before the upload's own.
    pub fn listener(mut self, listener: Arc<dyn Listener>) -> Self {
        self.hearing.fill(&HEARING);
        self.listeners.push(listener);
        self
    }

    /// Starts the engine on a thread of its own, named `quintet`. Fails if the system gives no thread or no event
    /// queue.
    pub fn start(self) -> io::Result<Engine> {
        let front = Arc::new(self.front());
        // Made here, so that a system that has no more descriptors is an error of this call.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let started: Arc<OnceLock<Addr<Scheduler>>> = Arc::default();
        let (for_thread, tell) = (front.clone(), started.clone());
        let thread = thread::Builder::new()
            .name("quintet".into())
            .spawn(move || {
                let system = System::with_tokio_rt(|| runtime);
                let scheduler = system.block_on(async { launch(for_thread.clone()) });
                // Set here alone, so it was not set before.
                let _ = tell.set(scheduler.clone());
                system.block_on(live(for_thread, scheduler));
            })?;
        let (scheduler, thread) = (started.wait().clone(), Mutex::new(Some(thread)));
        Ok(Engine {
            inner: Arc::new(Inner {
                scheduler,
                front,
                thread,
            }),
        })
    }

    /// Starts the engine in the actix system of the current thread, without a thread of its own.
    ///
    /// # Panics
    /// Outside an actix system.
    pub fn start_in_current_system(self) -> Engine {
        let front = Arc::new(self.front());
        let scheduler = launch(front.clone());
        actix::spawn(live(front.clone(), scheduler.clone()));
        Engine {
            inner: Arc::new(Inner {
                scheduler,
                front,
                thread: Mutex::new(None),
            }),
        }
    }

    fn front(self) -> Front {
        Front {
            rate_max: AtomicU64::new(self.settings.rate_max),
            holding: OnDemand::default(),
            chunking: self.chunking,
            settings: self.settings,
            set_up: self.set_up,
            connect: self.connect,
            files: self.files,
            clock: self
                .clock
                .unwrap_or_else(|| Arc::new(SystemClock::default())),
            random: self.random,
            traces: self.traces,
            destinations: Destinations::default(),
            policy: self.policy,
            gate: self.gate,
            media_types: self.media_types,
            listeners: self.listeners,
            hearing: self.hearing,
            ids: AtomicU64::new(1),
            thread: OnceLock::new(),
            abandoned: Latch::default(),
            ended: Latch::default(),
        }
    }
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

fn launch(front: Arc<Front>) -> Addr<Scheduler> {
    front.runs_here();
    Scheduler::new(front).start()
}

/// Ends when the engine has ended. Nobody has a handle or a task of it any more: then it is ended.
async fn live(front: Arc<Front>, scheduler: Addr<Scheduler>) {
    let mut ended = pin!(front.ended.wait_async());
    let mut abandoned = pin!(front.abandoned.wait_async());
    let was_abandoned = poll_fn(|cx| match ended.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(false),
        Poll::Pending => abandoned.as_mut().poll(cx).map(|()| true),
    });
    if was_abandoned.await {
        scheduler.do_send(Shutdown);
        ended.await;
    }
}

/// What handles and tasks keep alive.
pub(crate) struct Inner {
    pub(crate) scheduler: Addr<Scheduler>,
    pub(crate) front: Arc<Front>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Not by a message: the last handle may go while its thread's own variables are gone already, which sending needs.
        self.front.abandoned.set();
    }
}
