//! What is done with reports: compare and merge.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use quintet_bench::{Comparison, Report, merge_hlogs};

use super::args::{Compare, Merge};
use super::kept::of;
use crate::exit::Exit;

pub(super) fn compare(args: &Compare) -> io::Result<Exit> {
    let (a, b) = match (&*args.a, &*args.b) {
        ([a, b], []) => (std::slice::from_ref(a), std::slice::from_ref(b)),
        (_, []) => {
            return Err(io::Error::other(
                "which of them are side B? They stand after --vs: compare A.json A.json --vs B.json B.json",
            ));
        }
        (a, b) => (a, b),
    };
    let comparison = Comparison::of(&reports(a)?, &reports(b)?).map_err(io::Error::other)?;
    told(&comparison, args.json, args.report.as_deref())
}

/// Prints a comparison, and writes its page.
pub(super) fn told(comparison: &Comparison, json: bool, page: Option<&Path>) -> io::Result<Exit> {
    if let Some(path) = page {
        fs::write(path, comparison.to_html()).map_err(|error| of(path, error))?;
    }
    print(&match json {
        true => comparison.to_json(),
        false => comparison.to_string(),
    })
}

pub(super) fn merge(args: &Merge) -> io::Result<Exit> {
    let logs = args.files.iter().filter(|file| is_log(file)).count();
    if logs > 0 {
        if logs < args.files.len() || args.json || args.report.is_some() {
            return Err(io::Error::other(
                "logs (.hlog) merge into a log, on stdout, and not with reports",
            ));
        }
        let texts: Vec<_> = args
            .files
            .iter()
            .map(|file| read(file))
            .collect::<io::Result<_>>()?;
        let texts: Vec<_> = texts.iter().map(|text| &**text).collect();
        let merged = merge_hlogs(&texts, args.partial).map_err(io::Error::other)?;
        return print(&merged);
    }
    let merged = Report::merge(&reports(&args.files)?, args.partial).map_err(io::Error::other)?;
    if let Some(path) = &args.report {
        fs::write(path, merged.to_html()).map_err(|error| of(path, error))?;
    }
    print(&match args.json {
        true => merged.to_json(),
        false => merged.to_string(),
    })
}

fn is_log(file: &Path) -> bool {
    file.extension()
        .is_some_and(|extension| extension == "hlog")
}

fn reports(files: &[PathBuf]) -> io::Result<Vec<Report>> {
    let reports = files.iter().map(|file| {
        let report = Report::from_json(&read(file)?);
        report.map_err(|error| io::Error::other(format!("{}: {error}", file.display())))
    });
    reports.collect()
}

fn read(file: &Path) -> io::Result<String> {
    fs::read_to_string(file).map_err(|error| of(file, error))
}

fn print(text: &str) -> io::Result<Exit> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Exit::Ok)
}
