//! Whole benches against a real receiver, which counts and measures for itself.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use quintet_bench::{Arrivals, Pace, Phase, Report, Shard, Stop};
use quintet_receiver::Think;

#[test]
fn what_was_sent_is_what_was_received() {
    for pace in [Pace::Closed, open(500.0)] {
        let receiver = receiver(discarding(Think::default()));
        let report = run(load(pace, 203), &receiver, |number| number % 7 * 100_000);
        let uploads = &report.uploads;
        assert_eq!((uploads.begun, uploads.answered), (203, 203));
        assert_eq!(
            (uploads.measured_answered, uploads.measured_failed),
            (203, 0)
        );
        assert_eq!(uploads.statuses[&200], 203);
        let stats = receiver.stats();
        assert_eq!(report.bytes.sent_bytes, stats.bytes);
        assert_eq!(report.rate.sent_bytes, stats.bytes);
        assert_eq!(uploads.connections, stats.connections);
        assert!(uploads.connections <= 10);
        assert_eq!(stats.complete, 203);
        for phase in [Phase::Service, Phase::Response, Phase::Send, Phase::Think] {
            assert_eq!(report.phase(phase).unwrap().count, 203);
        }
        assert_eq!(
            report.phase(Phase::Connect).unwrap().count,
            uploads.connections
        );
        told_of_tcp(&report);
        let sums = report.series.iter().fold((0, 0, 0), |sums, interval| {
            (
                sums.0 + interval.begun,
                sums.1 + interval.answered,
                sums.2 + interval.sent_bytes,
            )
        });
        assert_eq!(sums, (203, 203, stats.bytes));
    }
}

/// Every connection was looked at; where the system tells nothing there is nothing.
fn told_of_tcp(report: &Report) {
    let Some(tcp) = &report.tcp else {
        return assert_ne!(std::env::consts::OS, "linux");
    };
    assert_eq!(tcp.connections, report.uploads.connections);
    assert!(0 < tcp.round_trip_p50_us && tcp.round_trip_p50_us <= tcp.round_trip_max_us);
}

/// The receiver's own times, from a request's head to its answer, lie within the service times of the same uploads, so that
/// no percentile of ours may be below its percentile of theirs.
#[test]
fn no_percentile_is_below_what_the_receiver_measured() {
    let took = Arc::new(Mutex::new(Vec::new()));
    let told = took.clone();
    let think = Think::Either {
        usual: Duration::from_millis(5),
        rare: Duration::from_millis(60),
        share: 0.1,
    };
    let receiver = receiver(quintet_receiver::Settings {
        on_upload: Some(Arc::new(move |received| {
            told.lock().unwrap().push(received.took);
        })),
        ..discarding(think)
    });
    let report = run(load(open(400.0), 200), &receiver, |_| 100);
    let mut took = took.lock().unwrap().clone();
    took.sort();
    let percentile = |percent: usize| took[(took.len() * percent).div_ceil(100) - 1];
    let service = report.phase(Phase::Service).unwrap();
    for (percent, told) in [
        (50, service.p50_us),
        (75, service.p75_us),
        (90, service.p90_us),
        (95, service.p95_us),
        (99, service.p99_us),
        (100, service.max_us),
    ] {
        assert!(
            u128::from(told) >= percentile(percent).as_micros(),
            "{percent}"
        );
    }
    assert!(report.phase(Phase::Response).unwrap().p50_us >= service.p50_us);
}

#[test]
fn failures_are_told_by_stage_and_are_in_no_other_time() {
    // Bound and let go, so that nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let report = run_until(load(Pace::Closed, 20), &url, |_| 1, &Stop::default());
    assert_eq!(report.uploads.measured_failed, 20);
    let errors = &report.uploads.errors;
    assert_eq!((&*errors[0].stage, errors[0].count), ("connect", 20));
    assert_eq!(report.phase(Phase::Failed).unwrap().count, 20);
    assert_eq!(report.phase(Phase::Service), None);
    let codes: Vec<_> = report.warnings.iter().map(|told| &*told.code).collect();
    assert!(
        codes.contains(&"failures") && codes.contains(&"no-sample"),
        "{codes:?}"
    );
}

#[test]
fn statuses_and_early_answers_are_told() {
    let receiver = receiver(quintet_receiver::Settings {
        status: 503,
        answer_early: Some(1000),
        ..discarding(Think::default())
    });
    let report = run(load(Pace::Closed, 10), &receiver, |_| 20_000_000);
    assert_eq!(report.uploads.statuses[&503], 10);
    assert!(report.warnings.iter().any(|told| told.code == "statuses"));
    assert!(report.uploads.stopped_early > 0);
}

