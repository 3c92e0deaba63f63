//! Many runs of a client in one case, as the numbers of its row.

use crate::run::Run;
use crate::workload::Case;

/// A median, and how far the runs lie around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            0 => (values[middle - 1] + values[middle]) / 2.0,
            _ => values[middle],
        };
        Some(Self { median, min, max })
    }
}

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) client: &'static str,
    /// `None` if no run succeeded.
    pub(crate) figures: Option<Figures>,
    /// Why the first that failed did, and how many.
    pub(crate) failure: Option<(usize, String)>,
}

/// Medians of the runs that succeeded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// CPU: seconds for a GiB, or microseconds for an upload.
    pub(crate) cost: f64,
    /// To the raw loop of the same round.
    pub(crate) ratio: Option<Spread>,
    pub(crate) wall_s: f64,
    pub(crate) uploads_a_second: f64,
    pub(crate) p50_micros: f64,
    pub(crate) p99_micros: f64,
    pub(crate) memory_kib: u64,
    pub(crate) threads: u64,
    pub(crate) voluntary: f64,
    pub(crate) involuntary: f64,
    pub(crate) faults: f64,
    pub(crate) resumed: f64,
}

/// The rows of one case, in the order of the clients.
pub(crate) fn rows(case: Case, clients: &[&'static str], runs: &[Run]) -> Vec<Row> {
    let runs: Vec<&Run> = runs.iter().filter(|run| run.case == case).collect();
    let rows = clients.iter().filter_map(|&client| {
        let own: Vec<&Run> = runs
            .iter()
            .copied()
            .filter(|run| run.client == client)
            .collect();
        (!own.is_empty()).then(|| row(client, &own, &runs))
    });
    rows.collect()
}

fn row(client: &'static str, own: &[&Run], all: &[&Run]) -> Row {
    let good: Vec<&Run> = own
        .iter()
        .copied()
        .filter(|run| run.report.is_ok())
        .collect();
    let failures = own.len() - good.len();
    let first = own.iter().find_map(|run| run.report.as_ref().err());
    Row {
        client,
        figures: figures(&good, all),
        failure: first.map(|why| (failures, why.clone())),
    }
}

fn figures(good: &[&Run], all: &[&Run]) -> Option<Figures> {
    let ratios = good.iter().filter_map(|run| {
        let reference = all.iter().find(|other| {
            other.round == run.round && other.client == run.case.reference() && other.report.is_ok()
        })?;
        Some(run.cost() / reference.cost())
    });
    let median = |value: &dyn Fn(&Run) -> f64| {
        Spread::of(good.iter().map(|run| value(run))).map(|spread| spread.median)
    };
    let reported = |run: &Run| run.report.as_ref().copied().unwrap_or_default();
    Some(Figures {
        cost: median(&Run::cost)?,
        ratio: Spread::of(ratios),
        wall_s: median(&|run| run.used.wall.as_secs_f64())?,
        uploads_a_second: median(&|run| run.uploads as f64 / run.used.wall.as_secs_f64())?,
        p50_micros: median(&|run| reported(run).p50_micros as f64)?,
        p99_micros: median(&|run| reported(run).p99_micros as f64)?,
        memory_kib: good.iter().map(|run| run.used.memory_kib).max()?,
        threads: good.iter().map(|run| run.used.threads).max()?,
        voluntary: median(&|run| run.used.voluntary as f64)?,
        involuntary: median(&|run| run.used.involuntary as f64)?,
        faults: median(&|run| run.used.faults as f64)?,
        resumed: median(&|run| run.resumed as f64)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        let spread = Spread::of([3.0, 1.0, 2.0].into_iter()).unwrap();
        assert_eq!((spread.median, spread.min, spread.max), (2.0, 1.0, 3.0));
        assert_eq!(Spread::of([4.0, 1.0].into_iter()).unwrap().median, 2.5);
        assert!(Spread::of([].into_iter()).is_none());
    }
}
