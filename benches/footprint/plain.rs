//! The smallest program: plain http.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

mod common;

use std::error::Error;

use quintet::Engine;
use quintet_tcp::TcpConnect;

fn main() -> Result<(), Box<dyn Error>> {
    let (url, file, _) = common::arguments()?;
    let engine = Engine::start(TcpConnect::new())?;
    common::upload(&engine, url, file)
}
