//! No descriptor on this system: who polls gives quintet_poll a time to wait.

use std::io;

use crate::abi;
use crate::failure::Failure;

/// Is not heard.
pub(crate) struct Bell;

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn descriptor(&self) -> Result<i32, Failure> {
        Err(Failure::new(
            abi::QUINTET_UNSUPPORTED,
            "this system has no descriptors",
        ))
    }

    pub(crate) fn ring(&mut self) {}

    pub(crate) fn silence(&mut self) {}
}
