//! What every program here does once it has an engine: upload one file, say how it went.
#![allow(dead_code, reason = "the script of one program uploads by itself")]

use std::error::Error;

use quintet::{Engine, UploadRequest};

/// The arguments `URL FILE [ROOT.pem]`.
pub(crate) fn arguments() -> Result<(String, String, Option<String>), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(url), Some(file), root) => Ok((url, file, root)),
        _ => Err("usage: URL FILE [ROOT.pem]".into()),
    }
}

/// Uploads and prints the status.
pub(crate) fn upload(engine: &Engine, url: String, file: String) -> Result<(), Box<dyn Error>> {
    let outcome = engine.upload(UploadRequest::new(url, file, "file")).wait();
    match &outcome.result {
        Ok(response) => println!("{}", response.status),
        Err(error) => return Err(format!("{error} ({})", error.detail()).into()),
    }
    Ok(())
}
