//! Durations and sizes as people write them, and read them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;

/// A duration: a whole number and `ms`, `s`, `m` or `h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Duration);

/// How a duration is written, for the help.
pub(crate) const TIME_HELP: &str = "Durations are whole numbers with a unit: 1500ms, 10s, 2m, 1h.";
/// How a size is written, for the help.
pub(crate) const SIZE_HELP: &str = "\
Sizes are whole numbers of bytes, or with a unit as in GNU coreutils: K, M, G, T and \
KiB, MiB, GiB, TiB count in 1024s, KB, MB, GB, TB in 1000s; case makes no difference.";

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = split(text, "a duration, such as 1500ms, 10s, 2m or 1h")?;
        let millis_each = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "" => return Err("the unit is missing: ms, s, m or h".into()),
            _ => return Err(format!("`{unit}` is no unit: use ms, s, m or h")),
        };
        let millis = number.checked_mul(millis_each);
        Ok(Self(Duration::from_millis(millis.ok_or("it is too long")?)))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        match millis % 1000 {
            0 => write!(f, "{}s", millis / 1000),
            _ => write!(f, "{millis}ms"),
        }
    }
}

/// A duration in which something is to happen: not zero.
pub(crate) fn deadline(text: &str) -> Result<Time, String> {
    let time: Time = text.parse()?;
    match time.0.is_zero() {
        true => Err("it must be more than nothing".into()),
        false => Ok(time),
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = split(text, "a size, such as 4096, 64KiB, 2M or 2MB")?;
        let bytes_each: u64 = match &*unit.to_ascii_lowercase() {
            "" | "b" => 1,
            "k" | "kib" => 1 << 10,
            "m" | "mib" => 1 << 20,
            "g" | "gib" => 1 << 30,
            "t" | "tib" => 1 << 40,
            "kb" => 1_000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            "tb" => 1_000_000_000_000,
            _ => return Err(format!("`{unit}` is no unit: use K, M, G, T, KB, KiB …")),
        };
        let bytes = number.checked_mul(bytes_each);
        Ok(Self(bytes.ok_or("it is more than 64 bits can count")?))
    }
}

impl fmt::Display for Size {
    /// The largest unit of 1024 that tells it exactly: what it was parsed from, or as good.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
            if self.0 != 0 && self.0.trailing_zeros() >= shift {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        self.0.fmt(f)
    }
}

/// Bytes per second: a size and `/s`, more than none.
pub(crate) fn rate(text: &str) -> Result<Size, String> {
    let size = text
        .strip_suffix("/s")
        .ok_or("a rate ends in /s, such as 1MiB/s")?;
    match size.parse()? {
        Size(0) => Err("it must be more than nothing".into()),
        size => Ok(size),
    }
}

/// Bytes per second as curl has them: a size, more than none; `/s` may be left out.
pub(crate) fn rate_max(text: &str) -> Result<Size, String> {
    rate(&format!("{}/s", text.strip_suffix("/s").unwrap_or(text)))
}

/// Where a part of a file begins, and how long it is.
pub(crate) fn range(text: &str) -> Result<(u64, u64), String> {
    let (offset, length) = text
        .split_once(',')
        .ok_or("a range is OFFSET,LENGTH, such as 1MiB,64KiB")?;
    let (Size(offset), Size(length)) = (offset.parse()?, length.parse()?);
    Ok((offset, length))
}

/// A whole number, 1 or more.
pub(crate) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".into()),
        Ok(count) => Ok(count),
        Err(_) => Err("it must be a whole number, 1 or more".into()),
    }
}

/// The digits in front, and what follows them.
fn split<'a>(text: &'a str, kind: &str) -> Result<(u64, &'a str), String> {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    if digits.is_empty() {
        return Err(format!("it must be {kind}"));
    }
    // Only digits are in it, so that it can only be too large.
    let number = digits
        .parse()
        .map_err(|_| "the number is too large".to_owned())?;
    Ok((number, unit))
}

