//! The numbers of a report as tables: phases, ends, settings, machine.

use std::fmt::Write;

use super::{escaped, figure};
use crate::phase::Phase;
use crate::report::Report;
use crate::report::text::{size, time};

pub(super) fn of(report: &Report, body: &mut String) {
    phases(report, body);
    ends(report, body);
    client(report, body);
    settings(report, body);
}

fn phases(report: &Report, body: &mut String) {
    body.push_str("<h2>Times by phase</h2>\n<div class=wide tabindex=0 role=region aria-label=\"Times by phase\"><table>\n");
    body.push_str("<thead><tr><th scope=col>phase</th>");
    let columns = ["count", "mean", "p50", "p90", "p99", "p99.9", "max"];
    for column in columns {
        let _ = write!(body, "<th scope=col>{column}</th>");
    }
    body.push_str("<th scope=col>part of it all</th></tr></thead>\n<tbody>\n");
    let whole = report
        .phase(Phase::Response)
        .map_or(0.0, |all| all.mean_us * all.count as f64);
    for phase in Phase::ALL {
        let Some(latency) = report.phase(phase) else {
            continue;
        };
        let name = phase.name();
        let _ = write!(body, "<tr><th scope=row>{name}</th>");
        let key = |field: &str| format!("latency.{name}.{field}");
        let count = latency.count;
        body.push_str(&figure(
            "td",
            &key("count"),
            count as f64,
            &count.to_string(),
        ));
        body.push_str(&figure(
            "td",
            &key("mean_us"),
            latency.mean_us,
            &time(latency.mean_us),
        ));
        for (field, micros) in [
            ("p50_us", latency.p50_us),
            ("p90_us", latency.p90_us),
            ("p99_us", latency.p99_us),
            ("p99_9_us", latency.p99_9_us),
            ("max_us", latency.max_us),
        ] {
            let micros = micros as f64;
            body.push_str(&figure("td", &key(field), micros, &time(micros)));
        }
        let is_part = !matches!(phase, Phase::Failed);
        let part = latency.mean_us * count as f64 / whole.max(1e-9);
        let percent = (part * 100.0).clamp(0.0, 100.0);
        match is_part && whole > 0.0 {
            true => {
                let _ = write!(
                    body,
                    "<td class=share>{percent:.1} %<span class=bar style=\"width:{percent:.1}%\"></span></td>"
                );
            }
            false => body.push_str("<td></td>"),
        }
        body.push_str("</tr>\n");
    }
    body.push_str("</tbody></table></div>\n");
    body.push_str(
        "<p class=quiet>Response time is from when an upload was due, service time from its slot on; late, queue and service \
         make up the one, connecting, sending, thinking and receiving the other. Of answered uploads; those that failed are in \
         <i>failed</i> alone.</p>\n",
    );
}

fn rows(body: &mut String, title: &str, rows: &[(&str, &str, f64, String)]) {
    let _ = writeln!(body, "<h2>{title}</h2>\n<table class=settings>");
    for (name, key, value, text) in rows {
        let figure = figure("td", key, *value, text);
        let _ = writeln!(body, "<tr><th scope=row>{name}</th>{figure}</tr>");
    }
    body.push_str("</table>\n");
}

