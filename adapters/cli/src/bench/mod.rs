//! `quintet bench`: load by the engine's own clients, a report, and what is done with reports.

mod after;
pub(crate) mod args;
mod kept;
mod live;
mod payload;
mod screen;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quintet::Settings;
use quintet_bench::{About, Arrivals, Bench, Comparison, Load, Pace, Report, Shard, Span, Stop};
use quintet_transport::Connect;

use self::args::{After, LoadArgs, Spread, Switch};
use self::kept::Kept;
use self::payload::Mix;
use self::screen::Screen;
use crate::exit::Exit;
use crate::messages::tell;
use crate::transport;

/// Measured where nothing bounds it.
const DURATION: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &args::Bench) -> io::Result<Exit> {
    match &args.after {
        Some(After::Compare(compare)) => after::compare(compare),
        Some(After::Merge(merge)) => after::merge(merge),
        None => match &args.load.vs {
            None => measure(&args.load),
            Some(other) => versus(&args.load, other),
        },
    }
}

fn measure(args: &LoadArgs) -> io::Result<Exit> {
    let runner = Runner::new(args)?;
    // Before anything is sent: a report that cannot be kept is told now.
    let mut kept = runner.kept(args.out.as_deref())?;
    let report = runner.run(args.url(), kept.as_mut())?;
    if let Some(path) = &args.report {
        fs::write(path, report.to_html()).map_err(|error| kept::of(path, error))?;
    }
    let mut out = io::stdout().lock();
    match args.json {
        true => out.write_all(report.to_json().as_bytes())?,
        false => write!(out, "{report}")?,
    }
    out.flush()?;
    if let Some(kept) = kept {
        kept.end(&report, &args.way)?;
    }
    Ok(runner.exit(&[report]))
}

/// Both in turn: A B, B A, A B …, so that whatever drifts drifts for both.
fn versus(args: &LoadArgs, other: &str) -> io::Result<Exit> {
    let runner = Runner::new(args)?;
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for round in 1..=args.rounds {
        let mut sides = [("a", args.url(), &mut a), ("b", other, &mut b)];
        if round % 2 == 0 {
            sides.reverse();
        }
        for (side, url, reports) in sides {
            if !args.quiet {
                tell(&format!("round {round} of {}, {side}", args.rounds));
            }
            let dir = args
                .out
                .as_ref()
                .map(|out| out.join(format!("{side}-{round}")));
            let mut kept = runner.kept(dir.as_deref())?;
            let report = runner.run(url, kept.as_mut())?;
            if let Some(kept) = kept {
                kept.end(&report, &args.way)?;
            }
            if runner.interrupted() {
                return Ok(Exit::Aborted);
            }
            reports.push(report);
        }
    }
    let comparison = Comparison::of(&a, &b).map_err(io::Error::other)?;
    after::told(&comparison, args.json, args.report.as_deref())?;
    a.append(&mut b);
    Ok(runner.exit(&a))
}

/// What the runs of one command have in common.
struct Runner<'a> {
    args: &'a LoadArgs,
    stop: Stop,
    pressed: Arc<AtomicBool>,
}

impl<'a> Runner<'a> {
    fn new(args: &'a LoadArgs) -> io::Result<Self> {
        let stop = Stop::default();
        let pressed = interrupts(&stop)?;
        Ok(Self {
            args,
            stop,
            pressed,
        })
    }

    fn kept(&self, to: Option<&Path>) -> io::Result<Option<Kept>> {
        to.map(|to| Kept::create(to, shard(self.args))).transpose()
    }

    fn interrupted(&self) -> bool {
        self.pressed.load(Ordering::Acquire)
    }

    fn run(&self, url: &str, mut kept: Option<&mut Kept>) -> io::Result<Report> {
        let args = self.args;
        let mix = Mix::of(args, url)?;
        let about = About {
            url: quintet_bench::public_url(url),
            payloads: mix.payloads.clone(),
            keep_alive: args.keep_alive == Switch::On,
            timeout: args.timeout.map(|time| time.0),
        };
        let request = move |number| mix.request(number);
        let transport = connects(args, url)?;
        let mut bench = Bench::new(load(args), transport, settings(args), request).about(about);
        if let Some(at) = args.start_at {
            bench = bench.start_at(at);
        }
        // Given back before anything else is printed.
        let title = quintet_bench::public_url(url);
        let mut screen = match args.quiet {
            true => None,
            false => Screen::open(&title),
        };
        bench.run(&self.stop, |tick| {
            if let Some(kept) = &mut kept {
                kept.add(tick);
            }
            match &mut screen {
                _ if args.quiet => {}
                Some(screen) => screen.add(tick),
                None => tell(&live::line(tick)),
            }
        })
    }

    fn exit(&self, reports: &[Report]) -> Exit {
        match reports.iter().any(|report| report.uploads.failed > 0) {
            _ if self.interrupted() => Exit::Aborted,
            true => Exit::Failed,
            false => Exit::Ok,
        }
    }
}

fn connects(args: &LoadArgs, url: &str) -> io::Result<Box<dyn Connect>> {
    let scheme = url.get(..6).unwrap_or_default();
    transport::of(&args.way, scheme.eq_ignore_ascii_case("https:"))
}

fn shard(args: &LoadArgs) -> Shard {
    args.shard.unwrap_or(Shard::WHOLE)
}

fn load(args: &LoadArgs) -> Load {
    let arrivals = match args.arrivals {
        Spread::Constant => Arrivals::Constant,
        Spread::Poisson => Arrivals::Poisson,
    };
    let unbounded = args.duration.is_none() && args.uploads.is_none();
    Load {
        clients: args.clients,
        slots: args.jobs,
        threads: args.threads.unwrap_or(args.clients),
        pace: match args.rate {
            None => Pace::Closed,
            Some(per_second) => Pace::Open {
                per_second,
                arrivals,
            },
        },
        span: Span {
            ramp: args.ramp.0,
            warm_up: args.warm_up.0,
            duration: match unbounded {
                true => Some(DURATION),
                false => args.duration.map(|duration| duration.0),
            },
            uploads: args.uploads.map(|uploads| uploads as u64),
            drain: args.drain.0,
            interval: args.interval.0,
        },
        shard: shard(args),
        seed: args.seed,
    }
}

fn settings(args: &LoadArgs) -> Settings {
    let mut settings = Settings::default();
    settings.connect_timeout = args.connect_timeout.0;
    settings.stall_timeout = args.stall_timeout.0;
    settings.idle_max = match args.keep_alive {
        Switch::On => settings.idle_max.max(args.jobs),
        Switch::Off => 0,
    };
    settings
}

/// The first Ctrl-C stops the bench, the second leaves at once.
fn interrupts(stop: &Stop) -> io::Result<Arc<AtomicBool>> {
    let pressed = Arc::new(AtomicBool::new(false));
    let (told, stop) = (pressed.clone(), stop.clone());
    let handler = move || match told.swap(true, Ordering::AcqRel) {
        false => stop.stop(),
        true => {
            screen::restore();
            std::process::exit(Exit::Aborted as i32)
        }
    };
    ctrlc::set_handler(handler).map_err(io::Error::other)?;
    Ok(pressed)
}
