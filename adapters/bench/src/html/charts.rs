//! The pictures of a report: what happened when, and the usual curve of percentiles.

use std::fmt::Write;

use hdrhistogram::Histogram;

use super::chart::{Axes, Colour, Line, Scale, chart};
use super::escaped;
use crate::histogram::from_text;
use crate::report::text::{mark, time};
use crate::report::{Interval, Report};

/// Most points of a line: more than a screen has columns are of no use.
const POINTS_MAX: usize = 800;

pub(super) fn of(report: &Report, body: &mut String) {
    let series = thinned(&report.series);
    throughput(report, &series, body);
    latency(&series, body);
    percentiles(report, body);
    errors(&series, body);
}

/// A picture with its heading and key.
pub(crate) fn figure(
    body: &mut String,
    title: &str,
    key: &[(Colour, bool, &str)],
    svg: &str,
    caption: &str,
) {
    let _ = write!(body, "<h2>{}</h2>\n<figure>\n<p class=key>", escaped(title));
    for (colour, dashed, name) in key {
        let class = match colour {
            Colour::First => "first",
            Colour::Second => "second",
            Colour::Third => "third",
            Colour::Bad => "bad",
        };
        let dashed = if *dashed { " class=dashed" } else { "" };
        let name = escaped(name);
        let _ = write!(
            body,
            "<span><span class={class}><i{dashed}></i></span>{name}</span>"
        );
    }
    let label = escaped(title);
    let _ = write!(
        body,
        "</p>\n<div class=wide tabindex=0 role=region aria-label=\"{label}\">{svg}</div>\n\
         <figcaption>{caption}</figcaption>\n</figure>\n"
    );
}

/// A line over the time of the bench.
fn over_time(
    series: &[Interval],
    value: impl Fn(&Interval) -> Option<f64>,
) -> Vec<(f64, Option<f64>)> {
    let points = series.iter();
    points
        .map(|interval| (interval.at_s + interval.length_s / 2.0, value(interval)))
        .collect()
}

fn plot(
    alt: &str,
    series: &[Interval],
    y_label: &dyn Fn(&f64) -> String,
    y: Scale,
    lines: &[Line],
) -> String {
    let end = series.last().map_or(1.0, |last| last.at_s + last.length_s);
    let axes = Axes {
        x: 0.0..end,
        x_label: &|seconds| format!("{} s", (seconds * 100.0).round() / 100.0),
        x_labels: 8,
        y_label,
        y,
    };
    chart(alt, &axes, lines)
}

fn throughput(report: &Report, series: &[Interval], body: &mut String) {
    // The last interval ends with the bench: of a short one a rate would be chance.
    let least = series.first().map_or(0.0, |first| first.length_s / 2.0);
    let per_s = |count: u64, interval: &Interval| {
        (interval.length_s >= least).then(|| count as f64 / interval.length_s.max(1e-9))
    };
    let mut lines = vec![Line {
        colour: Colour::First,
        dashed: false,
        points: over_time(series, |interval| per_s(interval.answered, interval)),
    }];
    let mut key = vec![(Colour::First, false, "answered")];
    if report.settings.load == "open" {
        key.push((Colour::Second, true, "begun"));
        lines.push(Line {
            colour: Colour::Second,
            dashed: true,
            points: over_time(series, |interval| per_s(interval.begun, interval)),
        });
    }
    let label = |rate: &f64| format!("{}/s", (rate * 100.0).round() / 100.0);
    let svg = plot(
        "Uploads a second over time",
        series,
        &label,
        Scale::Decimal,
        &lines,
    );
    let caption = "In each interval, ramp and warm-up included.";
    figure(body, "Uploads a second", &key, &svg, caption);

    let lines = [Line {
        colour: Colour::First,
        dashed: false,
        points: over_time(series, |interval| per_s(interval.sent_bytes, interval)),
    }];
    let label = |bytes: &f64| mark(*bytes) + "/s";
    let svg = plot(
        "Body bytes sent a second over time",
        series,
        &label,
        Scale::Binary,
        &lines,
    );
    let key = [(Colour::First, false, "body bytes")];
    figure(
        body,
        "Bytes a second",
        &key,
        &svg,
        "As transports took them.",
    );

    let lines = [
        Line {
            colour: Colour::First,
            dashed: false,
            points: over_time(series, |interval| Some(interval.active as f64)),
        },
        Line {
            colour: Colour::Second,
            dashed: true,
            points: over_time(series, |interval| Some(interval.queued as f64)),
        },
    ];
    let label = |count: &f64| format!("{count:.0}");
    let svg = plot(
        "Active and queued uploads over time",
        series,
        &label,
        Scale::Decimal,
        &lines,
    );
    let key = [
        (Colour::First, false, "active"),
        (Colour::Second, true, "queued"),
    ];
    figure(
        body,
        "Uploads under way",
        &key,
        &svg,
        "At the end of each interval.",
    );
}

fn latency(series: &[Interval], body: &mut String) {
    let micros = |times: Option<[u64; 3]>, part: usize| times.map(|times| times[part] as f64);
    let line = |colour, dashed, points| Line {
        colour,
        dashed,
        points,
    };
    let lines = [
        line(
            Colour::First,
            false,
            over_time(series, |interval| micros(interval.response_us, 1)),
        ),
        line(
            Colour::Second,
            true,
            over_time(series, |interval| micros(interval.service_us, 1)),
        ),
        line(
            Colour::Third,
            false,
            over_time(series, |interval| micros(interval.response_us, 0)),
        ),
    ];
    let label = |micros: &f64| time(*micros);
    let svg = plot(
        "Times over time, logarithmic",
        series,
        &label,
        Scale::Log,
        &lines,
    );
    let key = [
        (Colour::First, false, "response p99"),
        (Colour::Second, true, "service p99"),
        (Colour::Third, false, "response p50"),
    ];
    let caption = "Of the measured uploads that ended in each interval. Logarithmic.";
    figure(body, "Times over time", &key, &svg, caption);
}

