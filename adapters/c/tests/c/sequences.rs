//! Calls in any order.

use std::process::Command;

use crate::support::{Way, Workshop, file, has, receiver, said};

#[test]
fn calls_in_any_order_crash_nothing_and_lose_nothing() {
    if !has("gcc") {
        return;
    }
    let receiver = receiver();
    let file = file(10_000);
    for (way, seeds) in [(Way::C99, 1..9), (Way::Sanitized, 9..13)] {
        let workshop = Workshop::new();
        let program = workshop.compile("adapters/c/tests/c/sequences.c", way);
        for seed in seeds {
            let mut run = Command::new(program.get_program());
            run.arg(receiver.url("/up")).arg(file.path());
            said(run.arg(seed.to_string()));
        }
    }
}