fn ends(report: &Report, body: &mut String) {
    let uploads = &report.uploads;
    let count = |name, key, count: u64| (name, key, count as f64, count.to_string());
    let bytes = |name, key, count: u64| {
        let text = format!("{count} ({})", size(count as f64));
        (name, key, count as f64, text)
    };
    rows(
        body,
        "How they ended",
        &[
            count("begun in all", "uploads.begun", uploads.begun),
            count("measured", "uploads.measured", uploads.measured),
            count(
                "measured, answered",
                "uploads.measured_answered",
                uploads.measured_answered,
            ),
            count(
                "measured, failed",
                "uploads.measured_failed",
                uploads.measured_failed,
            ),
            count(
                "measured, unfinished",
                "uploads.measured_unfinished",
                uploads.measured_unfinished,
            ),
            count("connections", "uploads.connections", uploads.connections),
            bytes(
                "body bytes sent",
                "bytes.sent_bytes",
                report.bytes.sent_bytes,
            ),
            bytes(
                "of these acknowledged",
                "bytes.acked_bytes",
                report.bytes.acked_bytes,
            ),
        ],
    );
    let statuses = uploads.statuses.iter();
    let statuses: Vec<_> = statuses
        .map(|(status, count)| format!("{count} × {status}"))
        .collect();
    if !statuses.is_empty() {
        let _ = writeln!(body, "<p>Answers by status: {}.</p>", statuses.join(", "));
    }
    if !uploads.errors.is_empty() {
        body.push_str("<table><thead><tr><th scope=col>failed</th><th scope=col>at</th><th scope=col>count</th></tr></thead>\n");
        for (place, error) in uploads.errors.iter().enumerate() {
            let (reason, stage) = (escaped(&error.reason), escaped(&error.stage));
            let key = format!("uploads.errors.{place}.count");
            let count = figure("td", &key, error.count as f64, &error.count.to_string());
            let _ = writeln!(body, "<tr><td>{reason}</td><td>{stage}</td>{count}</tr>");
        }
        body.push_str("</table>\n");
    }
}

fn client(report: &Report, body: &mut String) {
    let client = &report.client;
    let percent = |part: f64| format!("{:.1} %", part * 100.0);
    let mut all = vec![
        (
            "CPU time",
            "client.cpu_s",
            client.cpu_s,
            format!("{:.2} s", client.cpu_s),
        ),
        (
            "of all processors",
            "client.cpu_share",
            client.cpu_share,
            percent(client.cpu_share),
        ),
        (
            "busiest thread",
            "client.busiest_thread_share",
            client.busiest_thread_share,
            percent(client.busiest_thread_share),
        ),
        (
            "uploads for each second of CPU",
            "client.answered_per_cpu_s",
            client.answered_per_cpu_s,
            format!("{:.0}", client.answered_per_cpu_s),
        ),
    ];
    if let Some(peak) = client.memory_peak_bytes {
        let peak = peak as f64;
        all.push(("most memory", "client.memory_peak_bytes", peak, size(peak)));
    }
    rows(body, "What the bench itself needed", &all);
    let Some(tcp) = &report.tcp else { return };
    let (p50, max) = (tcp.round_trip_p50_us as f64, tcp.round_trip_max_us as f64);
    let again = tcp.retransmitted;
    rows(
        body,
        "TCP",
        &[
            (
                "round trip, median",
                "tcp.round_trip_p50_us",
                p50,
                time(p50),
            ),
            (
                "round trip, at most",
                "tcp.round_trip_max_us",
                max,
                time(max),
            ),
            (
                "segments sent again",
                "tcp.retransmitted",
                again as f64,
                again.to_string(),
            ),
        ],
    );
}

fn settings(report: &Report, body: &mut String) {
    body.push_str("<h2>Settings and machine</h2>\n<table class=settings>\n");
    let all = [
        serde_json::to_value(&report.settings),
        serde_json::to_value(&report.machine),
    ];
    for value in all {
        let Ok(serde_json::Value::Object(fields)) = value else {
            continue;
        };
        for (name, value) in fields {
            let text = match value {
                serde_json::Value::Null => continue,
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            };
            let (name, text) = (escaped(&name), escaped(&text));
            let _ = writeln!(body, "<tr><th scope=row>{name}</th><td>{text}</td></tr>");
        }
    }
    body.push_str("</table>\n");
    let program = escaped(&report.program);
    let _ = writeln!(
        body,
        "<p class=quiet>{program}; the whole report is in this page, as JSON in the element <code>#report</code>.</p>"
    );
}
