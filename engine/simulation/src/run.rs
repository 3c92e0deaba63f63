//! One run: the engine, started in a system whose time stands still while anything can be done.

use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use actix::System;
use quintet::{Engine, Event, Listener, UploadRequest};
use quintet_latency::Latency;

use crate::dial::{SimulatedNetwork, SimulatedPolicy};
use crate::files::SimulatedFiles;
use crate::random::Chance;
use crate::scenario::{Mistake, Moment, ORIGINS, Scenario, Spec};
use crate::surroundings::{CountingClock, SeededRandom, SeededTraces};
use crate::watch::Watcher;
use crate::world::{World, set_world, world};

/// Every upload is over by then, whatever befalls: I17.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The seed that it came from.
    pub seed: u64,
    /// Stands for everything that happened, in order.
    pub hash: u64,
    /// Rules that were broken, each with when and by whom. Empty if all is well.
    pub broken: Vec<String>,
    /// How often each [`Cell`](crate::Cell) befell an upload, by [`Cell::index`](crate::Cell::index).
    pub hits: Vec<u64>,
    /// What happened, line by line, if that was asked for.
    pub lines: Vec<String>,
}

/// Runs `uploads` uploads as `seed` has it. With `verbose`, tells what happened.
///
/// ```
/// let report = quintet_simulation::run(7, 5, false);
/// assert!(report.broken.is_empty(), "{:?}", report.broken);
/// assert_eq!(report.hash, quintet_simulation::run(7, 5, false).hash);
/// ```
pub fn run(seed: u64, uploads: usize, verbose: bool) -> Report {
    let runtime = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        runtime.expect("a runtime without I/O needs nothing of the system")
    };
    let system = System::with_tokio_rt(runtime);
    let world = system.block_on(async {
        let mut chance = Chance::new(seed);
        let scenario = Scenario::new(&mut chance, uploads);
        let world = World::new(scenario, chance, verbose);
        set_world(Some(world.clone()));
        live(&world).await;
        world
    });
    drop(system);
    world.engine.take();
    world.tasks.borrow_mut().clear();
    set_world(None);
    let log = world.log.replace(crate::log::Log::new(false));
    let (hash, lines) = log.finish();
    Report {
        seed,
        hash,
        broken: world.broken.take(),
        hits: world.hits.take(),
        lines,
    }
}

async fn live(world: &Rc<World>) {
    let random = world.chance.borrow_mut().fork();
    let latency = world.scenario.is_measured.then(|| Arc::new(Latency::new()));
    let mut builder = Engine::builder(SimulatedNetwork)
        .settings(world.scenario.settings.clone())
        .files(SimulatedFiles)
        .clock(CountingClock::default())
        .random(SeededRandom(Mutex::new(random)))
        .traces(SeededTraces)
        .policy(SimulatedPolicy)
        .listener(Arc::new(Watcher));
    if let Some(latency) = &latency {
        builder = builder.listener(latency.clone());
    }
    let engine = builder.start_in_current_system();
    world.engine.replace(Some(engine));

    actix::spawn(change_slots());
    if let Some(at) = world.scenario.shut_down_at {
        actix::spawn(async move {
            let world = world_at(at).await;
            world.shut_down();
        });
    }
    let heard = call_all(world).await;
    if tokio::time::timeout(LONGEST, all_over(world))
        .await
        .is_err()
    {
        tell_unfinished(world);
    }
    world.settle();
    come_to_rest(world, &heard).await;
    if let Some(latency) = latency {
        // I19: an upload is in the histograms once.
        let counted = latency.snapshot();
        let counted = counted.succeeded() + counted.failed_count();
        if counted != heard.len() as u64 {
            world.violated("I19", || {
                format!("{counted} of {} uploads counted", heard.len())
            });
        }
    }
}

async fn world_at(at: u64) -> Rc<World> {
    let world = world();
    tokio::time::sleep_until(world.instant(at)).await;
    world
}

async fn change_slots() {
    for index in 0..world().scenario.slots.len() {
        let (at, slots) = world().scenario.slots[index];
        world_at(at).await.set_slots(slots);
    }
}

