//! TLS by aws-lc-rs, with latency histograms.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

mod common;

use std::error::Error;
use std::sync::Arc;

use quintet::Engine;
use quintet_latency::Latency;
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings, aws_lc_rs};

fn main() -> Result<(), Box<dyn Error>> {
    let (url, file, root) = common::arguments()?;
    let mut tls = TlsSettings::webpki_roots().provider(aws_lc_rs());
    if let Some(root) = root {
        tls = tls.add_root_pem(&std::fs::read(root)?)?;
    }
    let transport = TlsConnect::new(TcpConnect::new(), tls)?;
    let latency = Arc::new(Latency::new());
    let engine = Engine::builder(transport)
        .listener(latency.clone())
        .start()?;
    common::upload(&engine, url, file)?;
    println!("{}", latency.snapshot());
    Ok(())
}
