//! `quintet demo`: real uploads over TLS to a receiver in this very process, every byte accounted for.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use quintet::{Engine, Event, EventKind, Outcome, UploadRequest};
use quintet_latency::Latency;
use quintet_receiver::{Receiver, Settings, Stats, Tls};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};
use serde_json::Value;

use crate::args::Demo;
use crate::board::{Board, News};
use crate::demo_files::{digest, make};
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::messages::{one_line, tell};
use crate::output::throughput;
use crate::progress::View;
use crate::send::name_and_size;
use crate::units::{bytes, millis};

/// The bars move at least so often.
const TICK: Duration = Duration::from_millis(200);

pub(crate) fn run(args: &Demo) -> io::Result<Exit> {
    let board = Board::new(milestones);
    let interrupt = Interrupt::install(&board)?;
    let directory = tempfile::Builder::new().prefix("quintet-demo-").tempdir()?;
    interrupt.removes(directory.path().to_owned());

    let receiver = Receiver::start(Settings {
        tls: Some(Tls::SelfMade),
        ..Settings::default()
    })?;
    let url = receiver.url("/demo");
    say(&format!(
        "receiver  {url} in this process, its certificate made just now"
    ))?;
    let mut files = prepare(args, directory.path(), &interrupt)?;
    if interrupt.happened() {
        tell("quintet: aborted before anything was sent");
        return Ok(Exit::Aborted);
    }

    let latency = Arc::new(Latency::new());
    let engine = engine(&receiver, &latency)?;
    let began = Instant::now();
    for (index, file) in files.iter().enumerate() {
        let request =
            UploadRequest::new(url.as_str(), &file.path, "file").listener(board.listener(index));
        interrupt.covers(engine.upload(request));
    }
    watch(&board, &mut files)?;
    let took = began.elapsed();
    engine.shutdown();

    report(&files, &latency, took, &receiver.stats())?;
    Ok(match () {
        () if interrupt.happened() => Exit::Aborted,
        () if files.iter().any(SentFile::failed) => Exit::Failed,
        () if !files.iter().all(SentFile::arrived) => Exit::Different,
        () => Exit::Ok,
    })
}

/// The files, made or given, and what they hold according to this side.
fn prepare(args: &Demo, directory: &Path, interrupt: &Interrupt) -> io::Result<Vec<SentFile>> {
    let stop = || interrupt.happened();
    let (paths, made) = match args.files.is_empty() {
        false => (args.files.clone(), ""),
        true => (
            make(directory, stop).map_err(no_room(directory))?,
            "made just now, ",
        ),
    };
    let mut files = Vec::new();
    for path in paths {
        // One that cannot be read is the engine's to judge.
        let sha256 = digest(&path, stop).map(|(sha256, _)| sha256);
        let (name, size) = name_and_size(&path);
        let short = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        files.push(SentFile {
            name: short.unwrap_or(name),
            size,
            sha256: sha256.unwrap_or_default(),
            path,
            outcome: None,
        });
    }
    let (count, total) = (files.len(), files.iter().map(|file| file.size).sum());
    say(&format!(
        "files     {count}, {made}{} in all\n",
        bytes(total)
    ))?;
    Ok(files)
}

fn no_room(directory: &Path) -> impl Fn(io::Error) -> io::Error {
    move |error| {
        let place = directory.display();
        io::Error::other(format!(
            "cannot make files in {place} (TMPDIR moves it): {error}"
        ))
    }
}

/// With the defaults, trusting nobody but the receiver's root.
fn engine(receiver: &Receiver, latency: &Arc<Latency>) -> io::Result<Engine> {
    let root_pem = receiver.root_pem().unwrap_or_default().as_bytes();
    let only_its_root = TlsSettings::only_given_roots()
        .add_root_pem(root_pem)
        .map_err(io::Error::other)?;
    let transport = TlsConnect::new(TcpConnect::new(), only_its_root).map_err(io::Error::other)?;
    Engine::builder(transport).listener(latency.clone()).start()
}

fn report(
    files: &[SentFile],
    latency: &Latency,
    took: Duration,
    received: &Stats,
) -> io::Result<()> {
    say("")?;
    for line in table(files) {
        say(&line)?;
    }
    say(&format!("\n{latency}\n"))?;
    let outcomes = files.iter().filter_map(|file| file.outcome.as_ref());
    let sent = throughput(outcomes.map(|outcome| outcome.bytes_sent).sum(), took);
    say(&format!(
        "{sent}, sender and receiver (which hashes) sharing this machine"
    ))?;
    say(&format!(
        "{} connections, {} uploads at once at most",
        received.connections, received.active_most
    ))?;
    let same = files.iter().filter(|file| file.arrived()).count();
    say(&format!(
        "{same} of {} files arrived as they were sent",
        files.len()
    ))
}

