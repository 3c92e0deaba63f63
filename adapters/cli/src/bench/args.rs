//! The arguments of `quintet bench`.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::{ArgGroup, Subcommand, ValueEnum};
use quintet::Settings;
use quintet_bench::Shard;

use crate::content::Content;
use crate::units::{self, Size, Time};
use crate::way::Way;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Bench {
    #[command(subcommand)]
    pub(crate) after: Option<After>,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
}

/// What is done with reports.
#[derive(Debug, Subcommand)]
pub(crate) enum After {
    /// Hold runs of two sides against each other: medians with confidence intervals, and Mann and Whitney's test.
    Compare(Compare),
    /// Add up the reports (.json) or logs (.hlog) of all shards of a bench, exactly.
    Merge(Merge),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Compare {
    /// Reports of side A; without --vs one of A and one of B.
    #[arg(value_name = "A.json", required = true)]
    pub(crate) a: Vec<PathBuf>,
    /// Reports of side B.
    #[arg(long = "vs", value_name = "B.json", num_args = 1..)]
    pub(crate) b: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write a page of HTML with a picture of both.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Merge {
    /// One of each shard.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Merge what there is, though shards are missing, or were stopped or broke off before their time.
    #[arg(long)]
    pub(crate) partial: bool,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the report as one page of HTML.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

// (A doc comment here would become the help of the command.)
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("payload").required(true).multiple(true)))]
pub(crate) struct LoadArgs {
    /// Where to, http: or https:.
    #[arg(required = true)]
    url: Option<String>,

    /// Send this file; repeatable: they come in turn, or as --weights says. @LIST sends the files that LIST names, one a
    /// line.
    #[arg(long = "file", value_name = "FILE", group = "payload")]
    pub(crate) files: Vec<PathBuf>,
    /// Send so many bytes that are made up on the way; repeatable, after the files.
    #[arg(long = "size", value_name = "SIZE", group = "payload")]
    pub(crate) sizes: Vec<Size>,
    /// What is made up.
    #[arg(long, value_name = "KIND", default_value = "zeros")]
    pub(crate) pattern: Pattern,
    /// How often each file and size comes against the others, by chance, in the order in which they come: such as 90,9,1.
    /// [default: in turn]
    #[arg(long, value_name = "N,N…", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) weights: Vec<u32>,
    #[command(flatten)]
    pub(crate) content: Content,

