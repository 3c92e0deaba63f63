//! The arguments of `quintet bench`.

use std::path::PathBuf;

use clap::{ArgGroup, ValueEnum};
use quintet::Settings;

use crate::args::{Content, Way};
use crate::units::{self, Size, Time};

#[derive(Debug, clap::Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    pub(crate) load: LoadArgs,
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
    /// What chance starts from: the same number brings the same load.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) way: Way,

    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Keep the report in this directory, in every form: bench.json, bench.txt, bench.csv (what happened when), bench.hlog (a
    /// histogram for each phase and interval), bench-PHASE.hgrm (percentiles), bench.prom (Prometheus) and bench.html.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write the report as one page of HTML, which needs no network and no script.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// No line a second on stderr.
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
