//! Holds what uploads cost to the bounds of one table: `cargo test --profile steady -p quintet-steady -- --nocapture`.
//!
//! No figure here is a time, and none but the context switches depends on what else the machine does.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

mod bench;
mod cases;
mod table;

use std::process::{Command, Stdio};

use bench::Bench;
use cases::{Case, PARKED, SMALL_PLAIN, SMALL_TLS, SMALL_WINDOW};
use table::{Count, TABLE};

/// How often a figure that is too high is counted again. An upload that had to wait where it commonly does not costs a
/// little more; code that costs more costs it every time.
const ATTEMPTS: usize = 3;

#[test]
fn every_workload_runs() {
    let bench = Bench::start();
    for case in [&SMALL_PLAIN, &SMALL_WINDOW, &SMALL_TLS, &PARKED] {
        let once = Case { ..*case };
        assert!(bench.told(&once, 7, "allocations") > 0.0, "{}", case.name);
    }
}

#[test]
fn what_uploads_cost_is_within_the_bounds() {
    if cfg!(debug_assertions) {
        println!("skipped: the bounds are those of `cargo test --profile steady`");
        return;
    }
    let bench = Bench::start();
    let mut broken = Vec::new();
    println!(
        "{:<32} {:<16} {:>14} {:>14} {:>14} {:>14}",
        "case", "count", "now", "record", "bound", "goal"
    );
    for line in TABLE.iter().filter(|line| there_is_a_tool(line.count)) {
        let bound = line.most();
        let now = (0..ATTEMPTS)
            .map(|_| bench.count(line.case, line.count))
            .scan(false, |within, now| {
                let go_on = !*within;
                *within = now <= bound;
                go_on.then_some(now)
            })
            .fold(f64::INFINITY, f64::min);
        let goal = line.goal.map_or(String::new(), |goal| goal.to_string());
        let row = format!(
            "{:<32} {:<16} {now:>14.1} {:>14.1} {bound:>14.1} {goal:>14}",
            line.case.name,
            format!("{:?}", line.count),
            line.record,
        );
        println!("{row}");
        if now > bound {
            broken.push(row);
        }
    }
    assert!(
        broken.is_empty(),
        "over their bounds:\n{}",
        broken.join("\n")
    );
}

/// Whether the count can be taken here. Where the tools must be there, one that is not is a failure.
fn there_is_a_tool(count: Count) -> bool {
    let tool = match count {
        Count::Instructions => "valgrind",
        Count::SystemCalls => "strace",
        _ => return true,
    };
    let asked = Command::new(tool)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    let there = asked.is_ok_and(|status| status.success());
    assert!(
        there || std::env::var_os("QUINTET_REQUIRE_TOOLS").is_none(),
        "{tool} is not installed"
    );
    if !there {
        println!("skipped: {count:?} of a case, because {tool} is not installed");
    }
    there
}
