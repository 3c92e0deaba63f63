//! Quintet, raw loops and other HTTP clients side by side: the same uploads, each client a process of its own,
//! interleaved round by round.
//!
//! `cargo run --release -- --rounds 5` in this folder; `benches/README.md` tells how to read what comes out. The same
//! program is also the server (`sink`) and each of the clients (`client`), so that one build measures all.
#![forbid(unsafe_code)]

mod bench;
mod clients;
mod files;
mod form;
mod job;
mod machine;
mod network;
mod pin;
mod plot;
mod process;
mod record;
mod run;
mod sink;
mod summary;
mod table;
mod verify;
mod wire;
mod work;
mod workload;

use std::error::Error;

/// Whatever goes wrong, in words.
type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

fn main() -> Result<()> {
    let mut args = std::env::args_os().skip(1);
    match args.next().as_deref().and_then(|arg| arg.to_str()) {
        Some(sink::ARGUMENT) => sink::main(args),
        Some(job::ARGUMENT) => clients::main(args),
        _ => bench::main(),
    }
}
