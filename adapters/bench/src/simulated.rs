//! The loops in simulated time, against a server whose every answer is known: what is reported must be the truth, to the
//! last digit that a histogram keeps.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::System;
use hdrhistogram::Histogram;
use quintet::{Clock, FilePart, Settings, SystemClock, UploadRequest, UploadSource};
use quintet_transport::Connection;
use quintet_transport::memory::{Memory, MemoryConnect};

use crate::arrivals::Schedule;
use crate::begin::{Numbers, Wait, closed, open};
use crate::crew::Kit;
use crate::kept::KeptFiles;
use crate::load::{Arrivals, Load, Pace, Shard, Span};
use crate::meter::{Board, Meter};
use crate::phase::Phase;
use crate::records::Records;

/// When the server answers a request that has come at a time, the first of all at 0.
type Answers = fn(count: u64, at: Duration) -> Duration;

const SLOTS: usize = 5;

/// Runs the load with one client, and gives what was recorded.
fn run(pace: Pace, span: Span, answers: Answers) -> Records {
    let load = Load {
        clients: 1,
        slots: SLOTS,
        threads: 1,
        pace,
        span,
        shard: Shard::WHOLE,
        seed: 1,
    };
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    };
    System::with_tokio_rt(runtime).block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let schedule = Schedule::of(&load);
        let beginners = if schedule.is_some() { 1 } else { SLOTS };
        let board = Arc::new(Board::new(clock.clone(), beginners));
        let meter = Arc::new(Meter::new(board.clone()));
        let mut settings = Settings::default();
        settings.active_max = SLOTS;
        let began = Duration::from_millis(10);
        let kit = Kit {
            connect: Arc::new(server(clock.clone(), began, answers)),
            settings,
            files: KeptFiles::default(),
            clock: clock.clone(),
            requests: Arc::new(|_| {
                let file = FilePart::new("file", UploadSource::zeros(100));
                UploadRequest::form("http://test/").file(file)
            }),
        };
        let clients = [kit.client(&meter)];
        let to = load.span.measured_to().map(|to| began + to);
        board.window.set(began + load.span.measured_from(), to);
        match schedule {
            Some(schedule) => {
                open(&clients, &board, schedule, began, Virtual(clock.clone())).await;
            }
            None => {
                let numbers = Arc::new(Numbers::of(&load));
                for _ in 0..SLOTS {
                    actix::spawn(closed(clients[0].clone(), numbers.clone(), began));
                }
            }
        }
        while !board.is_over() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut records = Records::new();
        meter.take(&mut records);
        records
    })
}

struct Virtual(Arc<dyn Clock>);

impl Wait for Virtual {
    async fn until(&self, at: Duration) {
        self.0.sleep_until(at).await;
    }
}

/// Reads requests and answers when it is time, connection by connection.
fn server(
    clock: Arc<dyn Clock>,
    began: Duration,
    answers: Answers,
) -> impl quintet_transport::Connect + 'static {
    let count = Arc::new(std::sync::atomic::AtomicU64::new(0));
    MemoryConnect::new(1 << 16, move |_, mut far| {
        let (clock, count) = (clock.clone(), count.clone());
        async move {
            while read_request(&mut far).await {
                let at = clock.now() - began;
                let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                clock.sleep_until(began + answers(number, at)).await;
                let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
                let written = poll_fn(|cx| far.poll_write(cx, answer)).await;
                assert_eq!(written.unwrap(), answer.len());
            }
        }
    })
}

/// Up to the closing boundary of the form.
async fn read_request(far: &mut Memory) -> bool {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !request.ends_with(b"--\r\n") {
        match poll_fn(|cx| far.poll_read(cx, &mut piece)).await {
            Ok(read) if read > 0 => request.extend_from_slice(&piece[..read]),
            _ => return false,
        }
    }
    true
}

/// Service and response times of a queue with [`SLOTS`] slots, computed by hand: uploads due at `due`, in order.
fn queue(due: impl Iterator<Item = Duration>, answers: Answers) -> (Vec<Duration>, Vec<Duration>) {
    let free = Rc::new(RefCell::new(vec![Duration::ZERO; SLOTS]));
    let times = due.enumerate().map(|(number, due)| {
        let mut free = free.borrow_mut();
        let slot = free.iter_mut().min().expect("some slots");
        let begun = due.max(*slot);
        *slot = answers(number as u64, begun);
        (*slot - begun, *slot - due)
    });
    times.unzip()
}

