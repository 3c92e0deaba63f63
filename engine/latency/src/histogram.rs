//! One histogram: its bounds and its serial forms.

use std::fmt;
use std::io;
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{
    IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer, V2Serializer};

use crate::MICROS_MAX;

/// Three digits: two are too coarse to compare two runs, four would cost eight times the memory.
const DIGITS: u8 = 3;

pub(crate) fn empty() -> Histogram<u64> {
    // The bounds are constants that the library takes: 1 or more, at least twice that, at most five digits.
    Histogram::new_with_bounds(1, MICROS_MAX, DIGITS).expect("bounds that fit together")
}

pub(crate) fn to_v2(histogram: &Histogram<u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    V2Serializer::new().serialize(histogram, &mut bytes).expect(
        "writing to memory does not fail, and 23,552 counters are far under the form's limit",
    );
    bytes
}

pub(crate) fn to_v2_deflate(histogram: &Histogram<u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(histogram, &mut bytes)
        .expect(
            "writing to memory does not fail, and 23,552 counters are far under the form's limit",
        );
    bytes
}

/// One tagged line for each histogram that has values.
pub(crate) fn write_hlog(
    histograms: &[(&'static str, Histogram<u64>)],
    out: &mut impl io::Write,
    start: SystemTime,
    took: Duration,
) -> io::Result<()> {
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("microseconds, one tag for each phase")
        .with_start_time(start)
        .with_base_time(start)
        // The maxima that people read are milliseconds.
        .with_max_value_divisor(1_000.0)
        .begin_log_with(out, &mut serializer)?;
    let filled = histograms
        .iter()
        .filter(|(_, histogram)| !histogram.is_empty());
    for (phase, histogram) in filled {
        // A phase is a word, so that it can be a tag.
        let tag = Tag::new(phase);
        log.write_histogram(histogram, Duration::ZERO, took, tag)
            .map_err(|error| match error {
                IntervalLogWriterError::IoError(error) => error,
                error => io::Error::other(error),
            })?;
    }
    Ok(())
}

/// Both forms say what they are in their first bytes.
pub(crate) fn from_v2(mut bytes: &[u8]) -> Result<Histogram<u64>, SerialError> {
    Deserializer::new()
        .deserialize(&mut bytes)
        .map_err(|error| SerialError::Malformed(error.to_string()))
}

/// Why a serialised histogram cannot be added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SerialError {
    /// There is no phase of that name.
    NoSuchPhase,
    /// The bytes are no histogram in one of the V2 forms; what the parser said.
    Malformed(String),
    /// It holds values that ours cannot.
    OutOfRange,
}

impl fmt::Display for SerialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchPhase => f.write_str("there is no phase of that name"),
            Self::Malformed(why) => write!(f, "the bytes are no V2 histogram: {why}"),
            Self::OutOfRange => f.write_str("the histogram holds values beyond one hour"),
        }
    }
}

impl std::error::Error for SerialError {}
