//! Two sides of a question, some runs of each: what differs, and whether chance could have made it.

mod page;
mod statistics;
mod text;

use serde::{Deserialize, Serialize};

use crate::phase::Phase;
use crate::report::{Latency, Report};
use statistics::{RUNS_MIN, Spread, chance_of, median};

/// A difference that chance makes less often than this is called significant.
const SIGNIFICANT: f64 = 0.05;

/// Runs of two sides, A and B, held against each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Comparison {
    /// `quintet-bench-compare/1`.
    pub schema: String,
    /// What A is.
    pub a: String,
    /// What B is.
    pub b: String,
    /// Runs of each.
    pub runs: [usize; 2],
    /// Measure by measure.
    pub measures: Vec<Measure>,
    /// What is to be known before any of it is believed.
    pub notes: Vec<String>,
    /// All response times of each side, for the picture; in microseconds, as in a report.
    #[serde(skip)]
    curves: [Option<Box<hdrhistogram::Histogram<u64>>>; 2],
}

/// One measure of both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Measure {
    /// Its path in the JSON of a report.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// Whether more of it is better.
    pub more_is_better: bool,
    /// The median of A's runs, and between which values it lies.
    pub a: Median,
    /// That of B's.
    pub b: Median,
    /// How much more B has, as a part of A; `None` where A has nothing.
    pub change: Option<f64>,
    /// Mann and Whitney's U, of A.
    pub u: f64,
    /// How often chance alone would make a difference as great, two-sided.
    pub p: f64,
    /// What follows, in words.
    pub verdict: String,
}

/// A median, and an interval that holds the true one with the confidence told: less than 95 % where the runs are too few
/// for that.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "names that say it all")]
pub struct Median {
    pub median: f64,
    pub low: f64,
    pub high: f64,
    pub confidence: f64,
}

/// A measure: path, name, whether more is better, and where it is found.
type Kind = (&'static str, &'static str, bool, fn(&Report) -> Option<f64>);

const KINDS: [Kind; 8] = [
    ("rate.achieved_per_s", "uploads a second", true, |report| {
        Some(report.rate.achieved_per_s)
    }),
    (
        "rate.sent_bytes_per_s",
        "body bytes a second",
        true,
        |report| Some(report.rate.sent_bytes_per_s),
    ),
    (
        "latency.response.p50_us",
        "response time p50",
        false,
        |report| micros(report, Phase::Response, |own| own.p50_us),
    ),
    (
        "latency.response.p99_us",
        "response time p99",
        false,
        |report| micros(report, Phase::Response, |own| own.p99_us),
    ),
    (
        "latency.service.p50_us",
        "service time p50",
        false,
        |report| micros(report, Phase::Service, |own| own.p50_us),
    ),
    (
        "latency.service.p99_us",
        "service time p99",
        false,
        |report| micros(report, Phase::Service, |own| own.p99_us),
    ),
    (
        "client.answered_per_cpu_s",
        "uploads for each second of CPU",
        true,
        |report| Some(report.client.answered_per_cpu_s),
    ),
    ("uploads.measured_failed", "failed", false, |report| {
        Some(report.uploads.measured_failed as f64)
    }),
];

fn micros(report: &Report, phase: Phase, time: fn(&Latency) -> u64) -> Option<f64> {
    report.phase(phase).map(|latency| time(latency) as f64)
}

impl Comparison {
    /// Holds the runs of two sides against each other.
    ///
    /// # Errors
    /// If one side has none.
    pub fn of(a: &[Report], b: &[Report]) -> Result<Self, String> {
        let (Some(first), Some(other)) = (a.first(), b.first()) else {
            return Err("each side needs a run".into());
        };
        let measures = KINDS.iter().filter_map(|kind| measure(kind, a, b));
        Ok(Self {
            schema: "quintet-bench-compare/1".into(),
            a: first.settings.url.clone(),
            b: other.settings.url.clone(),
            runs: [a.len(), b.len()],
            measures: measures.collect(),
            notes: notes(a, b),
            curves: [curve(a), curve(b)],
        })
    }

