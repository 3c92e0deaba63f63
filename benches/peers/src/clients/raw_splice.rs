//! A raw loop: splice(2) from the file into a pipe of 1 MiB, and from the pipe into a blocking socket.

use std::fs::File;
use std::net::TcpStream;
use std::path::Path;

use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

use crate::clients::{Client, Program, large_plain, raw_sendfile};
use crate::job::Job;
use crate::work::{self, Latencies};
use crate::{Result, wire};

const PIPE_BYTES: usize = 1024 * 1024;

pub(crate) const CLIENT: Client = Client {
    name: "raw-splice",
    what: "splice through a pipe of 1 MiB",
    packages: &[],
    fits: large_plain,
    program: Program::Own(run),
};

fn run(job: &Job) -> Result<Latencies> {
    work::threads(job, || {
        let mut stream = wire::connect(job)?;
        let (out, into) = pipe_with(PipeFlags::CLOEXEC)?;
        fcntl_setpipe_size(&into, PIPE_BYTES)?;
        let send_range = move |stream: &TcpStream, file: &File, mut offset: u64, end: u64| {
            let bytes = usize::try_from(end - offset)?.min(PIPE_BYTES);
            let flags = SpliceFlags::MOVE;
            let piped = splice(file, Some(&mut offset), &into, None, bytes, flags)?;
            let mut left = piped;
            while left > 0 {
                left -= splice(&out, None, stream, None, left, flags | SpliceFlags::MORE)?;
            }
            Ok(piped as u64)
        };
        Ok(move |path: &Path| raw_sendfile::upload(job, path, &mut stream, &send_range))
    })
}
