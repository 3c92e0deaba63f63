//! What is told while a bench runs.

use quintet_bench::Tick;

use crate::units::{bytes, millis};

/// One interval, on one line.
pub(super) fn line(tick: &Tick<'_>) -> String {
    let point = tick.point;
    let seconds = point.length.as_secs_f64().max(1e-9);
    let end = point.at + point.length;
    let mut line = format!(
        "{:6.1}s {:9.1}/s {:>10}/s  active {} queued {}",
        end.as_secs_f64(),
        point.answered as f64 / seconds,
        bytes((point.sent as f64 / seconds) as u64),
        point.active,
        point.queued,
    );
    match (point.response, point.service) {
        (Some(response), Some(service)) => {
            line += &format!(
                "  response p50 {} p99 {}, service p50 {} p99 {}",
                millis(response.p50),
                millis(response.p99),
                millis(service.p50),
                millis(service.p99)
            );
        }
        _ if end <= tick.measured_from => line += "  not measured yet",
        _ => line += "  none answered",
    }
    if point.failed > 0 {
        line += &format!("  FAILED {}", point.failed);
    }
    line
}
