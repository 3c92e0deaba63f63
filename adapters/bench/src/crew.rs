//! The threads that clients live in: some engines in each, every one in its thread's own system.

use std::future::Future;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actix::System;
use quintet::{Clock, Engine, Settings};
use quintet_transport::Connect;
use tokio::sync::watch;

use crate::begin::{Client, Requests};
use crate::cpu;
use crate::kept::KeptFiles;
use crate::meter::Meter;

/// How often a thread tells of its CPU time.
const SAMPLE: Duration = Duration::from_millis(250);

/// What every client is made with.
#[derive(Clone)]
pub(crate) struct Kit {
    pub(crate) connect: Arc<dyn Connect>,
    pub(crate) settings: Settings,
    pub(crate) files: KeptFiles,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) requests: Arc<dyn Requests>,
}

impl Kit {
    /// In the system of the current thread.
    fn engine(&self) -> Engine {
        Engine::builder(self.connect.clone())
            .settings(self.settings.clone())
            .files(self.files.clone())
            .clock(self.clock.clone())
            .start_in_current_system()
    }

    /// One client in the system of the current thread.
    pub(crate) fn client(&self, meter: &Arc<Meter>) -> Client {
        Client {
            engine: self.engine(),
            meter: meter.clone(),
            requests: self.requests.clone(),
        }
    }
}

/// The clients at work.
pub(crate) struct Crew {
    pub(crate) clients: Vec<Client>,
    threads: Vec<JoinHandle<()>>,
    /// CPU time of each thread, in nanoseconds.
    busy: Arc<[AtomicU64]>,
    systems: Vec<System>,
    over: watch::Sender<bool>,
}

impl Crew {
    /// Starts `clients` engines in `threads` threads; thread `n` counts in the meter at `n` modulo their number.
    pub(crate) fn start(
        clients: usize,
        threads: usize,
        kit: &Kit,
        meters: &[Arc<Meter>],
    ) -> io::Result<Self> {
        let threads = threads.min(clients);
        let (over, watched) = watch::channel(false);
        let mut crew = Self {
            clients: Vec::with_capacity(clients),
            threads: Vec::with_capacity(threads),
            busy: (0..threads).map(|_| AtomicU64::new(0)).collect(),
            systems: Vec::with_capacity(threads),
            over,
        };
        for place in 0..threads {
            let share = share(clients, threads, place);
            let (kit, meter) = (kit.clone(), meters[place % meters.len()].clone());
            let (busy, over) = (crew.busy.clone(), watched.clone());
            // Made here, so that a system that has no more descriptors is an error of this call.
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let (tell, told) = mpsc::channel();
            let thread = thread::Builder::new()
                .name("quintet-bench".into())
                .spawn(move || {
                    let system = System::with_tokio_rt(|| runtime);
                    system.block_on(async {
                        let clients = share.map(|_| kit.client(&meter)).collect();
                        // Whoever started us waits for it.
                        let _ = tell.send((clients, System::current()));
                        live(&busy[place], over).await;
                    });
                })?;
            crew.threads.push(thread);
            let (clients, system): (Vec<Client>, System) = told
                .recv()
                .map_err(|_| io::Error::other("a client's thread has ended at its start"))?;
            crew.systems.push(system);
            crew.clients.extend(clients);
        }
        Ok(crew)
    }

    /// Runs a task in the thread of this client.
    pub(crate) fn spawn<F>(&self, client: usize, task: impl FnOnce(Client) -> F + Send + 'static)
    where
        F: Future<Output = ()> + 'static,
    {
        let (count, threads) = (self.clients.len(), self.systems.len());
        let lives = (0..threads).find(|&place| share(count, threads, place).contains(&client));
        let own = self.clients[client].clone();
        if let Some(place) = lives {
            let arbiter = self.systems[place].arbiter();
            arbiter.spawn_fn(move || {
                actix::spawn(task(own));
            });
        }
    }

    /// CPU time of each thread so far; what it has used in the last quarter of a second may be missing.
    pub(crate) fn busy(&self) -> Vec<Duration> {
        let nanos = self.busy.iter().map(|nanos| nanos.load(Ordering::Relaxed));
        nanos.map(Duration::from_nanos).collect()
    }

    /// Ends every upload that is under way, then the engines and their threads.
    pub(crate) fn end(self) {
        for client in &self.clients {
            client.engine.shutdown();
        }
        drop(self.clients);
        self.over.send_replace(true);
        for thread in self.threads {
            // An error is a panic of that thread, which has been printed there.
            let _ = thread.join();
        }
    }
}

/// The clients of one thread.
fn share(clients: usize, threads: usize, place: usize) -> Range<usize> {
    place * clients / threads..(place + 1) * clients / threads
}

/// Tells of the thread's CPU time until it is over.
async fn live(busy: &AtomicU64, mut over: watch::Receiver<bool>) {
    loop {
        let nanos = u64::try_from(cpu::thread().as_nanos()).unwrap_or(u64::MAX);
        busy.store(nanos, Ordering::Relaxed);
        let ended = over.wait_for(|over| *over);
        if tokio::time::timeout(SAMPLE, ended).await.is_ok() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_lives_in_one_thread() {
        for (clients, threads) in [(1, 1), (5, 2), (200, 7), (8, 8)] {
            let all: Vec<usize> = (0..threads)
                .flat_map(|place| share(clients, threads, place))
                .collect();
            assert_eq!(all, (0..clients).collect::<Vec<_>>());
        }
    }
}
