//! A raw loop: sendfile(2) in calls of 512 KiB from a blocking socket; a thread for each upload at once.

use std::fs::File;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;

use rustix::fs::sendfile;
use rustix::net::{SendFlags, send};

use crate::clients::{Client, Program, large_plain};
use crate::form;
use crate::job::Job;
use crate::work::{self, Latencies};
use crate::{Result, wire};

const CALL_BYTES: usize = 512 * 1024;

pub(crate) const CLIENT: Client = Client {
    name: "raw-sendfile",
    what: "sendfile, 512 KiB a call",
    packages: &[],
    fits: large_plain,
    program: Program::Own(run),
};

fn run(job: &Job) -> Result<Latencies> {
    work::threads(job, || {
        let mut stream = wire::connect(job)?;
        Ok(move |path: &Path| upload(job, path, &mut stream, send_range))
    })
}

/// One upload whose file `send_file` moves: to the socket, from the file, from this offset to that.
pub(super) fn upload(
    job: &Job,
    path: &Path,
    stream: &mut TcpStream,
    mut send_file: impl FnMut(&TcpStream, &File, u64, u64) -> Result<u64>,
) -> Result<()> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let head = form::request(job, path, bytes);
    // A few hundred bytes into an empty buffer: never cut.
    send(&*stream, head.as_bytes(), SendFlags::MORE)?;
    let mut offset = 0;
    while offset < bytes {
        match send_file(stream, &file, offset, bytes)? {
            0 => return Err("the file has become shorter".into()),
            sent => offset += sent,
        }
    }
    stream.write_all(form::after().as_bytes())?;
    wire::read_answer(stream)
}

fn send_range(stream: &TcpStream, file: &File, mut offset: u64, end: u64) -> Result<u64> {
    let bytes = usize::try_from(end - offset)?.min(CALL_BYTES);
    Ok(sendfile(stream, file, Some(&mut offset), bytes)? as u64)
}
