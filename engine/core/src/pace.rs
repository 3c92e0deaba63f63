//! How fast a body may go. Pure: time is an argument.
//!
//! Bytes reserve their time in a lane, a few at a time and one piece after the other, and go when it has come. An upload
//! has a lane of its own, and all of an engine share one: who has sent a piece reserves behind those who wait, so that
//! each gets as much as the others.

use std::cell::Cell;
use std::time::Duration;

/// A piece of an upload is what may go in a fiftieth of a second; where all share, it is a fifth of that, so that
/// everybody's turn comes soon.
const PIECES_PER_SECOND: u64 = 50;
const SHARED_PIECES_PER_SECOND: u64 = 250;
/// Pieces are no larger than what is read at once: the others get their turn, and a changed rate takes hold.
const PIECE_BYTES_MAX: u64 = 256 * 1024;
/// So much of the time that a timer was late or a receiver slow is made up for. With one piece on top, no more than a
/// tenth of a second's bytes ever go at once.
const LATE_MAX: Duration = Duration::from_millis(80);

/// Where bytes reserve their time, end to end.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// In bytes a second; 0 bounds nothing.
    rate: Cell<u64>,
    /// What was reserved by now ends here.
    reserved_to: Cell<Duration>,
    /// Counts changes of the rate: they void what was reserved before.
    era: Cell<u32>,
}

impl Lane {
    /// The rate is this from now on, if it was not so already.
    pub(crate) fn follow(&self, rate: u64, now: Duration) {
        if self.rate.replace(rate) != rate {
            self.reserved_to.set(now);
            self.era.set(self.era.get().wrapping_add(1));
        }
    }

    /// A piece, where so many are to go in a second.
    fn piece(&self, per_second: u64) -> u64 {
        match self.rate.get() {
            0 => u64::MAX,
            rate => (rate / per_second).clamp(1, PIECE_BYTES_MAX),
        }
    }

    /// What could have gone by now and has not.
    fn missed(&self, now: Duration) -> u64 {
        let late = now.saturating_sub(self.from(now, false));
        let bytes = late.as_nanos() * u128::from(self.rate.get()) / 1_000_000_000;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// Where the next reservation begins. Who comes first does not make up for time when nobody was there.
    fn from(&self, now: Duration, is_first: bool) -> Duration {
        let late = if is_first { Duration::ZERO } else { LATE_MAX };
        self.reserved_to.get().max(now.saturating_sub(late))
    }

    /// When these bytes may go.
    fn reserve(&self, bytes: u64, now: Duration, is_first: bool) -> Duration {
        let nanos = match self.rate.get() {
            0 => return now,
            rate => (u128::from(bytes) * 1_000_000_000).div_ceil(u128::from(rate)),
        };
        let took = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.reserved_to
            .set(self.from(now, is_first).saturating_add(took));
        self.reserved_to.get()
    }
}

/// A place in a lane.
#[derive(Debug, Default)]
struct Place {
    at: Option<Duration>,
    era: u32,
    /// Something was reserved here before.
    known: bool,
}

impl Place {
    /// Takes a place for these bytes, unless it has one. `Err` says when its time comes.
    fn wait(&mut self, lane: &Lane, bytes: u64, now: Duration) -> Result<(), Duration> {
        let at = match self.at {
            Some(at) => at,
            None => lane.reserve(bytes, now, !self.known),
        };
        (self.at, self.era, self.known) = (Some(at), lane.era.get(), true);
        if at <= now { Ok(()) } else { Err(at) }
    }

    fn leave_if_void(&mut self, lane: &Lane) -> bool {
        let void = self.at.is_some() && self.era != lane.era.get();
        if void {
            self.at = None;
        }
        void
    }
}

/// One upload's way through its own lane and then the engine's.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    own: Lane,
    in_own: Place,
    in_shared: Place,
    /// Bytes that wait for their time.
    asked: u64,
    /// Bytes whose time has come.
    granted: u64,
    /// A piece was granted in this turn: before the next, the others have theirs.
    had_turn: bool,
}

impl Pace {
    /// The thread was given back since the last piece.
    pub(crate) fn new_turn(&mut self) {
        self.had_turn = false;
    }