    /// As JSON, with a newline at its end.
    pub fn to_json(&self) -> String {
        // Its only keys are the fields.
        serde_json::to_string_pretty(self).map_or_else(|_| String::new(), |json| json + "\n")
    }
}

/// All response times of one side.
fn curve(runs: &[Report]) -> Option<Box<hdrhistogram::Histogram<u64>>> {
    let mut sum = crate::histogram::empty();
    for run in runs {
        let latency = run.phase(Phase::Response)?;
        crate::histogram::add(
            &mut sum,
            &crate::histogram::from_text(&latency.histogram).ok()?,
        );
    }
    Some(Box::new(sum))
}

/// `None` where a run has no such measure.
fn measure((key, name, more_is_better, of): &Kind, a: &[Report], b: &[Report]) -> Option<Measure> {
    let a: Vec<f64> = a.iter().map(of).collect::<Option<_>>()?;
    let b: Vec<f64> = b.iter().map(of).collect::<Option<_>>()?;
    let (u, p) = chance_of(&a, &b);
    let (from, to) = (median(&a), median(&b));
    let change = (from > 0.0).then(|| to / from - 1.0);
    Some(Measure {
        key: (*key).into(),
        name: (*name).into(),
        more_is_better: *more_is_better,
        a: Spread::of(&a).into(),
        b: Spread::of(&b).into(),
        change,
        u,
        p,
        verdict: verdict(a.len().min(b.len()), p, from, to, change, *more_is_better),
    })
}

fn verdict(
    runs: usize,
    p: f64,
    a: f64,
    b: f64,
    change: Option<f64>,
    more_is_better: bool,
) -> String {
    if runs < RUNS_MIN {
        return "too few runs to tell".into();
    }
    if p >= SIGNIFICANT || a == b {
        return format!("no significant difference (p = {p:.3})");
    }
    let better = if (b > a) == more_is_better {
        "better"
    } else {
        "worse"
    };
    let by = change.map_or_else(String::new, |change| {
        format!(" by {:.1} %", change.abs() * 100.0)
    });
    let direction = if b > a { "more" } else { "less" };
    format!("B has {direction}{by}, which is {better} (p = {p:.3})")
}

fn notes(a: &[Report], b: &[Report]) -> Vec<String> {
    let mut notes = Vec::new();
    let runs = a.len().min(b.len());
    if runs == 1 {
        notes.push(
            "a single run is compared: nothing here tells a difference from chance; repeat both sides in turn (--vs URL --rounds 10)"
                .into(),
        );
    } else if runs < RUNS_MIN {
        notes.push(format!(
            "with fewer than {RUNS_MIN} runs of each side no difference, however great, is significant"
        ));
    }
    let first = &a[0].settings;
    let all = || a.iter().chain(b);
    let mut differing = Vec::new();
    for report in all() {
        let (one, other) = (
            serde_json::to_value(first),
            serde_json::to_value(&report.settings),
        );
        if let (Ok(serde_json::Value::Object(one)), Ok(other)) = (one, other) {
            let differs = one
                .into_iter()
                .filter(|(name, value)| other[name] != *value);
            differing.extend(differs.map(|(name, _)| name).filter(|name| name != "url"));
        }
    }
    differing.sort();
    differing.dedup();
    if !differing.is_empty() {
        notes.push(format!("their settings differ in {}", differing.join(", ")));
    }
    if all().any(|report| report.machine != a[0].machine) {
        notes.push("they ran on different machines".into());
    }
    if all().any(|report| report.uploads.measured_failed > 0) {
        notes.push("some uploads failed: their times are in no measure".into());
    }
    let codes = [
        "client-busy",
        "late",
        "rate-missed",
        "slots-starved",
        "stopped",
        "partial",
    ];
    for code in codes {
        let warned = all().filter(|report| report.warnings.iter().any(|own| own.code == code));
        let warned = warned.count();
        if warned > 0 {
            notes.push(format!(
                "{warned} of {} runs carry the warning `{code}`",
                a.len() + b.len()
            ));
        }
    }
    notes
}

impl From<Spread> for Median {
    fn from(spread: Spread) -> Self {
        let Spread {
            median,
            low,
            high,
            confidence,
        } = spread;
        Self {
            median,
            low,
            high,
            confidence,
        }
    }
}
