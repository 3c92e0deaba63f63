//! As `cost.c`, by the Rust interface: uploads one file so many times, one after another: `cost URL FILE COUNT`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quintet::{Engine, Event, Listener, UploadRequest};

#[derive(Default)]
struct Heard(AtomicU64);

impl Listener for Heard {
    fn on_event(&self, _event: &Event) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let [url, file, count] = &args[..] else {
        return Err("usage: cost URL FILE COUNT".into());
    };
    let tls = quintet_tls::TlsSettings::webpki_roots();
    let transport = quintet_tls::TlsConnect::new(quintet_tcp::TcpConnect::new(), tls)?;
    let engine = Engine::start(transport)?;
    let heard = Arc::new(Heard::default());
    for _ in 0..count.parse::<u64>()? {
        let request = UploadRequest::new(url.as_str(), file, "file").listener(heard.clone());
        let outcome = engine.upload(request).wait();
        outcome.result.as_ref().map_err(Clone::clone)?;
    }
    println!("{}", heard.0.load(Ordering::Relaxed));
    Ok(())
}
