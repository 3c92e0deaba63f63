//! Which ends of an upload are not its last, and how long the next attempt is waited for.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use quintet_proto::{Headers, Receiving};

use crate::error::{Error, ErrorKind, Phase};
use crate::pump::Failure;
use crate::random::Random;
use crate::{Response, Settings};

/// After which failures and answers an upload is tried again, how often, and when:
/// see [`UploadRequest::retry`](crate::UploadRequest::retry).
///
/// Never tried again: a wrong parameter, a file that cannot be read or has changed, what the host policy refuses, a TLS
/// failure, an answer that is malformed, too large or breaks off, an abort, a shutdown, and any failure after
/// the upload's own [`timeout`](crate::UploadRequest::timeout). A body that cannot be read again is tried again only
/// where no connection came about.
///
/// The wait before a retry is random, between [`delay_min`](Self::delay_min) and a ceiling that doubles from
/// [`delay_first`](Self::delay_first) to [`delay_max`](Self::delay_max); a server's `Retry-After` is waited for besides. The engine as a
/// whole retries no more than [`retry_percent`](Settings::retry_percent) allows.
///
/// An upload whose connection broke may have been kept by the server all the same: who retries must be able to live
/// with an upload that is there twice.
///
/// ```
/// use quintet::{Retry, UploadRequest};
/// use std::time::Duration;
///
/// let mut retry = Retry::default();
/// retry.retries_max = 5;
/// retry.time_max = Some(Duration::from_secs(600));
/// let request = UploadRequest::new("https://example.test/up", "photo.jpg", "file").retry(retry);
/// # let _ = request;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// Most retries in a row; 3 by default, 0 retries nothing. The row begins anew when the peer had confirmed part of
    /// the body before the connection broke.
    pub retries_max: u32,
    /// Most retries of one upload in all. 20.
    pub retries_total_max: u32,
    /// Shortest wait, whatever chance says. 0.
    pub delay_min: Duration,
    /// Longest wait before the first retry in a row; each further one doubles it. 1 s.
    pub delay_first: Duration,
    /// Longest wait, a `Retry-After` not counted. 60 s.
    pub delay_max: Duration,
    /// Longest `Retry-After` that is waited for; an answer that asks for more is the result. 5 min.
    pub retry_after_max: Duration,
    /// No attempt begins later than so long after the slot was given; unbounded by default.
    pub time_max: Option<Duration>,
    /// Whether to try again where no connection came about: no address, no route, refused. It is so by default.
    pub unconnected: bool,
    /// Whether to try again where the connection broke before the head of an answer was there. It is so by default.
    pub broken: bool,
    /// Whether to try again after a timeout of connecting, or a stall before the head of an answer was there. It is so
    /// by default.
    pub timeouts: bool,
    /// The statuses of answers after which to try again: 408, 425, 429, 500, 502, 503 and 504.
    pub statuses: Vec<u16>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            retries_max: 3,
            retries_total_max: 20,
            delay_min: Duration::ZERO,
            delay_first: Duration::from_secs(1),
            delay_max: Duration::from_secs(60),
            retry_after_max: Duration::from_secs(300),
            time_max: None,
            unconnected: true,
            broken: true,
            timeouts: true,
            statuses: vec![408, 425, 429, 500, 502, 503, 504],
        }
    }
}

/// Why an upload is tried again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RetryCause {
    /// The server answered with this status.
    Status(u16),
    /// The attempt failed.
    Failure(Error),
}

impl Retry {
    fn cause(&self, ended: &Result<Response, Failure>, can_repeat: bool) -> Option<RetryCause> {
        match ended {
            Ok(response) => {
                let status = response.status;
                (can_repeat && self.statuses.contains(&status))
                    .then_some(RetryCause::Status(status))
            }
            Err(failure) => {
                let before_answer = can_repeat && failure.received < Receiving::Body;
                let covered = match failure.error.kind() {
                    ErrorKind::NoNetwork | ErrorKind::Refused => self.unconnected,
                    ErrorKind::Timeout(Phase::Dns | Phase::Connect | Phase::Tls) => self.timeouts,
                    ErrorKind::Timeout(_) => self.timeouts && before_answer,
                    ErrorKind::Closed => self.broken && before_answer,
                    _ => false,
                };
                covered.then(|| RetryCause::Failure(failure.error.clone()))
            }
        }
    }

    /// A wait before the retry that is number `in_row` of its row, from 1: full jitter, so that those who failed
    /// together do not come back together.
    fn delay(&self, in_row: u32, random: &dyn Random) -> Duration {
        let doubled = 1_u32.checked_shl(in_row - 1).unwrap_or(u32::MAX);
        let ceiling = self.delay_first.saturating_mul(doubled).min(self.delay_max);
        // Without randomness the longest wait is the safe one.
        let chance = random
            .bytes()
            .map_or(u64::MAX, |bytes| u128::from_le_bytes(bytes) as u64);
        let nanos = (ceiling.as_nanos() * (u128::from(chance) + 1)) >> u64::BITS;
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        Duration::from_nanos(nanos).max(self.delay_min)
    }
}

/// The retries of one upload.
pub(crate) struct Retries<'a> {
    policy: &'a Retry,
    budget: &'a Budget,
    random: &'a dyn Random,
    in_row: u32,
    in_all: u32,
    /// No attempt may begin at this time or later.
    ends: Duration,
}

impl<'a> Retries<'a> {
    /// Of an upload that has its slot since `admitted_at` and must be over by `deadline`.
    pub(crate) fn new(
        policy: &'a Retry,
        budget: &'a Budget,
        random: &'a dyn Random,
        admitted_at: Duration,
        deadline: Option<Duration>,
    ) -> Self {
        budget.deposit();
        let time = policy.time_max.unwrap_or(Duration::MAX);
        Self {
            policy,
            budget,
            random,
            in_row: 0,
            in_all: 0,
            ends: admitted_at
                .saturating_add(time)
                .min(deadline.unwrap_or(Duration::MAX)),
        }
    }

