//! Every client by its name, and what each can do.

mod awc;
mod curl;
mod hyper;
mod libcurl;
mod quintet;
mod raw_epoll;
mod raw_readwrite;
mod raw_rustls;
mod raw_seal;
mod raw_sendfile;
mod raw_splice;
mod reqwest;
mod ureq;

use std::ffi::OsString;
use std::process::Command;

use crate::Result;
use crate::job::Job;
use crate::process;
use crate::work::Latencies;
use crate::workload::Case;

/// One row of the tables.
pub(crate) struct Client {
    pub(crate) name: &'static str,
    /// What it does, in words.
    pub(crate) what: &'static str,
    /// Packages of the lock file whose versions belong to its figures.
    pub(crate) packages: &'static [&'static str],
    pub(crate) fits: fn(Case) -> bool,
    pub(crate) program: Program,
}

/// What runs as the client's process.
pub(crate) enum Program {
    /// This program, which calls the function.
    Own(fn(&Job) -> Result<Latencies>),
    /// An installed one, if it is; each line of its output is a status and the seconds that the upload took.
    Installed {
        name: &'static str,
        command: fn(&Job) -> Result<Command>,
    },
}

/// In the order of the tables.
pub(crate) const ALL: &[Client] = &[
    raw_sendfile::CLIENT,
    raw_splice::CLIENT,
    raw_readwrite::CLIENT,
    raw_seal::CLIENT,
    raw_rustls::CLIENT,
    raw_epoll::CLIENT,
    quintet::CLIENT,
    quintet::EVENTS,
    curl::CLIENT,
    libcurl::CLIENT,
    libcurl::TUNED,
    ureq::CLIENT,
    awc::CLIENT,
    hyper::CLIENT,
    reqwest::FILE_PART,
    reqwest::STREAM,
];

const fn everything(_: Case) -> bool {
    true
}

fn large_plain(case: Case) -> bool {
    !case.workload.is_small() && !case.secure
}

fn large_tls(case: Case) -> bool {
    !case.workload.is_small() && case.secure
}

fn small(case: Case) -> bool {
    case.workload.is_small()
}

/// Is one client: runs the job that the arguments tell, and prints what [`process`] reads.
pub(crate) fn main(mut args: impl Iterator<Item = OsString>) -> Result<()> {
    let name = args.next().ok_or("which client?")?;
    let client = ALL.iter().find(|client| name == client.name);
    match client.map(|client| &client.program) {
        Some(Program::Own(run)) => {
            let latencies = run(&Job::from_args(args)?)?;
            println!("{}", process::Report::new(latencies)?);
            Ok(())
        }
        _ => Err(format!("no client of ours is called {name:?}").into()),
    }
}
