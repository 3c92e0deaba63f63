//! The bench itself: arguments, checks, rounds, tables.

use std::fmt::Write;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::clients::{self, Client};
use crate::pin::{Processors, pin};
use crate::record::{self, Chapter};
use crate::run::{Bench, Run};
use crate::sink::Sink;
use crate::workload::{Case, Workload};
use crate::{Result, files, machine, network, summary, table, verify};

/// Uploads the same files with Quintet, raw loops and other HTTP clients, in turn, and compares what it cost.
#[derive(Parser)]
#[command(name = "quintet-peers")]
struct Args {
    /// Measured rounds; one more, to warm up, goes before them
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Large files this many times smaller, small ones this many times fewer: for a trial
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    scale: u64,
    /// What to run, separated by commas: workloads (A to D), plain or tls, parts of clients' names
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Folder for the files that are uploaded, 2.3 GiB; kept if given, else temporary
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Folder for the record. Without it a full bench goes to benches/record, a trial nowhere
    #[arg(long)]
    record: Option<PathBuf>,
    /// Congestion control to send with; `-` leaves the system's
    #[arg(long, default_value = "cubic")]
    congestion: String,
    /// Two processors, `SINK,CLIENT`; the first and the last by default
    #[arg(long)]
    cpus: Option<String>,
    /// Let the sink send session tickets
    #[arg(long)]
    tickets: bool,
    /// Seconds after which a client is given up
    #[arg(long, default_value_t = 120)]
    time_max: u64,
}

pub(crate) fn main() -> Result<()> {
    let args = Args::parse();
    let congestion = Some(args.congestion.as_str()).filter(|name| *name != "-");
    // First of all: what it changes holds for threads and children that come after it.
    if let Some(congestion) = congestion
        && let Err(error) = network::use_congestion(congestion)
    {
        eprintln!("sending with the system's congestion control, not {congestion}: {error}");
    }
    let choice = Choice::parse(&args.only)?;
    let processors = Processors::choose(args.cpus.as_deref())?;
    if processors.sink == processors.client {
        eprintln!("only one processor: the sink's work stands in the way of the clients");
    }
    pin(processors.sink)?;
    let temporary = tempfile::tempdir()?;
    let dir = args.dir.clone().unwrap_or_else(|| temporary.path().into());
    std::fs::create_dir_all(&dir)?;

    choice.verify(&temporary, processors)?;
    let sink = Sink::start(temporary.path(), processors.sink, args.tickets, congestion)?;
    let facts = facts(&args, &choice, &sink, processors)?;
    println!("{facts}");
    let bench = Bench {
        sink,
        processors,
        time_max: Duration::from_secs(args.time_max),
        tickets: args.tickets,
    };
    let (runs, missing) = rounds(&args, &choice, &bench, &dir)?;

    let mut chapters = Vec::new();
    for case in choice.cases() {
        let names: Vec<_> = choice.clients(case).map(|client| client.name).collect();
        let rows = summary::rows(case, &names, &runs);
        let table = table::table(case, case.workload.extent(args.scale), &rows);
        println!("{table}");
        chapters.push(Chapter { case, rows, table });
    }
    let facts = match missing.is_empty() {
        true => facts,
        false => format!(
            "{facts}\nNot installed, so not measured: {}.\n",
            missing.join(", ")
        ),
    };
    let full = args.scale == 1 && args.only.is_empty();
    if let Some(dir) = args.record.or_else(|| full.then(record::default_dir)) {
        record::write(&dir, &facts, &chapters, &runs)?;
        println!("recorded in {}", dir.display());
    }
    match runs.iter().filter(|run| run.report.is_err()).count() {
        0 => Ok(()),
        failures => Err(format!("{failures} runs failed: see under the tables").into()),
    }
}

/// Every round: every case, and in each every client, beginning with another one each time.
fn rounds(
    args: &Args,
    choice: &Choice,
    bench: &Bench,
    dir: &std::path::Path,
) -> Result<(Vec<Run>, Vec<&'static str>)> {
    let (mut runs, mut missing) = (Vec::new(), Vec::new());
    for round in 0..=args.rounds {
        for case in choice.cases() {
            let extent = case.workload.extent(args.scale);
            let files = files::prepare(dir, extent)?;
            let mut clients: Vec<_> = choice.clients(case).collect();
            let first = round % clients.len();
            clients.rotate_left(first);
            for client in clients {
                say(&format!(
                    "round {round} of {}, {case}, {}",
                    args.rounds, client.name
                ));
                match bench.run(client, case, extent, &files, round)? {
                    None if missing.contains(&client.name) => {}
                    None => missing.push(client.name),
                    // The round to warm up counts only where it shows that something is wrong.
                    Some(run) if round > 0 || run.report.is_err() => runs.push(run),
                    Some(_) => {}
                }
            }
        }
    }
    say("");
    Ok((runs, missing))
}

/// What goes on, in one line of a terminal.
fn say(what: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{what}");
    }
}

/// What is run.
struct Choice {
    workloads: Vec<Workload>,
    secure: Vec<bool>,
    names: Vec<String>,
}

