//! Five uploads at once, all of files in memory, then with one that is not: how long the other four stand still.
//!
//! `quintet-cold [DIR] [ROUNDS]`: DIR must lie on a disk. Prints, for each round and run, the 99th percentile and the
//! longest gap between two progress events of the four warm uploads, the CPU time of the process's client thread, and
//! in the end the ratios of the medians.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

use std::error::Error;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use quintet::{Engine, Event, EventKind, Settings, UploadId, UploadRequest};
use quintet_tcp::TcpConnect;
use rustix::fs::{Advice, fadvise};
use rustix::net::RecvFlags;

const FILES: usize = 5;
const FILE_BYTES: usize = 256 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let rounds: usize = args.next().map_or(Ok(5), |rounds| rounds.parse())?;
    let dir = tempfile::tempdir_in(dir)?;
    let files: Vec<PathBuf> = (0..FILES).map(|n| dir.path().join(n.to_string())).collect();
    files.iter().try_for_each(|path| write(path))?;
    let peer = discard()?;
    let mut warm = Vec::new();
    let mut cold = Vec::new();
    println!("round  run   p99 gap    max gap    wall");
    for round in 1..=rounds {
        for (name, runs) in [("warm", &mut warm), ("cold", &mut cold)] {
            files.iter().try_for_each(|path| bring_in(path))?;
            if name == "cold" {
                fadvise(File::open(&files[0])?, 0, None, Advice::DontNeed)?;
            }
            let run = upload(peer, &files)?;
            println!(
                "{round:>5}  {name}  {:>9.2?}  {:>9.2?}  {:.2?}",
                run.p99, run.max, run.wall
            );
            runs.push(run);
        }
    }
    let ratio = |of: fn(&Run) -> Duration| {
        median(&cold, of).as_secs_f64() / median(&warm, of).as_secs_f64()
    };
    println!(
        "cold / warm, medians: p99 gap {:.2}, max gap {:.2}",
        ratio(|run| run.p99),
        ratio(|run| run.max)
    );
    Ok(())
}

/// Gaps of the four uploads whose files are warm in both runs.
struct Run {
    p99: Duration,
    max: Duration,
    wall: Duration,
}

fn median(runs: &[Run], of: fn(&Run) -> Duration) -> Duration {
    let mut values: Vec<_> = runs.iter().map(of).collect();
    values.sort_unstable();
    values[values.len() / 2]
}

fn upload(peer: SocketAddr, files: &[PathBuf]) -> Result<Run, Box<dyn Error>> {
    let heard: Arc<Mutex<Vec<(UploadId, Duration)>>> = Arc::default();
    let ear = heard.clone();
    let mut settings = Settings::default();
    settings.progress_interval = Duration::ZERO;
    let engine = Engine::builder(TcpConnect::new())
        .settings(settings)
        .start()?;
    let listener = Arc::new(move |event: &Event| {
        if let (EventKind::Progress(_), Ok(mut heard)) = (&event.kind, ear.lock()) {
            heard.push((event.id, event.at));
        }
    });
    let url = format!("http://{peer}/up");
    let tasks: Vec<_> = files
        .iter()
        .map(|path| engine.upload(UploadRequest::new(&*url, path, "f").listener(listener.clone())))
        .collect();
    for task in &tasks {
        let outcome = task.wait();
        if outcome.status() != Some(200) {
            return Err(format!("{} {:?}", outcome.err_msg(), outcome.result).into());
        }
    }
    let heard = heard.lock().map_err(|_| "a listener broke off")?;
    let mut gaps = Vec::new();
    for task in &tasks[1..] {
        let own: Vec<_> = heard.iter().filter(|(id, _)| *id == task.id()).collect();
        gaps.extend(own.windows(2).map(|pair| pair[1].1 - pair[0].1));
    }
    gaps.sort_unstable();
    let wall = heard.last().map_or(Duration::ZERO, |last| last.1);
    let p99 = gaps.get(gaps.len() * 99 / 100).copied().unwrap_or_default();
    Ok(Run {
        p99,
        max: gaps.last().copied().unwrap_or_default(),
        wall,
    })
}

fn write(path: &Path) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    let block = vec![0x5a; 1 << 20];
    (0..FILE_BYTES >> 20).try_for_each(|_| file.write_all(&block))?;
    // Only what is on the disk can be dropped from memory.
    file.sync_all()
}

fn bring_in(path: &Path) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    let mut block = vec![0; 1 << 20];
    while file.read(&mut block)? > 0 {}
    Ok(())
}

/// A peer on a thread for each connection that throws bodies away without copying them.
fn discard() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || serve(stream));
        }
    });
    Ok(addr)
}

fn serve(mut stream: TcpStream) -> Option<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).ok()?.to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))?;
        let mut left: usize = length.parse().ok()?;
        let mut buf = vec![0; 1 << 20];
        while left > 0 {
            let room = left.min(buf.len());
            let got = rustix::net::recv(&stream, &mut buf[..room], RecvFlags::TRUNC).ok()?;
            left = left.checked_sub(got.1).filter(|_| got.1 > 0)?;
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .ok()?;
    }
}
