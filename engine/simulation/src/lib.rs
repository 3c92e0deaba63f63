//! Runs the whole engine in simulated time, over a simulated network and simulated files, and checks what must hold.
//!
//! [`run`] is one run: everything in it follows from its seed. The README tells how it works, which rule is checked
//! where, and which defects it has been seen to find.
#![forbid(unsafe_code)]

mod answer;
mod cell;
mod content;
mod dial;
mod files;
mod link;
mod log;
mod model;
mod oracle;
mod random;
mod run;
mod scenario;
mod server;
mod surroundings;
mod watch;
mod world;

pub use cell::{Cell, Fault, Stage};
pub use run::{Report, run};
