//! A raw loop: read(2) and write(2) of 256 KiB, one buffer for each connection.

use std::fs::File;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::clients::{Client, Program, large_plain, raw_sendfile};
use crate::job::Job;
use crate::work::{self, Latencies};
use crate::{Result, wire};

const BUFFER_BYTES: usize = 256 * 1024;

pub(crate) const CLIENT: Client = Client {
    name: "raw-readwrite",
    what: "read and write, 256 KiB a call",
    packages: &[],
    fits: large_plain,
    program: Program::Own(run),
};

fn run(job: &Job) -> Result<Latencies> {
    work::threads(job, || {
        let mut stream = wire::connect(job)?;
        let mut buffer = vec![0; BUFFER_BYTES];
        Ok(move |path: &Path| {
            let send_range = |mut stream: &TcpStream, file: &File, offset: u64, _: u64| {
                let read = file.read_at(&mut buffer, offset)?;
                stream.write_all(&buffer[..read])?;
                Ok(read as u64)
            };
            raw_sendfile::upload(job, path, &mut stream, send_range)
        })
    })
}
