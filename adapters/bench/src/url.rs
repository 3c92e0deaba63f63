//! A URL as it may be shown.

use url::{Position, Url};

/// The URL without user, password, query and fragment, which may be secret; nothing of a text that is none, since only
/// parsing tells these from the rest.
///
/// ```
/// assert_eq!(quintet_bench::public_url("http://u:p@h:80/up?key=s#f"), "http://h/up");
/// ```
pub fn public_url(url: &str) -> String {
    Url::parse(url).map_or_else(
        |_| String::new(),
        |url| {
            let scheme = &url[..Position::BeforeUsername];
            format!(
                "{scheme}{}",
                &url[Position::BeforeHost..Position::AfterPath]
            )
        },
    )
}
