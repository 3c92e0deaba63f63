//! Uploads a number of times against a peer in a process of its own, and prints what that took of the allocator and of
//! threads. The test `bounds` runs it, also under the tools that count the rest.
//!
//! ```text
//! quintet-steady peer [CERTIFICATE.pem]
//! quintet-steady WORKLOAD N PORT FILE [CERTIFICATE.pem]     queue, window, chain, heard or parked
//! ```
#![deny(unsafe_code)] // Allowed in `counting.rs` alone.
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

mod counting;
mod peer;
mod threads;
mod workload;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["peer"] => Ok(peer::serve(None)?),
        ["peer", certificate] => Ok(peer::serve(Some(certificate))?),
        [workload, n, port, file] => workload::run(workload, n.parse()?, port, file, None),
        [workload, n, port, file, certificate] => {
            workload::run(workload, n.parse()?, port, file, Some(certificate))
        }
        _ => Err("usage: quintet-steady WORKLOAD N PORT FILE [CERTIFICATE.pem]".into()),
    }
}
