//! What an upload costs through each door over one of a Rust program, and how soon it begins: see the README.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

mod client;
mod each;
mod peer;
mod start;

use std::error::Error;

use crate::each::Client;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        // What this program starts of itself.
        ["peer"] => peer::run(),
        [kind, url, file] if kind == "rust" || kind == "quickjs" => client::one(kind, url, file),
        ["rust" | "quickjs", uploads, url, file] => {
            client::many(args[0], uploads.parse()?, url, file)
        }
        [] => measure("5000", "7", &[]),
        [uploads] => measure(uploads, "7", &[]),
        [uploads, rounds, ref more @ ..] => measure(uploads, rounds, more),
    }
}

/// `more`: `NAME=PROGRAM` of further clients, or the path of the command line.
fn measure(uploads: &str, rounds: &str, more: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut clients = Client::own()?;
    clients.extend(more.iter().copied().filter_map(Client::parse));
    start::measure(more.iter().copied().find(|word| !word.contains('=')))?;
    each::measure(uploads.parse()?, rounds.parse()?, &clients)
}