    /// Client shells, each an engine with slots and connections of its own.
    #[arg(short, long, value_name = "N", value_parser = units::count, default_value_t = 1)]
    pub(crate) clients: usize,
    /// Slots of each client: uploads that it has active at once.
    #[arg(short, long, value_name = "N", value_parser = units::count,
        default_value_t = Settings::default().active_max)]
    pub(crate) jobs: usize,
    /// Threads that the clients share. [default: one for each client]
    #[arg(long, value_name = "N", value_parser = units::count)]
    pub(crate) threads: Option<usize>,
    /// Begin so many uploads a second, whatever became of those before, such as 200/s or 0.5/s. [default: closed loops]
    #[arg(long, value_name = "N/s", value_parser = rate)]
    pub(crate) rate: Option<f64>,
    /// How they are spread: at equal distances, or by chance, as many users come.
    #[arg(
        long,
        value_name = "HOW",
        default_value = "constant",
        requires = "rate"
    )]
    pub(crate) arrivals: Spread,
    /// How long is measured. [default: 10s, or until --uploads are done]
    #[arg(long, value_name = "TIME", value_parser = units::deadline)]
    pub(crate) duration: Option<Time>,
    /// Begin no more than so many uploads, those of ramp and warm-up included.
    #[arg(long, value_name = "N", value_parser = units::count)]
    pub(crate) uploads: Option<usize>,
    /// Do not measure what is due in this time, after the ramp.
    #[arg(long, value_name = "TIME", default_value = "0s")]
    pub(crate) warm_up: Time,
    /// Grow the load evenly over this time: the rate, or the clients.
    #[arg(long, value_name = "TIME", default_value = "0s")]
    pub(crate) ramp: Time,
    /// Wait no longer than this for what is under way at the end.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) drain: Time,
    /// The length of one interval of what is told over time.
    #[arg(long, value_name = "TIME", value_parser = units::deadline, default_value = "1s")]
    pub(crate) interval: Time,
    /// Whether connections are kept for the next upload.
    #[arg(long, value_name = "WHETHER", default_value = "on")]
    pub(crate) keep_alive: Switch,
    /// Longest time for one upload, from its turn to its end. [default: none]
    #[arg(long, value_name = "TIME", value_parser = units::deadline)]
    pub(crate) timeout: Option<Time>,
    /// Longest time until a connection stands, name and handshake included.
    #[arg(long, value_name = "TIME", value_parser = units::deadline,
        default_value_t = Time(Settings::default().connect_timeout))]
    pub(crate) connect_timeout: Time,
    /// Longest time without a byte either way.
    #[arg(long, value_name = "TIME", value_parser = units::deadline,
        default_value_t = Time(Settings::default().stall_timeout))]
    pub(crate) stall_timeout: Time,
    /// Bring part I, counted from 0, of a load of N parts: the rate, the clients and the uploads are those of all of them.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub(crate) shard: Option<Shard>,
    /// Begin at this time of day, such as 2026-11-22T12:00:00Z or @1795348800 (seconds since 1970).
    #[arg(long, value_name = "TIME", value_parser = quintet_bench::time_of_day)]
    pub(crate) start_at: Option<SystemTime>,
    /// Run the same load against this URL too, in turn, and compare.
    #[arg(long, value_name = "URL", conflicts_with_all = ["shard", "start_at"])]
    pub(crate) vs: Option<String>,
    /// Runs of each of the two.
    #[arg(long, value_name = "N", value_parser = units::count, default_value_t = 5, requires = "vs")]
    pub(crate) rounds: usize,
    /// What chance starts from: the same number brings the same load.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) way: Way,

    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Keep the report in this directory, in every form: bench.json, bench.txt, bench.csv (what happened when), bench.hlog (a
    /// histogram for each phase and interval), bench-PHASE.hgrm (percentiles), bench.prom (Prometheus) and bench.html; of a
    /// shard bench-I.json and so on. If it is an http: or https: URL, the JSON alone is PUT below it.
    #[arg(long, value_name = "DIR|URL")]
    pub(crate) out: Option<PathBuf>,
    /// Write the report as one page of HTML, which needs no network and no script.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// No live view, and no line for each interval, on stderr.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl LoadArgs {
    /// Where to. The argument parser lets nobody in without it, but a subcommand.
    pub(crate) fn url(&self) -> &str {
        self.url.as_deref().unwrap_or_default()
    }
}

/// What made-up bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pattern {
    /// Zeros, which cost least.
    Zeros,
    /// Bytes that look random, so that nothing on the way can make them fewer.
    Random,
    /// Lines of text.
    Text,
}

/// How uploads of an open loop are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Spread {
    /// At equal distances.
    Constant,
    /// By chance.
    Poisson,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// Which part of how many.
fn shard(text: &str) -> Result<Shard, String> {
    let wrong = "a shard is I/N, counted from 0, such as 0/3";
    let (index, of) = text.split_once('/').ok_or(wrong)?;
    match (index.parse(), of.parse()) {
        (Ok(index), Ok(of)) if index < of => Ok(Shard { index, of }),
        _ => Err(wrong.into()),
    }
}

/// Uploads a second.
fn rate(text: &str) -> Result<f64, String> {
    let number = text
        .strip_suffix("/s")
        .ok_or("a rate ends in /s, such as 200/s")?;
    match number.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("it must be a number, and more than nothing".into()),
    }
}
