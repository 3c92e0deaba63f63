//! `quintet-sink [--cpu N] [--tickets] [--congestion NAME]`: serves until its standard input ends.
//!
//! Prints `LISTENING <plain port> <TLS port> <root.pem> <congestion control>` once it is ready; the certificate to trust is in
//! that file, in the folder for temporary files unless `--root` names another.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "the line is its interface")]

use std::error::Error;
use std::path::PathBuf;

use quintet_sink::Settings;

fn main() -> Result<(), Box<dyn Error>> {
    let mut settings = Settings::default();
    let mut root = None;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} wants a value"));
        match arg.as_str() {
            "--cpu" => settings.cpu = Some(value()?.parse()?),
            "--tickets" => settings.tickets = true,
            "--congestion" => settings.congestion = Some(value()?),
            "--root" => root = Some(PathBuf::from(value()?)),
            _ => return Err(format!("unknown argument {arg}").into()),
        }
    }
    let file = format!("quintet-sink-{}.pem", std::process::id());
    let root = root.unwrap_or_else(|| std::env::temp_dir().join(file));
    Ok(quintet_sink::serve(&settings, &root)?)
}
