//! The report of a bench: every number of it, as it stands in the JSON.

mod files;
mod machine;
mod made;
mod merge;
pub(crate) mod text;
mod warnings;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use made::About;

/// What the first field of the JSON says: another number where a field has gone or means something else.
pub const SCHEMA: &str = "quintet-bench/1";

/// Everything that is known of a bench, and everything that is written of it. `_us` are microseconds, `_s` seconds,
/// `_bytes` bytes, `_per_s` a second's worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program that wrote it, with its version.
    pub program: String,
    /// When the first upload was due, in UTC (RFC 3339).
    pub started_at: String,
    /// Whether it was stopped before its time.
    pub stopped: bool,
    /// How many reports, of shards of one bench, it was merged from; 1 for that of a run.
    pub merged: u64,
    /// What was asked for.
    pub settings: Settings,
    /// Where it ran.
    pub machine: Machine,
    /// How much was done in the measured time.
    pub rate: Rate,
    /// How the uploads ended.
    pub uploads: Uploads,
    /// What was moved.
    pub bytes: Bytes,
    /// Times of measured uploads, by phase; a phase that none passed through is missing.
    pub latency: BTreeMap<String, Latency>,
    /// What the system told of the TCP connections; not there where it tells nothing.
    pub tcp: Option<Tcp>,
    /// What the bench itself needed in the measured time.
    pub client: Client,
    /// What happened when.
    pub series: Vec<Interval>,
    /// Why these numbers may not be what they seem.
    pub warnings: Vec<Warning>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Settings {
    /// Where to; without user, password, query and fragment, which may be secret.
    pub url: String,
    /// What was sent: one of these each time.
    pub payloads: Vec<Payload>,
    /// `closed` or `open`.
    pub load: String,
    /// Uploads a second that were intended, of all shards; open loops only.
    pub rate_per_s: Option<f64>,
    /// `constant` or `poisson`; open loops only.
    pub arrivals: Option<String>,
    /// Client shells, of all shards.
    pub clients: usize,
    /// Slots of each client.
    pub slots: usize,
    /// Threads of the clients.
    pub threads: usize,
    /// The load grew over this time.
    pub ramp_s: f64,
    /// Not measured after that.
    pub warm_up_s: f64,
    /// Asked to be measured, if a time was.
    pub duration_s: Option<f64>,
    /// Most uploads, if a number was.
    pub uploads: Option<u64>,
    /// Whether connections were kept for the next upload.
    pub keep_alive: bool,
    /// Longest time for one upload, if it was bounded.
    pub timeout_s: Option<f64>,
    /// Which part of how many this is, counted from 0.
    pub shard: [u64; 2],
    /// What chance started from.
    pub seed: u64,
}

/// One of the files of a mix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payload {
    /// The file's name, or the pattern.
    pub name: String,
    /// Its length, without the form around it.
    pub bytes: u64,
    /// How often it comes, against the others.
    pub weight: u32,
}

/// Where it ran, as far as the system tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Machine {
    /// Such as `linux`.
    pub os: String,
    /// Such as `x86_64`.
    pub arch: String,
    /// Processors that it may use.
    pub processors: usize,
    /// The model of the first of them.
    pub model: Option<String>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The system's default congestion control, which our sockets use.
    pub congestion_control: Option<String>,
}

/// How much was done in the measured time. Counts whatever ended in it, whenever it was due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rate {
    /// The measured time.
    pub measured_s: f64,
    /// Uploads that this process was to begin each second; open loops only.
    pub intended_per_s: Option<f64>,
    /// Uploads answered each second.
    pub achieved_per_s: f64,
    /// Uploads answered in that time.
    pub answered: u64,
    /// Body bytes that transports took each second.
    pub sent_bytes_per_s: f64,
    /// Body bytes that transports took in that time.
    pub sent_bytes: u64,
}

/// How uploads ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Uploads {
    /// Begun in all, those of ramp and warm-up included.
    pub begun: u64,
    /// Of these: ended with a complete answer of any status.
    pub answered: u64,
    /// Ended without one.
    pub failed: u64,
    /// Ended by the bench, which did not wait for them any longer.
    pub unfinished: u64,
    /// Due in the measured time: those that the latencies and all that follows are of.
    pub measured: u64,
    /// Of these, answered.
    pub measured_answered: u64,
    /// Of these, failed.
    pub measured_failed: u64,
    /// Of these, unfinished.
    pub measured_unfinished: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Failures by what the upload was doing, and the reason.
    pub errors: Vec<Failures>,
    /// Of all: answered before the whole body was sent.
    pub stopped_early: u64,
    /// Of all: connections made anew.
    pub connections: u64,
}

