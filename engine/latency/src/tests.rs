//! The records by themselves: counts, merging, numbers, serial forms and size.

use super::*;

/// Timings that spent so many microseconds in each phase of a new, secured connection.
fn timings(micros: [u64; 8]) -> Timings {
    let mut at = 0;
    let mut after = |index: usize| {
        at += micros[index];
        Some(Duration::from_micros(at))
    };
    let mut timings = Timings::default();
    timings.admitted = after(0);
    timings.started = timings.admitted;
    timings.resolved = after(1);
    timings.connected = after(2);
    timings.secured = after(3);
    timings.head_sent = after(4);
    timings.body_sent = after(5);
    timings.first_byte = after(6);
    timings.done = after(7);
    timings
}

fn all_of(micros: u64) -> Timings {
    timings([micros; 8])
}

fn counts(latency: &Latency) -> Vec<(&'static str, u64)> {
    let snapshot = latency.snapshot();
    let mut counts: Vec<_> = snapshot
        .phases
        .iter()
        .map(|(name, own)| (*name, own.count))
        .collect();
    counts.push((FAILED, snapshot.failed.count));
    counts
}

fn holding(totals: std::ops::RangeInclusive<u64>) -> Latency {
    let latency = Latency::new();
    for micros in totals {
        latency.records().record_success(200, &all_of(micros));
    }
    latency
}

#[test]
fn a_success_is_one_value_in_each_phase_that_it_passed() {
    let latency = Latency::new();
    latency.records().record_success(200, &all_of(10));
    let mut reused = all_of(10);
    (reused.resolved, reused.connected, reused.secured) = (None, None, None);
    latency.records().record_success(503, &reused);
    assert_eq!(
        counts(&latency),
        [
            ("queue", 2),
            ("dns", 1),
            ("connect", 1),
            ("tls", 1),
            ("head", 2),
            ("body", 2),
            ("wait", 2),
            ("response", 2),
            ("total", 2),
            ("failed", 0),
        ]
    );
    let snapshot = latency.snapshot();
    assert_eq!(snapshot.succeeded(), 2);
    assert_eq!(snapshot.statuses, BTreeMap::from([(200, 1), (503, 1)]));
}

#[test]
fn a_failure_is_kept_apart_and_has_a_time_only_if_it_had_a_slot() {
    let latency = Latency::new();
    let mut never_admitted = Timings::default();
    never_admitted.done = Some(Duration::from_secs(1));
    latency.records().record_failure("abort", &never_admitted);
    latency.records().record_failure("timeout", &all_of(10));
    assert!(counts(&latency).iter().all(|(phase, count)| match *phase {
        FAILED => *count == 1,
        _ => *count == 0,
    }));
    let snapshot = latency.snapshot();
    assert_eq!(snapshot.failed_count(), 2);
    assert_eq!(
        snapshot.failures,
        BTreeMap::from([("abort", 1), ("timeout", 1)])
    );
}

#[test]
fn percentiles_of_known_values_are_these() {
    let latency = Latency::new();
    // 1 ms, 2 ms, … 1000 ms in `body`, in an order that is not theirs.
    for step in 0..1000_u64 {
        let millis = step * 387 % 1000 + 1;
        let spent = [0, 0, 0, 0, 0, millis * 1000, 0, 0];
        latency.records().record_success(200, &timings(spent));
    }
    let body = latency.snapshot().phase("body").unwrap();
    assert_eq!(body.count, 1000);
    for (read, true_millis) in [
        (body.min, 1.0),
        (body.mean, 500.5),
        (body.p50, 500.0),
        (body.p90, 900.0),
        (body.p99, 990.0),
        (body.p999, 999.0),
        (body.max, 1000.0),
    ] {
        let off = read.as_secs_f64() * 1e3 / true_millis - 1.0;
        assert!(off.abs() <= 0.001, "{read:?} for {true_millis} ms");
    }
}

#[test]
fn values_stay_between_a_microsecond_and_an_hour() {
    let latency = Latency::new();
    latency.records().record_success(200, &all_of(0));
    let days = Duration::from_secs(100 * 86_400).as_micros() as u64;
    latency.records().record_success(200, &all_of(days));
    let wait = latency.snapshot().phase("wait").unwrap();
    assert_eq!((wait.count, wait.min), (2, Duration::from_micros(1)));
    let hour = Duration::from_micros(MICROS_MAX);
    assert!(wait.max >= hour && wait.max < hour.mul_f64(1.001));
}

