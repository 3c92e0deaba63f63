//! `quintet bench`: load by the engine's own clients, and a report.

pub(crate) mod args;
mod kept;
mod live;
mod payload;

use std::fs;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quintet::Settings;
use quintet_bench::{About, Arrivals, Bench, Load, Pace, Report, Shard, Span, Stop};

use self::args::{LoadArgs, Spread, Switch};
use self::kept::Kept;
use self::payload::Mix;
use crate::exit::Exit;
use crate::messages::tell;
use crate::transport;

/// Measured where nothing bounds it.
const DURATION: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &args::Bench) -> io::Result<Exit> {
    measure(&args.load)
}

fn measure(args: &LoadArgs) -> io::Result<Exit> {
    let mix = Mix::of(args)?;
    let scheme = args.url().get(..6).unwrap_or_default();
    let https = scheme.eq_ignore_ascii_case("https:");
    let transport = transport::of(&args.way, https)?;
    let about = About {
        url: quintet_bench::public_url(args.url()),
        payloads: mix.payloads.clone(),
        keep_alive: args.keep_alive == Switch::On,
        timeout: args.timeout.map(|time| time.0),
    };
    let stop = Stop::default();
    let interrupted = interrupts(&stop)?;
    let request = move |number| mix.request(number);
    let bench = Bench::new(load(args), transport, settings(args), request).about(about);
    // Before anything is sent: a report that cannot be kept is told now.
    let mut kept = args.out.as_deref().map(Kept::create).transpose()?;
    let report = bench.run(&stop, |tick| {
        if let Some(kept) = &mut kept {
            kept.add(tick);
        }
        if !args.quiet {
            tell(&live::line(tick));
        }
    })?;
    if let Some(kept) = kept {
        kept.end(&report)?;
    }
    if let Some(path) = &args.report {
        fs::write(path, report.to_html()).map_err(|error| kept::of(path, error))?;
    }
    let mut out = io::stdout().lock();
    match args.json {
        true => out.write_all(report.to_json().as_bytes())?,
        false => write!(out, "{report}")?,
    }
    out.flush()?;
    Ok(exit(&report, interrupted.load(Ordering::Acquire)))
}

fn exit(report: &Report, interrupted: bool) -> Exit {
    match report.uploads.failed {
        _ if interrupted => Exit::Aborted,
        0 => Exit::Ok,
        _ => Exit::Failed,
    }
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
        shard: Shard::WHOLE,
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
fn interrupts(stop: &Stop) -> io::Result<std::sync::Arc<AtomicBool>> {
    let pressed = std::sync::Arc::new(AtomicBool::new(false));
    let (told, stop) = (pressed.clone(), stop.clone());
    let handler = move || match told.swap(true, Ordering::AcqRel) {
        false => stop.stop(),
        true => std::process::exit(Exit::Aborted as i32),
    };
    ctrlc::set_handler(handler).map_err(io::Error::other)?;
    Ok(pressed)
}
