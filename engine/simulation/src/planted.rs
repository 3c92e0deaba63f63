//! Finds the defects that a build with `--cfg quintet_planted` has.

use std::env;
use std::ops::Range;
use std::process::Command;

/// Tells the engine which defect it has.
const VARIABLE: &str = "QUINTET_PLANTED";

/// Their names, in the engine's and the protocol's `planted_on.rs`.
const DEFECTS: [&str; 24] = [
    "slot-leaked-on-abort",
    "shutdown-leaves-one",
    "told-twice",
    "event-after-the-end",
    "abort-after-the-end",
    "queue-order-swapped",
    "one-slot-too-many",
    "progress-falls-on-redirect",
    "credentials-kept",
    "body-after-301",
    "content-length-off-by-one",
    "spoilt-connection-kept",
    "retry-after-an-answer",
    "truncated-file-padded",
    "closing-boundary-though-changed",
    "stall-timer-never-set",
    "head-deadline-moves",
    "idle-connection-not-watched",
    "closing-boundary-without-dashes",
    "reuse-after-surplus-bytes",
    "cut-answer-taken",
    "early-answer-ignored",
    "reads-without-bound",
    "idle-without-bound",
];

/// Looks for each in a process of its own. Whether all were found.
pub(crate) fn find_all(seeds: &Range<u64>, uploads: usize) -> bool {
    let mut all = true;
    for defect in DEFECTS {
        let found = find(defect, seeds, uploads);
        all &= found.is_some();
        println!("| {defect} | {} |", found.as_deref().unwrap_or("NOT FOUND"));
    }
    all
}

/// How many seeds it took, and which rule it broke.
fn find(defect: &str, seeds: &Range<u64>, uploads: usize) -> Option<String> {
    let output = Command::new(env::current_exe().ok()?)
        .arg("--until-found")
        .arg(format!("--seeds={}..{}", seeds.start, seeds.end))
        .arg(format!("--uploads={uploads}"))
        .env(VARIABLE, defect)
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    let (seeds, broken) = text.lines().last()?.split_once(' ')?;
    let rule = broken.split(" at ").next()?;
    Some(format!("{seeds} | {rule}"))
}
