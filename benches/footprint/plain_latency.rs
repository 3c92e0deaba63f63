//! Plain http, with latency histograms.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

mod common;

use std::error::Error;
use std::sync::Arc;

use quintet::Engine;
use quintet_latency::Latency;
use quintet_tcp::TcpConnect;

fn main() -> Result<(), Box<dyn Error>> {
    let (url, file, _) = common::arguments()?;
    let latency = Arc::new(Latency::new());
    let engine = Engine::builder(TcpConnect::new())
        .listener(latency.clone())
        .start()?;
    common::upload(&engine, url, file)?;
    println!("{}", latency.snapshot());
    Ok(())
}
