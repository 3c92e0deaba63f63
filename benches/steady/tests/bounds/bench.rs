//! Runs the program against its peer, by itself and under the tools, and reads what they say.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::cases::Case;
use super::table::Count;

const PROGRAM: &str = env!("CARGO_BIN_EXE_quintet-steady");

/// Callgrind counts each byte of a `rep movsb` or `rep stosb` as an instruction, and which copies use those is decided by
/// the processor's kind: none shall.
const NO_REP: &str = "glibc.cpu.x86_rep_movsb_threshold=1000000000:\
                      glibc.cpu.x86_rep_stosb_threshold=1000000000";

/// The two peers, and a directory for files.
pub(crate) struct Bench {
    directory: TempDir,
    plain: Peer,
    tls: Peer,
}

impl Bench {
    pub(crate) fn start() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let certificate = directory.path().join("certificate.pem");
        Self {
            plain: Peer::start(None),
            tls: Peer::start(Some(certificate)),
            directory,
        }
    }

    /// What one unit of the case costs.
    pub(crate) fn count(&self, case: &Case, count: Count) -> f64 {
        let uploads = match count {
            Count::Instructions => case.uploads_callgrind,
            _ => case.uploads,
        };
        let measure = |uploads| match count {
            Count::Instructions => self.instructions(case, uploads),
            Count::SystemCalls => self.system_calls(case, uploads),
            Count::Allocations => self.told(case, uploads, "allocations"),
            Count::AllocatedBytes => self.told(case, uploads, "allocated-bytes"),
            Count::LiveBytes => self.told(case, uploads, "live-bytes"),
            Count::ContextSwitches => self.told(case, uploads, "context-switches"),
            Count::Threads => self.told(case, uploads, "threads"),
        };
        if count == Count::Threads {
            return measure(uploads);
        }
        let (once, twice) = (measure(uploads), measure(2 * uploads));
        (twice - once) / uploads as f64 * case.uploads_per_unit
    }

    /// What the program tells of itself.
    pub(crate) fn told(&self, case: &Case, uploads: u64, name: &str) -> f64 {
        let (output, _) = run(&mut self.command(&[PROGRAM], case, uploads));
        let values: HashMap<_, _> = output
            .lines()
            .filter_map(|line| line.split_once(' '))
            .collect();
        let value = values.get(name).expect("a line of that name");
        value.parse().expect("a number")
    }

    fn instructions(&self, case: &Case, uploads: u64) -> f64 {
        let under = [
            "valgrind",
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            PROGRAM,
        ];
        let mut command = self.command(&under, case, uploads);
        let (_, said) = run(command.env("GLIBC_TUNABLES", NO_REP));
        let collected = said
            .lines()
            .find_map(|line| line.split_once("Collected : "))
            .expect("callgrind's total")
            .1;
        collected.trim().parse().expect("a number")
    }

    fn system_calls(&self, case: &Case, uploads: u64) -> f64 {
        let table = self.directory.path().join("strace");
        let path = table.to_str().expect("a path in UTF-8");
        let under = [
            "strace",
            "-f",
            "-c",
            "-U",
            "calls,name",
            "-o",
            path,
            PROGRAM,
        ];
        run(&mut self.command(&under, case, uploads));
        let table = std::fs::read_to_string(&table).expect("strace's table");
        let total = table
            .lines()
            .find_map(|line| line.trim().strip_suffix("total"))
            .expect("strace's total");
        total.trim().parse().expect("a number")
    }

    fn command(&self, under: &[&str], case: &Case, uploads: u64) -> Command {
        let peer = if case.tls { &self.tls } else { &self.plain };
        let mut command = Command::new(under[0]);
        command
            .args(&under[1..])
            .arg(case.workload)
            .arg(uploads.to_string())
            .arg(&peer.port)
            .arg(self.file(case.file_bytes))
            .args(&peer.certificate);
        command
    }

    /// A file of that size. It was written just now, so its pages are in memory.
    fn file(&self, bytes: u64) -> PathBuf {
        let path = self.directory.path().join(format!("{bytes}.bin"));
        if !path.exists() {
            std::fs::write(&path, vec![b'q'; bytes as usize]).expect("room for a file");
        }
        path
    }
}

/// Runs to the end; what it wrote to its output and to its error output.
fn run(command: &mut Command) -> (String, String) {
    let output = command.output().expect("a program that starts");
    let [out, err] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{command:?}\n{out}{err}");
    (out, err)
}

/// The process that takes the uploads.
struct Peer {
    process: Child,
    port: String,
    certificate: Option<PathBuf>,
}

impl Peer {
    fn start(certificate: Option<PathBuf>) -> Self {
        let mut process = Command::new(PROGRAM)
            .arg("peer")
            .args(&certificate)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a program that starts");
        let output = process.stdout.take().expect("a pipe was asked for");
        let mut port = String::new();
        BufReader::new(output)
            .read_line(&mut port)
            .expect("the peer's port");
        Self {
            process,
            port: port.trim().to_owned(),
            certificate,
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
