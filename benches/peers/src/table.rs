//! The rows of a case as a Markdown table, which a terminal shows as well.

use crate::summary::{Figures, Row};
use crate::workload::{Case, Extent};

/// Of a large upload neither its latency nor the uploads in a second say more than its wall time.
const HEAD_LARGE: &[&str] = &[
    "client",
    "CPU s/GiB",
    "ratio",
    "(min..max)",
    "wall s",
    "peak MiB",
    "threads",
    "switches",
    "forced",
    "faults",
];
const HEAD_SMALL: &[&str] = &[
    "client",
    "CPU µs/upload",
    "ratio",
    "(min..max)",
    "wall s",
    "uploads/s",
    "p50 ms",
    "p99 ms",
    "resumed",
    "peak MiB",
    "threads",
    "switches",
    "forced",
    "faults",
];

/// A heading and the table.
pub(crate) fn table(case: Case, extent: Extent, rows: &[Row]) -> String {
    let small = case.workload.is_small();
    let head = if small { HEAD_SMALL } else { HEAD_LARGE };
    let mut lines = vec![head.iter().copied().map(String::from).collect()];
    lines.extend(rows.iter().map(|row| cells(row, small)));
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let widths = lines.iter().map(|line| line[column].chars().count());
            widths.max().unwrap_or(0)
        })
        .collect();
    let mut table = format!(
        "## {case}: {extent}, {}\n\nRatios are to `{}` of the same round.\n\n",
        case.manner(),
        case.reference()
    );
    for (index, line) in lines.iter().enumerate() {
        for (column, (cell, &width)) in line.iter().zip(&widths).enumerate() {
            let cell = match column {
                0 => format!("| {cell:<width$} "),
                _ => format!("| {cell:>width$} "),
            };
            table.push_str(&cell);
        }
        table.push_str("|\n");
        if index == 0 {
            for (column, &width) in widths.iter().enumerate() {
                let rule = "-".repeat(width + 1);
                let end = if column == 0 { "-" } else { ":" };
                table.push_str(&format!("|{rule}{end}"));
            }
            table.push_str("|\n");
        }
    }
    for row in rows {
        if let Some((times, why)) = &row.failure {
            let why = why.lines().next().unwrap_or_default();
            table.push_str(&format!("\n`{}` failed {times} times: {why}\n", row.client));
        }
    }
    table
}

fn cells(row: &Row, small: bool) -> Vec<String> {
    let mut cells = vec![row.client.to_owned()];
    match &row.figures {
        None => {
            cells.push("failed".into());
            let head = if small { HEAD_SMALL } else { HEAD_LARGE };
            cells.resize(head.len(), String::new());
        }
        Some(figures) => cells.extend(figure_cells(figures, small)),
    }
    cells
}

/// In the order of the heads.
fn figure_cells(figures: &Figures, small: bool) -> Vec<String> {
    let (ratio, range) = match figures.ratio {
        Some(ratio) => (
            format!("{:.2}", ratio.median),
            format!("{:.2}..{:.2}", ratio.min, ratio.max),
        ),
        None => ("–".into(), String::new()),
    };
    let cost = match small {
        true => format!("{:.1}", figures.cost),
        false => format!("{:.3}", figures.cost),
    };
    let mut cells = vec![cost, ratio, range, format!("{:.3}", figures.wall_s)];
    if small {
        let millis = |micros: f64| format!("{:.2}", micros / 1000.0);
        cells.extend([
            format!("{:.0}", figures.uploads_a_second),
            millis(figures.p50_micros),
            millis(figures.p99_micros),
            format!("{:.0}", figures.resumed),
        ]);
    }
    cells.extend([
        format!("{:.1}", figures.memory_kib as f64 / 1024.0),
        figures.threads.to_string(),
        format!("{:.0}", figures.voluntary),
        format!("{:.0}", figures.involuntary),
        format!("{:.0}", figures.faults),
    ]);
    cells
}