    /// How many of the `left` bytes may go now, at least one; `Err` says when to ask again (now: after the others).
    pub(crate) fn allow(
        &mut self,
        rate: u64,
        shared: &Lane,
        left: u64,
        now: Duration,
    ) -> Result<u64, Duration> {
        if self.granted > 0 {
            return Ok(self.granted);
        }
        self.own.follow(rate, now);
        // Both are asked: a place is left even where the other is void as well.
        if self.in_own.leave_if_void(&self.own) | self.in_shared.leave_if_void(shared) {
            (self.in_own.at, self.in_shared.at) = (None, None);
            self.asked = 0;
        }
        if self.asked == 0 {
            let missed = match self.in_own.known {
                true => self.own.missed(now).min(PIECE_BYTES_MAX),
                false => 0,
            };
            let own = self.own.piece(PIECES_PER_SECOND).max(missed);
            self.asked = left.min(own).min(shared.piece(SHARED_PIECES_PER_SECOND));
        }
        self.in_own.wait(&self.own, self.asked, now)?;
        self.in_shared.wait(shared, self.asked, now)?;
        if self.had_turn && shared.rate.get() > 0 {
            return Err(now);
        }
        self.had_turn = true;
        (self.in_own.at, self.in_shared.at) = (None, None);
        self.granted = std::mem::take(&mut self.asked);
        Ok(self.granted)
    }

    /// So many bytes went.
    pub(crate) fn took(&mut self, bytes: u64) {
        self.granted = self.granted.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    /// Sends what it may, asked again when it is told or `late` after that; returns what went by each second.
    fn run(pace: &mut Pace, rate: u64, shared: &Lane, late: Duration, seconds: u64) -> Vec<u64> {
        let (mut now, mut sent, mut by_second) = (Duration::ZERO, 0, Vec::new());
        while by_second.len() < seconds as usize {
            pace.new_turn();
            let mut burst = 0;
            let next = loop {
                match pace.allow(rate, shared, u64::MAX, now) {
                    Ok(bytes) => {
                        pace.took(bytes);
                        burst += bytes;
                    }
                    Err(at) => break at.max(now) + late,
                }
            };
            assert!(burst <= (rate / 10).max(1), "{burst} at once of {rate}");
            sent += burst;
            while by_second.len() < next.as_secs() as usize {
                by_second.push(sent);
            }
            now = next;
        }
        by_second
    }

    #[test]
    fn what_goes_is_the_rate_however_late_the_timer() {
        for rate in [1, 7, 999, 50_000, 1_000_000, 123_456_789, 10_000_000_000] {
            for late in [Duration::ZERO, MILLI, 30 * MILLI] {
                let sent = run(&mut Pace::default(), rate, &Lane::default(), late, 10);
                for (sent, second) in sent.into_iter().zip(1..) {
                    let right = rate * second;
                    assert!(sent <= right, "{sent} of {right} at {rate}");
                    let short = right - sent;
                    assert!(
                        short <= right.div_ceil(50).max(rate / 10),
                        "{short} of {right}"
                    );
                }
            }
        }
    }

    #[test]
    fn time_when_nothing_could_go_is_made_up_for_no_further_than_a_tenth_of_a_second() {
        let (mut pace, shared) = (Pace::default(), Lane::default());
        let mut burst = |now| {
            pace.new_turn();
            let mut burst = 0;
            while let Ok(bytes) = pace.allow(1000, &shared, u64::MAX, now) {
                pace.took(bytes);
                burst += bytes;
            }
            burst
        };
        assert_eq!(burst(Duration::ZERO), 0);
        assert!((80..=100).contains(&burst(Duration::from_secs(60))));
    }

    #[test]
    fn a_new_rate_takes_hold_at_once() {
        let (mut pace, shared) = (Pace::default(), Lane::default());
        let now = Duration::from_secs(1);
        assert_eq!(pace.allow(1, &shared, 9999, now), Err(2 * now));
        assert_eq!(pace.allow(1000, &shared, 9999, now), Err(now + 20 * MILLI));
        assert_eq!(pace.allow(0, &shared, 9999, now), Ok(9999));
        pace.took(9999);
        shared.follow(1000, now);
        assert_eq!(pace.allow(0, &shared, 9999, now), Err(now + 4 * MILLI));
    }
}
