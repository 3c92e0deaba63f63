//! The files that are named on the command line: paths, `-`, and lists of paths.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use quintet::{Spool, UploadSource};

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

/// The files of the command line: in place of `@list` those that the list names, one a line.
pub(crate) fn listed(files: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for file in files {
        let list = file.to_str().and_then(|file| file.strip_prefix('@'));
        let Some(list) = list else {
            all.push(file.clone());
            continue;
        };
        let text = fs::read_to_string(list).map_err(|error| {
            let hint = "@ names a list of files; for a file of that name write ./@…";
            io::Error::new(error.kind(), format!("{list}: {error} ({hint})"))
        })?;
        all.extend(
            text.lines()
                .filter(|line| !line.is_empty())
                .map(PathBuf::from),
        );
    }
    Ok(all)
}
