//! reqwest on a tokio runtime of one thread, with its own form: `Part::file`, and a stream of 256 KiB pieces.

use std::path::Path;

use reqwest::multipart::{Form, Part};
use reqwest::{Body, Client as Reqwest};
use tokio_util::io::ReaderStream;

use crate::clients::{Client, Program, everything};
use crate::form::{FIELD, FILE};
use crate::job::Job;
use crate::work::{self, Latencies, Uploader, expect_ok};
use crate::{Result, wire};

const STREAM_BYTES: usize = 256 * 1024;

pub(crate) const FILE_PART: Client = Client {
    name: "reqwest-file",
    what: "Part::file",
    packages: &["reqwest", "hyper", "hyper-rustls", "rustls", "ring"],
    fits: everything,
    program: Program::Own(|job| run(job, false)),
};

pub(crate) const STREAM: Client = Client {
    name: "reqwest-stream",
    what: "a part by ReaderStream of 256 KiB",
    program: Program::Own(|job| run(job, true)),
    ..FILE_PART
};

fn run(job: &Job, stream: bool) -> Result<Latencies> {
    let mut builder = Reqwest::builder().no_proxy();
    builder = builder.tls_backend_preconfigured(wire::client_config(job)?);
    if job.fresh {
        builder = builder.pool_max_idle_per_host(0);
    }
    let reqwest = builder.build()?;
    let url = job.url();
    work::tokio_tasks(job, || {
        Ok(Posting {
            reqwest: reqwest.clone(),
            url: url.clone(),
            stream,
        })
    })
}

struct Posting {
    reqwest: Reqwest,
    url: String,
    stream: bool,
}

impl Uploader for Posting {
    async fn upload(&mut self, path: &Path) -> Result<()> {
        let (key, value) = FIELD;
        let part = match self.stream {
            false => Part::file(path).await?,
            true => streamed(path).await?,
        };
        let form = Form::new().text(key, value).part(FILE, part);
        let answer = self.reqwest.post(&self.url).multipart(form).send().await?;
        let status = answer.status().as_u16();
        answer.bytes().await?;
        expect_ok(status)
    }
}

async fn streamed(path: &Path) -> Result<Part> {
    let file = tokio::fs::File::open(path).await?;
    let bytes = file.metadata().await?.len();
    let body = Body::wrap_stream(ReaderStream::with_capacity(file, STREAM_BYTES));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Part::stream_with_length(body, bytes).file_name(name.into_owned()))
}
