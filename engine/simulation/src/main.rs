//! Runs seeds of the simulation: one with everything that happened, or many and how often each cell was hit.
//!
//! ```text
//! quintet-simulation --seed 42 -v                       what happens in one run
//! quintet-simulation --seeds 1..2000 --hits-min 30      many runs, each cell hit so often
//! quintet-simulation --planted                          finds the defects that are planted in the engine
//! ```
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

mod many;
mod planted;

use std::ops::Range;
use std::process::ExitCode;

use clap::Parser;

/// Runs the engine in simulated time over a simulated network, and checks what must hold.
#[derive(Debug, Parser)]
struct Arguments {
    /// Run this seed alone, and print its hash.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Run the seeds from A up to, and not with, B.
    #[arg(long, value_name = "A..B", value_parser = parse_range, default_value = "1..201")]
    seeds: Range<u64>,
    /// Uploads in each run.
    #[arg(long, default_value_t = 50)]
    uploads: usize,
    /// Print everything that happens in the one run.
    #[arg(short, long)]
    verbose: bool,
    /// Fail if a cell of the matrix was hit less often than this.
    #[arg(long, default_value_t = 0)]
    hits_min: u64,
    /// Run this share of the seeds twice, and fail if the two differ.
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent, default_value = "1%")]
    twice: u64,
    /// Threads; one for each processor by default.
    #[arg(long)]
    threads: Option<usize>,
    /// Find every planted defect, each within the seeds: only in a build with `--cfg quintet_planted`.
    #[arg(long)]
    planted: bool,
    /// Succeed at the first seed that breaks a rule.
    #[arg(long, hide = true)]
    until_found: bool,
}

fn parse_range(text: &str) -> Result<Range<u64>, String> {
    let parsed = text
        .split_once("..")
        .and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    parsed
        .filter(|range| !range.is_empty())
        .ok_or_else(|| "give it as 1..1001".into())
}

fn parse_percent(text: &str) -> Result<u64, String> {
    let parsed = text.trim_end_matches('%').parse().ok();
    parsed
        .filter(|percent| *percent <= 100)
        .ok_or_else(|| "give it as 1%".into())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let passed = match arguments.seed {
        _ if arguments.planted => planted::find_all(&arguments.seeds, arguments.uploads),
        Some(seed) => one(seed, arguments.uploads, arguments.verbose),
        None if arguments.until_found => many::find(arguments.seeds, arguments.uploads),
        None => many::run(&arguments),
    };
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn one(seed: u64, uploads: usize, verbose: bool) -> bool {
    let report = quintet_simulation::run(seed, uploads, verbose);
    for line in &report.lines {
        println!("{line}");
    }
    tell(&report, uploads);
    println!("seed {seed}: hash {:016x}", report.hash);
    report.broken.is_empty()
}

/// What was violated, and how to see it again.
fn tell(report: &quintet_simulation::Report, uploads: usize) {
    for broken in &report.broken {
        println!("seed {}: {broken}", report.seed);
    }
    if !report.broken.is_empty() {
        let seed = report.seed;
        println!(
            "again: cargo run --release -p quintet-simulation -- --seed {seed} --uploads {uploads} -v"
        );
    }
}
