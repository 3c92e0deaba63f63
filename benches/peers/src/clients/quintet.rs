//! Quintet with its default settings, five uploads at once: the end of one asks for the next, as a callback would.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use quintet::{Engine, EngineBuilder, Event, EventKind, Listener, Settings, UploadRequest};
use quintet_latency::Latency;
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};

use crate::clients::{Client, Program, everything};
use crate::form::{FIELD, FILE};
use crate::job::Job;
use crate::work::{AT_ONCE, Latencies};
use crate::{Result, wire};

pub(crate) const CLIENT: Client = Client {
    name: "quintet",
    what: "defaults; one listener that counts",
    packages: &["actix", "rustls", "ring"],
    fits: everything,
    program: Program::Own(|job| run(job, false)),
};

pub(crate) const EVENTS: Client = Client {
    name: "quintet-events",
    what: "and histograms, and a listener for each upload",
    program: Program::Own(|job| run(job, true)),
    ..CLIENT
};

fn run(job: &Job, every_event: bool) -> Result<Latencies> {
    let tally = Arc::new(Tally::of(job, every_event)?);
    let mut builder = builder(job)?.listener(tally.clone());
    if every_event {
        builder = builder.listener(Arc::new(Latency::new()));
    }
    let mut settings = Settings::default();
    if job.fresh {
        settings.idle_max = 0;
    }
    tally.run(builder.settings(settings).start()?)
}

fn builder(job: &Job) -> Result<EngineBuilder> {
    let tcp = TcpConnect::new();
    Ok(match job.root_pem()? {
        None => Engine::builder(tcp),
        Some(pem) => {
            let settings = TlsSettings::only_given_roots()
                .add_root_pem(&pem)?
                .provider(Arc::new(wire::provider()));
            Engine::builder(TlsConnect::new(tcp, settings)?)
        }
    })
}

/// Asks for every upload, counts every event, keeps how long each upload took from its slot to its end, and wakes once
/// all have ended.
struct Tally {
    url: Arc<str>,
    name: Arc<str>,
    files: Vec<PathBuf>,
    next: AtomicUsize,
    engine: Mutex<Option<Engine>>,
    every_event: bool,
    heard: Arc<AtomicU64>,
    events: AtomicU64,
    ended: Mutex<Vec<Result<Duration>>>,
    all: Condvar,
}

impl Tally {
    fn of(job: &Job, every_event: bool) -> Result<Self> {
        Ok(Self {
            url: job.url().as_str().into(),
            name: FILE.into(),
            files: (0..job.uploads)
                .map(|index| job.file(index).to_owned())
                .collect(),
            next: AtomicUsize::new(0),
            engine: Mutex::new(None),
            every_event,
            heard: Arc::default(),
            events: AtomicU64::new(0),
            ended: Mutex::new(Vec::with_capacity(job.uploads)),
            all: Condvar::new(),
        })
    }

    fn run(&self, engine: Engine) -> Result<Latencies> {
        *self.engine.lock().map_err(|_| "a listener panicked")? = Some(engine);
        (0..AT_ONCE).for_each(|_| self.ask());
        let ended = self.ended.lock().map_err(|_| "a listener panicked")?;
        let mut ended = self
            .all
            .wait_while(ended, |ended| ended.len() < self.files.len())
            .map_err(|_| "a listener panicked")?;
        if self.every_event {
            let at_least = 6 * self.files.len() as u64;
            assert!(
                self.heard.load(Ordering::Relaxed) >= at_least,
                "events are missing"
            );
        }
        // The engine knows this listener: without this neither would end.
        drop(
            self.engine
                .lock()
                .map_err(|_| "a listener panicked")?
                .take(),
        );
        ended.drain(..).collect()
    }

    /// Asks for the next upload, if there is one left.
    fn ask(&self) {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(file), Some(engine)) = (self.files.get(index), &*engine) else {
            return;
        };
        let (url, (key, value)) = (self.url.clone(), FIELD);
        let mut request = UploadRequest::new(url, file, self.name.clone()).field(key, value);
        if self.every_event {
            let heard = self.heard.clone();
            request = request.listener(Arc::new(move |_: &Event| {
                heard.fetch_add(1, Ordering::Relaxed);
            }));
        }
        engine.upload(request);
    }
}

impl Listener for Tally {
    fn on_event(&self, event: &Event) {
        self.events.fetch_add(1, Ordering::Relaxed);
        let EventKind::Done(outcome) = &event.kind else {
            return;
        };
        self.ask();
        let total = outcome
            .timings
            .phases()
            .find(|(phase, _)| *phase == "total");
        let result = match (outcome.status(), total) {
            (Some(200), Some((_, took))) => Ok(took),
            _ => Err(format!("{outcome:?}").into()),
        };
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.push(result);
        if ended.len() == self.files.len() {
            self.all.notify_one();
        }
    }
}
