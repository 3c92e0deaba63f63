//! `bench --out`: the report in a directory, in every form, or PUT to a URL.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use quintet::{Engine, Method, UploadRequest, UploadSource};
use quintet_bench::{Hlog, Phase, Report, Shard, Tick};

use crate::output::status_line;
use crate::transport;
use crate::way::Way;

/// A report to be.
pub(super) enum Kept {
    /// In a directory.
    In(Directory),
    /// At a URL.
    At(String),
}

impl Kept {
    /// Where it is to be kept: makes the directory, and in it what is written as the bench goes on.
    pub(super) fn create(to: &Path, shard: Shard) -> io::Result<Self> {
        let name = match shard.of {
            1 => "bench".to_owned(),
            _ => format!("bench-{}", shard.index),
        };
        let scheme = to
            .to_str()
            .map(|to| to.get(..8).unwrap_or(to).to_ascii_lowercase());
        let is_url =
            scheme.is_some_and(|to| to.starts_with("http://") || to.starts_with("https://"));
        if is_url {
            let to = to.to_string_lossy();
            return Ok(Self::At(format!(
                "{}/{name}.json",
                to.trim_end_matches('/')
            )));
        }
        Directory::create(to, name).map(Self::In)
    }

    /// Adds an interval.
    pub(super) fn add(&mut self, tick: &Tick<'_>) {
        if let Self::In(directory) = self {
            directory.add(tick);
        }
    }

    /// Keeps what is known at the end.
    pub(super) fn end(self, report: &Report, way: &Way) -> io::Result<()> {
        match self {
            Self::In(directory) => directory.end(report),
            Self::At(url) => put(&url, report, way),
        }
    }
}

/// Files of this name, with an extension for each form.
pub(super) struct Directory {
    dir: PathBuf,
    name: String,
    hlog: Hlog<BufWriter<File>>,
    /// What went wrong while the bench ran, which is told at its end.
    trouble: Option<io::Error>,
}

impl Directory {
    fn create(dir: &Path, name: String) -> io::Result<Self> {
        let path = dir.join(format!("{name}.hlog"));
        let made = fs::create_dir_all(dir).and_then(|()| File::create(&path));
        let file = made.map_err(|error| of(&path, error))?;
        Ok(Self {
            dir: dir.into(),
            name,
            hlog: Hlog::new(BufWriter::new(file)),
            trouble: None,
        })
    }

    fn add(&mut self, tick: &Tick<'_>) {
        if self.trouble.is_none() {
            self.trouble = self.hlog.add(tick).err();
        }
    }

    fn end(self, report: &Report) -> io::Result<()> {
        let Self {
            dir,
            name,
            hlog,
            trouble,
        } = self;
        let told = match trouble {
            Some(trouble) => Err(trouble),
            None => hlog.into_inner().flush(),
        };
        told.map_err(|error| of(&dir.join(format!("{name}.hlog")), error))?;
        let write = |extension: &str, text: &str| {
            let path = dir.join(format!("{name}{extension}"));
            fs::write(&path, text).map_err(|error| of(&path, error))
        };
        write(".json", &report.to_json())?;
        write(".txt", &report.to_string())?;
        write(".html", &report.to_html())?;
        write(".csv", &report.to_csv())?;
        write(".prom", &report.to_prometheus())?;
        for phase in Phase::ALL {
            if let Some(hgrm) = report.to_hgrm(phase) {
                write(&format!("-{}.hgrm", phase.name()), &hgrm)?;
            }
        }
        Ok(())
    }
}

fn put(url: &str, report: &Report, way: &Way) -> io::Result<()> {
    let https = url
        .get(..6)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    let engine = Engine::start(transport::of(way, https)?)?;
    let request = UploadRequest::raw(url, UploadSource::bytes(report.to_json()))
        .method(Method::Put)
        .mime_type("application/json");
    let outcome = engine.upload(request).wait();
    engine.shutdown();
    let wrong = match &outcome.result {
        Ok(response) if response.status < 300 => return Ok(()),
        Ok(response) => status_line(response),
        Err(error) => error.to_string(),
    };
    let url = quintet_bench::public_url(url);
    Err(io::Error::other(format!(
        "the report was not kept at {url}: {wrong}"
    )))
}

/// An error of this file.
pub(super) fn of(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
