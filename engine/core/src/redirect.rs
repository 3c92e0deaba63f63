//! Whether an answer sends the upload elsewhere, and what goes along.

use quintet_proto::{Headers, ResponseHead};
use url::Url;

use crate::Redirects;
use crate::destination::Destination;
use crate::planted;

/// A redirect to follow.
#[derive(Debug)]
pub(crate) struct Hop {
    pub(crate) destination: Destination,
    /// 307 and 308 send the body again from its first byte; the others become a GET without one.
    pub(crate) keeps_body: bool,
    /// Another scheme, host or port: credentials stay behind.
    pub(crate) new_origin: bool,
}

/// The redirect in `head`, if it is one and the setting follows it. Anything odd about it (no location, two
/// different ones, one that could not be a request's URL) hands the answer back instead.
pub(crate) fn hop(setting: Redirects, from: &Url, head: &ResponseHead) -> Option<Hop> {
    let keeps_body = match head.status {
        301 if planted::is("body-after-301") => true,
        307 | 308 => true,
        301..=303 => false,
        _ => return None,
    };
    let mut locations = head.headers.get_all("location");
    let location = locations.next()?;
    if locations.any(|other| other != location) {
        return None;
    }
    let url = from.join(std::str::from_utf8(location).ok()?).ok()?;
    let destination = Destination::new(url).ok()?;
    let url = &destination.url;
    let new_origin = from.origin() != url.origin();
    let upgrade = from.scheme() == "http" && url.scheme() == "https" && from.host() == url.host();
    let downgrade = from.scheme() == "https" && url.scheme() == "http";
    let followed = match setting {
        Redirects::Off => false,
        Redirects::SameOrigin => !new_origin || upgrade,
        Redirects::Any => !downgrade,
    };
    followed.then_some(Hop {
        destination,
        keeps_body,
        new_origin,
    })
}

/// What must not follow to another origin.
pub(crate) fn drop_credentials(headers: &mut Headers) {
    if planted::is("credentials-kept") {
        return;
    }
    for name in ["authorization", "cookie", "proxy-authorization"] {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, location: &str) -> ResponseHead {
        let mut headers = Headers::new();
        headers
            .push("Location", location.as_bytes())
            .expect("a valid header");
        ResponseHead {
            status,
            reason: "".into(),
            minor_version: 1,
            headers,
        }
    }

    fn followed(setting: Redirects, from: &str, to: &str) -> Option<(String, bool)> {
        let from = Url::parse(from).expect("a valid URL");
        hop(setting, &from, &answer(307, to))
            .map(|hop| (hop.destination.url.into(), hop.new_origin))
    }

    #[test]
    fn scheme_host_and_port_make_the_origin() {
        use Redirects::{Any, Off, SameOrigin};
        let a = "http://a.test/x";
        assert_eq!(
            followed(SameOrigin, a, "/y"),
            Some(("http://a.test/y".into(), false))
        );
        assert_eq!(followed(Off, a, "/y"), None);
        assert_eq!(followed(SameOrigin, a, "http://a.test:81/"), None);
        assert_eq!(followed(SameOrigin, a, "http://b.test/"), None);
        assert_eq!(
            followed(SameOrigin, a, "//a.test/z#f"),
            Some(("http://a.test/z".into(), false))
        );
        assert_eq!(
            followed(SameOrigin, a, "https://a.test/"),
            Some(("https://a.test/".into(), true))
        );
        assert_eq!(
            followed(Any, a, "http://b.test/"),
            Some(("http://b.test/".into(), true))
        );
        assert_eq!(followed(Any, "https://a.test/", "http://a.test/"), None);
    }

    #[test]
    fn an_odd_location_hands_the_answer_back() {
        for odd in [
            "ftp://a.test/",
            "http://u:p@a.test/",
            "http://[",
            "http://h:0/",
            "http://h{/",
        ] {
            let taken = followed(Redirects::Any, "http://a.test/x", odd);
            assert_eq!(taken, None, "{odd:?}");
        }
        let from = Url::parse("http://a.test/").expect("a valid URL");
        let mut two = answer(307, "/b");
        two.headers.push("Location", b"/c").expect("a valid header");
        assert!(hop(Redirects::Any, &from, &two).is_none());
    }

    #[test]
    fn only_307_and_308_send_the_body_again() {
        let from = Url::parse("http://a.test/").expect("a valid URL");
        for (status, keeps) in [
            (301, false),
            (302, false),
            (303, false),
            (307, true),
            (308, true),
        ] {
            let hop = hop(Redirects::SameOrigin, &from, &answer(status, "/b"));
            assert_eq!(hop.map(|hop| hop.keeps_body), Some(keeps), "{status}");
        }
        for status in [200, 300, 304, 305, 309, 400] {
            assert!(
                hop(Redirects::Any, &from, &answer(status, "/b")).is_none(),
                "{status}"
            );
        }
    }
}
