//! Where the paths of a script lead: into one directory, and nowhere else.

use std::path::{Path, PathBuf};

use quintet::{FileError, Files, LocalFiles, Opened};

/// The schemes of a gadget's paths, and the directories below the sandbox that they stand for.
const AREAS: [(&str, &str); 4] = [
    ("ttfile://user/", "user"),
    ("ttfile://temp/", "temp"),
    ("wxfile://usr/", "user"),
    ("wxfile://tmp/", "temp"),
];

/// The files of a script, for [`EngineBuilder::files`](quintet::EngineBuilder::files).
///
/// `ttfile://user/a.jpg` (`wxfile://usr/a.jpg`) is `user/a.jpg` in the directory, `ttfile://temp/a.jpg`
/// (`wxfile://tmp/a.jpg`) is `temp/a.jpg`, and a path without a scheme is one of the package, which is the directory
/// itself. Nothing is decoded: a `%` is a `%`. As with [`LocalFiles::beneath`], nothing outside can be reached: no `..`,
/// no absolute path, no symbolic link.
#[derive(Clone, Debug)]
pub struct Sandbox {
    files: LocalFiles,
}

impl Sandbox {
    /// The files beneath this directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            files: LocalFiles::beneath(directory),
        }
    }
}

impl Files for Sandbox {
    fn check(&self, path: &Path) -> Result<(), FileError> {
        self.files.check(&resolve(path)?)
    }

    fn open(&self, path: &Path) -> Result<Opened, FileError> {
        self.files.open(&resolve(path)?)
    }
}

fn resolve(path: &Path) -> Result<PathBuf, FileError> {
    let Some(text) = path.to_str() else {
        return Ok(path.into());
    };
    for (prefix, area) in AREAS {
        if let Some(rest) = text.strip_prefix(prefix) {
            // Joined as text: what follows must not become an absolute path.
            return Ok(format!("{area}/{rest}").into());
        }
    }
    if text.contains("://") {
        return Err(FileError::Denied("no such area of files".into()));
    }
    Ok(path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_into_their_areas() {
        for (given, expected) in [
            ("ttfile://user/a.jpg", "user/a.jpg"),
            ("ttfile://temp/x/a.jpg", "temp/x/a.jpg"),
            ("wxfile://usr/a.jpg", "user/a.jpg"),
            ("wxfile://tmp/a.jpg", "temp/a.jpg"),
            ("ttfile://user//etc/passwd", "user//etc/passwd"),
            ("ttfile://user/%2e%2e/a", "user/%2e%2e/a"),
            ("images/a.png", "images/a.png"),
            ("/etc/passwd", "/etc/passwd"),
        ] {
            assert_eq!(resolve(given.as_ref()).unwrap(), Path::new(expected));
        }
        for given in ["file:///etc/passwd", "ttfile://users/a", "http://usr/a"] {
            assert!(resolve(given.as_ref()).is_err(), "{given}");
        }
    }
}
