//! Defects on purpose, one at a time, named by the environment: only with `--cfg quintet_planted`.

extern crate std;

use std::string::String;
use std::sync::LazyLock;

/// Whether the protocol has this defect.
pub(crate) fn is(defect: &str) -> bool {
    static PLANTED: LazyLock<Option<String>> =
        LazyLock::new(|| std::env::var("QUINTET_PLANTED").ok());
    PLANTED.as_deref() == Some(defect)
}
