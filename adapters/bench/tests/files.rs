//! What a bench writes for other programs says the same as its report.

mod common;

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use common::*;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use quintet_bench::{Hlog, Phase, Report, Stop};
use quintet_receiver::Think;

/// A bench of some intervals, and its log.
fn logged() -> (Report, String) {
    let receiver = receiver(discarding(Think::Uniform(
        Duration::from_millis(1),
        Duration::from_millis(20),
    )));
    let mut load = load(open(400.0), 200);
    load.span.interval = Duration::from_millis(100);
    let mut hlog = Hlog::new(Vec::new());
    let report = bench(load, &receiver.url("/"), |number| number % 3)
        .run(&Stop::default(), |tick| hlog.add(tick).unwrap())
        .unwrap();
    (report, String::from_utf8(hlog.into_inner()).unwrap())
}

#[test]
fn the_log_holds_every_time_once() {
    use base64::Engine;

    let (report, log) = logged();
    let mut sums: BTreeMap<String, Histogram<u64>> = BTreeMap::new();
    let mut lines = 0;
    for entry in IntervalLogIterator::new(log.as_bytes()) {
        let LogEntry::Interval(line) = entry.unwrap() else {
            continue;
        };
        lines += 1;
        let tag = line.tag().unwrap().as_str().to_owned();
        let bytes = base64::engine::general_purpose::STANDARD.decode(line.encoded_histogram());
        let read: Histogram<u64> = Deserializer::new()
            .deserialize(&mut bytes.unwrap().as_slice())
            .unwrap();
        let max = line.max() * 1000.0;
        assert!((max - read.max() as f64).abs() <= 1.0);
        let sum = sums
            .entry(tag)
            .or_insert_with(|| Histogram::new(3).unwrap());
        sum.add(&read).unwrap();
    }
    assert!(lines > 2 * sums.len(), "some intervals");
    assert_eq!(sums.len(), report.latency.len());
    for (phase, told) in &report.latency {
        let sum = &sums[phase];
        assert_eq!(sum.len(), told.count);
        assert_eq!(sum.value_at_quantile(0.99), told.p99_us, "{phase}");
        assert_eq!(sum.max(), told.max_us);
    }
    assert_eq!(log.matches("#[StartTime").count(), 1);
}

/// A Python with HdrHistogram's port: that of `install.sh`, or the system's. Without one the test passes itself over, unless
/// `QUINTET_REQUIRE_TOOLS` forbids it.
fn python() -> Option<String> {
    let tools = std::env::var("QUINTET_BENCH_TOOLS_DIR").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/bench-tools").into()
    });
    let candidates = [format!("{tools}/bin/python"), "python3".into()];
    let found = candidates.into_iter().find(|python| {
        let tried = Command::new(python).args(["-c", "import hdrh"]).output();
        tried.is_ok_and(|output| output.status.success())
    });
    assert!(
        found.is_some() || std::env::var_os("QUINTET_REQUIRE_TOOLS").is_none(),
        "no Python with hdrhistogram: adapters/bench/install.sh brings it"
    );
    found
}

#[test]
fn hdrhistograms_python_port_reads_the_log() {
    let Some(python) = python() else {
        return eprintln!("passed over: no Python with hdrhistogram");
    };
    let (report, log) = logged();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bench.hlog");
    std::fs::write(&path, log).unwrap();
    let script = r#"
import sys
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
sums = {}
reader = HistogramLogReader(sys.argv[1], HdrHistogram(1, 3600000000, 3))
while True:
    one = reader.get_next_interval_histogram()
    if one is None:
        break
    tag = one.get_tag()
    sums.setdefault(tag, HdrHistogram(1, 3600000000, 3)).add(one)
for tag, sum in sums.items():
    print(tag, sum.get_total_count(), sum.get_value_at_percentile(50), sum.get_value_at_percentile(99), sum.get_max_value())
"#;
    let ran = Command::new(python)
        .args(["-c", script])
        .arg(&path)
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let mut told: Vec<String> = String::from_utf8(ran.stdout)
        .unwrap()
        .lines()
        .map(String::from)
        .collect();
    told.sort();
    let ours: Vec<String> = (report.latency.iter())
        .map(|(phase, own)| {
            format!(
                "{phase} {} {} {} {}",
                own.count, own.p50_us, own.p99_us, own.max_us
            )
        })
        .collect();
    assert_eq!(told, ours);
}

#[test]
fn the_other_files_say_what_the_report_says() {
    let (report, _) = logged();
    let csv = report.to_csv();
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{csv}");
    assert_eq!(rows.len(), report.series.len() + 1);
    let column = rows[0].iter().position(|name| *name == "answered").unwrap();
    let sum: u64 = rows[1..]
        .iter()
        .map(|row| row[column].parse::<u64>().unwrap())
        .sum();
    assert_eq!(sum, 200);

    let hgrm = report.to_hgrm(Phase::Response).unwrap();
    assert!(hgrm.starts_with("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"));
    let last: Vec<&str> = hgrm
        .lines()
        .rev()
        .nth(3)
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!((last[1], last[2]), ("1.000000000000", "200"));
    let max: f64 = last[0].parse().unwrap();
    assert_eq!(
        (max * 1000.0).round() as u64,
        report.phase(Phase::Response).unwrap().max_us
    );
    assert_eq!(report.to_hgrm(Phase::Tls), None);

    let prometheus = report.to_prometheus();
    assert!(prometheus.contains("quintet_bench_uploads_total{end=\"answered\"} 200\n"));
    assert!(prometheus.contains("quintet_bench_upload_seconds_count{phase=\"response\"} 200\n"));
    for line in prometheus.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("quintet_bench_"), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}
