//! The small recipe, plain http: no table of media types, ASCII host names.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

#[path = "../footprint/common.rs"]
mod common;

use std::error::Error;

use quintet::{Engine, NoMediaTypes};
use quintet_tcp::TcpConnect;

fn main() -> Result<(), Box<dyn Error>> {
    let (url, file, _) = common::arguments()?;
    let engine = Engine::builder_with_media_types(TcpConnect::new(), NoMediaTypes).start()?;
    common::upload(&engine, url, file)
}
