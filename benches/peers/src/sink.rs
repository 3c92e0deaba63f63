//! The sink as a child process, and what it has counted.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use quintet_sink::{Counts, Settings};

use crate::Result;

/// The hidden argument that makes this program the sink.
pub(crate) const ARGUMENT: &str = "sink";

/// `sink ROOT.pem CPU TICKETS CONGESTION`.
pub(crate) fn main(args: impl Iterator<Item = OsString>) -> Result<()> {
    let args: Vec<OsString> = args.collect();
    let texts: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let [root, cpu, tickets, congestion] = texts[..] else {
        return Err("a sink is told more than that".into());
    };
    let settings = Settings {
        cpu: Some(cpu.parse()?),
        tickets: tickets == "tickets",
        congestion: (congestion != "-").then(|| congestion.into()),
    };
    Ok(quintet_sink::serve(&settings, Path::new(root))?)
}

/// A running sink; it ends with the value.
pub(crate) struct Sink {
    child: Child,
    pub(crate) plain: u16,
    pub(crate) secure: u16,
    pub(crate) root: PathBuf,
    pub(crate) congestion: String,
}

impl Sink {
    /// Starts one on this processor; its certificate goes into `dir`.
    pub(crate) fn start(
        dir: &Path,
        cpu: usize,
        tickets: bool,
        congestion: Option<&str>,
    ) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ARGUMENT)
            .arg(dir.join("root.pem"))
            .arg(cpu.to_string())
            .arg(if tickets { "tickets" } else { "no-tickets" })
            .arg(congestion.unwrap_or("-"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("no standard output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["LISTENING", plain, secure, root, congestion] => Ok(Self {
                plain: plain.parse()?,
                secure: secure.parse()?,
                root: root.into(),
                congestion: congestion.into(),
                child,
            }),
            _ => {
                child.kill()?;
                child.wait()?;
                Err(format!("the sink did not start: {line:?}").into())
            }
        }
    }

    pub(crate) fn counts(&self) -> Result<Counts> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.plain))?;
        stream.write_all(b"GET /counts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.rsplit("\r\n").next().unwrap_or_default().parse()?)
    }

    /// The congestion control of a client's connection, which is what decides.
    pub(crate) fn clients_congestion(&self) -> Result<String> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.plain))?;
        Ok(rustix::net::sockopt::tcp_congestion(&stream)?)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // Its standard input ends with it, so it would leave by itself; waited for, so that nothing is left behind.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
