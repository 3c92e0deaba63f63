//! Before anything is measured: every client sends its form to a receiver that reads and hashes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quintet_receiver::{Received, Receiver, Settings, Tls};
use sha2::{Digest, Sha256};

use crate::Result;
use crate::clients::Client;
use crate::form::{FIELD, FILE};
use crate::job::Job;
use crate::pin::Processors;
use crate::process;
use crate::workload::{Case, Extent, Workload};

/// Small and not, and each more often than once, so that connections are used again where they are kept.
const EXTENTS: [Extent; 2] = [
    Extent {
        uploads: 7,
        files: 2,
        bytes: 4096,
    },
    Extent {
        uploads: 3,
        files: 2,
        bytes: 1_300_000,
    },
];
const TIME_MAX: Duration = Duration::from_secs(60);

/// Fails, with all that is wrong, unless what arrives from this client is what it should have sent.
pub(crate) fn verify(
    client: &'static Client,
    secure: bool,
    dir: &Path,
    processors: Processors,
) -> Result<()> {
    let arrived: Arc<Mutex<Vec<Received>>> = Arc::default();
    let kept = arrived.clone();
    let receiver = Receiver::start(Settings {
        tls: secure.then_some(Tls::SelfMade),
        on_upload: Some(Arc::new(move |received| {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(received.clone());
        })),
        ..Settings::default()
    })?;
    let root = receiver.root_pem().map(|pem| {
        let path = dir.join("receiver.pem");
        std::fs::write(&path, pem).map(|()| path)
    });
    let mut job = Job {
        port: receiver.addr().port(),
        root: root.transpose()?,
        fresh: false,
        workers: 2,
        uploads: 0,
        files: Vec::new(),
    };
    let workload = Workload::D;
    let may_be_fresh = (client.fits)(Case { workload, secure });
    for extent in EXTENTS {
        for fresh in [false, true]
            .into_iter()
            .filter(|fresh| !fresh || may_be_fresh)
        {
            job.files = crate::files::prepare(dir, extent)?;
            (job.uploads, job.fresh) = (extent.uploads, fresh);
            let Some((_, report)) = process::run(client, &job, processors, TIME_MAX)? else {
                return Ok(());
            };
            report?;
            let mut arrived = arrived.lock().unwrap_or_else(PoisonError::into_inner);
            check(&job, &std::mem::take(&mut *arrived))?;
        }
    }
    Ok(())
}

fn check(job: &Job, arrived: &[Received]) -> Result<()> {
    let mut expected = BTreeMap::new();
    for index in 0..job.uploads {
        *expected.entry(hash(job.file(index).into())?).or_insert(0) += 1;
    }
    let mut found = BTreeMap::new();
    for received in arrived {
        let fields: Vec<_> = received.fields.iter().collect();
        let files: Vec<_> = received.files.iter().collect();
        let ([field], [file]) = (&fields[..], &files[..]) else {
            return Err(format!("not one field and one file: {received:?}").into());
        };
        let is_form = received.complete
            && (field.name.as_str(), field.value.as_deref()) == (FIELD.0, Some(FIELD.1))
            && file.name == FILE
            && file.file_name.is_some();
        if !is_form {
            return Err(format!("not the form: {received:?}").into());
        }
        *found.entry(file.sha256.clone()).or_insert(0) += 1;
    }
    match found == expected {
        true => Ok(()),
        false => Err(format!("other files than were sent: {found:?}, not {expected:?}").into()),
    }
}

fn hash(path: PathBuf) -> Result<String> {
    let digest = Sha256::digest(std::fs::read(path)?);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
