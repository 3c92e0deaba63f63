//! No JSON: this library was built without it.

use quintet::{Headers, Outcome, Progress, UploadRequest};

use crate::abi;
use crate::failure::Failure;
use crate::host::Setup;

/// What a success tells in JSON.
#[derive(Clone, Copy, Default)]
pub(crate) struct Include;

pub(crate) fn request(_json: &[u8]) -> Result<(UploadRequest, Include), Failure> {
    Err(none())
}

pub(crate) fn settings(_json: &[u8], _setup: &mut Setup) -> Result<(), Failure> {
    Err(none())
}

pub(crate) fn progress(_progress: &Progress) -> String {
    String::new()
}

pub(crate) fn headers(_status: u16, _headers: &Headers) -> String {
    String::new()
}

pub(crate) fn result(_outcome: &Outcome, _include: Include) -> String {
    String::new()
}

fn none() -> Failure {
    Failure::new(
        abi::QUINTET_UNSUPPORTED,
        "this library was built without JSON",
    )
}
