//! Uploads one file over http or https and prints the answer: `upload_one URL FILE [ROOT.pem]`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

use std::error::Error;

use quintet::{Engine, UploadRequest};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(file)) = (args.next(), args.next()) else {
        return Err("usage: upload_one URL FILE [ROOT.pem]".into());
    };
    let mut tls = TlsSettings::webpki_roots();
    if let Some(root) = args.next() {
        tls = tls.add_root_pem(&std::fs::read(root)?)?;
    }
    let engine = Engine::start(TlsConnect::new(TcpConnect::new(), tls)?)?;

    let task = engine.upload(UploadRequest::new(url, file, "file").field("from", "upload_one"));
    let outcome = task.wait();
    for (phase, took) in outcome.timings.phases() {
        println!("{phase:>8} {took:?}");
    }
    match &outcome.result {
        Ok(response) => println!("{} {}", response.status, response.data()),
        Err(error) => return Err(format!("{} {}", outcome.err_msg(), error.detail()).into()),
    }
    Ok(())
}
