//! What each of many uploads takes.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const FILE_BYTES: usize = 4096;

pub(crate) fn measure(uploads: usize, rounds: usize) -> Result<(), Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let mut peer = Command::new(&program)
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

    println!(
        "each of {uploads} uploads, \u{b5}s    CPU: rust  quickjs  more     wall: rust  quickjs  more"
    );
    let mut all = Vec::new();
    for round in 1..=rounds {
        let mut row = Vec::new();
        for kind in ["rust", "quickjs"] {
            let ran = Command::new(&program)
                .args([kind, &uploads.to_string(), &url])
                .arg(&file)
                .output()?;
            let told = String::from_utf8(ran.stdout)?;
            let (cpu, wall) = told.trim_end().split_once(' ').ok_or(told.clone())?;
            row.push((cpu.parse::<f64>()?, wall.parse::<f64>()?));
        }
        let row = [row[0].0, row[1].0, row[0].1, row[1].1];
        print(&format!("round {round}"), row);
        all.push(row);
    }
    let median = |at: usize| {
        let mut values: Vec<f64> = all.iter().map(|row| row[at]).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    print("medians", [0, 1, 2, 3].map(median));
    // The end of its input ends it.
    drop(peer.stdin.take());
    peer.wait()?;
    Ok(())
}

fn print(name: &str, [rust, script, rust_wall, script_wall]: [f64; 4]) {
    println!(
        "{name:<31} {rust:>9.1} {script:>8.1} {:>5.1} {rust_wall:>14.1} {script_wall:>8.1} {:>5.1}",
        script - rust,
        script_wall - rust_wall
    );
}
