//! The small recipe with TLS by ring: no table of media types, ASCII host names.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

#[path = "../footprint/common.rs"]
mod common;

use std::error::Error;

use quintet::{Engine, NoMediaTypes};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};

fn main() -> Result<(), Box<dyn Error>> {
    let (url, file, root) = common::arguments()?;
    let mut tls = TlsSettings::webpki_roots();
    if let Some(root) = root {
        tls = tls.add_root_pem(&std::fs::read(root)?)?;
    }
    let transport = TlsConnect::new(TcpConnect::new(), tls)?;
    let engine = Engine::builder_with_media_types(transport, NoMediaTypes).start()?;
    common::upload(&engine, url, file)
}
