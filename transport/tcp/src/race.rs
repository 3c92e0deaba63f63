//! Happy Eyeballs (RFC 8305) as a pure race: addresses and a dial function in, the first success out.
//!
//! ```text
//!          delay over, or an attempt failed
//!        ┌───────────────────────────────┐
//!        ▼                               │
//!  start the next permitted ──► attempts running ──► one succeeds: it wins, the others are dropped
//!        │ none left                     │ none left
//!        └──────────────► wait ──────────┴─────────► Lost
//! ```

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

/// How many of a name's addresses are tried. Real names have fewer than ten; a hostile one must not make
/// us dial thousands.
pub const ADDRESSES_TRIED_MAX: usize = 16;

/// How long an attempt has the field to itself (RFC 8305, section 5).
pub const ATTEMPT_DELAY_DEFAULT: Duration = Duration::from_millis(250);

/// No attempt delay is shorter than this (RFC 8305, section 5: a shorter one could flood the network).
pub const ATTEMPT_DELAY_MIN: Duration = Duration::from_millis(10);

/// Why nobody won.
#[derive(Debug)]
pub(crate) enum Lost {
    /// There was no address.
    NoAddress,
    /// No address was permitted.
    Forbidden,
    /// Every permitted address failed; in the order in which they did, at least one.
    Failed(Vec<(SocketAddr, io::Error)>),
}

/// Puts the families in turns, beginning with the first address's (RFC 8305, section 4; one
/// address of the first family ahead), and cuts the list to [`ADDRESSES_TRIED_MAX`].
pub(crate) fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let Some(first) = addresses.first() else {
        return Vec::new();
    };
    let family = |same| {
        let first = first.is_ipv6();
        let of_family = addresses
            .iter()
            .filter(move |a| (a.is_ipv6() == first) == same);
        of_family.copied()
    };
    let (mut preferred, mut other) = (family(true), family(false));
    let mut order = Vec::with_capacity(addresses.len().min(ADDRESSES_TRIED_MAX));
    while order.len() < ADDRESSES_TRIED_MAX {
        let before = order.len();
        order.extend(preferred.next());
        order.extend(other.next());
        if order.len() == before {
            break;
        }
    }
    order.truncate(ADDRESSES_TRIED_MAX);
    order
}

/// Races `addresses` in their order. `permit` is asked just before each dial.
pub(crate) async fn race<T, F>(
    addresses: Vec<SocketAddr>,
    attempt_delay: Duration,
    permit: impl Fn(&SocketAddr) -> bool,
    dial: impl Fn(SocketAddr) -> F,
) -> Result<(SocketAddr, T), Lost>
where
    F: Future<Output = io::Result<T>>,
{
    if addresses.is_empty() {
        return Err(Lost::NoAddress);
    }
    let attempt_delay = attempt_delay.max(ATTEMPT_DELAY_MIN);
    let mut waiting = addresses.into_iter().filter(permit);
    let mut running: Vec<(SocketAddr, Pin<Box<F>>)> = Vec::new();
    let mut failed: Vec<(SocketAddr, io::Error)> = Vec::new();
    // Created at the first attempt, so that a single address that answers needs no timer entry.
    let mut turn: Option<Pin<Box<tokio::time::Sleep>>> = None;

    poll_fn(|cx| {
        loop {
            let failed_before = failed.len();
            let mut at = 0;
            while at < running.len() {
                let (address, attempt) = &mut running[at];
                match attempt.as_mut().poll(cx) {
                    Poll::Ready(Ok(winner)) => return Poll::Ready(Ok((*address, winner))),
                    Poll::Ready(Err(error)) => {
                        failed.push((*address, error));
                        running.remove(at);
                    }
                    Poll::Pending => at += 1,
                }
            }
            let turn_over = match &mut turn {
                Some(turn) => turn.as_mut().poll(cx).is_ready(),
                None => true,
            };
            if turn_over || failed.len() > failed_before || running.is_empty() {
                if let Some(address) = waiting.next() {
                    running.push((address, Box::pin(dial(address))));
                    turn = Some(Box::pin(tokio::time::sleep(attempt_delay)));
                    continue;
                }
                if running.is_empty() {
                    let failed = std::mem::take(&mut failed);
                    return Poll::Ready(Err(match failed.is_empty() {
                        true => Lost::Forbidden,
                        false => Lost::Failed(failed),
                    }));
                }
            }
            return Poll::Pending;
        }
    })
    .await
}