/// Every percentile of the histogram is that of the truth, to its three digits.
fn same(told: &Histogram<u64>, mut truth: Vec<Duration>) {
    assert_eq!(told.len(), truth.len() as u64);
    truth.sort();
    for per_mille in 1..=1000 {
        let place = (truth.len() * per_mille).div_ceil(1000) - 1;
        let exact = u64::try_from(truth[place].as_micros()).unwrap();
        let told = told.value_at_quantile(per_mille as f64 / 1000.0);
        assert!(
            told >= exact && told - exact <= exact / 1000,
            "{per_mille} per mille: {told} told, {exact} true"
        );
    }
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// 100 uploads a second.
fn open_for(seconds: u64) -> (Pace, Span) {
    let pace = Pace::Open {
        per_second: 100.0,
        arrivals: Arrivals::Constant,
    };
    let span = Span {
        duration: Some(Duration::from_secs(seconds)),
        ..Span::default()
    };
    (pace, span)
}

fn due() -> impl Iterator<Item = Duration> {
    (0..).map(|number| millis(number * 10))
}

#[test]
fn a_fixed_service_time_is_told_as_it_is_in_both_loops() {
    let answers: Answers = |_, at| at + millis(20);
    let (pace, span) = open_for(10);
    let records = run(pace, span, answers);
    for phase in [Phase::Service, Phase::Response, Phase::Think] {
        same(records.histograms.of(phase), vec![millis(20); 1000]);
    }
    let span = Span {
        uploads: Some(777),
        ..Span::default()
    };
    let records = run(Pace::Closed, span, answers);
    for phase in [Phase::Service, Phase::Response] {
        same(records.histograms.of(phase), vec![millis(20); 777]);
    }
    assert_eq!(records.run.answered, 777);
}

#[test]
fn two_kinds_of_service_times_are_told_apart() {
    let answers: Answers = |number, at| {
        at + match number % 10 {
            0 => millis(300),
            _ => millis(7),
        }
    };
    let (pace, span) = open_for(20);
    let records = run(pace, span, answers);
    let (service, response) = queue(due().take(2000), answers);
    same(records.histograms.of(Phase::Service), service);
    same(records.histograms.of(Phase::Response), response);
}

/// The case that service time alone gets wrong: while the server stalls for two seconds, five uploads see it, and two
/// hundred that were due meanwhile wait for them.
#[test]
fn a_stall_shows_in_response_time_and_hides_in_service_time() {
    let answers: Answers = |_, at| {
        let stall = millis(10_000)..millis(12_000);
        let goes_on = if stall.contains(&at) { stall.end } else { at };
        goes_on + millis(10)
    };
    let (pace, span) = open_for(20);
    let records = run(pace, span, answers);
    let (service, response) = queue(due().take(2000), answers);
    let p99 = |phase| records.histograms.of(phase).value_at_quantile(0.99);
    assert!(p99(Phase::Service) < 10_020, "{}", p99(Phase::Service));
    assert!(p99(Phase::Response) > 1_500_000, "{}", p99(Phase::Response));
    same(records.histograms.of(Phase::Service), service);
    same(records.histograms.of(Phase::Response), response);
    // Nothing was begun late, however long those before it took.
    assert_eq!(records.histograms.of(Phase::Late).max(), 1);
}

#[test]
fn what_is_due_in_the_warm_up_is_not_measured() {
    let (pace, mut span) = open_for(10);
    (span.ramp, span.warm_up) = (millis(2_000), millis(3_000));
    let answers: Answers = |_, at| {
        // Slow for as long as nobody measures.
        at + if at < millis(4_500) {
            millis(40)
        } else {
            millis(5)
        }
    };
    let records = run(pace, span, answers);
    assert_eq!(records.measured.answered, 1000);
    // Half of the rate over the ramp, all of it over the warm-up.
    assert_eq!(records.run.answered, 100 + 300 + 1000);
    assert_eq!(records.histograms.of(Phase::Service).max(), 5_003);
    // Whatever ended in the measured time counts for the rate, and what did not does not.
    assert_eq!(records.window.answered, 1000);
}
