//! Every transport of this crate keeps the rules of the conformance kit, and so does every lawful fault.
#![forbid(unsafe_code)]

mod support;

use std::io;

use quintet_transport::conformance::{self, Pair, Report, Verdict};
use quintet_transport::fault::{FaultConnect, Script, What, Where};
use quintet_transport::memory::{Memory, MemoryConnect};
use quintet_transport::throttle::ThrottleConnect;
use quintet_transport::trace::TraceConnect;
use quintet_transport::{Connect, Unwatched};
use support::{FARS, JumpingClock, OverMemory, target};

/// Checks what `transport` connects over memory.
fn check(transport: &dyn Connect) -> Report {
    conformance::check_blocking(async || {
        let near = transport.connect(&target(), &Unwatched).await;
        near.map(|near| Pair::new(near, far()))
    })
}

fn far() -> Memory {
    FARS.with_borrow_mut(|fars| fars.pop()).unwrap()
}

fn assert_passed(report: &Report) {
    assert!(report.passed(), "{report}");
    let not_asked = |check: &&conformance::Check| matches!(check.verdict, Verdict::NotAsked(_));
    let not_asked: Vec<_> = report.checks().iter().filter(not_asked).collect();
    let names: Vec<_> = not_asked.iter().map(|check| check.rule.name).collect();
    assert_eq!(names, ["end-without-alert"], "{report}");
}

#[test]
fn memory_of_any_capacity() {
    for capacity in [1, 7, 1000, 1 << 20] {
        assert_passed(&check(&OverMemory(capacity)));
    }
}

#[test]
fn memory_with_a_peer_of_this_program() {
    let transport = MemoryConnect::new(1000, |_, far| {
        FARS.with_borrow_mut(|fars| fars.push(far));
        std::future::pending()
    });
    assert_passed(&check(&transport));
}

#[test]
fn faults_without_a_fault() {
    assert_passed(&check(&FaultConnect::new(OverMemory(1000), [])));
}

#[test]
fn faults_that_a_network_may_have() {
    let lawful = [
        What::Trickle,
        What::Short { seed: 1 },
        What::WouldBlock { seed: 2 },
        What::DelayAcks(100),
    ];
    for what in lawful {
        let scripts = vec![Script::from([(Where::Connect, what)]); conformance::RULES.len()];
        let report = check(&FaultConnect::new(OverMemory(5000), scripts));
        assert!(report.passed(), "{what}: {report}");
    }
}

#[test]
fn traced() {
    assert_passed(&check(&TraceConnect::new(
        OverMemory(1000),
        JumpingClock::default(),
    )));
}

#[test]
fn throttled() {
    let clock = JumpingClock::default();
    let slow = ThrottleConnect::new(OverMemory(1000), clock.clone())
        .up(10_000)
        .down(70_000)
        .shared_up(9_000);
    assert_passed(&check(&slow));
    let late = ThrottleConnect::new(OverMemory(1000), clock)
        .latency(std::time::Duration::from_millis(100))
        .shared_down(100_000);
    assert_passed(&check(&late));
}

#[test]
fn all_of_them_at_once() {
    let clock = JumpingClock::default();
    let scripts = (0..conformance::RULES.len() as u64).map(|seed| {
        Script::from([
            (Where::Connect, What::Short { seed }),
            (Where::Connect, What::WouldBlock { seed }),
        ])
    });
    let stack = FaultConnect::new(OverMemory(3000), scripts);
    let stack = ThrottleConnect::new(stack, clock.clone())
        .up(1_000_000)
        .latency(std::time::Duration::from_millis(3));
    let report = check(&TraceConnect::new(stack, clock));
    assert!(report.passed(), "{report}");
}

#[test]
fn names_are_told_once_each_and_a_pair_that_cannot_be_made_breaks_them_all() {
    let report = conformance::check_blocking(async || {
        Err::<Pair, _>(io::Error::other("no network in here"))
    });
    let mut names: Vec<_> = report.broken().collect();
    assert_eq!(names.len(), conformance::RULES.len());
    assert!(report.to_string().contains("no network in here"));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), conformance::RULES.len());
}
