//! Retries of a request.

use quintet::{Retry, UploadRequest};

use crate::failure::Failure;

/// What tries a request again, at most so often in a row.
pub(crate) fn at_most(
    retries_max: u32,
) -> Result<impl FnOnce(UploadRequest) -> UploadRequest, Failure> {
    let mut retry = Retry::default();
    retry.retries_max = retries_max;
    Ok(|request: UploadRequest| request.retry(retry))
}
