//! What a client process is told: where to upload which files, and how often.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::Result;

/// The hidden argument that makes this program a client.
pub(crate) const ARGUMENT: &str = "client";

/// One run of one client.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) port: u16,
    /// The certificate to trust; `None` is plain HTTP.
    pub(crate) root: Option<PathBuf>,
    /// Every upload takes a new connection.
    pub(crate) fresh: bool,
    /// Uploads at once.
    pub(crate) workers: usize,
    /// Uploads in all.
    pub(crate) uploads: usize,
    /// What is uploaded, in turn and again from the first.
    pub(crate) files: Vec<PathBuf>,
}

impl Job {
    pub(crate) fn is_secure(&self) -> bool {
        self.root.is_some()
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.is_secure() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}/upload", self.port)
    }

    /// What is uploaded as the `index`th.
    pub(crate) fn file(&self, index: usize) -> &Path {
        &self.files[index % self.files.len()]
    }

    pub(crate) fn root_pem(&self) -> Result<Option<Vec<u8>>> {
        Ok(self.root.as_ref().map(std::fs::read).transpose()?)
    }

    /// The arguments that [`from_args`](Self::from_args) reads.
    pub(crate) fn to_args(&self) -> Vec<OsString> {
        let root = self.root.clone().map_or("-".into(), OsString::from);
        let manner = if self.fresh { "fresh" } else { "kept" };
        let mut args = vec![
            self.port.to_string().into(),
            root,
            manner.into(),
            self.workers.to_string().into(),
            self.uploads.to_string().into(),
        ];
        args.extend(self.files.iter().map(OsString::from));
        args
    }

    pub(crate) fn from_args(args: impl Iterator<Item = OsString>) -> Result<Self> {
        let args: Vec<OsString> = args.collect();
        let [port, root, manner, workers, uploads, files @ ..] = &args[..] else {
            return Err("a client is told more than that".into());
        };
        let number = |text: &OsString| -> Result<usize> {
            Ok(text.to_str().ok_or("not a number")?.parse()?)
        };
        Ok(Self {
            port: u16::try_from(number(port)?)?,
            root: (root != "-").then(|| root.into()),
            fresh: manner == "fresh",
            workers: number(workers)?,
            uploads: number(uploads)?,
            files: files.iter().map(PathBuf::from).collect(),
        })
    }
}
