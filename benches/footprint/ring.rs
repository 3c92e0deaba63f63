//! The smallest program with TLS, by ring.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

mod common;

use std::error::Error;

use quintet::Engine;
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};

fn main() -> Result<(), Box<dyn Error>> {
    let (url, file, root) = common::arguments()?;
    let mut tls = TlsSettings::webpki_roots();
    if let Some(root) = root {
        tls = tls.add_root_pem(&std::fs::read(root)?)?;
    }
    let transport = TlsConnect::new(TcpConnect::new(), tls)?;
    let engine = Engine::start(transport)?;
    common::upload(&engine, url, file)
}