/// The last upload is due, and may have ended, long before the end: what is measured is the time that was asked for.
#[test]
fn the_measured_time_of_an_open_loop_is_that_which_was_asked_for() {
    let receiver = receiver(discarding(Think::default()));
    let pace = Pace::Open {
        per_second: 4.0,
        arrivals: Arrivals::Constant,
    };
    let mut timed = load(pace, 0);
    timed.span.uploads = None;
    timed.span.duration = Some(Duration::from_secs(1));
    let report = run(timed, &receiver, |_| 10);
    assert_eq!(report.uploads.measured, 4);
    assert_eq!(report.rate.measured_s, 1.0);
}

#[test]
fn a_stop_ends_it_with_what_ran() {
    let receiver = receiver(discarding(Think::Either {
        usual: Duration::ZERO,
        rare: Duration::from_secs(3000),
        share: 0.05,
    }));
    for pace in [Pace::Closed, open(300.0)] {
        let stop = Stop::default();
        let asked = stop.clone();
        // Once something has been answered.
        let mut endless = load(pace, 0);
        endless.span.uploads = None;
        endless.span.interval = Duration::from_millis(20);
        let report = bench(endless, &receiver.url("/up"), |_| 10)
            .run(&stop, |tick| {
                if tick.begun > 100 && tick.point.active > 0 {
                    asked.stop();
                }
            })
            .unwrap();
        let uploads = &report.uploads;
        assert!(report.stopped && uploads.begun > 100);
        assert_eq!(
            uploads.begun,
            uploads.answered + uploads.failed + uploads.unfinished
        );
        assert!(uploads.unfinished > 0, "{uploads:?}");
        assert_eq!(uploads.failed, 0);
        assert!(report.warnings.iter().any(|told| told.code == "unfinished"));
    }
}

#[test]
fn what_does_not_end_is_not_waited_for_beyond_the_drain() {
    let receiver = receiver(discarding(Think::Fixed(Duration::from_secs(3000))));
    let mut short = load(Pace::Closed, 8);
    short.span.drain = Duration::from_millis(50);
    let report = run(short, &receiver, |_| 10);
    let uploads = &report.uploads;
    assert_eq!((uploads.begun, uploads.measured_unfinished), (8, 8));
    assert!(!report.stopped && report.latency.is_empty());
}

#[test]
fn a_bench_stopped_before_it_begins_ends_at_once() {
    let receiver = receiver(discarding(Think::default()));
    let stop = Stop::default();
    stop.stop();
    for pace in [Pace::Closed, open(10.0)] {
        let report = run_until(load(pace, 1_000_000), &receiver.url("/"), |_| 1, &stop);
        assert!(report.uploads.begun < 1_000_000 && report.stopped);
    }
}

#[test]
fn a_load_that_makes_no_sense_is_refused() {
    let receiver = receiver(discarding(Think::default()));
    let mut none = load(Pace::Closed, 1);
    none.clients = 0;
    let mut never = load(open(0.0), 1);
    never.seed = 1;
    let mut shard = load(Pace::Closed, 1);
    shard.shard = Shard { index: 2, of: 2 };
    for wrong in [none, never, shard] {
        let bench = bench(wrong, &receiver.url("/"), |_| 1);
        let error = bench.run(&Stop::default(), |_| {}).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
}

#[test]
fn the_json_says_everything_and_reads_back() {
    let receiver = receiver(discarding(Think::default()));
    let report = run(load(open(300.0), 50), &receiver, |_| 100);
    let json = report.to_json();
    assert_eq!(Report::from_json(&json).unwrap(), report);
    assert!(json.starts_with("{\n  \"schema\": \"quintet-bench/1\""));
    for (wrong, told) in [
        ("[]", "no `schema`"),
        (r#"{"schema":"quintet-bench/99"}"#, "quintet-bench/99"),
        (r#"{"schema":"quintet-bench/1"}"#, "missing field"),
        ("x", "expected value"),
    ] {
        let error = Report::from_json(wrong).unwrap_err();
        assert!(error.contains(told), "{error}");
    }
    let text = report.to_string();
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
    // The rates first, and both times side by side.
    assert!(place("of 300.00/s intended") < place("response"));
    assert!(place("\nresponse") < place("\nservice"));
}
