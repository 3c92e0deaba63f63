//! The reports of the shards of one bench, added up.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::{
    Bytes, Client, Failures, Interval, Latency, Rate, Report, Settings, Tcp, Uploads, Warning,
    warnings,
};
use crate::histogram::{add, empty, from_text};

impl Report {
    /// The report of all shards of a bench, from those of each: counts and histograms add up exactly. Intervals add up by
    /// their place, without times: percentiles of an interval cannot be added.
    ///
    /// # Errors
    /// A sentence on why they are no such thing: other settings, a shard twice, one that was stopped or is missing (the last
    /// two unless `partial`), or a histogram that is none.
    pub fn merge(reports: &[Self], partial: bool) -> Result<Self, String> {
        let first = reports.first().ok_or("there is no report to merge")?;
        complete(reports, partial)?;
        let of = first.settings.shard[1];
        let mut merged = Self {
            merged: reports.iter().map(|report| report.merged).sum(),
            started_at: reports
                .iter()
                .map(|report| &report.started_at)
                .min()
                .cloned()
                .unwrap_or_default(),
            stopped: reports.iter().any(|report| report.stopped),
            settings: Settings {
                shard: [0, 1],
                ..first.settings.clone()
            },
            rate: rate(reports),
            uploads: uploads(reports),
            bytes: bytes(reports),
            latency: latency(reports)?,
            tcp: tcp(reports)?,
            client: client(reports),
            series: series(reports),
            warnings: Vec::new(),
            ..first.clone()
        };
        merged.warnings = warnings::of(&merged);
        let missing = of.saturating_sub(reports.len() as u64);
        if missing > 0 {
            merged.warnings.push(Warning {
                code: "partial".into(),
                text: format!(
                    "{missing} of {of} shards are missing: rates and counts are those of the others"
                ),
            });
        }
        Ok(merged)
    }
}

/// Whether they are the shards of one bench, each once.
fn complete(reports: &[Report], partial: bool) -> Result<(), String> {
    let first = &reports[0].settings;
    let [_, of] = first.shard;
    for (place, report) in reports.iter().enumerate() {
        let [index, _] = report.settings.shard;
        let same = Settings {
            shard: [index, of],
            ..first.clone()
        };
        if report.settings != same {
            return Err(format!(
                "report {} is of another bench than the first: their settings differ",
                place + 1
            ));
        }
        if reports[..place]
            .iter()
            .any(|other| other.settings.shard[0] == index)
        {
            return Err(format!("shard {index} of {of} is there twice"));
        }
        if report.stopped && !partial {
            return Err(format!(
                "shard {index} of {of} was stopped before its time; --partial merges what there is"
            ));
        }
    }
    let missing: Vec<_> = (0..of)
        .filter(|index| {
            reports
                .iter()
                .all(|report| report.settings.shard[0] != *index)
        })
        .map(|index| index.to_string())
        .take(10)
        .collect();
    match missing.is_empty() || partial {
        true => Ok(()),
        false => Err(format!(
            "of {of} shards these are missing: {}; --partial merges what there is",
            missing.join(", ")
        )),
    }
}

fn rate(reports: &[Report]) -> Rate {
    let measured_s = reports
        .iter()
        .map(|report| report.rate.measured_s)
        .fold(0.0, f64::max);
    let answered = reports.iter().map(|report| report.rate.answered).sum();
    let sent_bytes = reports.iter().map(|report| report.rate.sent_bytes).sum();
    let intended: Option<Vec<f64>> = reports
        .iter()
        .map(|report| report.rate.intended_per_s)
        .collect();
    let per_s = |count: u64| {
        if measured_s > 0.0 {
            count as f64 / measured_s
        } else {
            0.0
        }
    };
    Rate {
        measured_s,
        intended_per_s: intended.map(|rates| rates.iter().sum()),
        achieved_per_s: per_s(answered),
        answered,
        sent_bytes_per_s: per_s(sent_bytes),
        sent_bytes,
    }
}