/// Makes every call at its time. Returns what tells whether an upload is forgotten.
async fn call_all(world: &Rc<World>) -> Vec<Weak<Heard>> {
    let mut heard = Vec::new();
    for (number, spec) in world.scenario.uploads.iter().enumerate() {
        tokio::time::sleep_until(world.instant(spec.call_at)).await;
        let listener = Arc::new(Heard);
        heard.push(Arc::downgrade(&listener));
        call(world, number, spec, listener);
        if let Some(Moment::After(millis)) = spec.abort {
            actix::spawn(async move {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                crate::world::world().abort(number);
            });
        }
    }
    heard
}

fn call(world: &Rc<World>, number: usize, spec: &Spec, listener: Arc<Heard>) {
    let url = match spec.mistake {
        Some(Mistake::Url) => "ftp://a.sim/".into(),
        _ => ORIGINS[spec.origin].url(&spec.path),
    };
    let path = match spec.mistake {
        Some(Mistake::Path) => String::new(),
        _ => format!("some/where/{}", spec.file_name),
    };
    let mut request = UploadRequest::new(url, path, &*spec.name).listener(listener);
    for (name, value) in &spec.headers {
        request = request.header(*name, value.as_str());
    }
    for (key, value) in &spec.fields {
        request = request.field(key, value);
    }
    if let Some(timeout) = spec.timeout {
        request = request.timeout(timeout);
    }
    world.calling.set(number);
    world.uploads.borrow_mut()[number].called_at = Some(world.now());
    let engine = world.engine.borrow().clone();
    let Some(engine) = engine else {
        return;
    };
    world.is_calling.set(true);
    let task = engine.upload(request);
    world.is_calling.set(false);
    let trace = world.uploads.borrow()[number].trace.clone();
    if u64::from(task.id()) != number as u64 + 1 || task.trace().as_str() != trace {
        world.violated("h", || {
            format!(
                "upload {number} has the id {} and {}",
                task.id(),
                task.trace()
            )
        });
    }
    world.tasks.borrow_mut()[number] = Some(task);
}

/// A listener of one upload: for as long as it lives, the engine remembers the upload.
struct Heard;

impl Listener for Heard {
    fn on_event(&self, _event: &Event) {}
}

/// Every task has its outcome: by the task itself, not by its events.
async fn all_over(world: &Rc<World>) {
    for number in 0..world.scenario.uploads.len() {
        let outcome = std::future::poll_fn(|cx| match &mut world.tasks.borrow_mut()[number] {
            Some(task) => std::pin::Pin::new(task).poll(cx),
            None => std::task::Poll::Pending,
        });
        let outcome = outcome.await;
        let done = world.uploads.borrow()[number].done_at.is_some();
        if !done || outcome.trace.as_str() != world.uploads.borrow()[number].trace {
            world.violated("I4", || {
                format!("upload {number}: a task over without its event")
            });
        }
    }
}

fn tell_unfinished(world: &World) {
    for (number, live) in world.uploads.borrow().iter().enumerate() {
        if live.done_at.is_none() {
            world.violated("I17", || {
                format!("upload {number} never ends: {:?}", live.stage)
            });
        }
    }
}

/// I15: nothing of any upload is left, first while the engine runs and then after it.
async fn come_to_rest(world: &Rc<World>, heard: &[Weak<Heard>]) {
    world
        .tasks
        .borrow_mut()
        .iter_mut()
        .for_each(|task| *task = None);
    if world.shut_at.get().is_none() {
        tokio::time::sleep(world.scenario.settings.idle_timeout + Duration::from_secs(1)).await;
        is_bare(world, heard, "an idle engine");
    }
    world.shut_down();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let ended = world
        .engine
        .borrow()
        .as_ref()
        .map(|engine| engine.scheduler().connected());
    if ended != Some(false) {
        world.violated("I18", || "the engine is there after its shutdown".into());
    }
    world.engine.replace(None);
    // The pool's watcher ends with the pool.
    tokio::time::sleep(world.scenario.settings.idle_timeout + Duration::from_secs(1)).await;
    is_bare(world, heard, "an engine that was shut down");
}

fn is_bare(world: &World, heard: &[Weak<Heard>], when: &str) {
    let remembered = heard
        .iter()
        .filter(|heard| heard.strong_count() > 0)
        .count();
    for (what, left) in [
        ("connections", world.open_links.get()),
        ("files", world.open_sources.get()),
        ("dials", world.open_dials.get()),
        ("timers", world.open_timers.get()),
        ("servers", world.servers.get()),
        ("uploads", remembered),
    ] {
        if left > 0 {
            world.violated("I15", || format!("{when} holds {left} {what}"));
        }
    }
}
