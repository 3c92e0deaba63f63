//! The files that are named on the command line: paths, `-`, and lists of paths.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use quintet::{Spool, UploadSource};

const BYTES_MAX: u64 = 16 << 20;

/// A file, or standard input for `-`.
pub(crate) fn source(path: &Path, spool: bool) -> UploadSource {
    if path.as_os_str() != "-" {
        return UploadSource::path(path);
    }
    let source = UploadSource::reader(io::stdin());
    match spool {
        true => source.spooled(Spool::default()),
        false => source,
    }
}

/// A file of the command line: in place of `@list` those that the list names, one a line.
pub(crate) fn listed(file: &Path) -> io::Result<Vec<PathBuf>> {
    let list = file.to_str().and_then(|file| file.strip_prefix('@'));
    let Some(list) = list else {
        return Ok(vec![file.into()]);
    };
    let text = fs::read_to_string(list).map_err(|error| {
        let hint = "@ names a list of files; for a file of that name write ./@…";
        io::Error::new(error.kind(), format!("{list}: {error} ({hint})"))
    })?;
    let lines = text.lines().filter(|line| !line.is_empty());
    Ok(lines.map(PathBuf::from).collect())
}

/// What a file, or standard input for `-`, holds: for what is kept in memory, so no more than 16 MiB.
pub(crate) fn contents(path: &Path) -> io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    let mut read = |from: &mut dyn Read| from.take(BYTES_MAX + 1).read_to_end(&mut contents);
    let read = match path.as_os_str() == "-" {
        true => read(&mut io::stdin()),
        false => fs::File::open(path).and_then(|mut file| read(&mut file)),
    };
    let about =
        |why: &dyn std::fmt::Display| io::Error::other(format!("{}: {why}", path.display()));
    read.map_err(|error| about(&error))?;
    if contents.len() as u64 > BYTES_MAX {
        return Err(about(&"what is not sent as a file is at most 16 MiB"));
    }
    Ok(contents)
}
