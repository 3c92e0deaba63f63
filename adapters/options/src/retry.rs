//! The option `retry`: how often, after what, and when.

use std::time::Duration;

use quintet::{Error, Retry, UploadRequest};

use crate::coerce;
use crate::value::Value;

/// `retry`: the most retries, or an object with what differs from the engine's policy.
pub(crate) fn set(
    request: UploadRequest,
    option: &str,
    value: &Value,
    _: &Value,
) -> Result<UploadRequest, Error> {
    let mut retry = Retry::default();
    match value {
        Value::Number(_) => {
            let most = coerce::whole(option, value, COUNTS)?.unwrap_or(0) as u32;
            (retry.retries_max, retry.retries_total_max) = (most, most);
        }
        Value::Map(_) => {
            for (key, rule) in KEYS {
                rule.apply(&mut retry, &format!("{option}.{key}"), value.get(key))?;
            }
        }
        wrong => return Err(coerce::must_be(option, "a number or an object", wrong)),
    }
    Ok(request.retry(retry))
}

const COUNTS: std::ops::RangeInclusive<i64> = 0..=u32::MAX as i64;

/// What is done with the value of a key; one that is absent changes nothing.
enum Rule {
    Count(fn(&mut Retry) -> &mut u32),
    Millis(fn(&mut Retry, Duration)),
    Truth(fn(&mut Retry) -> &mut bool),
    Statuses,
}

/// As [`Retry`] has them.
static KEYS: &[(&str, Rule)] = &[
    ("retriesMax", Rule::Count(|retry| &mut retry.retries_max)),
    (
        "retriesTotalMax",
        Rule::Count(|retry| &mut retry.retries_total_max),
    ),
    (
        "delayMin",
        Rule::Millis(|retry, time| retry.delay_min = time),
    ),
    (
        "delayFirst",
        Rule::Millis(|retry, time| retry.delay_first = time),
    ),
    (
        "delayMax",
        Rule::Millis(|retry, time| retry.delay_max = time),
    ),
    (
        "retryAfterMax",
        Rule::Millis(|retry, time| retry.retry_after_max = time),
    ),
    (
        "timeMax",
        Rule::Millis(|retry, time| retry.time_max = Some(time)),
    ),
    ("unconnected", Rule::Truth(|retry| &mut retry.unconnected)),
    ("broken", Rule::Truth(|retry| &mut retry.broken)),
    ("timeouts", Rule::Truth(|retry| &mut retry.timeouts)),
    ("statuses", Rule::Statuses),
];

impl Rule {
    fn apply(&self, retry: &mut Retry, name: &str, value: &Value) -> Result<(), Error> {
        match self {
            Self::Count(which) => {
                if let Some(count) = coerce::whole(name, value, COUNTS)? {
                    *which(retry) = count as u32;
                }
            }
            Self::Millis(set) => {
                if let Some(time) = coerce::millis(name, value)? {
                    set(retry, time);
                }
            }
            Self::Truth(which) => {
                if let Some(truth) = coerce::truth(name, value)? {
                    *which(retry) = truth;
                }
            }
            Self::Statuses if value.is_absent() => {}
            Self::Statuses => retry.statuses = statuses(name, value)?,
        }
        Ok(())
    }
}

fn statuses(name: &str, value: &Value) -> Result<Vec<u16>, Error> {
    let read = |(index, status): (usize, &Value)| {
        let name = format!("{name}[{index}]");
        match coerce::whole(&name, status, 100..=999)? {
            Some(status) => Ok(status as u16),
            None => Err(coerce::must_be(&name, "a number", status)),
        }
    };
    let all = coerce::list(name, value)?;
    all.iter().enumerate().map(read).collect()
}
