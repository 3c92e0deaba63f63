//! What a script's upload costs over one of a Rust program, and how soon it begins: see the README.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

mod client;
mod each;
mod peer;
mod start;

use std::error::Error;

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
        [] => measure("5000", "7", None),
        [uploads] => measure(uploads, "7", None),
        [uploads, rounds] => measure(uploads, rounds, None),
        [uploads, rounds, cli] => measure(uploads, rounds, Some(cli)),
        _ => Err("quintet-doors [UPLOADS] [ROUNDS] [PATH OF quintet]".into()),
    }
}

fn measure(uploads: &str, rounds: &str, cli: Option<&str>) -> Result<(), Box<dyn Error>> {
    start::measure(cli)?;
    each::measure(uploads.parse()?, rounds.parse()?)
}
