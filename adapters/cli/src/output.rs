//! How an upload ended, in words, as JSON, and what to do about it.

use std::io::{self, IsTerminal, Write};

use quintet::{Error, ErrorKind, Outcome, Phase, Response, Timings};
use quintet_options::Include;
use serde_json::Value;

use crate::messages::{one_line, printable};
use crate::units::{bytes, millis};

/// Writes results to stdout.
pub(crate) struct Results {
    pub(crate) json: bool,
    /// Whether the answer needs to say which file it is for.
    pub(crate) several: bool,
}

impl Results {
    /// The result of one file: as JSON, or the answer, if there is one.
    pub(crate) fn print(&self, file: &str, include: Include, outcome: &Outcome) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match &outcome.result {
            _ if self.json => writeln!(out, "{}", json(file, include, outcome))?,
            Err(_) => {}
            Ok(response) if self.several => {
                let (status, data) = (status_line(response), one_line(&response.data()));
                writeln!(out, "{}: {status} {data}", one_line(file))?;
            }
            // A file or the next program gets the bytes, a terminal what it can show.
            Ok(response) if !out.is_terminal() => out.write_all(&response.body)?,
            Ok(response) => {
                let data = printable(&response.data());
                out.write_all(data.as_bytes())?;
                if !data.is_empty() && !data.ends_with('\n') {
                    writeln!(out)?;
                }
            }
        }
        out.flush()
    }
}

/// The result object of the upload's success or failure, and the file.
fn json(file: &str, include: Include, outcome: &Outcome) -> Value {
    let mut object = Value::from(quintet_options::result(outcome, include));
    object["filePath"] = file.into();
    object
}

/// Status and reason phrase.
pub(crate) fn status_line(response: &Response) -> String {
    match response.reason.is_empty() {
        true => response.status.to_string(),
        false => format!("{} {}", response.status, response.reason),
    }
}

/// Which file failed and why, where, and what can be done.
pub(crate) fn failure(file: &str, error: &Error, outcome: Option<&Outcome>) -> String {
    let (reason, detail) = (error.to_string(), error.detail());
    let mut text = match () {
        // A wrong parameter's reason ends with the detail, and many a detail begins with the reason.
        () if detail.is_empty() || reason.ends_with(detail) => format!("quintet: {file}: {reason}"),
        () if detail.starts_with(&reason) => format!("quintet: {file}: {detail}"),
        () => format!("quintet: {file}: {reason}: {detail}"),
    };
    let mut more: Vec<String> = outcome.map(how_far).into_iter().collect();
    more.extend(advice(error.kind()).map(String::from));
    if let Some(outcome) = outcome {
        more.push(format!("trace {}", outcome.trace));
    }
    if !more.is_empty() {
        text += &format!("\n  {}", more.join("; "));
    }
    text
}

fn how_far(outcome: &Outcome) -> String {
    match outcome.phase {
        Phase::Call | Phase::Open => "not begun".into(),
        Phase::Queue => "not begun: it was waiting for its turn".into(),
        _ if outcome.may_retry => format!("nothing was sent (phase: {})", outcome.phase),
        phase => {
            let (sent, total) = (outcome.bytes_sent, outcome.bytes_total);
            format!("{sent} of {total} bytes were sent (phase: {phase}), and may have been kept")
        }
    }
}

/// What a person can do; nothing where the reason says it.
fn advice(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::FileNotFound => "check the path",
        ErrorKind::NotRegularFile => "only regular files can be sent: pack a directory first",
        ErrorKind::FileDenied => "check the file's permissions",
        ErrorKind::Timeout(Phase::Dns | Phase::Connect | Phase::Tls) => {
            "check host and port, or give --connect-timeout more"
        }
        ErrorKind::Timeout(_) => "try again, or give --timeout or --stall-timeout more",
        ErrorKind::NoNetwork => "check the host's name and your network",
        ErrorKind::Refused => {
            "check that a server listens there, and that the proxy, if there is one, lets you through"
        }
        ErrorKind::Tls => {
            "check that the URL names the server as its certificate does, and that you trust the \
             issuer: --cacert adds one"
        }
        ErrorKind::Closed => "try again; if it goes on, the server's log has the reason",
        ErrorKind::Malformed => "check that the URL leads to an HTTP/1.1 server",
        ErrorKind::ResponseTooLarge => "--max-response allows more",
        ErrorKind::FileChanged => "send it again when nothing writes to it any more",
        ErrorKind::FileUnreadable => "check the disk",
        ErrorKind::BodySpent => "--spool reads standard input first, so that it can be sent again",
        ErrorKind::Internal => "this is a defect of quintet: please report it",
        _ => return None,
    })
}

/// The phases with their times, for `-v`.
pub(crate) fn phases(timings: &Timings) -> String {
    let spent = timings.phases();
    let told: Vec<_> = spent
        .map(|(name, took)| format!("{name} {}", millis(took)))
        .collect();
    told.join(", ")
}

/// How much in which time, and how fast that was.
pub(crate) fn throughput(sent: u64, took: std::time::Duration) -> String {
    let per_second = sent as f64 / took.as_secs_f64().max(1e-9);
    format!(
        "{} in {}, {}/s",
        bytes(sent),
        millis(took),
        bytes(per_second as u64)
    )
}