fn uploads(reports: &[Report]) -> Uploads {
    let sum =
        |count: fn(&Uploads) -> u64| reports.iter().map(|report| count(&report.uploads)).sum();
    let mut statuses = BTreeMap::new();
    let mut errors: Vec<Failures> = Vec::new();
    for report in reports {
        for (status, count) in &report.uploads.statuses {
            *statuses.entry(*status).or_default() += count;
        }
        for error in &report.uploads.errors {
            let same = |own: &&mut Failures| own.stage == error.stage && own.reason == error.reason;
            match errors.iter_mut().find(same) {
                Some(own) => own.count += error.count,
                None => errors.push(error.clone()),
            }
        }
    }
    Uploads {
        begun: sum(|own| own.begun),
        answered: sum(|own| own.answered),
        failed: sum(|own| own.failed),
        unfinished: sum(|own| own.unfinished),
        measured: sum(|own| own.measured),
        measured_answered: sum(|own| own.measured_answered),
        measured_failed: sum(|own| own.measured_failed),
        measured_unfinished: sum(|own| own.measured_unfinished),
        statuses,
        errors,
        stopped_early: sum(|own| own.stopped_early),
        connections: sum(|own| own.connections),
    }
}

fn bytes(reports: &[Report]) -> Bytes {
    let sum = |count: fn(&Bytes) -> u64| reports.iter().map(|report| count(&report.bytes)).sum();
    Bytes {
        sent_bytes: sum(|own| own.sent_bytes),
        acked_bytes: sum(|own| own.acked_bytes),
        wire_sent_bytes: sum(|own| own.wire_sent_bytes),
        wire_received_bytes: sum(|own| own.wire_received_bytes),
    }
}

fn latency(reports: &[Report]) -> Result<BTreeMap<String, Latency>, String> {
    let mut sums: BTreeMap<String, Histogram<u64>> = BTreeMap::new();
    for report in reports {
        for (phase, latency) in &report.latency {
            let read = from_text(&latency.histogram)
                .map_err(|error| format!("the histogram of {phase} cannot be read: {error}"))?;
            add(sums.entry(phase.clone()).or_insert_with(empty), &read);
        }
    }
    let sums = sums.into_iter();
    Ok(sums
        .map(|(phase, sum)| (phase, Latency::of(&sum)))
        .collect())
}

fn tcp(reports: &[Report]) -> Result<Option<Tcp>, String> {
    let (mut connections, mut retransmitted, mut round_trips) = (0, 0, empty());
    for tcp in reports.iter().filter_map(|report| report.tcp.as_ref()) {
        connections += tcp.connections;
        retransmitted += tcp.retransmitted;
        let read = from_text(&tcp.round_trips)
            .map_err(|error| format!("the histogram of round trips cannot be read: {error}"))?;
        add(&mut round_trips, &read);
    }
    Ok(Tcp::of(connections, retransmitted, &round_trips))
}

/// CPU adds up; of shares the worst counts, for one generator that is the bottleneck spoils the whole.
fn client(reports: &[Report]) -> Client {
    let most = |share: fn(&Client) -> f64| {
        let shares = reports.iter().map(|report| share(&report.client));
        shares.fold(0.0, f64::max)
    };
    let cpu_s: f64 = reports.iter().map(|report| report.client.cpu_s).sum();
    let answered: u64 = reports.iter().map(|report| report.rate.answered).sum();
    Client {
        cpu_s,
        cpu_share: most(|own| own.cpu_share),
        busiest_thread_share: most(|own| own.busiest_thread_share),
        answered_per_cpu_s: if cpu_s > 0.0 {
            answered as f64 / cpu_s
        } else {
            0.0
        },
        memory_peak_bytes: reports
            .iter()
            .filter_map(|report| report.client.memory_peak_bytes)
            .max(),
    }
}

fn series(reports: &[Report]) -> Vec<Interval> {
    let mut sums: Vec<Interval> = Vec::new();
    for report in reports {
        for (place, interval) in report.series.iter().enumerate() {
            if place == sums.len() {
                sums.push(Interval {
                    at_s: interval.at_s,
                    ..Interval::default()
                });
            }
            let sum = &mut sums[place];
            sum.length_s = sum.length_s.max(interval.length_s);
            sum.begun += interval.begun;
            sum.answered += interval.answered;
            sum.failed += interval.failed;
            sum.sent_bytes += interval.sent_bytes;
            sum.active += interval.active;
            sum.queued += interval.queued;
        }
    }
    sums
}