/// A file, what we know of it, and how its upload ended.
struct SentFile {
    path: PathBuf,
    name: String,
    size: u64,
    /// Computed here, from the disk, before anything was sent; empty if it could not be read.
    sha256: String,
    outcome: Option<Arc<Outcome>>,
}

impl SentFile {
    fn failed(&self) -> bool {
        let outcome = self.outcome.as_ref();
        outcome.is_none_or(|outcome| outcome.result.is_err())
    }

    /// What the receiver says it got: one digest of one file.
    fn received(&self) -> Option<String> {
        let response = self.outcome.as_ref()?.result.as_ref().ok()?;
        let answer: Value = serde_json::from_slice(&response.body).ok()?;
        Some(answer["files"][0]["sha256"].as_str()?.to_owned())
    }

    fn arrived(&self) -> bool {
        !self.sha256.is_empty() && self.received().as_deref() == Some(&*self.sha256)
    }
}

/// Tells what happens until the last file has ended.
fn watch(board: &Board, files: &mut [SentFile]) -> io::Result<()> {
    let named: Vec<_> = files
        .iter()
        .map(|file| (file.name.clone(), file.size))
        .collect();
    let width = width(files);
    let mut view = View::bars(&named);
    let mut left = files.len();
    while left > 0 {
        for news in board.read(TICK) {
            match news {
                News::Moved(file, moved) => view.moved(file, moved),
                News::Note(file, text) => {
                    let line = text.replacen("FILE", &format!("{:<width$}", files[file].name), 1);
                    view.aside(|| say(line.trim_end()))?;
                }
                News::Interrupted => view.aside(|| say("aborting; Ctrl-C again leaves at once"))?,
                News::Ended(file, outcome) => {
                    files[file].outcome = Some(outcome);
                    left -= 1;
                }
            }
        }
        view.tick();
    }
    view.end();
    Ok(())
}

/// A line for each thing that shows the order: `FILE` stands for the name.
fn milestones(event: &Event) -> Option<String> {
    let what = match &event.kind {
        EventKind::Queued { position } => format!("waits, {position} before it"),
        EventKind::Admitted => "has a slot".into(),
        EventKind::Started { reused: true } => "goes over a connection kept from before".into(),
        EventKind::Done(outcome) => match &outcome.result {
            Ok(response) => format!("answered with {}", response.status),
            Err(error) => format!("failed: {error}: {}", error.detail()),
        },
        _ => return None,
    };
    Some(format!("{:>9}  FILE  {what}", millis(event.at)))
}

/// Of the column of names.
fn width(files: &[SentFile]) -> usize {
    let names = files.iter().map(|file| file.name.chars().count());
    names.max().unwrap_or_default().max("file".len())
}

fn table(files: &[SentFile]) -> Vec<String> {
    let width = width(files);
    let row = |name: &str, size: &str, status: &str, waited: &str, took: &str, sha256: &str| {
        format!("{name:<width$} {size:>9} {status:>7} {waited:>9} {took:>9}  {sha256}")
    };
    let mut lines = vec![row("file", "size", "status", "waited", "took", "SHA-256")];
    for file in files {
        let outcome = file.outcome.as_ref();
        let phase = |name: &str| {
            let mut phases = outcome
                .map(|outcome| outcome.timings.phases())
                .into_iter()
                .flatten();
            let found = phases.find(|(phase, _)| *phase == name);
            found.map_or("-".into(), |(_, took)| millis(took))
        };
        let status = outcome.and_then(|outcome| outcome.status());
        let verdict = match (file.arrived(), file.received()) {
            (true, _) => format!("{}… the same on both sides", &file.sha256[..16]),
            (false, Some(other)) => format!("DIFFERENT: {} sent, {other} received", file.sha256),
            (false, None) => "not received".into(),
        };
        lines.push(row(
            &file.name,
            &bytes(file.size),
            &status.map_or("-".into(), |status| status.to_string()),
            &phase("queue"),
            &phase("total"),
            &verdict,
        ));
    }
    lines
}

/// Lines of our own making, but for the names of files.
fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in text.split('\n') {
        writeln!(out, "{}", one_line(line))?;
    }
    out.flush()
}
