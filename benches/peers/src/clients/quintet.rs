//! Quintet with its default settings: every upload is asked for at once, the engine lets five go at a time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use quintet::{Engine, EngineBuilder, Event, EventKind, Listener, Settings, UploadRequest};
use quintet_latency::Latency;
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};

use crate::clients::{Client, Program, everything};
use crate::form::{FIELD, FILE};
use crate::job::Job;
use crate::work::Latencies;
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
    let tally = Arc::new(Tally::of(job.uploads));
    let latency = Arc::new(Latency::new());
    let mut builder = builder(job)?.listener(tally.clone());
    if every_event {
        builder = builder.listener(latency.clone());
    }
    let mut settings = Settings::default();
    if job.fresh {
        settings.idle_max = 0;
    }
    let engine = builder.settings(settings).start()?;
    let (url, (key, value)) = (job.url(), FIELD);
    let heard = Arc::new(AtomicU64::new(0));
    for index in 0..job.uploads {
        let mut request = UploadRequest::new(&url, job.file(index), FILE).field(key, value);
        if every_event {
            let heard = heard.clone();
            request = request.listener(Arc::new(move |_: &Event| {
                heard.fetch_add(1, Ordering::Relaxed);
            }));
        }
        engine.upload(request);
    }
    let latencies = tally.wait()?;
    if every_event {
        let at_least = 6 * job.uploads as u64;
        assert!(
            heard.load(Ordering::Relaxed) >= at_least,
            "events are missing"
        );
    }
    Ok(latencies)
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

/// Counts every event, keeps how long each upload took from its slot to its end, and wakes once all have ended.
struct Tally {
    uploads: usize,
    events: AtomicU64,
    ended: Mutex<Vec<Result<Duration>>>,
    all: Condvar,
}

impl Tally {
    fn of(uploads: usize) -> Self {
        Self {
            uploads,
            events: AtomicU64::new(0),
            ended: Mutex::new(Vec::with_capacity(uploads)),
            all: Condvar::new(),
        }
    }

    fn wait(&self) -> Result<Latencies> {
        let ended = self.ended.lock().map_err(|_| "a listener panicked")?;
        let mut ended = self
            .all
            .wait_while(ended, |ended| ended.len() < self.uploads)
            .map_err(|_| "a listener panicked")?;
        ended.drain(..).collect()
    }
}

impl Listener for Tally {
    fn on_event(&self, event: &Event) {
        self.events.fetch_add(1, Ordering::Relaxed);
        let EventKind::Done(outcome) = &event.kind else {
            return;
        };
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
        if ended.len() == self.uploads {
            self.all.notify_one();
        }
    }
}
