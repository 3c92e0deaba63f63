//! The report for people.

use std::fmt;

use super::{Latency, Report};
use crate::phase::Phase;

impl fmt::Display for Report {
    /// Rates first, then both times side by side, then the phases, then what to doubt.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head(f)?;
        self.rates(f)?;
        self.ends(f)?;
        self.times(f)?;
        self.own(f)?;
        for warning in &self.warnings {
            writeln!(f, "note: {}", warning.text)?;
        }
        Ok(())
    }
}

impl Report {
    fn head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;
        write!(f, "{}: ", settings.url)?;
        match (settings.rate_per_s, &settings.arrivals) {
            (Some(rate), Some(arrivals)) => {
                write!(f, "open loop, {rate} uploads a second ({arrivals}), ")?;
            }
            _ => write!(f, "closed loop, ")?,
        }
        let (clients, slots) = (settings.clients, settings.slots);
        write!(f, "{clients} × {slots} slots")?;
        if settings.shard[1] > 1 {
            let [index, of] = settings.shard;
            write!(f, ", shard {index} of {of}")?;
        }
        writeln!(f, ", {:.1} s measured", self.rate.measured_s)?;
        for payload in &settings.payloads {
            let (name, bytes, weight) = (&payload.name, payload.bytes, payload.weight);
            write!(f, "  {name}, {}", size(bytes as f64))?;
            match settings.payloads.len() {
                1 => writeln!(f)?,
                _ => writeln!(f, ", weight {weight}")?,
            }
        }
        Ok(())
    }

    fn rates(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = &self.rate;
        write!(f, "rate      achieved {:.2}/s", rate.achieved_per_s)?;
        match rate.intended_per_s {
            Some(intended) => {
                let part = 100.0 * rate.achieved_per_s / intended;
                writeln!(f, " of {intended:.2}/s intended ({part:.1} %)")?;
            }
            None => writeln!(f, ", as fast as the loop went")?,
        }
        let (sent, acked) = (self.bytes.sent_bytes, self.bytes.acked_bytes);
        writeln!(
            f,
            "bytes     {}/s; in all {sent} sent, {acked} of them acknowledged",
            size(rate.sent_bytes_per_s),
        )
    }

    fn ends(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uploads = &self.uploads;
        writeln!(
            f,
            "uploads   {} measured: {} answered, {} failed, {} unfinished; {} begun in all over {} connections",
            uploads.measured,
            uploads.measured_answered,
            uploads.measured_failed,
            uploads.measured_unfinished,
            uploads.begun,
            uploads.connections,
        )?;
        let statuses = uploads.statuses.iter();
        let statuses: Vec<_> = statuses
            .map(|(status, count)| format!("{count} × {status}"))
            .collect();
        if !statuses.is_empty() {
            writeln!(f, "status    {}", statuses.join(", "))?;
        }
        for failures in &uploads.errors {
            let (count, stage, reason) = (failures.count, &failures.stage, &failures.reason);
            writeln!(f, "failed    {count} × {reason} (at {stage})")?;
        }
        Ok(())
    }

    fn times(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.latency.is_empty() {
            return Ok(());
        }
        write!(f, "\n{:<10}{:>9}", "", "count")?;
        for column in ["mean", "p50", "p90", "p99", "p99.9", "max"] {
            write!(f, "{column:>10}")?;
        }
        writeln!(f)?;
        // What counts stands first; the others follow as an upload passes through them.
        let first = [Phase::Response, Phase::Service];
        let others = Phase::ALL
            .into_iter()
            .filter(|phase| !first.contains(phase));
        for phase in first.into_iter().chain(others) {
            if let Some(latency) = self.phase(phase) {
                row(f, phase.name(), latency)?;
            }
        }
        writeln!(f)
    }

    fn own(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(tcp) = &self.tcp {
            let (p50, max) = (tcp.round_trip_p50_us as f64, tcp.round_trip_max_us as f64);
            let control = self
                .machine
                .congestion_control
                .as_deref()
                .unwrap_or("unknown");
            writeln!(
                f,
                "tcp       round trip p50 {}, at most {}; {} segments sent again; congestion control {control}",
                time(p50),
                time(max),
                tcp.retransmitted
            )?;
        }
        let client = &self.client;
        write!(
            f,
            "client    {:.2} s of CPU ({:.0} % of {} processors, busiest thread {:.0} %), {:.0} uploads for each",
            client.cpu_s,
            client.cpu_share * 100.0,
            self.machine.processors,
            client.busiest_thread_share * 100.0,
            client.answered_per_cpu_s,
        )?;
        match client.memory_peak_bytes {
            Some(peak) => writeln!(f, "; {} at most", size(peak as f64)),
            None => writeln!(f),
        }
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, latency: &Latency) -> fmt::Result {
    write!(
        f,
        "{name:<10}{:>9}{:>10}",
        latency.count,
        time(latency.mean_us)
    )?;
    let Latency {
        p50_us,
        p90_us,
        p99_us,
        p99_9_us,
        max_us,
        ..
    } = latency;
    for micros in [p50_us, p90_us, p99_us, p99_9_us, max_us] {
        write!(f, "{:>10}", time(*micros as f64))?;
    }
    writeln!(f)
}

/// Three digits and a unit.
pub(crate) fn time(micros: f64) -> String {
    let (value, unit) = match micros {
        ..999.5 => (micros, "µs"),
        ..999_500.0 => (micros / 1e3, "ms"),
        _ => (micros / 1e6, "s"),
    };
    digits(value, unit)
}

/// Three digits and a unit of 1024.
pub(crate) fn size(bytes: f64) -> String {
    match in_unit(bytes, 999.5) {
        (value, "B") => format!("{value:.0} B"),
        (value, unit) => digits(value, unit),
    }
}

/// Bytes of an axis, which are round: with no more digits than they have.
pub(crate) fn mark(bytes: f64) -> String {
    let (value, unit) = in_unit(bytes, 1024.0);
    format!("{value} {unit}")
}

/// In the smallest unit in which it is less than `enough`.
fn in_unit(bytes: f64, enough: f64) -> (f64, &'static str) {
    let (mut value, mut unit) = (bytes, "B");
    for next in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
        if value < enough {
            break;
        }
        (value, unit) = (value / 1024.0, next);
    }
    (value, unit)
}

fn digits(value: f64, unit: &str) -> String {
    let decimals = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}
