//! The media type of a file part where the caller names none: the host's decision, by extension unless it says
//! otherwise.

use std::path::Path;
use std::sync::Mutex;

/// What a part is called whose type nobody knows.
const UNKNOWN: &str = "application/octet-stream";

/// Tells media types. Given to [`Engine::builder_with_media_types`](crate::Engine::builder_with_media_types).
pub trait MediaTypes: Send + Sync {
    /// The type that goes with this file name; `None` means `application/octet-stream`. Asked on the caller's
    /// thread, at the call. What it says is checked like a caller's own.
    fn media_type(&self, file_name: &str) -> Option<&str>;
}

/// The table of file name extensions of `mime_guess`. Takes 187 KB of a small program.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByExtension;

impl MediaTypes for ByExtension {
    fn media_type(&self, file_name: &str) -> Option<&str> {
        mime_guess::from_path(file_name).first_raw()
    }
}

/// As [`ByExtension`], for an engine: what was found last is kept, because who uploads many files mostly uploads files of
/// one kind, and finding a type costs more than all else that is done with a name.
#[derive(Default)]
pub(crate) struct ByExtensionKept(Mutex<(String, Option<&'static str>)>);

impl MediaTypes for ByExtensionKept {
    fn media_type(&self, file_name: &str) -> Option<&str> {
        let extension = Path::new(file_name).extension()?.to_str()?;
        // Nobody waits for another's look at the table.
        let Ok(mut last) = self.0.try_lock() else {
            return mime_guess::from_ext(extension).first_raw();
        };
        if last.0 != extension {
            extension.clone_into(&mut last.0);
            last.1 = mime_guess::from_ext(extension).first_raw();
        }
        last.1
    }
}

/// Knows no type at all: every file part is `application/octet-stream` unless the caller names its type.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMediaTypes;

impl MediaTypes for NoMediaTypes {
    fn media_type(&self, _file_name: &str) -> Option<&str> {
        None
    }
}

/// The type that goes with a file name.
pub(crate) fn part_type<'a>(types: &'a dyn MediaTypes, file_name: &str) -> &'a str {
    types.media_type(file_name).unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_type_comes_from_the_extension() {
        assert_eq!(part_type(&ByExtension, "a.jpg"), "image/jpeg");
        assert_eq!(part_type(&ByExtension, "a"), "application/octet-stream");
    }

    #[test]
    fn what_was_found_last_is_found_again_and_nothing_else() {
        let kept = ByExtensionKept::default();
        for name in [
            "a.jpg",
            "b.jpg",
            "b.JPG",
            "",
            "a",
            ".jpg",
            "a.",
            "a.jpg/b",
            "c.png",
            "a.nonsense",
            "a.jpg",
            "a.tar.gz",
            "b.gz",
            "a.b/.jpg",
        ] {
            assert_eq!(
                part_type(&kept, name),
                part_type(&ByExtension, name),
                "{name}"
            );
        }
    }

    #[test]
    fn a_host_without_a_table_says_that_the_type_is_unknown() {
        assert_eq!(
            part_type(&NoMediaTypes, "a.jpg"),
            "application/octet-stream"
        );
    }
}
