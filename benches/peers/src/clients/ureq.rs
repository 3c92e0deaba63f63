//! ureq with its own multipart form: one agent, a thread for each upload at once.

use std::path::Path;
use std::sync::Arc;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::multipart::Form;

use crate::clients::{Client, Program, everything};
use crate::form::{FIELD, FILE};
use crate::job::Job;
use crate::work::{self, Latencies, expect_ok};
use crate::{Result, wire};

pub(crate) const CLIENT: Client = Client {
    name: "ureq",
    what: "its own form; a thread for each upload at once",
    packages: &["ureq", "rustls", "ring"],
    fits: everything,
    program: Program::Own(run),
};

fn run(job: &Job) -> Result<Latencies> {
    let agent = agent(job)?;
    let url = job.url();
    work::threads(job, || {
        let (agent, url) = (agent.clone(), &url);
        Ok(move |path: &Path| {
            let (key, value) = FIELD;
            let form = Form::new().text(key, value).file(FILE, path)?;
            let mut answer = agent.post(url).send(form)?;
            answer.body_mut().read_to_vec()?;
            expect_ok(answer.status().as_u16())
        })
    })
}

fn agent(job: &Job) -> Result<Agent> {
    let mut tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(wire::provider()));
    if let Some(pem) = job.root_pem()? {
        tls = tls.root_certs(RootCerts::new_with_certs(&[Certificate::from_pem(&pem)?]));
    }
    let mut config = Agent::config_builder().tls_config(tls.build()).proxy(None);
    if job.fresh {
        config = config.max_idle_connections(0);
    } else {
        config = config.max_idle_connections_per_host(job.workers);
    }
    Ok(config.build().into())
}
