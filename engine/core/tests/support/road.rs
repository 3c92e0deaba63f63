//! Which road the bytes take. Tests that name no transport and no files of their own run on two: this system's, and as
//! part of the program `portable` the one that every other platform has.

use std::path::{Path, PathBuf};

use quintet::{Engine, EngineBuilder, FileError, Files, LocalFiles, Opened};
use quintet_tcp::TcpConnect;

use super::portable_road;

/// Whether this program is `portable`.
pub fn is_portable() -> bool {
    env!("CARGO_CRATE_NAME") == "portable"
}

/// TCP by this program's road.
pub fn transport() -> TcpConnect {
    TcpConnect::new().send_files(!is_portable())
}

/// An engine by this program's road, with any file of the system.
pub fn builder() -> EngineBuilder {
    Engine::builder(transport()).files(RoadFiles::anywhere())
}

/// What [`LocalFiles`] are, by this program's road.
#[derive(Debug)]
pub struct RoadFiles(Option<PathBuf>);

impl RoadFiles {
    pub fn anywhere() -> Self {
        Self(None)
    }

    pub fn beneath(root: impl Into<PathBuf>) -> Self {
        Self(Some(root.into()))
    }

    fn of_system(&self) -> LocalFiles {
        match &self.0 {
            None => LocalFiles::anywhere(),
            Some(root) => LocalFiles::beneath(root),
        }
    }
}

impl Files for RoadFiles {
    fn check(&self, path: &Path) -> Result<(), FileError> {
        match is_portable() {
            true => portable_road::check(self.0.as_deref(), path),
            false => self.of_system().check(path),
        }
    }

    fn open(&self, path: &Path) -> Result<Opened, FileError> {
        match is_portable() {
            true => portable_road::open(self.0.as_deref(), path),
            false => self.of_system().open(path),
        }
    }
}
