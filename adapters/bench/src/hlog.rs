//! `.hlog`: one histogram for each phase and interval, as HdrHistogram's programs in every language read them.
//!
//! Two comments tell what the format has no field for: which shard it is, and that it is complete.

use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogIterator, IntervalLogWriterBuilder, IntervalLogWriterError, LogEntry, Tag,
};

use crate::histogram::{add, empty, from_text};
use crate::load::Shard;
use crate::phase::Phase;
use crate::run::Tick;

/// Milliseconds in the file's fourth column, for people; what is within the histograms stays microseconds.
const MICROS_A_MILLI: f64 = 1_000.0;

const SHARD: &str = "#[quintet bench: shard ";
const END: &str = "#[quintet bench: complete]";

/// Writes a log as the bench goes on: each phase that has values is a line of its own, tagged with its name.
pub struct Hlog<W> {
    out: W,
    begun: bool,
}

impl<W: io::Write> Hlog<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, begun: false }
    }

    /// What it wrote to.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// Adds an interval.
    ///
    /// # Errors
    /// What `out` says.
    pub fn add(&mut self, tick: &Tick<'_>) -> io::Result<()> {
        let lines = lines(tick)?;
        // The library begins each log with what stands in a file once.
        let is_wanted = |line: &&str| !self.begun || !line.starts_with(['#', '"']);
        let wanted = lines.split_inclusive('\n').filter(is_wanted);
        let text: String = wanted.collect();
        if !self.begun {
            let Shard { index, of } = tick.shard;
            writeln!(self.out, "{SHARD}{index} of {of}")?;
        }
        self.begun = true;
        self.out.write_all(text.as_bytes())?;
        match tick.is_last {
            true => writeln!(self.out, "{END}"),
            false => Ok(()),
        }
    }
}

/// Adds up the logs of all shards of a bench: a line for each phase, over the whole time, exactly.
///
/// # Errors
/// A sentence on why they are no such thing: no log of a bench, a shard twice, one that is incomplete or missing (the last two
/// unless `partial`).
pub fn merge_hlogs(logs: &[&str], partial: bool) -> Result<String, String> {
    let mut sums: Vec<Option<Histogram<u64>>> = vec![None; Phase::ALL.len()];
    let mut shards = BTreeSet::new();
    let (mut of, mut start, mut from, mut to) = (None, f64::MAX, Duration::MAX, Duration::ZERO);
    for log in logs {
        let Shard { index, of: own_of } = shard_of(log).ok_or("it is no log of quintet bench")?;
        if *of.get_or_insert(own_of) != own_of {
            return Err("they are of benches with other numbers of shards".into());
        }
        if !shards.insert(index) {
            return Err(format!("shard {index} of {own_of} is there twice"));
        }
        if !log.lines().any(|line| line == END) && !partial {
            return Err(format!(
                "the log of shard {index} breaks off; --partial merges what there is"
            ));
        }
        // One that breaks off may do so within a line.
        let whole = log.rfind('\n').map_or("", |end| &log[..=end]);
        for entry in IntervalLogIterator::new(whole.as_bytes()) {
            match entry.map_err(|error| format!("shard {index}: {error:?}"))? {
                LogEntry::StartTime(at) => start = start.min(at.as_secs_f64()),
                LogEntry::BaseTime(_) => {}
                LogEntry::Interval(line) => {
                    let tag = line.tag().map_or("", |tag| tag.as_str());
                    let phase = Phase::named(tag).ok_or("it has a tag that is no phase")?;
                    let read = from_text(line.encoded_histogram())?;
                    add(sums[phase as usize].get_or_insert_with(empty), &read);
                    from = from.min(line.start_timestamp());
                    to = to.max(line.start_timestamp() + line.duration());
                }
            }
        }
    }
    let of = of.ok_or("there is no log to merge")?;
    if (shards.len() as u64) < of && !partial {
        return Err(format!(
            "{} of {of} shards are there; --partial merges what there is",
            shards.len()
        ));
    }
    let took = to.saturating_sub(from);
    let start = SystemTime::UNIX_EPOCH + Duration::try_from_secs_f64(start).unwrap_or_default();
    let phases = Phase::ALL.into_iter().zip(&sums);
    let filled = phases.filter_map(|(phase, sum)| Some((phase, sum.as_ref()?)));
    let lines = lines_of(start, from.min(to), took, filled).map_err(|error| error.to_string())?;
    Ok(format!("{lines}{SHARD}0 of 1\n{END}\n"))
}

/// Which shard's it is.
fn shard_of(log: &str) -> Option<Shard> {
    let line = log.lines().find_map(|line| line.strip_prefix(SHARD))?;
    let (index, of) = line.split_once(" of ")?;
    Some(Shard {
        index: index.parse().ok()?,
        of: of.parse().ok()?,
    })
}

fn lines(tick: &Tick<'_>) -> io::Result<String> {
    // Whole milliseconds are what the format keeps of it.
    let since = tick.started_at.duration_since(SystemTime::UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    let millis = u64::try_from(millis).unwrap_or(u64::MAX);
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
    let all = Phase::ALL
        .into_iter()
        .map(|phase| (phase, tick.histogram(phase)));
    let filled = all.filter(|(_, histogram)| !histogram.is_empty());
    lines_of(start, tick.point.at, tick.point.length, filled)
}

fn lines_of<'a>(
    start: SystemTime,
    at: Duration,
    length: Duration,
    histograms: impl Iterator<Item = (Phase, &'a Histogram<u64>)>,
) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut builder = IntervalLogWriterBuilder::new();
    builder
        .add_comment("quintet bench: microseconds, one tag for each phase")
        .with_start_time(start)
        .with_base_time(start)
        .with_max_value_divisor(MICROS_A_MILLI);
    let mut log = builder.begin_log_with(&mut bytes, &mut serializer)?;
    for (phase, histogram) in histograms {
        // A phase is a word, so that it can be a tag.
        log.write_histogram(histogram, at, length, Tag::new(phase.name()))
            .map_err(|error| match error {
                IntervalLogWriterError::IoError(error) => error,
                error => io::Error::other(error),
            })?;
    }
    String::from_utf8(bytes).map_err(io::Error::other)
}
