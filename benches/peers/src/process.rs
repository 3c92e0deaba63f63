//! One client process, from its start to its end: what it used, and what it reported.
//!
//! CPU time and context switches are those of the whole process, start and exit included, as the kernel
//! accounts for it when it is waited for (the difference of `RUSAGE_CHILDREN`, which is what wait4 would tell: no other child is
//! waited for meanwhile). The most memory and the most threads are read from `/proc` while it runs: the
//! kernel's `ru_maxrss` would begin with the size of the process that started it.

use std::fmt;
use std::process::{Child, Command, Output, Stdio};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::Result;
use crate::clients::{Client, Program};
use crate::job::{self, Job};
use crate::pin::{Processors, pin};
use crate::work::Latencies;

const LOOK_EVERY: Duration = Duration::from_millis(5);
const MARK: &str = "REPORT";

/// What a client says of its own run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Report {
    pub(crate) uploads: usize,
    pub(crate) p50_micros: u64,
    pub(crate) p99_micros: u64,
    pub(crate) memory_kib: u64,
}

impl Report {
    /// Of this process.
    pub(crate) fn new(latencies: Latencies) -> Result<Self> {
        let mut report = Self::of(latencies);
        report.memory_kib = status_of("self").ok_or("no /proc")?.memory_kib;
        Ok(report)
    }

    fn of(mut latencies: Latencies) -> Self {
        latencies.sort_unstable();
        let at = |percent: usize| {
            let index = (latencies.len() * percent).div_ceil(100).max(1) - 1;
            let latency = latencies.get(index).copied().unwrap_or_default();
            u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
        };
        Self {
            uploads: latencies.len(),
            p50_micros: at(50),
            p99_micros: at(99),
            memory_kib: 0,
        }
    }

    /// From what the program curl was told to print: a status and the seconds of each upload.
    fn of_lines(output: &str) -> Result<Self> {
        let mut latencies = Latencies::new();
        for line in output.lines() {
            let (status, seconds) = line.split_once(' ').ok_or("an unknown line")?;
            if status != "200" {
                return Err(format!("the server answered {status}").into());
            }
            latencies.push(Duration::from_secs_f64(seconds.parse()?));
        }
        Ok(Self::of(latencies))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            uploads,
            p50_micros,
            p99_micros,
            memory_kib,
        } = self;
        write!(f, "{MARK} {uploads} {p50_micros} {p99_micros} {memory_kib}")
    }
}

impl FromStr for Report {
    type Err = Box<dyn std::error::Error + Send + Sync>;

    fn from_str(output: &str) -> Result<Self> {
        let words: Vec<&str> = output.split_whitespace().collect();
        let [MARK, uploads, p50, p99, memory] = words[..] else {
            return Err("it ended without a report".into());
        };
        Ok(Self {
            uploads: uploads.parse()?,
            p50_micros: p50.parse()?,
            p99_micros: p99.parse()?,
            memory_kib: memory.parse()?,
        })
    }
}

/// What a process used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// From its start to its end.
    pub(crate) wall: Duration,
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    pub(crate) voluntary: i64,
    pub(crate) involuntary: i64,
    /// Pages that were mapped without reading them from disk: what a buffer costs that is allocated anew.
    pub(crate) faults: i64,
    pub(crate) memory_kib: u64,
    pub(crate) threads: u64,
}

/// Runs a client on its processor. `Ok(None)`: it is not installed.
pub(crate) fn run(
    client: &Client,
    job: &Job,
    processors: Processors,
    time_max: Duration,
) -> Result<Option<(Used, Result<Report>)>> {
    let mut command = match &client.program {
        Program::Own(_) => {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg(job::ARGUMENT).arg(client.name);
            command.args(job.to_args());
            command
        }
        Program::Installed { name, command } => match is_installed(name) {
            true => command(job)?,
            false => return Ok(None),
        },
    };
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let before = children()?;
    // A child starts where its parent is; the parent goes back to where it is in nobody's way.
    pin(processors.client)?;
    let start = Instant::now();
    let child = command.spawn();
    pin(processors.sink)?;
    let (output, wall, seen) = watched(child?, start, time_max)?;
    let after = children()?;

    let text = String::from_utf8_lossy(&output.stdout);
    let report = match (&client.program, output.status.success()) {
        _ if wall > time_max => Err(format!("given up after {time_max:?}").into()),
        (_, false) => {
            let why = String::from_utf8_lossy(&output.stderr);
            Err(format!("{}: {}", output.status, why.trim()).into())
        }
        (Program::Own(_), true) => text.parse(),
        (Program::Installed { .. }, true) => Report::of_lines(&text),
    };
    let told_kib = report
        .as_ref()
        .map_or(0, |report: &Report| report.memory_kib);
    let spent = |time: fn(&Usage) -> nix::sys::time::TimeVal| {
        let micros = |usage| {
            let time = time(usage);
            time.tv_sec() * 1_000_000 + time.tv_usec()
        };
        Duration::from_micros(u64::try_from(micros(&after) - micros(&before)).unwrap_or(0))
    };
    let used = Used {
        wall,
        user: spent(Usage::user_time),
        system: spent(Usage::system_time),
        voluntary: after.voluntary_context_switches() - before.voluntary_context_switches(),
        involuntary: after.involuntary_context_switches() - before.involuntary_context_switches(),
        faults: after.minor_page_faults() - before.minor_page_faults(),
        memory_kib: seen.memory_kib.max(told_kib),
        threads: seen.threads,
    };
    Ok(Some((used, report)))
}

fn children() -> Result<Usage> {
    Ok(getrusage(UsageWho::RUSAGE_CHILDREN)?)
}

fn is_installed(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|dir| dir.join(program).is_file())
}

/// Waits for the child and looks at it now and then; ends it if it takes too long.
fn watched(child: Child, start: Instant, time_max: Duration) -> Result<(Output, Duration, Seen)> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // By this handle, never by a number that may be another's by then.
    let handle = pidfd_open(pid.ok_or("no process")?, PidfdFlags::empty())?;
    let id = child.id().to_string();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut seen = Seen::default();
            while !ended.load(Ordering::Relaxed) {
                if let Some(now) = status_of(&id) {
                    seen.memory_kib = seen.memory_kib.max(now.memory_kib);
                    seen.threads = seen.threads.max(now.threads);
                }
                if start.elapsed() > time_max {
                    // It may have ended just now.
                    let _ = pidfd_send_signal(&handle, Signal::KILL);
                }
                std::thread::park_timeout(LOOK_EVERY);
            }
            seen
        });
        let output = child.wait_with_output();
        let wall = start.elapsed();
        ended.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        let seen = watcher.join().map_err(|_| "the watcher panicked")?;
        Ok((output?, wall, seen))
    })
}

#[derive(Clone, Copy, Default)]
struct Seen {
    memory_kib: u64,
    threads: u64,
}

/// The most memory that a process ever had, and its threads now.
fn status_of(pid: &str) -> Option<Seen> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some(Seen {
        memory_kib: value("VmHWM:")?,
        threads: value("Threads:")?,
    })
}