impl Choice {
    fn parse(only: &[String]) -> Result<Self> {
        let mut choice = Self {
            workloads: Vec::new(),
            secure: Vec::new(),
            names: Vec::new(),
        };
        for word in only {
            match word.as_str() {
                "A" => choice.workloads.push(Workload::A),
                "B" => choice.workloads.push(Workload::B),
                "C" => choice.workloads.push(Workload::C),
                "D" => choice.workloads.push(Workload::D),
                "plain" => choice.secure.push(false),
                "tls" => choice.secure.push(true),
                name if clients::ALL.iter().any(|client| client.name.contains(name)) => {
                    choice.names.push(name.to_owned());
                }
                _ => return Err(format!("no workload and no client is called {word}").into()),
            }
        }
        Ok(choice)
    }

    fn cases(&self) -> impl Iterator<Item = Case> {
        Case::all().filter(|case| {
            (self.workloads.is_empty() || self.workloads.contains(&case.workload))
                && (self.secure.is_empty() || self.secure.contains(&case.secure))
        })
    }

    /// Those that were chosen and can do it, and always the raw loop that they are compared to.
    fn clients(&self, case: Case) -> impl Iterator<Item = &'static Client> {
        clients::ALL.iter().filter(move |client| {
            let named = self
                .names
                .iter()
                .any(|name| client.name.contains(name.as_str()));
            let chosen = self.names.is_empty() || named || client.name == case.reference();
            chosen && (client.fits)(case)
        })
    }

    /// Every chosen client, once.
    fn all_clients(&self) -> Vec<&'static Client> {
        let chosen = |client: &Client| {
            let mut clients = self.cases().flat_map(|case| self.clients(case));
            clients.any(|other| other.name == client.name)
        };
        clients::ALL
            .iter()
            .filter(|client| chosen(client))
            .collect()
    }

    fn verify(&self, dir: &tempfile::TempDir, processors: Processors) -> Result<()> {
        for client in self.all_clients() {
            for secure in [false, true] {
                let here = |case: Case| case.secure == secure && (client.fits)(case);
                if self.cases().any(here) {
                    say(&format!("what {} sends", client.name));
                    let checked = verify::verify(client, secure, dir.path(), processors);
                    checked.map_err(|error| format!("{}: {error}", client.name))?;
                }
            }
        }
        say("");
        Ok(())
    }
}

/// The arguments again, without the folders: those are this machine's affair.
fn command(args: &Args) -> String {
    let mut command = format!("--rounds {}", args.rounds);
    let mut add = |argument: &str, value: &str| command.push_str(&format!(" --{argument}{value}"));
    if args.scale > 1 {
        add("scale ", &args.scale.to_string());
    }
    if !args.only.is_empty() {
        add("only ", &args.only.join(","));
    }
    add("congestion ", &args.congestion);
    if args.tickets {
        add("tickets", "");
    }
    command
}

/// The first paragraphs of a record.
fn facts(args: &Args, choice: &Choice, sink: &Sink, processors: Processors) -> Result<String> {
    let mut facts = format!("    cargo run --release -- {}\n\n", command(args));
    writeln!(facts, "- Machine: {}.", machine::machine())?;
    writeln!(
        facts,
        "- Sink on processor {}, clients on {}; {} rounds after one to warm up, order rotated.",
        processors.sink, processors.client, args.rounds
    )?;
    writeln!(
        facts,
        "- Congestion control: clients {}, sink {}. Session tickets: {}.",
        sink.clients_congestion()?,
        sink.congestion,
        if args.tickets { "yes" } else { "none" }
    )?;
    writeln!(
        facts,
        "- Commit {}; {}.",
        machine::commit(),
        machine::compiler()
    )?;
    if args.scale > 1 {
        writeln!(facts, "- A trial: everything {} times smaller.", args.scale)?;
    }
    let clients = choice.all_clients();
    let versions = machine::versions(&clients).into_iter();
    let versions: Vec<_> = versions
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    writeln!(facts, "- Versions: {}.", versions.join(", "))?;
    facts.push_str("- Clients:\n");
    for client in clients {
        writeln!(facts, "  - `{}`: {}", client.name, client.what)?;
    }
    facts.push_str(
        "\nEvery client sent its form to a receiver that hashed it before the first round; in every run the sink's count of \
         requests, body bytes and forms that ended was what it should be. `benches/README.md` tells how to read this.\n",
    );
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_always_has_the_raw_loop() {
        let choice = Choice::parse(&["B".into(), "tls".into(), "quintet".into()]).unwrap();
        let cases: Vec<_> = choice.cases().collect();
        assert_eq!(cases.len(), 1);
        let names: Vec<_> = choice.clients(cases[0]).map(|client| client.name).collect();
        assert_eq!(names, ["raw-seal", "quintet", "quintet-events"]);
        assert!(Choice::parse(&["nobody".into()]).is_err());
    }

    #[test]
    fn every_case_has_its_raw_loop() {
        for case in Case::all() {
            let named = |client: &&Client| client.name == case.reference();
            let reference = clients::ALL.iter().find(named).unwrap();
            assert!((reference.fits)(case), "{case}");
        }
    }

    #[test]
    fn a_workload_is_never_scaled_to_nothing() {
        for workload in Workload::ALL {
            let crate::workload::Extent { uploads, bytes, .. } = workload.extent(u64::MAX);
            assert!(uploads > 0 && bytes > 0);
        }
    }
}
