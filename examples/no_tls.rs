//! Uploads one file over plain http, or to a Unix socket, with no TLS in the program: `no_tls URL FILE [SOCKET]`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

use std::error::Error;

use quintet::{Engine, UploadRequest};
use quintet_tcp::TcpConnect;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(file)) = (args.next(), args.next()) else {
        return Err("usage: no_tls URL FILE [SOCKET]".into());
    };
    let engine = match args.next() {
        #[cfg(unix)]
        Some(socket) => Engine::start(quintet_tcp::UnixConnect::new(socket))?,
        _ => Engine::start(TcpConnect::new())?,
    };
    let outcome = engine.upload(UploadRequest::new(url, file, "file")).wait();
    println!(
        "{} {}",
        outcome.err_msg(),
        outcome.status().unwrap_or_default()
    );
    Ok(())
}
