//! From what was counted to what is reported.

use std::time::Duration;

use hdrhistogram::Histogram;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::machine::memory_peak_bytes;
use super::{
    Bytes, Client, Failures, Interval, Latency, Machine, Payload, Rate, Report, SCHEMA, Settings,
    Tcp, Uploads, warnings,
};
use crate::histogram::to_text;
use crate::load::{Arrivals, Pace};
use crate::meter::lock;
use crate::phase::Phase;
use crate::series::{Point, Spread};
use crate::tcp::TcpSums;
use crate::watcher::Counted;

/// What a report says of the uploads, and the load does not know.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Where to; without what may be secret.
    pub url: String,
    /// What is sent.
    pub payloads: Vec<Payload>,
    /// Whether connections are kept.
    pub keep_alive: bool,
    /// Longest time for one upload.
    pub timeout: Option<Duration>,
}

impl Report {
    pub(crate) fn of(counted: &Counted, about: About) -> Self {
        let measured_s = counted.measured.as_secs_f64();
        let per_s = |count: f64| {
            if measured_s > 0.0 {
                count / measured_s
            } else {
                0.0
            }
        };
        let settings = settings(counted, about);
        let total = &counted.total;
        let started_at = OffsetDateTime::from(counted.started_at);
        let answered = total.window.answered;
        let shards = settings.shard[1] as f64;
        let mut report = Self {
            schema: SCHEMA.into(),
            program: concat!("quintet ", env!("CARGO_PKG_VERSION")).into(),
            // Every time that a clock of ours shows can be written.
            started_at: started_at.format(&Rfc3339).unwrap_or_default(),
            stopped: counted.stopped,
            merged: 1,
            machine: Machine::this(),
            rate: Rate {
                measured_s,
                intended_per_s: settings.rate_per_s.map(|rate| rate / shards),
                achieved_per_s: per_s(answered as f64),
                answered,
                sent_bytes_per_s: per_s(counted.sent_in_window as f64),
                sent_bytes: counted.sent_in_window,
            },
            settings,
            uploads: uploads(counted),
            bytes: Bytes {
                sent_bytes: total.body_bytes,
                acked_bytes: total.acked_bytes,
                wire_sent_bytes: total.wire_bytes_sent,
                wire_received_bytes: total.wire_bytes_received,
            },
            latency: Phase::ALL
                .into_iter()
                .filter_map(|phase| {
                    let histogram = total.histograms.of(phase);
                    let latency = || Latency::of(histogram);
                    (!histogram.is_empty()).then(|| (phase.name().into(), latency()))
                })
                .collect(),
            tcp: counted.tcp.as_ref().and_then(|sums| {
                let TcpSums {
                    connections,
                    retransmitted,
                    round_trips,
                } = &*lock(sums);
                Tcp::of(*connections, *retransmitted, round_trips)
            }),
            client: client(counted, measured_s, answered),
            series: counted.series.iter().map(Interval::of).collect(),
            warnings: Vec::new(),
        };
        report.warnings = warnings::of(&report);
        report
    }

    /// The times of one phase, if any upload passed through it.
    pub fn phase(&self, phase: Phase) -> Option<&Latency> {
        self.latency.get(phase.name())
    }
}

fn settings(counted: &Counted, about: About) -> Settings {
    let load = &counted.load;
    let (kind, rate_per_s, arrivals) = match load.pace {
        Pace::Closed => ("closed", None, None),
        Pace::Open {
            per_second,
            arrivals: Arrivals::Constant,
        } => ("open", Some(per_second), Some("constant")),
        Pace::Open {
            per_second,
            arrivals: Arrivals::Poisson,
        } => ("open", Some(per_second), Some("poisson")),
    };
    let span = &load.span;
    Settings {
        url: about.url,
        payloads: about.payloads,
        load: kind.into(),
        rate_per_s,
        arrivals: arrivals.map(String::from),
        clients: load.clients,
        slots: load.slots,
        threads: load.threads.min(load.clients),
        ramp_s: span.ramp.as_secs_f64(),
        warm_up_s: span.warm_up.as_secs_f64(),
        duration_s: span.duration.map(|duration| duration.as_secs_f64()),
        uploads: span.uploads,
        keep_alive: about.keep_alive,
        timeout_s: about.timeout.map(|timeout| timeout.as_secs_f64()),
        shard: [load.shard.index, load.shard.of],
        seed: load.seed,
    }
}

fn uploads(counted: &Counted) -> Uploads {
    let total = &counted.total;
    let errors = total
        .errors
        .iter()
        .map(|((stage, reason), count)| Failures {
            stage: (*stage).into(),
            reason: (*reason).into(),
            count: *count,
        });
    Uploads {
        begun: counted.begun,
        answered: total.run.answered,
        failed: total.run.failed,
        unfinished: total.run.unfinished,
        measured: total.measured.all(),
        measured_answered: total.measured.answered,
        measured_failed: total.measured.failed,
        measured_unfinished: total.measured.unfinished,
        statuses: total.statuses.clone(),
        errors: errors.collect(),
        stopped_early: total.stopped_early,
        connections: total.connections,
    }
}

fn client(counted: &Counted, measured_s: f64, answered: u64) -> Client {
    let cpu_s = counted.cpu.as_secs_f64();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let part = |of: f64, all: f64| if all > 0.0 { of / all } else { 0.0 };
    Client {
        cpu_s,
        cpu_share: part(cpu_s, measured_s * processors as f64),
        busiest_thread_share: counted.busiest,
        answered_per_cpu_s: part(answered as f64, cpu_s),
        memory_peak_bytes: memory_peak_bytes(),
    }
}

impl Tcp {
    /// `None` of no connection.
    pub(crate) fn of(
        connections: u64,
        retransmitted: u64,
        round_trips: &Histogram<u64>,
    ) -> Option<Self> {
        (connections > 0).then(|| Self {
            connections,
            retransmitted,
            round_trip_p50_us: round_trips.value_at_quantile(0.5),
            round_trip_max_us: round_trips.max(),
            round_trips: to_text(round_trips),
        })
    }
}

impl Latency {
    pub(crate) fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile);
        Self {
            count: histogram.len(),
            min_us: histogram.min(),
            mean_us: histogram.mean(),
            stddev_us: histogram.stdev(),
            p50_us: at(0.5),
            p75_us: at(0.75),
            p90_us: at(0.9),
            p95_us: at(0.95),
            p99_us: at(0.99),
            p99_9_us: at(0.999),
            p99_99_us: at(0.9999),
            max_us: histogram.max(),
            histogram: to_text(histogram),
        }
    }
}

impl Interval {
    fn of(point: &Point) -> Self {
        let micros = |took: Duration| u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let spread = |spread: Spread| [spread.p50, spread.p99, spread.max].map(micros);
        Self {
            at_s: point.at.as_secs_f64(),
            length_s: point.length.as_secs_f64(),
            begun: point.begun,
            answered: point.answered,
            failed: point.failed,
            sent_bytes: point.sent,
            active: point.active,
            queued: point.queued,
            service_us: point.service.map(spread),
            response_us: point.response.map(spread),
        }
    }
}
