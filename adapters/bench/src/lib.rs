//! Load on an upload server, and numbers of it that can be trusted: what `quintet bench` runs.
//!
//! A [`Bench`] is a [`Load`], a transport and what makes its requests. It runs client shells, each an engine of its own
//! with its five slots, in closed loops or at a rate, and gives a [`Report`].
//!
//! - **Service time** is what an upload took from its slot to its end. **Response time** begins when the upload was
//!   *due*, so that whatever it had to wait for (the bench, a slot behind others that were slow) is in it. They are told
//!   side by side: where they differ, service time alone hides what users see (coordinated omission).
//! - Every stamp is the engine's own, of one clock for all clients. In an open loop the time when an upload is due is
//!   computed before the bench begins, and nothing that uploads do moves it.
//! - Every time is in one histogram for each [`Phase`], to three digits, and the report holds the histograms
//!   themselves: reports of several processes add up exactly.
//!
//! ```no_run
//! use quintet::{Settings, UploadRequest};
//! use quintet_bench::{Bench, Load, Pace, Shard, Span, Stop};
//! # fn example(transport: impl quintet_transport::Connect + 'static) -> std::io::Result<()> {
//!
//! let load = Load {
//!     clients: 2,
//!     slots: 5,
//!     threads: 2,
//!     pace: Pace::Closed,
//!     span: Span { uploads: Some(1_000), ..Span::default() },
//!     shard: Shard::WHOLE,
//!     seed: 0,
//! };
//! let request = |_number| UploadRequest::new("http://localhost:8080/up", "photo.jpg", "file");
//! let bench = Bench::new(load, transport, Settings::default(), request);
//! let report = bench.run(&Stop::default(), |tick| println!("{}", tick.point.answered))?;
//! println!("{report}");
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod arrivals;
mod begin;
mod compare;
#[cfg(unix)]
mod cpu;
#[cfg(not(unix))]
#[path = "cpu_none.rs"]
mod cpu;
mod crew;
mod histogram;
mod hlog;
mod html;
mod kept;
mod load;
mod meter;
mod phase;
mod records;
pub mod report;
mod run;
mod series;
#[cfg(test)]
mod simulated;
mod stop;
mod tcp;
mod url;
mod wall;
mod watcher;

pub use begin::Requests;
pub use compare::{Comparison, Measure, Median};
pub use histogram::MICROS_MAX;
pub use hlog::{Hlog, merge_hlogs};
pub use load::{Arrivals, Load, Pace, Shard, Span};
pub use phase::Phase;
pub use report::{About, Report};
pub use run::{Bench, Tick};
pub use series::{POINTS_MAX, Point, Spread};
pub use stop::Stop;
pub use url::public_url;
pub use wall::time_of_day;
