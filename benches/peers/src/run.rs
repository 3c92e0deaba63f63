//! One measured run of one client, checked against what the sink saw, and its line of the CSV.

use std::path::PathBuf;
use std::time::Duration;

use crate::Result;
use crate::clients::Client;
use crate::job::Job;
use crate::pin::Processors;
use crate::process::{self, Report, Used};
use crate::sink::Sink;
use crate::workload::{Case, Extent};

/// More than any client's head and end of a form take.
const FRAMING_BYTES_MAX: u64 = 1024;

/// What is the same for every run.
pub(crate) struct Bench {
    pub(crate) sink: Sink,
    pub(crate) processors: Processors,
    pub(crate) time_max: Duration,
    /// Whether the sink sends session tickets.
    pub(crate) tickets: bool,
}

/// A run that was made.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) case: Case,
    pub(crate) client: &'static str,
    /// Counted from 1; 0 is the one to warm up.
    pub(crate) round: usize,
    pub(crate) uploads: usize,
    pub(crate) bytes: u64,
    pub(crate) used: Used,
    pub(crate) connections: u64,
    /// TLS handshakes of these connections that resumed an earlier session.
    pub(crate) resumed: u64,
    /// What the client said, or why its figures do not count.
    pub(crate) report: Result<Report, String>,
}

impl Bench {
    /// `None`: the client is not installed.
    pub(crate) fn run(
        &self,
        client: &'static Client,
        case: Case,
        extent: Extent,
        files: &[PathBuf],
        round: usize,
    ) -> Result<Option<Run>> {
        let sink = &self.sink;
        let job = Job {
            port: if case.secure { sink.secure } else { sink.plain },
            root: case.secure.then(|| sink.root.clone()),
            fresh: case.workload.is_fresh(),
            workers: case.workload.workers(),
            uploads: extent.uploads,
            files: files.to_vec(),
        };
        let before = sink.counts()?;
        let Some((used, report)) = process::run(client, &job, self.processors, self.time_max)?
        else {
            return Ok(None);
        };
        let seen = sink.counts()?.since(before);
        // The one that asked for the counts is not the client's.
        let connections = seen.connections - 1;
        let uploads = extent.uploads as u64;
        let least = uploads * extent.bytes;
        let bytes = least..=least + uploads * FRAMING_BYTES_MAX;
        let wrong = |what: &str| Err(format!("{what}: {seen:?}"));
        let report = match report {
            Err(error) => Err(error.to_string()),
            Ok(report) if report.uploads != extent.uploads => wrong("uploads missing"),
            Ok(_) if seen.requests != uploads => wrong("the sink missed some"),
            Ok(_) if !bytes.contains(&seen.body_bytes) => wrong("not the bytes of the files"),
            Ok(_) if seen.malformed > 0 => wrong("a form without its end"),
            Ok(_) if job.fresh && connections < uploads => wrong("connections were kept"),
            Ok(_) if !self.tickets && seen.resumed > 0 => wrong("sessions were resumed"),
            Ok(report) => Ok(report),
        };
        Ok(Some(Run {
            case,
            client: client.name,
            round,
            uploads: extent.uploads,
            bytes: extent.bytes,
            used,
            connections,
            resumed: seen.resumed,
            report,
        }))
    }
}

impl Run {
    pub(crate) const CSV_HEAD: &'static str = "workload,transport,client,round,uploads,file_bytes,\
        wall_s,user_s,system_s,p50_us,p99_us,peak_kib,threads,voluntary,involuntary,minor_faults,connections,resumed,failure";

    /// Seconds of CPU.
    pub(crate) fn cpu(&self) -> f64 {
        (self.used.user + self.used.system).as_secs_f64()
    }

    /// CPU for what the workload counts: seconds for a GiB, or microseconds for an upload.
    pub(crate) fn cost(&self) -> f64 {
        let uploads = self.uploads as f64;
        match self.case.workload.is_small() {
            true => self.cpu() * 1e6 / uploads,
            false => self.cpu() / (uploads * self.bytes as f64 / f64::from(1 << 30)),
        }
    }

    pub(crate) fn csv(&self) -> String {
        let Used {
            wall,
            user,
            system,
            voluntary,
            involuntary,
            faults,
            memory_kib,
            threads,
        } = self.used;
        let report = self.report.as_ref().copied().unwrap_or_default();
        // Words alone: no comma, no quote, no line end.
        let failure = self.report.as_ref().err().map_or(String::new(), |error| {
            error.replace([',', '"', '\n', '\r'], " ")
        });
        format!(
            "{:?},{},{},{},{},{},{:.6},{:.6},{:.6},{},{},{memory_kib},{threads},{voluntary},{involuntary},{faults},{},{},{failure}",
            self.case.workload,
            self.case.transport(),
            self.client,
            self.round,
            self.uploads,
            self.bytes,
            wall.as_secs_f64(),
            user.as_secs_f64(),
            system.as_secs_f64(),
            report.p50_micros,
            report.p99_micros,
            self.connections,
            self.resumed,
        )
    }
}
