//! Times of day, as a bench on several machines is begun by.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time of day: `2026-11-22T12:00:00Z` (RFC 3339), or `@1795348800`, seconds since 1970.
///
/// # Errors
/// A sentence on how it is written.
///
/// ```
/// let at = quintet_bench::time_of_day("2026-11-22T12:00:00+01:00").unwrap();
/// assert_eq!(at, quintet_bench::time_of_day("@1795345200").unwrap());
/// ```
pub fn time_of_day(text: &str) -> Result<SystemTime, String> {
    let wrong = || "a time is RFC 3339, such as 2026-11-22T12:00:00Z, or @ and seconds since 1970";
    if let Some(seconds) = text.strip_prefix('@') {
        let seconds = seconds.parse().map_err(|_| wrong())?;
        let since = Duration::from_secs(seconds);
        return Ok(SystemTime::UNIX_EPOCH
            .checked_add(since)
            .ok_or_else(wrong)?);
    }
    let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| wrong())?;
    Ok(at.into())
}