#[test]
fn merging_two_equals_recording_everything_in_one() {
    let merged = holding(1..=500);
    let other = holding(501..=900);
    merged.records().record_failure("timeout", &all_of(7));
    other.records().record_failure("timeout", &all_of(8));
    other.records().record_failure("abort", &Timings::default());
    merged.merge(&other);

    let one = holding(1..=900);
    one.records().record_failure("timeout", &all_of(7));
    one.records().record_failure("timeout", &all_of(8));
    one.records().record_failure("abort", &Timings::default());
    assert_eq!(merged.snapshot(), one.snapshot());
    for phase in Timings::PHASES.into_iter().chain([FAILED]) {
        assert_eq!(merged.serialize_v2(phase), one.serialize_v2(phase));
    }
}

#[test]
fn merging_with_itself_doubles() {
    let latency = holding(1..=10);
    latency.merge(&latency);
    assert_eq!(latency.snapshot().phase("total").unwrap().count, 20);
}

#[test]
fn both_serial_forms_come_back_as_they_were() {
    let latency = holding(1..=2_000);
    for phase in Timings::PHASES {
        let plain = latency.serialize_v2(phase).unwrap();
        let deflated = latency.serialize_v2_deflate(phase).unwrap();
        assert_ne!(plain, deflated);
        for bytes in [&plain, &deflated] {
            let back = Latency::new();
            back.merge_serialized(phase, bytes).unwrap();
            assert_eq!(
                back.snapshot().phase(phase),
                latency.snapshot().phase(phase)
            );
            assert_eq!(back.serialize_v2(phase).as_ref(), Some(&plain));
        }
    }
}

#[test]
fn an_hlog_has_one_tagged_line_for_each_phase_with_values() {
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    let latency = Latency::new();
    let mut plain = all_of(2_000);
    (plain.resolved, plain.secured) = (None, None);
    latency.records().record_success(200, &plain);
    let mut log = Vec::new();
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    latency
        .write_hlog(&mut log, start, Duration::from_secs(9))
        .unwrap();
    let mut tags = Vec::new();
    for entry in IntervalLogIterator::new(&log) {
        if let LogEntry::Interval(interval) = entry.unwrap() {
            assert_eq!(interval.duration(), Duration::from_secs(9));
            tags.push(interval.tag().unwrap().as_str().to_owned());
        }
    }
    assert_eq!(
        tags,
        [
            "queue", "connect", "head", "body", "wait", "response", "total"
        ]
    );
}

#[test]
fn what_is_no_histogram_or_no_phase_is_refused() {
    let latency = holding(1..=3);
    let bytes = latency.serialize_v2("total").unwrap();
    assert!(latency.serialize_v2("lunch").is_none());
    assert_eq!(
        latency.merge_serialized("lunch", &bytes),
        Err(SerialError::NoSuchPhase)
    );
    for bad in [&b""[..], b"not a histogram", &bytes[..bytes.len() - 1]] {
        let refused = latency.merge_serialized("total", bad);
        assert!(matches!(refused, Err(SerialError::Malformed(_))), "{bad:?}");
    }
    let mut wider = Histogram::<u64>::new_with_bounds(1, u64::MAX, 3).unwrap();
    wider.record(100 * MICROS_MAX).unwrap();
    assert_eq!(
        latency.merge_serialized("total", &histogram::to_v2(&wider)),
        Err(SerialError::OutOfRange)
    );
    assert_eq!(latency.snapshot().phase("total").unwrap().count, 3);
}

#[test]
fn a_histogram_takes_what_is_stated_and_never_grows() {
    let mut histogram = histogram::empty();
    assert!(!histogram.is_auto_resize());
    assert_eq!(histogram.distinct_values() * 8, HISTOGRAM_BYTES);
    histogram.saturating_record(u64::MAX);
    assert_eq!(histogram.distinct_values() * 8, HISTOGRAM_BYTES);
}

#[test]
fn the_table_tells_phases_with_values_and_both_counts() {
    let latency = holding(1_000..=1_000);
    latency
        .records()
        .record_failure("timeout", &all_of(1_000_000));
    let expected = "\
phase      count       min      mean       p50       p90       p99     p99.9       max
queue          1   1.00 ms   1.00 ms   1.00 ms   1.00 ms   1.00 ms   1.00 ms   1.00 ms
";
    let table = latency.to_string();
    assert!(table.starts_with(expected), "{table}");
    assert!(table.contains("\nfailed         1    7.00 s"), "{table}");
    assert!(
        table.ends_with("\n1 succeeded (1 × 200), 1 failed (1 × timeout)"),
        "{table}"
    );
}
