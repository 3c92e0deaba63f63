//! From starting a process to the first byte of its request.

use std::error::Error;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::ONE;
use crate::peer::serve;

const PROCESSES: usize = 40;

/// Of this program's two kinds, and of the command line if its path is given.
pub(crate) fn measure(cli: Option<&str>) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("file"), "hello")?;
    fs::write(folder.path().join("script.js"), ONE)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let mut kinds = vec!["rust", "quickjs"];
    kinds.extend(cli.map(|_| "quintet run"));
    let mut took: Vec<Vec<Duration>> = vec![Vec::new(); kinds.len()];
    for _ in 0..PROCESSES {
        for (kind, took) in kinds.iter().zip(&mut took) {
            let mut command = command(kind, cli, &url, folder.path())?;
            took.push(first_byte(&mut command, &listener)?);
        }
    }
    println!("start to first byte, ms, {PROCESSES} processes     least   median     most");
    for (kind, mut took) in kinds.iter().zip(took) {
        took.sort_unstable();
        let millis = |at: usize| took[at].as_secs_f64() * 1e3;
        let [least, median, most] = [0, took.len() / 2, took.len() - 1].map(millis);
        println!("{kind:<40} {least:>8.2} {median:>8.2} {most:>8.2}");
    }
    Ok(())
}

fn command(
    kind: &str,
    cli: Option<&str>,
    url: &str,
    folder: &Path,
) -> Result<Command, Box<dyn Error>> {
    let Some(cli) = cli.filter(|_| kind == "quintet run") else {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([kind, url]).arg(folder.join("file"));
        return Ok(command);
    };
    let mut command = Command::new(cli);
    command.arg("run").arg(folder.join("script.js"));
    command.arg("--sandbox").arg(folder);
    command.args(["--set", &format!("url={url}"), "--set", "filePath=file"]);
    Ok(command)
}

fn first_byte(command: &mut Command, listener: &TcpListener) -> Result<Duration, Box<dyn Error>> {
    let began = Instant::now();
    let mut child = command.stdin(Stdio::null()).spawn()?;
    let (stream, _) = listener.accept()?;
    if stream.peek(&mut [0])? == 0 {
        return Err("the connection ended without a byte".into());
    }
    let took = began.elapsed();
    serve(&stream).ok_or("the request broke off")?;
    drop(stream);
    match child.wait()?.success() {
        true => Ok(took),
        false => Err(format!("{command:?} failed").into()),
    }
}
