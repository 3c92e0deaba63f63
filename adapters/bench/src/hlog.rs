//! `.hlog`: one histogram for each phase and interval, as HdrHistogram's programs in every language read them.

use std::io;
use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};

use crate::phase::Phase;
use crate::run::Tick;

/// Milliseconds in the file's fourth column, for people; what is within the histograms stays microseconds.
const MICROS_A_MILLI: f64 = 1_000.0;

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
        self.begun = true;
        self.out.write_all(text.as_bytes())
    }
}

fn lines(tick: &Tick<'_>) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    // Whole milliseconds are what the format keeps of it.
    let since = tick.started_at.duration_since(SystemTime::UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    let millis = u64::try_from(millis).unwrap_or(u64::MAX);
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
    let mut builder = IntervalLogWriterBuilder::new();
    builder
        .add_comment("quintet bench: microseconds, one tag for each phase")
        .with_start_time(start)
        .with_base_time(start)
        .with_max_value_divisor(MICROS_A_MILLI);
    let mut log = builder.begin_log_with(&mut bytes, &mut serializer)?;
    for phase in Phase::ALL {
        let histogram = tick.histogram(phase);
        if histogram.is_empty() {
            continue;
        }
        // A phase is a word, so that it can be a tag.
        let (point, tag) = (tick.point, Tag::new(phase.name()));
        log.write_histogram(histogram, point.at, point.length, tag)
            .map_err(|error| match error {
                IntervalLogWriterError::IoError(error) => error,
                error => io::Error::other(error),
            })?;
    }
    String::from_utf8(bytes).map_err(io::Error::other)
}