/// Failures of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failures {
    /// What the upload was doing, in the engine's words: `dns`, `connect`, `tls`, `head`, `body`, `response` …
    pub stage: String,
    /// The engine's reason.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// What was moved by all uploads, those of ramp and warm-up included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Bytes {
    /// Of bodies, forms included, as transports took them.
    pub sent_bytes: u64,
    /// Of these, confirmed by the server's kernel when their upload ended: a lower bound.
    pub acked_bytes: u64,
    /// With request heads, before any TLS.
    pub wire_sent_bytes: u64,
    /// Answers with their heads, after any TLS.
    pub wire_received_bytes: u64,
}

/// The times of one phase. A percentile is the least time that at least so many percent did not exceed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "names that say it all")]
pub struct Latency {
    pub count: u64,
    pub min_us: u64,
    pub mean_us: f64,
    pub stddev_us: f64,
    pub p50_us: u64,
    pub p75_us: u64,
    pub p90_us: u64,
    pub p95_us: u64,
    pub p99_us: u64,
    pub p99_9_us: u64,
    pub p99_99_us: u64,
    pub max_us: u64,
    /// The histogram itself: HdrHistogram's compressed V2 form in base64.
    pub histogram: String,
}

/// What the system told of the TCP connections of all uploads, each looked at when it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tcp {
    /// How many were looked at.
    pub connections: u64,
    /// Segments that were sent again.
    pub retransmitted: u64,
    /// The median of their smoothed round trip times.
    pub round_trip_p50_us: u64,
    /// The greatest of them.
    pub round_trip_max_us: u64,
    /// All of them: HdrHistogram's compressed V2 form in base64.
    pub round_trips: String,
}

/// What the bench itself needed in the measured time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Client {
    /// CPU time of this process.
    pub cpu_s: f64,
    /// That, as a part of all processors' time, 0 to 1.
    pub cpu_share: f64,
    /// The part of the time in which the busiest of the clients' threads was busy, 0 to 1.
    pub busiest_thread_share: f64,
    /// Uploads answered for each second of CPU time; 0 where the system does not tell of it.
    pub answered_per_cpu_s: f64,
    /// The most memory that this process has had, where the system tells.
    pub memory_peak_bytes: Option<u64>,
}

/// One interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Interval {
    /// Where it begins, from the start of the bench.
    pub at_s: f64,
    /// Its length.
    pub length_s: f64,
    /// Uploads begun.
    pub begun: u64,
    /// Uploads that ended with an answer.
    pub answered: u64,
    /// Uploads that ended without.
    pub failed: u64,
    /// Body bytes that transports took.
    pub sent_bytes: u64,
    /// Uploads that had a slot at its end.
    pub active: u64,
    /// Uploads that waited for one at its end.
    pub queued: u64,
    /// Service time of the measured uploads that were answered in it: p50, p99 and the greatest.
    pub service_us: Option<[u64; 3]>,
    /// Response time of the same.
    pub response_us: Option<[u64; 3]>,
}

/// Why the numbers may not be what they seem.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Warning {
    /// A stable word, for programs.
    pub code: String,
    /// A sentence, for people.
    pub text: String,
}

impl Report {
    /// As JSON, with a newline at its end.
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string_pretty(self);
        // Every map of it has keys that are text or numbers, which is all that could be wrong.
        json.map_or_else(|_| String::new(), |json| json + "\n")
    }

    /// What [`to_json`](Self::to_json) wrote, here or elsewhere.
    ///
    /// # Errors
    /// What is wrong with it: no JSON, another schema, or a field that is missing.
    pub fn from_json(json: &str) -> Result<Self, String> {
        let value: serde_json::Value =
            serde_json::from_str(json).map_err(|error| error.to_string())?;
        match value["schema"].as_str() {
            Some(SCHEMA) => serde_json::from_value(value).map_err(|error| error.to_string()),
            Some(other) => Err(format!("its schema is {other}, and this reads {SCHEMA}")),
            None => Err("it is no report of quintet bench: it has no `schema`".into()),
        }
    }
}
