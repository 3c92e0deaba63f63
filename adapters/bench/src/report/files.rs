//! The report for other programs: CSV, percentile distributions, Prometheus' text.

use std::fmt::Write;

use super::Report;
use crate::histogram::from_text;
use crate::phase::Phase;

/// Steps of a percentile distribution in each half of what is left: as HdrHistogram's own programs have it.
const TICKS_PER_HALF: u32 = 5;

impl Report {
    /// The series, a row for each interval and the names of the columns first. Times are microseconds, and empty where no
    /// measured upload was answered.
    pub fn to_csv(&self) -> String {
        let mut csv = String::from("at_s,length_s,begun,answered,failed,sent_bytes,active,queued");
        for time in ["service", "response"] {
            for part in ["p50", "p99", "max"] {
                let _ = write!(csv, ",{time}_{part}_us");
            }
        }
        csv.push('\n');
        for interval in &self.series {
            let _ = write!(
                csv,
                "{},{},{},{},{},{},{},{}",
                interval.at_s,
                interval.length_s,
                interval.begun,
                interval.answered,
                interval.failed,
                interval.sent_bytes,
                interval.active,
                interval.queued
            );
            for times in [interval.service_us, interval.response_us] {
                match times {
                    Some([p50, p99, max]) => {
                        let _ = write!(csv, ",{p50},{p99},{max}");
                    }
                    None => csv.push_str(",,,"),
                }
            }
            csv.push('\n');
        }
        csv
    }

    /// The percentile distribution of one phase, as HdrHistogram's plotters read it (`.hgrm`), in milliseconds; `None` if
    /// no upload passed through it.
    pub fn to_hgrm(&self, phase: Phase) -> Option<String> {
        let histogram = from_text(&self.phase(phase)?.histogram).ok()?;
        let mut text = String::from("       Value     Percentile TotalCount 1/(1-Percentile)\n\n");
        let mut count = 0;
        for step in histogram.iter_quantiles(TICKS_PER_HALF) {
            count += step.count_since_last_iteration();
            let (value, quantile) = (
                millis(step.value_iterated_to()),
                step.quantile_iterated_to(),
            );
            let _ = write!(text, "{value:12.3} {quantile:1.12} {count:10}");
            let _ = match quantile < 1.0 {
                true => writeln!(text, " {:14.2}", 1.0 / (1.0 - quantile)),
                false => writeln!(text),
            };
        }
        let (mean, deviation) = (histogram.mean() / 1e3, histogram.stdev() / 1e3);
        let (max, buckets) = (millis(histogram.max()), histogram.buckets());
        let _ = writeln!(
            text,
            "#[Mean    = {mean:12.3}, StdDeviation   = {deviation:12.3}]\n\
             #[Max     = {max:12.3}, Total count    = {count:12}]\n\
             #[Buckets = {buckets:12}, SubBuckets     = {:12}]",
            2048
        );
        Some(text)
    }

    /// Prometheus' text format: rates and sums, and a summary of the times by phase, in seconds.
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, rows: &[(String, f64)]| {
            let _ = writeln!(text, "# HELP quintet_bench_{name} {help}");
            let _ = writeln!(text, "# TYPE quintet_bench_{name} {kind}");
            for (labels, value) in rows {
                let _ = writeln!(text, "quintet_bench_{name}{labels} {value}");
            }
        };
        let one = |value: f64| [(String::new(), value)];
        let rate = &self.rate;
        if let Some(intended) = rate.intended_per_s {
            let help = "Uploads a second that were to be begun.";
            metric("intended_uploads_per_second", "gauge", help, &one(intended));
        }
        let help = "Uploads answered a second in the measured time.";
        metric(
            "achieved_uploads_per_second",
            "gauge",
            help,
            &one(rate.achieved_per_s),
        );
        let help = "Body bytes sent a second in the measured time.";
        metric(
            "sent_bytes_per_second",
            "gauge",
            help,
            &one(rate.sent_bytes_per_s),
        );
        let uploads = &self.uploads;
        let ends = [
            ("answered", uploads.answered),
            ("failed", uploads.failed),
            ("unfinished", uploads.unfinished),
        ];
        let ends = ends.map(|(end, count)| (format!("{{end=\"{end}\"}}"), count as f64));
        metric(
            "uploads_total",
            "counter",
            "Uploads by how they ended.",
            &ends,
        );
        let errors = uploads.errors.iter().map(|error| {
            let (stage, reason) = (label(&error.stage), label(&error.reason));
            (
                format!("{{stage=\"{stage}\",reason=\"{reason}\"}}"),
                error.count as f64,
            )
        });
        let help = "Failures of measured uploads by stage and reason.";
        metric(
            "failures_total",
            "counter",
            help,
            &errors.collect::<Vec<_>>(),
        );
        let help = "Body bytes sent.";
        metric(
            "sent_bytes_total",
            "counter",
            help,
            &one(self.bytes.sent_bytes as f64),
        );
        let help = "CPU time of the bench in the measured time.";
        metric("client_cpu_seconds", "gauge", help, &one(self.client.cpu_s));
        self.summaries(&mut text);
        text
    }

    fn summaries(&self, text: &mut String) {
        let name = "quintet_bench_upload_seconds";
        let _ = writeln!(text, "# HELP {name} Times of measured uploads by phase.");
        let _ = writeln!(text, "# TYPE {name} summary");
        for (phase, latency) in &self.latency {
            let phase = label(phase);
            for (quantile, micros) in [
                ("0.5", latency.p50_us),
                ("0.9", latency.p90_us),
                ("0.99", latency.p99_us),
                ("0.999", latency.p99_9_us),
                ("1", latency.max_us),
            ] {
                let seconds = micros as f64 / 1e6;
                let _ = writeln!(
                    text,
                    "{name}{{phase=\"{phase}\",quantile=\"{quantile}\"}} {seconds}"
                );
            }
            let sum = latency.mean_us * latency.count as f64 / 1e6;
            let _ = writeln!(text, "{name}_sum{{phase=\"{phase}\"}} {sum}");
            let _ = writeln!(text, "{name}_count{{phase=\"{phase}\"}} {}", latency.count);
        }
    }
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1e3
}

/// What stands in a label's value.
fn label(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    escaped.replace('\n', "\\n")
}
