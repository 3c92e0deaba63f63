//! A raw loop over TLS: rustls' buffered connection fed 256 KiB at a time, its records written together.

use std::fs::File;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::clients::{Client, Program, large_tls};
use crate::job::Job;
use crate::work::{self, Latencies};
use crate::{Result, form, wire};

const BUFFER_BYTES: usize = 256 * 1024;

pub(crate) const CLIENT: Client = Client {
    name: "raw-rustls",
    what: "read 256 KiB, seal by rustls, write",
    packages: &["rustls", "ring"],
    fits: large_tls,
    program: Program::Own(run),
};

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn run(job: &Job) -> Result<Latencies> {
    let config = Arc::new(wire::client_config(job)?);
    work::threads(job, || {
        let mut stream = secured(job, config.clone())?;
        let mut buffer = vec![0; BUFFER_BYTES];
        Ok(move |path: &Path| upload(job, path, &mut stream, &mut buffer))
    })
}

fn secured(job: &Job, config: Arc<ClientConfig>) -> Result<Stream> {
    let mut tls = ClientConnection::new(config, wire::server_name())?;
    // As much as is fed at a time: the default of 64 KiB would cut it into four.
    tls.set_buffer_limit(None);
    Ok(StreamOwned::new(tls, wire::connect(job)?))
}

fn upload(job: &Job, path: &Path, stream: &mut Stream, buffer: &mut [u8]) -> Result<()> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    stream.write_all(form::request(job, path, bytes).as_bytes())?;
    let mut offset = 0;
    while offset < bytes {
        match file.read_at(buffer, offset)? {
            0 => return Err("the file has become shorter".into()),
            read => {
                stream.write_all(&buffer[..read])?;
                offset += read as u64;
            }
        }
    }
    stream.write_all(form::after().as_bytes())?;
    stream.flush()?;
    wire::read_answer(stream)
}
