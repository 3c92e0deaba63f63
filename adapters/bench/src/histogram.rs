//! One histogram for each phase, and their serial form.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

use crate::phase::Phase;

/// The longest time told apart: one hour.
pub const MICROS_MAX: u64 = 3_600_000_000;
/// Three digits: a value read back is at most 0.1 % above the one recorded.
const DIGITS: u8 = 3;

/// Microseconds from 1 to [`MICROS_MAX`]. Grows with its values, so that what is fast costs little.
pub(crate) fn empty() -> Histogram<u64> {
    Histogram::new(DIGITS).expect("three digits are no more than five")
}

/// Less than a microsecond counts as one, more than an hour as an hour.
pub(crate) fn record(histogram: &mut Histogram<u64>, took: Duration) {
    let micros = u64::try_from(took.as_micros()).unwrap_or(MICROS_MAX);
    // It grows to an hour, which takes no more than 23,552 counters.
    let _ = histogram.record(micros.clamp(1, MICROS_MAX));
}

/// Adds all of `other`.
pub(crate) fn add(histogram: &mut Histogram<u64>, other: &Histogram<u64>) {
    // Both grow, so that nothing in one is out of range in the other.
    let _ = histogram.add(other);
}

/// One for each phase.
#[derive(Clone)]
pub(crate) struct Histograms([Histogram<u64>; Phase::ALL.len()]);

impl Histograms {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| empty()))
    }

    pub(crate) fn of(&self, phase: Phase) -> &Histogram<u64> {
        &self.0[phase as usize]
    }

    pub(crate) fn of_mut(&mut self, phase: Phase) -> &mut Histogram<u64> {
        &mut self.0[phase as usize]
    }

    pub(crate) fn record(&mut self, phase: Phase, took: Duration) {
        record(self.of_mut(phase), took);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            if !other.is_empty() {
                add(own, other);
            }
        }
    }

    /// Forgets everything; what they have grown to is kept.
    pub(crate) fn clear(&mut self) {
        for own in &mut self.0 {
            if !own.is_empty() {
                own.reset();
            }
        }
    }
}

/// HdrHistogram's compressed V2 form in base64, as in `.hlog` files.
pub(crate) fn to_text(histogram: &Histogram<u64>) -> String {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(histogram, &mut bytes)
        .expect("writing to memory does not fail, and the counters are far under the form's limit");
    BASE64.encode(bytes)
}

/// What [`to_text`] wrote, here or in another program.
pub(crate) fn from_text(text: &str) -> Result<Histogram<u64>, String> {
    let bytes = BASE64.decode(text).map_err(|error| error.to_string())?;
    let read: Histogram<u64> = Deserializer::new()
        .deserialize(&mut bytes.as_slice())
        .map_err(|error| error.to_string())?;
    if read.sigfig() != DIGITS || read.low() != 1 {
        return Err("it has other bounds than those of a bench: not three digits from 1 on".into());
    }
    let mut own = empty();
    if read.max() > MICROS_MAX + MICROS_MAX / 1000 {
        return Err("it holds more than an hour".into());
    }
    add(&mut own, &read);
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_back_is_what_was_recorded_to_three_digits() {
        let mut histogram = empty();
        let mut truth: Vec<u64> = (0..10_000)
            .map(|n| 1 + n * n * 7 % 900_000 + n * 300_000)
            .collect();
        for micros in &truth {
            record(&mut histogram, Duration::from_micros(*micros));
        }
        truth.sort();
        let read = from_text(&to_text(&histogram)).unwrap();
        for quantile in [0.001, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let place = (quantile * truth.len() as f64).ceil() as usize - 1;
            let (exact, told) = (truth[place], read.value_at_quantile(quantile));
            assert!(
                told >= exact && told - exact <= exact / 1000,
                "{quantile}: {exact} {told}"
            );
        }
        assert_eq!(read, histogram);
    }

    #[test]
    fn times_beyond_the_bounds_count_as_the_bounds() {
        let mut histogram = empty();
        record(&mut histogram, Duration::ZERO);
        record(&mut histogram, Duration::MAX);
        assert_eq!((histogram.min(), histogram.len()), (1, 2));
        assert!(histogram.equivalent(histogram.max(), MICROS_MAX));
        assert!(from_text("AAAA").is_err() && from_text("é").is_err());
    }
}
