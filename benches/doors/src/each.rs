//! What each of many uploads takes, by one client and another.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const FILE_BYTES: usize = 4096;

/// A program that is run as `PROGRAM NAME UPLOADS URL FILE`, and prints what each upload took it in microseconds: CPU, and wall.
pub(crate) struct Client {
    name: String,
    program: PathBuf,
}

impl Client {
    /// This program's own two; the first is what the others are compared with.
    pub(crate) fn own() -> Result<Vec<Self>, Box<dyn Error>> {
        let program = std::env::current_exe()?;
        let own = |name: &str| Self {
            name: name.into(),
            program: program.clone(),
        };
        Ok(vec![own("rust"), own("quickjs")])
    }

    /// `NAME=PROGRAM`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, program) = text.split_once('=')?;
        Some(Self {
            name: name.into(),
            program: program.into(),
        })
    }

    fn run(&self, uploads: usize, url: &str, file: &Path) -> Result<Took, Box<dyn Error>> {
        let ran = Command::new(&self.program)
            .args([&self.name, &uploads.to_string(), url])
            .arg(file)
            .stderr(Stdio::inherit())
            .output()?;
        let told = String::from_utf8(ran.stdout)?;
        let took = told.trim_end().split_once(' ');
        let (cpu, wall) = took.ok_or_else(|| format!("{}: {} {told:?}", self.name, ran.status))?;
        Ok([cpu.parse()?, wall.parse()?])
    }
}

/// Microseconds: CPU, wall.
type Took = [f64; 2];

/// In each round every client has its turn, so that a slow minute hits all alike.
pub(crate) fn measure(
    uploads: usize,
    rounds: usize,
    clients: &[Client],
) -> Result<(), Box<dyn Error>> {
    let mut peer = Command::new(std::env::current_exe()?)
        .arg("peer")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut port = String::new();
    BufReader::new(peer.stdout.take().ok_or("no output")?).read_line(&mut port)?;
    let url = format!("http://127.0.0.1:{}/up", port.trim_end());
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("file");
    fs::write(&file, vec![0x5a; FILE_BYTES])?;

    let mut all: Vec<Vec<Took>> = clients.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (client, took) in clients.iter().zip(&mut all) {
            took.push(client.run(uploads, &url, &file)?);
        }
    }
    print(uploads, rounds, clients, &all);
    // The end of its input ends it.
    drop(peer.stdin.take());
    peer.wait()?;
    Ok(())
}

fn print(uploads: usize, rounds: usize, clients: &[Client], all: &[Vec<Took>]) {
    println!("each of {uploads} uploads, \u{b5}s; {rounds} rounds: median, least to most");
    println!(
        "{:<18}{:^24}{:^24}{:^24}{:^24}",
        "", "CPU", "more than rust", "wall", "more than rust"
    );
    for (client, took) in clients.iter().zip(all) {
        print!("{:<18}", client.name);
        for what in 0..2 {
            let base = all.first().into_iter().flatten();
            let more = took
                .iter()
                .zip(base)
                .map(|(took, base)| took[what] - base[what]);
            print!("{}", spread(took.iter().map(|took| took[what]).collect()));
            // Of the same round, as it is meant to be compared.
            print!("{}", spread(more.collect()));
        }
        println!();
    }
}

fn spread(mut values: Vec<f64>) -> String {
    values.sort_unstable_by(f64::total_cmp);
    let at = |at: usize| values.get(at).copied().unwrap_or_default();
    let [least, median, most] = [0, values.len() / 2, values.len().saturating_sub(1)].map(at);
    format!("{median:>8.1} {:<15}", format!("{least:.1} to {most:.1}"))
}
