//! Shards of one bench, merged, are the bench: every count and every time of them, and nothing besides.

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use common::*;
use quintet::{FilePart, Settings, UploadRequest, UploadSource};
use quintet_bench::{Bench, Hlog, Pace, Phase, Report, Shard, Stop, merge_hlogs};
use quintet_receiver::{Receiver, Think};
use quintet_tcp::TcpConnect;

const OF: u64 = 3;

/// Runs one shard, and gives its report and its log; `numbers` learns which uploads it made.
fn shard(
    pace: Pace,
    receiver: &Receiver,
    index: u64,
    numbers: &Arc<Mutex<Vec<u64>>>,
) -> (Report, String) {
    let mut load = load(pace, 301);
    load.clients = 5;
    load.shard = Shard { index, of: OF };
    let (url, numbers): (Arc<str>, _) = (receiver.url("/").into(), numbers.clone());
    let request = move |number| {
        numbers.lock().unwrap().push(number);
        let source = UploadSource::zeros(number);
        UploadRequest::form(url.clone()).file(FilePart::new("file", source))
    };
    let mut hlog = Hlog::new(Vec::new());
    let report = Bench::new(load, TcpConnect::new(), Settings::default(), request)
        .run(&Stop::default(), |tick| hlog.add(tick).unwrap())
        .unwrap();
    (report, String::from_utf8(hlog.into_inner()).unwrap())
}

#[test]
fn merged_shards_are_the_whole() {
    for pace in [Pace::Closed, open(600.0)] {
        let receiver = receiver(discarding(Think::default()));
        let numbers = Arc::default();
        let shards: Vec<_> = (0..OF)
            .map(|index| shard(pace, &receiver, index, &numbers))
            .collect();
        let (reports, logs): (Vec<_>, Vec<_>) = shards.into_iter().unzip();
        // Every upload was made once, by one of them.
        let made = numbers.lock().unwrap();
        assert_eq!(
            (made.len(), made.iter().collect::<BTreeSet<_>>().len()),
            (301, 301)
        );

        let whole = Report::merge(&reports, false).unwrap();
        let stats = receiver.stats();
        assert_eq!((whole.merged, whole.uploads.begun), (OF, 301));
        assert_eq!(whole.uploads.statuses[&200], 301);
        assert_eq!(whole.bytes.sent_bytes, stats.bytes);
        assert_eq!(whole.uploads.connections, stats.connections);
        let response = whole.phase(Phase::Response).unwrap();
        assert_eq!(response.count, 301);
        let most = reports
            .iter()
            .map(|report| report.phase(Phase::Response).unwrap().max_us);
        assert_eq!(Some(response.max_us), most.max());
        let sent: u64 = whole
            .series
            .iter()
            .map(|interval| interval.sent_bytes)
            .sum();
        assert_eq!(sent, stats.bytes);

        // The logs add up to the same histograms; in any order.
        let logs: Vec<&str> = logs.iter().rev().map(|log| &**log).collect();
        let log = merge_hlogs(&logs, false).unwrap();
        for (phase, latency) in &whole.latency {
            let line = format!("Tag={phase},");
            assert_eq!(log.matches(&line).count(), 1);
            let line = log.lines().find(|own| own.starts_with(&line)).unwrap();
            let max: f64 = line.split(',').nth(3).unwrap().parse().unwrap();
            assert!(
                (max * 1000.0 - latency.max_us as f64).abs() < 1.0,
                "{phase}"
            );
        }
        // What was merged is a log again.
        let again = merge_hlogs(&[&log], false).unwrap();
        assert_eq!(again.lines().count(), log.lines().count());

        gaps_are_refused(&reports, &logs);
    }
}

fn gaps_are_refused(reports: &[Report], logs: &[&str]) {
    let refused = |reports: &[Report], told: &str| {
        let error = Report::merge(reports, false).unwrap_err();
        assert!(error.contains(told), "{error}");
    };
    refused(&reports[..2], "missing: 2;");
    refused(&[], "no report");
    refused(&[reports[0].clone(), reports[0].clone()], "twice");
    let partial = Report::merge(&reports[..2], true).unwrap();
    assert_eq!(partial.warnings.last().unwrap().code, "partial");
    let mut stopped = reports.to_vec();
    stopped[1].stopped = true;
    refused(&stopped, "stopped before its time");
    assert!(Report::merge(&stopped, true).unwrap().stopped);
    let mut other = reports.to_vec();
    other[1].settings.slots += 1;
    refused(&other, "report 2 is of another bench");
    let mut broken = reports.to_vec();
    broken[2].latency.get_mut("service").unwrap().histogram = "AAAA".into();
    refused(&broken, "the histogram of service cannot be read");

    let refused = |logs: &[&str], told: &str| {
        let error = merge_hlogs(logs, false).unwrap_err();
        assert!(error.contains(told), "{error}");
    };
    refused(&logs[1..], "2 of 3 shards");
    refused(&[logs[0], logs[0]], "twice");
    refused(&["no log"], "no log of quintet bench");
    let broken_off = &logs[0][..logs[0].len() - 60];
    refused(&[broken_off, logs[1], logs[2]], "breaks off");
    assert!(merge_hlogs(&[broken_off, logs[1]], true).is_ok());
}

#[test]
fn it_begins_at_the_time_it_was_told() {
    let receiver = receiver(discarding(Think::default()));
    // Far enough for a busy machine to get ready.
    let at = SystemTime::now() + Duration::from_secs(3);
    let begun = Arc::new(Mutex::new(SystemTime::now()));
    let told = begun.clone();
    let url: Arc<str> = receiver.url("/").into();
    let request = move |_| {
        *told.lock().unwrap() = SystemTime::now();
        UploadRequest::form(url.clone()).field("a", "b")
    };
    let one = load(Pace::Closed, 1);
    Bench::new(one, TcpConnect::new(), Settings::default(), request)
        .start_at(at)
        .run(&Stop::default(), |_| {})
        .unwrap();
    // Clocks of two kinds are compared: they may differ by what the system makes of a second.
    assert!(*begun.lock().unwrap() + Duration::from_millis(20) >= at);
}

#[test]
fn nobody_begins_at_a_time_that_has_passed() {
    let receiver = receiver(discarding(Think::default()));
    let late = bench(load(Pace::Closed, 5), &receiver.url("/"), |_| 1)
        .start_at(SystemTime::now() - Duration::from_secs(5));
    let error = late.run(&Stop::default(), |_| {}).unwrap_err();
    assert!(error.to_string().contains("s ago"), "{error}");
    assert_eq!(receiver.stats().requests, 0);
}
