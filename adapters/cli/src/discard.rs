//! How `serve --discard` behaves, as it is written on the command line.

use std::time::Duration;

use quintet_receiver::Think;

use crate::units::Time;

/// `20ms`, `5ms..50ms`, `exp:20ms` or `10ms,500ms:1`.
pub(crate) fn think(text: &str) -> Result<Think, String> {
    let time = |text: &str| text.parse::<Time>().map(|time| time.0);
    if let Some(mean) = text.strip_prefix("exp:") {
        return Ok(Think::Exponential(time(mean)?));
    }
    if let Some((least, most)) = text.split_once("..") {
        let (least, most) = (time(least)?, time(most)?);
        return match least <= most {
            true => Ok(Think::Uniform(least, most)),
            false => Err("the shorter time comes first".into()),
        };
    }
    let Some((usual, rare)) = text.split_once(',') else {
        return Ok(Think::Fixed(time(text)?));
    };
    let (rare, share) = rare
        .split_once(':')
        .ok_or("two times are TIME,TIME:PERCENT, such as 10ms,500ms:1")?;
    Ok(Think::Either {
        usual: time(usual)?,
        rare: time(rare)?,
        share: percent(share)? / 100.0,
    })
}

/// From when, and for how long.
pub(crate) fn stall(text: &str) -> Result<(Duration, Duration), String> {
    let (after, length) = text
        .split_once(',')
        .ok_or("a stall is TIME,TIME: after how long, and for how long")?;
    let time = |text: &str| text.parse::<Time>().map(|time| time.0);
    Ok((time(after)?, time(length)?))
}

/// 0 to 100, with or without its sign.
pub(crate) fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text);
    match number.parse() {
        Ok(percent @ 0.0..=100.0) => Ok(percent),
        _ => Err("it must be a percentage, 0 to 100".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn times_to_think_are_read_as_they_are_written() {
        for (text, expected) in [
            ("20ms", Think::Fixed(millis(20))),
            ("5ms..1s", Think::Uniform(millis(5), millis(1000))),
            ("exp:20ms", Think::Exponential(millis(20))),
            (
                "10ms,500ms:2.5%",
                Think::Either {
                    usual: millis(10),
                    rare: millis(500),
                    share: 0.025,
                },
            ),
        ] {
            assert_eq!(think(text), Ok(expected), "{text}");
        }
        assert_eq!(stall("10s,2s"), Ok((millis(10_000), millis(2_000))));
    }

    #[test]
    fn what_is_no_time_to_think_is_refused() {
        for text in ["", "20", "exp:", "2s..1s", "1s,2s", "1s,2s:101", "1s,2s:x"] {
            assert!(think(text).is_err(), "{text}");
        }
        assert!(stall("10s").is_err() && percent("-1").is_err() && percent("NaN").is_err());
    }
}
