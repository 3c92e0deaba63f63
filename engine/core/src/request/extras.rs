//! What a caller may ask for beyond the base call. A call that asks for none of it carries one empty pointer.

use super::UploadRequest;
use super::body::BodyExtras;
use super::queue::QueueExtras;
use super::transfer::TransferExtras;

/// Boxed beside the request, made when the first of it is asked for.
#[derive(Clone, Default)]
pub(crate) struct Extras {
    pub(crate) body: BodyExtras,
    pub(crate) queue: QueueExtras,
    pub(crate) transfer: TransferExtras,
}

impl UploadRequest {
    /// For the setters, which stand in files of their own.
    pub(super) fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }
}
