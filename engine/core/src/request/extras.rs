//! What a caller may ask for beyond the base call. A call that asks for none of it carries one empty place.

use std::ops::{Deref, DerefMut};

use super::UploadRequest;
use super::body::BodyExtras;
use super::queue::QueueExtras;
use super::transfer::TransferExtras;

#[derive(Clone, Default)]
pub(crate) struct Extras {
    pub(crate) body: BodyExtras,
    pub(crate) queue: QueueExtras,
    pub(crate) transfer: TransferExtras,
}

/// Extras beside the request, made when the first of them is asked for. Behind a trait, so that a program which asks for
/// none is linked without what copies and drops them.
pub(crate) struct Boxed(Box<dyn AnyExtras>);

/// Any extras, of which there is one kind.
trait AnyExtras: Send + Sync {
    fn get(&self) -> &Extras;
    fn get_mut(&mut self) -> &mut Extras;
    fn copied(&self) -> Boxed;
}

impl AnyExtras for Extras {
    fn get(&self) -> &Extras {
        self
    }

    fn get_mut(&mut self) -> &mut Extras {
        self
    }

    fn copied(&self) -> Boxed {
        Boxed(Box::new(self.clone()))
    }
}

impl Deref for Boxed {
    type Target = Extras;

    fn deref(&self) -> &Extras {
        self.0.get()
    }
}

impl DerefMut for Boxed {
    fn deref_mut(&mut self) -> &mut Extras {
        self.0.get_mut()
    }
}

impl Clone for Boxed {
    fn clone(&self) -> Self {
        self.0.copied()
    }
}

impl UploadRequest {
    /// For the setters, which stand in files of their own.
    pub(super) fn extras(&mut self) -> &mut Extras {
        self.extras
            .get_or_insert_with(|| Boxed(Box::<Extras>::default()))
    }
}