/// Bytes for people: three digits and a unit of 1024.
pub(crate) fn bytes(count: u64) -> String {
    let mut value = count as f64;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
        if value < 1000.0 {
            break;
        }
        (value, unit) = (value / 1024.0, next);
    }
    match (unit, value) {
        ("B", _) => format!("{count} B"),
        (_, ..9.995) => format!("{value:.2} {unit}"),
        (_, ..99.95) => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

/// A time for people.
pub(crate) fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    match millis {
        ..9.995 => format!("{millis:.2} ms"),
        ..9_999.5 => format!("{millis:.0} ms"),
        _ => format!("{:.1} s", millis / 1e3),
    }
}

/// An argument's value as it is typed.
pub(crate) fn write_value(
    value: &impl ValueEnum,
    f: &mut std::fmt::Formatter<'_>,
) -> std::fmt::Result {
    // No variant is skipped, so each has a value.
    f.write_str(
        value
            .to_possible_value()
            .as_ref()
            .map_or("", |value| value.get_name()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_they_are_written() {
        for (text, millis) in [
            ("1500ms", 1_500),
            ("10s", 10_000),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("0s", 0),
            ("007s", 7_000),
        ] {
            assert_eq!(text.parse(), Ok(Time(Duration::from_millis(millis))));
        }
        assert_eq!(Time(Duration::from_millis(1500)).to_string(), "1500ms");
        assert_eq!(Time(Duration::from_secs(30)).to_string(), "30s");
    }

    #[test]
    fn what_is_no_duration_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", "a duration, such as"),
            ("s", "a duration, such as"),
            ("-1s", "a duration, such as"),
            ("+1s", "a duration, such as"),
            (" 1s", "a duration, such as"),
            ("10", "the unit is missing"),
            ("10d", "`d` is no unit"),
            ("1.5s", "`.5s` is no unit"),
            ("10 s", "` s` is no unit"),
            ("10S", "`S` is no unit"),
            ("99999999999999999999s", "too large"),
            ("18446744073709551615h", "too long"),
        ] {
            let error = text.parse::<Time>().unwrap_err();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
        assert!(deadline("0s").is_err());
    }

    #[test]
    fn sizes_read_as_they_are_written() {
        for (text, bytes) in [
            ("0", 0),
            ("4096", 4096),
            ("1b", 1),
            ("64KiB", 65_536),
            ("64k", 65_536),
            ("2M", 2 << 20),
            ("2MB", 2_000_000),
            ("2mib", 2 << 20),
            ("1G", 1 << 30),
            ("1TB", 1_000_000_000_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        assert_eq!(rate("1M/s"), Ok(Size(1 << 20)));
        for text in ["500K", "500k/s", "512000"] {
            assert_eq!(rate_max(text), Ok(Size(500 << 10)), "{text}");
        }
        for bytes in [0, 1, 1023, 1024, 1536, 32 << 20, u64::MAX] {
            assert_eq!(Size(bytes).to_string().parse(), Ok(Size(bytes)));
        }
    }

    #[test]
    fn what_is_no_size_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", "a size, such as"),
            ("-1", "a size, such as"),
            ("M", "a size, such as"),
            ("1.5M", "`.5M` is no unit"),
            ("1 M", "` M` is no unit"),
            ("1X", "`X` is no unit"),
            ("18446744073709551616", "too large"),
            ("17179869184G", "more than 64 bits"),
        ] {
            let error = text.parse::<Size>().unwrap_err();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
        assert!(rate("1M").is_err());
        assert!(rate("0/s").is_err());
        assert!(rate_max("0").is_err() && rate_max("/s").is_err());
    }

    #[test]
    fn bytes_have_three_digits_and_a_unit() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1024, "1.00 KiB"),
            (65_536, "64.0 KiB"),
            (1 << 20, "1.00 MiB"),
            (256 << 20, "256 MiB"),
            (u64::MAX, "16384 PiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
