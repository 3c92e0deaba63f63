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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::rc::Rc;

    use tokio::time::{Instant, sleep};

    use super::*;

    /// What an address does when it is dialled.
    #[derive(Clone, Copy)]
    enum Does {
        Connect(u64),
        Fail(u64),
        Hang,
    }
    use Does::{Connect, Fail, Hang};

    /// The addresses in their order, each with what it does after how many milliseconds.
    fn addresses(text: &str) -> Vec<SocketAddr> {
        let ips = text.split_whitespace();
        ips.map(|ip| SocketAddr::new(ip.parse().unwrap(), 80))
            .collect()
    }

    /// Who won or lost, when that was, and when each address was dialled; in milliseconds.
    struct Told {
        result: Result<String, Lost>,
        after: u64,
        dialled: Vec<(String, u64)>,
        still_open: usize,
    }

    async fn run(does: &[(&str, Does)], delay: u64, permit: impl Fn(&SocketAddr) -> bool) -> Told {
        struct Open(Rc<RefCell<usize>>);
        impl Drop for Open {
            fn drop(&mut self) {
                *self.0.borrow_mut() -= 1;
            }
        }

        let start = Instant::now();
        let ms = || start.elapsed().as_millis() as u64;
        let table: HashMap<_, _> = does
            .iter()
            .map(|(ip, does)| (ip.to_string(), *does))
            .collect();
        let order = does.iter().flat_map(|(ip, _)| addresses(ip)).collect();
        let dialled = RefCell::new(Vec::new());
        let open = Rc::new(RefCell::new(0));
        let result = race(order, Duration::from_millis(delay), permit, |address| {
            let ip = address.ip().to_string();
            dialled.borrow_mut().push((ip.clone(), ms()));
            *open.borrow_mut() += 1;
            let open = Open(open.clone());
            let does = table[&ip];
            async move {
                let _open = open;
                match does {
                    Connect(after) => sleep(Duration::from_millis(after)).await,
                    Hang => std::future::pending().await,
                    Fail(after) => {
                        sleep(Duration::from_millis(after)).await;
                        return Err(io::ErrorKind::ConnectionRefused.into());
                    }
                }
                Ok(ip)
            }
        })
        .await
        .map(|(_, ip)| ip);
        Told {
            result,
            after: ms(),
            dialled: dialled.into_inner(),
            still_open: *open.borrow(),
        }
    }

    fn at(told: &Told) -> Vec<(&str, u64)> {
        told.dialled.iter().map(|(ip, ms)| (&**ip, *ms)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_address_wins_alone_when_it_answers_in_time() {
        let told = run(
            &[("::1", Connect(249)), ("127.0.0.1", Connect(0))],
            250,
            |_| true,
        )
        .await;
        assert_eq!(told.result.unwrap(), "::1");
        assert_eq!(told.dialled.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_black_hole_costs_one_delay_and_is_dropped() {
        let told = run(&[("::1", Hang), ("127.0.0.1", Connect(5))], 250, |_| true).await;
        assert_eq!(at(&told), [("::1", 0), ("127.0.0.1", 250)]);
        assert_eq!(told.after, 255);
        assert_eq!(told.result.unwrap(), "127.0.0.1");
        assert_eq!(told.still_open, 0, "losers are dropped");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_first_address_still_wins_over_a_slower_second() {
        let told = run(
            &[("::1", Connect(300)), ("127.0.0.1", Connect(100))],
            250,
            |_| true,
        )
        .await;
        assert_eq!((told.after, &*told.result.unwrap()), (300, "::1"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_starts_the_next_at_once_and_the_delay_anew() {
        let does = [("::1", Fail(10)), ("127.0.0.1", Hang), ("::2", Connect(0))];
        let told = run(&does, 250, |_| true).await;
        assert_eq!(at(&told), [("::1", 0), ("127.0.0.1", 10), ("::2", 260)]);
        assert_eq!(told.result.unwrap(), "::2");
    }

    #[tokio::test(start_paused = true)]
    async fn all_failed_keeps_every_failure() {
        let told = run(&[("::1", Fail(5)), ("127.0.0.1", Fail(0))], 250, |_| true).await;
        let Err(Lost::Failed(failed)) = told.result else {
            panic!()
        };
        assert_eq!((failed.len(), told.after), (2, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_address_is_passed_over_and_never_dialled() {
        let does = [("::1", Connect(0)), ("127.0.0.1", Connect(0))];
        let told = run(&does, 250, |address| address.is_ipv4()).await;
        assert_eq!(at(&told), [("127.0.0.1", 0)]);
        let told = run(&does, 250, |_| false).await;
        assert!(matches!(told.result, Err(Lost::Forbidden)) && told.dialled.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn no_address_is_its_own_loss() {
        assert!(matches!(
            run(&[], 250, |_| true).await.result,
            Err(Lost::NoAddress)
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn the_delay_has_a_least_value() {
        let told = run(&[("::1", Hang), ("127.0.0.1", Connect(0))], 0, |_| true).await;
        assert_eq!(at(&told)[1].1, ATTEMPT_DELAY_MIN.as_millis() as u64);
    }

    #[test]
    fn families_take_turns_from_the_resolvers_first() {
        let order = interleave(&addresses("::1 ::2 ::3 127.0.0.1 127.0.0.2"));
        assert_eq!(order, addresses("::1 127.0.0.1 ::2 127.0.0.2 ::3"));
        let order = interleave(&addresses("127.0.0.1 ::1 ::2"));
        assert_eq!(order, addresses("127.0.0.1 ::1 ::2"));
        assert_eq!(interleave(&[]), []);
    }

    #[test]
    fn the_number_of_addresses_is_bounded() {
        let many = |n: usize| {
            let ips = (1..=n).map(|i| format!("127.0.0.{i}"));
            interleave(&addresses(&ips.collect::<Vec<_>>().join(" "))).len()
        };
        assert_eq!(many(ADDRESSES_TRIED_MAX), ADDRESSES_TRIED_MAX);
        assert_eq!(many(ADDRESSES_TRIED_MAX + 1), ADDRESSES_TRIED_MAX);
    }
}
