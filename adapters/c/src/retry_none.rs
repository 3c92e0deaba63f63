//! No retries: this library was built without them.

use quintet::UploadRequest;

use crate::abi;
use crate::failure::Failure;

pub(crate) fn at_most(_retries_max: u32) -> Result<fn(UploadRequest) -> UploadRequest, Failure> {
    let says = "this library was built without retries";
    Err(Failure::new(abi::QUINTET_UNSUPPORTED, says))
}
