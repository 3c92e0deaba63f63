//! awc with a form by hand, its file read on the runtime's thread in pieces of 64 KiB.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use awc::body::SizedStream;
use awc::{Client as Awc, Connector};

use crate::clients::{Client, Program, everything};
use crate::form::{self, Pieces};
use crate::job::Job;
use crate::work::{self, Latencies, Uploader, expect_ok};
use crate::{Result, wire};

const PIECE_BYTES: usize = 64 * 1024;

pub(crate) const CLIENT: Client = Client {
    name: "awc",
    what: "form by hand, pread of 64 KiB on the runtime's thread",
    packages: &["awc", "actix-http", "rustls", "ring"],
    fits: everything,
    program: Program::Own(run),
};

fn run(job: &Job) -> Result<Latencies> {
    let config = Arc::new(wire::client_config(job)?);
    let job = Rc::new(job.clone());
    actix_rt::System::new().block_on(async move {
        let connector = Connector::new().rustls_0_23(config);
        // No deadline: the large workloads may take their time on a slow machine.
        let awc = Awc::builder()
            .connector(connector)
            .disable_timeout()
            .finish();
        let (url, fresh) = (job.url(), job.fresh);
        let make = || {
            Ok(Posting {
                awc: awc.clone(),
                url: url.clone(),
                fresh,
            })
        };
        work::tasks(job, make).await
    })
}

struct Posting {
    awc: Awc,
    url: String,
    fresh: bool,
}

impl Uploader for Posting {
    async fn upload(&mut self, path: &Path) -> Result<()> {
        let pieces = Pieces::open(path, PIECE_BYTES)?;
        let mut request = self.awc.post(&self.url).content_type(form::content_type());
        if self.fresh {
            request = request.force_close();
        }
        let body = SizedStream::new(pieces.len(), pieces);
        // Its errors are of this thread alone.
        let sent = request.send_body(body).await;
        let mut answer = sent.map_err(|error| error.to_string())?;
        answer.body().await.map_err(|error| error.to_string())?;
        expect_ok(answer.status().as_u16())
    }
}
