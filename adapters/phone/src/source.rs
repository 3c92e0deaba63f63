//! What a file part or a raw body is read from.

use quintet::Error;

use crate::descriptor;

/// What a file part or a raw body is read from.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum UploadSource {
    /// The file at this path, as the engine's settings permit it.
    Path {
        /// Absolute, or relative to the process's directory or the engine's sandbox.
        path: String,
    },
    /// A regular file that the host has open for reading, such as that of an Android `content://` address. All of it is
    /// sent, whatever its offset. The descriptor is duplicated during the call and stays the host's to close.
    Descriptor {
        /// The number of the descriptor.
        descriptor: i32,
    },
    /// These bytes. They are copied once, and kept until the upload is over.
    Bytes {
        /// The whole content.
        bytes: Vec<u8>,
    },
}

impl TryFrom<UploadSource> for quintet::UploadSource {
    type Error = Error;

    fn try_from(source: UploadSource) -> Result<Self, Error> {
        match source {
            UploadSource::Path { path } => Ok(Self::path(path)),
            UploadSource::Descriptor { descriptor } => descriptor::source(descriptor),
            UploadSource::Bytes { bytes } => Ok(Self::bytes(bytes)),
        }
    }
}