    /// How long to wait and why, if what `ended` the attempt just now is not to be the end of the upload.
    pub(crate) fn after(
        &mut self,
        ended: &Result<Response, Failure>,
        can_repeat: bool,
        now: Duration,
    ) -> Option<(Duration, RetryCause)> {
        let cause = self.policy.cause(ended, can_repeat)?;
        let asked = match ended {
            Ok(response) => retry_after(&response.headers).unwrap_or_default(),
            Err(failure) => {
                if failure.was_acked {
                    self.in_row = 0;
                }
                Duration::ZERO
            }
        };
        let policy = self.policy;
        if self.in_row >= policy.retries_max
            || self.in_all >= policy.retries_total_max
            || asked > policy.retry_after_max
        {
            return None;
        }
        let wait = asked.saturating_add(policy.delay(self.in_row + 1, self.random));
        if now.saturating_add(wait) >= self.ends || !self.budget.withdraw() {
            return None;
        }
        self.in_row += 1;
        self.in_all += 1;
        Some((wait, cause))
    }
}

/// How long the server asks to be left alone (RFC 9110 10.2.3). A date counts from the answer's own, whose clock is the
/// same; without one it says nothing.
fn retry_after(headers: &Headers) -> Option<Duration> {
    let text = |name| std::str::from_utf8(headers.get(name)?).ok();
    let value = text("retry-after")?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = |text: &str| -> Option<SystemTime> { httpdate::parse_http_date(text).ok() };
    let wait = date(value)?.duration_since(date(text("date")?)?);
    Some(wait.unwrap_or_default())
}

/// What an engine may spend on retries: each upload that may be retried adds its share, each retry takes one.
///
/// Where everything fails, this is what keeps retries from being most of the load.
pub(crate) struct Budget {
    /// In hundredths of a retry.
    balance: Cell<u64>,
    most: u64,
    share: u64,
}

/// In hand at most, beyond the reserve: what a good day has saved must not all go in one bad minute.
const SAVED_MAX: u64 = 100;

impl Budget {
    pub(crate) fn new(settings: &Settings) -> Self {
        let reserve = u64::from(settings.retry_reserve) * 100;
        Self {
            balance: Cell::new(reserve),
            most: reserve + SAVED_MAX * 100,
            share: settings.retry_percent.into(),
        }
    }

    fn deposit(&self) {
        self.balance
            .set(self.most.min(self.balance.get() + self.share));
    }

    fn withdraw(&self) -> bool {
        let left = self.balance.get().checked_sub(100);
        left.map(|left| self.balance.set(left)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Chance(u64);

    impl Random for Chance {
        fn bytes(&self) -> std::io::Result<[u8; 16]> {
            Ok(u128::from(self.0).to_le_bytes())
        }
    }

    #[test]
    fn the_wait_is_anywhere_below_a_ceiling_that_doubles_to_its_bound() {
        let retry = Retry::default();
        let seconds = |in_row, chance| retry.delay(in_row, &Chance(chance)).as_secs_f64();
        for (in_row, ceiling) in [(1, 1.0), (2, 2.0), (3, 4.0), (7, 60.0), (u32::MAX, 60.0)] {
            assert_eq!(seconds(in_row, u64::MAX), ceiling);
            assert_eq!(seconds(in_row, u64::MAX / 2), ceiling / 2.0);
            assert_eq!(seconds(in_row, 0), 0.0);
        }
        let mut fixed = retry;
        (fixed.delay_min, fixed.delay_max) = (Duration::from_secs(5), Duration::from_secs(5));
        assert_eq!(fixed.delay(1, &Chance(0)), Duration::from_secs(5));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_that_counts_from_the_answers_own() {
        let asked = |fields: &[(&str, &str)]| {
            let mut headers = Headers::new();
            for (name, value) in fields {
                headers.push(name, value.as_bytes()).unwrap();
            }
            retry_after(&headers).map(|wait| wait.as_secs())
        };
        let date = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let after = |value| ("Retry-After", value);
        assert_eq!(asked(&[after("120")]), Some(120));
        assert_eq!(asked(&[after("99999999999999999999")]), Some(u64::MAX));
        assert_eq!(
            asked(&[date, after("Sun, 06 Nov 1994 08:50:07 GMT")]),
            Some(30)
        );
        assert_eq!(
            asked(&[date, after("Sunday, 06-Nov-94 08:50:07 GMT")]),
            Some(30)
        );
        assert_eq!(
            asked(&[date, after("Sun, 06 Nov 1994 08:00:00 GMT")]),
            Some(0)
        );
        assert_eq!(asked(&[after("Sun, 06 Nov 1994 08:50:07 GMT")]), None);
        for nonsense in ["", "-1", "soon", "1.5", "Sun, 99 Nov 1994"] {
            assert_eq!(asked(&[date, after(nonsense)]), None, "{nonsense}");
        }
    }

    #[test]
    fn the_budget_is_a_share_of_the_uploads_and_a_reserve() {
        let mut settings = Settings::default();
        (settings.retry_percent, settings.retry_reserve) = (20, 2);
        let budget = Budget::new(&settings);
        assert!(budget.withdraw() && budget.withdraw() && !budget.withdraw());
        (0..4).for_each(|_| budget.deposit());
        assert!(!budget.withdraw());
        budget.deposit();
        assert!(budget.withdraw() && !budget.withdraw());
        (0..10_000).for_each(|_| budget.deposit());
        let spent = (0..1000).filter(|_| budget.withdraw()).count();
        assert_eq!(spent, 102);
    }
}