fn percentiles(report: &Report, body: &mut String) {
    let lines = ["response", "service"].into_iter().filter_map(|name| {
        let histogram = from_text(&report.latency.get(name)?.histogram).ok()?;
        Some((name, histogram))
    });
    let lines: Vec<_> = lines.collect();
    let drawn: Vec<_> = lines
        .iter()
        .map(|(name, histogram)| match *name {
            "response" => (Colour::First, false, histogram),
            _ => (Colour::Second, true, histogram),
        })
        .collect();
    let key = [
        (Colour::First, false, "response time"),
        (Colour::Second, true, "service time"),
    ];
    let caption = "The part of the uploads that took no longer; each step to the right leaves a tenth of those before.";
    let svg = percentile_chart("Percentiles of response and service time", &drawn);
    figure(body, "Percentiles", &key, &svg, caption);
}

/// The usual curve: to the right, how few are slower, each step a tenth.
pub(crate) fn percentile_chart(alt: &str, lines: &[(Colour, bool, &Histogram<u64>)]) -> String {
    let most = lines
        .iter()
        .map(|line| line.2.len())
        .max()
        .unwrap_or(1)
        .max(10);
    let end = (most as f64).log10();
    let lines: Vec<_> = lines
        .iter()
        .map(|&(colour, dashed, histogram)| Line {
            colour,
            dashed,
            points: curve(histogram),
        })
        .collect();
    let axes = Axes {
        x: 0.0..end,
        x_label: &|place| {
            let percent = 100.0 * (1.0 - 10_f64.powf(-place));
            let decimals = (place.ceil() as usize).saturating_sub(2);
            format!("{percent:.decimals$} %")
        },
        x_labels: end.ceil() as usize + 1,
        y_label: &|micros| time(*micros),
        y: Scale::Decimal,
    };
    chart(alt, &axes, &lines)
}

/// Each place, as how many powers of ten of the values lie above, with its value.
fn curve(histogram: &Histogram<u64>) -> Vec<(f64, Option<f64>)> {
    let end = (histogram.len().max(1) as f64).log10();
    let steps = (end * 40.0).ceil() as u32;
    let points = (0..=steps).map(|step| {
        let place = (f64::from(step) / 40.0).min(end);
        let quantile = 1.0 - 10_f64.powf(-place);
        (place, Some(histogram.value_at_quantile(quantile) as f64))
    });
    points.collect()
}

fn errors(series: &[Interval], body: &mut String) {
    if series.iter().all(|interval| interval.failed == 0) {
        body.push_str("<h2>Failures</h2>\n<p>No upload failed.</p>\n");
        return;
    }
    let lines = [Line {
        colour: Colour::Bad,
        dashed: false,
        points: over_time(series, |interval| Some(interval.failed as f64)),
    }];
    let label = |count: &f64| format!("{}", (count * 10.0).round() / 10.0);
    let svg = plot(
        "Failed uploads over time",
        series,
        &label,
        Scale::Decimal,
        &lines,
    );
    let key = [(Colour::Bad, false, "failed")];
    figure(
        body,
        "Failures",
        &key,
        &svg,
        "Uploads that ended without a complete answer, in each interval.",
    );
}

/// Neighbours together, until there are few enough: counts add up, and of times the worst is kept.
fn thinned(series: &[Interval]) -> Vec<Interval> {
    let each = series.len().div_ceil(POINTS_MAX).max(1);
    series.chunks(each).map(together).collect()
}

fn together(some: &[Interval]) -> Interval {
    let mut whole = some[0].clone();
    for one in &some[1..] {
        whole.length_s += one.length_s;
        whole.begun += one.begun;
        whole.answered += one.answered;
        whole.failed += one.failed;
        whole.sent_bytes += one.sent_bytes;
        (whole.active, whole.queued) = (one.active, one.queued);
        whole.service_us = worst(whole.service_us, one.service_us);
        whole.response_us = worst(whole.response_us, one.response_us);
    }
    whole
}

fn worst(one: Option<[u64; 3]>, other: Option<[u64; 3]>) -> Option<[u64; 3]> {
    match (one, other) {
        (Some(one), Some(other)) => Some(std::array::from_fn(|part| one[part].max(other[part]))),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_series_is_thinned_without_losing_a_count() {
        let series: Vec<_> = (0..86_400_u32)
            .map(|at| Interval {
                at_s: f64::from(at),
                length_s: 1.0,
                answered: 2,
                service_us: (at % 1000 == 7).then_some([1, 2, at.into()]),
                ..Interval::default()
            })
            .collect();
        let few = thinned(&series);
        assert!(few.len() <= POINTS_MAX);
        assert_eq!(few.iter().map(|one| one.answered).sum::<u64>(), 172_800);
        let worst = few.iter().filter_map(|one| one.service_us).max();
        assert_eq!(worst, Some([1, 2, 86_007]));
        assert!(thinned(&[]).is_empty());
    }
}
