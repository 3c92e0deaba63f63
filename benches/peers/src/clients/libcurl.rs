//! libcurl by the crate `curl`, built from its own sources: an easy handle and a thread for each upload at once.

use std::path::Path;

use curl::easy::{Easy, Form};

use crate::Result;
use crate::clients::{Client, Program, everything, large_plain, large_tls};
use crate::form::{FIELD, FILE};
use crate::job::Job;
use crate::work::{self, Latencies, expect_ok};

const TUNED_BYTES: usize = 2 * 1024 * 1024;

pub(crate) const CLIENT: Client = Client {
    name: "libcurl",
    what: "defaults; a handle and a thread for each upload at once",
    packages: &["curl", "curl-sys"],
    fits: everything,
    program: Program::Own(|job| run(job, None)),
};

pub(crate) const TUNED: Client = Client {
    name: "libcurl-2mib",
    what: "the same with an upload buffer of 2 MiB",
    fits: |case| large_plain(case) || large_tls(case),
    program: Program::Own(|job| run(job, Some(TUNED_BYTES))),
    ..CLIENT
};

fn run(job: &Job, buffer_bytes: Option<usize>) -> Result<Latencies> {
    curl::init();
    let url = job.url();
    work::threads(job, || {
        let mut easy = Easy::new();
        easy.url(&url)?;
        easy.write_function(|answer| Ok(answer.len()))?;
        if let Some(root) = &job.root {
            easy.cainfo(root)?;
        }
        if let Some(bytes) = buffer_bytes {
            easy.upload_buffer_size(bytes)?;
        }
        easy.forbid_reuse(job.fresh)?;
        Ok(move |path: &Path| upload(path, &mut easy))
    })
}

fn upload(path: &Path, easy: &mut Easy) -> Result<()> {
    let (key, value) = FIELD;
    let mut form = Form::new();
    form.part(key).contents(value.as_bytes()).add()?;
    form.part(FILE).file(path).add()?;
    easy.httppost(form)?;
    easy.perform()?;
    expect_ok(u16::try_from(easy.response_code()?)?)
}
