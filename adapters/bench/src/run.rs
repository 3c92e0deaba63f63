//! One bench from its start to its end.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use quintet::{Clock, Settings, SystemClock};
use quintet_transport::Connect;

use crate::arrivals::Schedule;
use crate::begin::{Blocking, Numbers, Requests, closed, open};
use crate::crew::{Crew, Kit};
use crate::kept::KeptFiles;
use crate::load::{Load, Pace, Shard};
use crate::meter::{Board, Meter};
use crate::phase::Phase;
use crate::records::Records;
use crate::report::{About, Report};
use crate::series::Point;
use crate::stop::Stop;
use crate::tcp::{Observed, TcpSums};
use crate::watcher::{Counted, Watcher};

/// Time between the clients' being ready and the first upload, so that the first ones are not late.
const HEAD_START: Duration = Duration::from_millis(5);

/// A load, and what it is brought with.
pub struct Bench {
    load: Load,
    connect: Arc<dyn Connect>,
    settings: Settings,
    requests: Arc<dyn Requests>,
    about: About,
    start_at: Option<SystemTime>,
}

/// One interval that is over, for whoever looks on.
#[non_exhaustive]
pub struct Tick<'a> {
    /// What happened in it.
    pub point: &'a Point,
    /// Uploads begun so far.
    pub begun: u64,
    /// When the bench began.
    pub started_at: SystemTime,
    /// Where measuring begins, from there.
    pub measured_from: Duration,
    /// Which part of the load it is of.
    pub shard: Shard,
    /// Whether the bench is over.
    pub is_last: bool,
    pub(crate) records: &'a Records,
}

impl Tick<'_> {
    /// The times in microseconds of the measured uploads that ended in it.
    pub fn histogram(&self, phase: Phase) -> &Histogram<u64> {
        self.records.histograms.of(phase)
    }
}

impl Bench {
    /// A bench of this load over this transport, which all clients share. Of the settings, the number of slots is the
    /// load's. Files that requests name by their path are read once if they have up to 64 KiB, 16 MiB of them in all, and sent
    /// from memory from then on.
    pub fn new(
        load: Load,
        connect: impl Connect + 'static,
        mut settings: Settings,
        requests: impl Requests + 'static,
    ) -> Self {
        settings.active_max = load.slots;
        Self {
            load,
            connect: Arc::new(connect),
            settings,
            requests: Arc::new(requests),
            about: About::default(),
            start_at: None,
        }
    }

    /// Begins at this time of day, with everything made ready before: so that several processes begin together, as far as
    /// their clocks agree.
    pub fn start_at(mut self, at: SystemTime) -> Self {
        self.start_at = Some(at);
        self
    }

    /// What the report says of the uploads.
    pub fn about(mut self, about: About) -> Self {
        self.about = about;
        self
    }

    /// Runs it to its end, on the calling thread and those of the clients, and calls `each` after each interval.
    ///
    /// # Errors
    /// `InvalidInput` if the load makes no sense or the time to start at has passed, else what the system says when it gives no thread or descriptor. What
    /// goes wrong with uploads is counted in the report.
    pub fn run(mut self, stop: &Stop, mut each: impl FnMut(&Tick<'_>)) -> io::Result<Report> {
        let about = std::mem::take(&mut self.about);
        Ok(Report::of(&self.count(stop, &mut each)?, about))
    }

    fn count(self, stop: &Stop, each: &mut dyn FnMut(&Tick<'_>)) -> io::Result<Counted> {
        let load = self.load;
        load.check()
            .map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
        let clients = usize::try_from(load.shard.share(load.clients as u64)).unwrap_or(usize::MAX);
        let beginners = match load.pace {
            Pace::Closed => clients * load.slots,
            Pace::Open { .. } => 1,
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let board = Arc::new(Board::new(clock.clone(), beginners));
        // One for each processor: more would only cost memory, fewer would be waited for.
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let meters: Vec<_> = (0..processors.min(load.threads))
            .map(|_| Arc::new(Meter::new(board.clone())))
            .collect();
        let sums = TcpSums::new();
        let kit = Kit {
            connect: Arc::new(Observed {
                connect: self.connect,
                sums: sums.clone(),
            }),
            settings: self.settings,
            files: KeptFiles::default(),
            clock: clock.clone(),
            requests: self.requests,
        };
        let crew = Crew::start(clients, load.threads, &kit, &meters)?;
        stop.stops(&board);

        let (began, started_at) = (clock.now() + ahead(self.start_at)?, SystemTime::now());
        let started_at = self.start_at.unwrap_or(started_at + HEAD_START);
        let from = began + load.span.measured_from();
        board
            .window
            .set(from, load.span.measured_to().map(|to| began + to));
        let watcher = Watcher::new(&load, started_at, began, &meters);
        match Schedule::of(&load) {
            None => begin_closed(&crew, &load, began),
            Some(schedule) => begin_open(&crew, schedule, began)?,
        }
        let counted = watcher.watch(&crew, each);
        crew.end();
        let mut counted = counted.end(each);
        counted.tcp = Some(sums);
        Ok(counted)
    }
}

/// How long it is until the first upload.
fn ahead(start_at: Option<SystemTime>) -> io::Result<Duration> {
    let Some(at) = start_at else {
        return Ok(HEAD_START);
    };
    at.duration_since(SystemTime::now()).map_err(|late| {
        let late = late.duration().as_secs_f64();
        let why = format!("the time to start at was {late:.1} s ago, once all was ready");
        io::Error::new(io::ErrorKind::InvalidInput, why)
    })
}

/// The slots of each client, client after client over the ramp.
fn begin_closed(crew: &Crew, load: &Load, began: Duration) {
    let numbers = Arc::new(Numbers::of(load));
    for place in 0..crew.clients.len() {
        let among_all = load.shard.number(place as u64) as f64 / load.clients as f64;
        let from = began + load.span.ramp.mul_f64(among_all);
        for _ in 0..load.slots {
            let numbers = numbers.clone();
            crew.spawn(place, move |client| closed(client, numbers, from));
        }
    }
}

/// A thread of its own, which nothing else makes late. It ends with its schedule, or when the bench is stopped.
fn begin_open(crew: &Crew, schedule: Schedule, began: Duration) -> io::Result<()> {
    let clients = crew.clients.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    thread::Builder::new()
        .name("quintet-schedule".into())
        .spawn(move || {
            // There is at least one client.
            let board = clients[0].meter.board.clone();
            let wait = Blocking(board.clone());
            runtime.block_on(open(&clients, &board, schedule, began, wait));
        })?;
    Ok(())
}
