//! `bench --out`: the report in a directory, in every form.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use quintet_bench::{Hlog, Phase, Report, Tick};

/// A report to be.
pub(super) struct Kept {
    dir: PathBuf,
    hlog: Hlog<BufWriter<File>>,
    /// What went wrong while the bench ran, which is told at its end.
    trouble: Option<io::Error>,
}

impl Kept {
    /// Makes the directory, and in it what is written as the bench goes on.
    pub(super) fn create(dir: &Path) -> io::Result<Self> {
        let path = dir.join("bench.hlog");
        let made = fs::create_dir_all(dir).and_then(|()| File::create(&path));
        let file = made.map_err(|error| of(&path, error))?;
        Ok(Self {
            dir: dir.into(),
            hlog: Hlog::new(BufWriter::new(file)),
            trouble: None,
        })
    }

    /// Adds an interval.
    pub(super) fn add(&mut self, tick: &Tick<'_>) {
        if self.trouble.is_none() {
            self.trouble = self.hlog.add(tick).err();
        }
    }

    /// Writes what is known at the end.
    pub(super) fn end(self, report: &Report) -> io::Result<()> {
        let Self { dir, hlog, trouble } = self;
        let told = match trouble {
            Some(trouble) => Err(trouble),
            None => hlog.into_inner().flush(),
        };
        told.map_err(|error| of(&dir.join("bench.hlog"), error))?;
        let write = |name: &str, text: &str| {
            let path = dir.join(name);
            fs::write(&path, text).map_err(|error| of(&path, error))
        };
        write("bench.json", &report.to_json())?;
        write("bench.txt", &report.to_string())?;
        write("bench.html", &report.to_html())?;
        write("bench.csv", &report.to_csv())?;
        write("bench.prom", &report.to_prometheus())?;
        for phase in Phase::ALL {
            if let Some(hgrm) = report.to_hgrm(phase) {
                write(&format!("bench-{}.hgrm", phase.name()), &hgrm)?;
            }
        }
        Ok(())
    }
}

/// An error of this file.
pub(super) fn of(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
