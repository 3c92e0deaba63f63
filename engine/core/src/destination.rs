//! Where a URL leads: what is derived from it once, for the many uploads that go there.

use std::fmt;
use std::sync::{Arc, Mutex};

use quintet_transport::{Host, Target};
use url::Url;

use crate::error::Error;

/// Longest URL taken, in bytes of its text: more than servers read.
pub const URL_BYTES_MAX: usize = 65_536;

/// What the URL parser lets through in a name, but `uri-host` has no place for (RFC 3986 3.2.2).
const NOT_IN_HOST: [char; 4] = ['"', '`', '{', '}'];

/// A URL that may be requested, and its target.
pub(crate) struct Destination {
    pub(crate) url: Url,
    pub(crate) target: Target,
}

impl Destination {
    /// Takes a caller's text.
    fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |why: &dyn fmt::Display| Error::parameter("url", why);
        if text.is_empty() {
            return Err(wrong(&"is missing or empty"));
        }
        if text.len() > URL_BYTES_MAX {
            return Err(wrong(&format_args!("is longer than {URL_BYTES_MAX} bytes")));
        }
        // The URL parser would drop tab, CR and LF silently: what is logged and checked must be what is sent.
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(wrong(&"holds a control character"));
        }
        let url = Url::parse(text).map_err(|error| wrong(&format_args!("is no URL: {error}")))?;
        Self::new(url).map_err(|why| wrong(&why))
    }

    /// Takes any URL, by the rules that hold for a caller's and for a redirect's alike. The fragment is dropped.
    pub(crate) fn new(mut url: Url) -> Result<Self, &'static str> {
        let secure = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err("must be http: or https:"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a user name or password; send an Authorization header instead");
        }
        let host = match url.host() {
            Some(url::Host::Ipv4(ip)) => Host::Ip(ip.into()),
            Some(url::Host::Ipv6(ip)) => Host::Ip(ip.into()),
            Some(url::Host::Domain(name)) if name.contains(NOT_IN_HOST) => {
                return Err("has a character in its host that no Host header can hold");
            }
            Some(url::Host::Domain(name)) => Host::Name(name.to_owned()),
            None => return Err("has no host"),
        };
        let port = match url.port() {
            Some(0) => return Err("has port 0"),
            Some(port) => port,
            None if secure => 443,
            None => 80,
        };
        url.set_fragment(None);
        Ok(Self {
            url,
            target: Target { secure, host, port },
        })
    }
}

impl fmt::Debug for Destination {
    /// Without the path and the query, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.target)
    }
}

/// The destination that was asked for last: a program mostly uploads to one address, and parsing it costs more than
/// anything else in a call.
#[derive(Debug, Default)]
pub(crate) struct Destinations(Mutex<Option<(Arc<str>, Arc<Destination>)>>);

impl Destinations {
    pub(crate) fn parse(&self, text: &Arc<str>) -> Result<Arc<Destination>, Error> {
        // Nothing panics while the lock is held, so it cannot be poisoned.
        let mut last = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        match &*last {
            Some((known, destination)) if Arc::ptr_eq(known, text) || known == text => {
                Ok(destination.clone())
            }
            _ => {
                let destination = Arc::new(Destination::parse(text)?);
                *last = Some((text.clone(), destination.clone()));
                Ok(destination)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_no_host_header_can_hold_is_refused_at_the_call() {
        for byte in b'!'..=b'~' {
            let text: Arc<str> = format!("http://h{}t/", char::from(byte)).into();
            let Ok(taken) = Destinations::default().parse(&text) else {
                continue;
            };
            let head = quintet_proto::RequestHead {
                method: "GET",
                target: "/",
                host: taken.url.host_str().unwrap_or_default(),
                framing: quintet_proto::Framing::None,
                engine: &[],
                headers: &quintet_proto::Headers::new(),
            };
            assert_eq!(head.write_to(&mut Vec::new()), Ok(()), "{text}");
        }
        for odd in NOT_IN_HOST {
            let refused = Destinations::default().parse(&format!("http://h{odd}t/").into());
            let error = refused.expect_err("no host");
            assert_eq!(error.kind(), crate::ErrorKind::InvalidParameter, "{odd}");
        }
    }

    #[test]
    fn a_url_is_http_without_userinfo_or_controls_and_loses_its_fragment() {
        let destinations = Destinations::default();
        for bad in [
            "",
            "ftp://h/",
            "http://",
            "http://u@h/",
            "http://u:p@h/",
            "http://h:0/",
            "http://h/\r\n",
            "http://h:65536/",
            "//h/up",
        ] {
            assert!(destinations.parse(&bad.into()).is_err(), "{bad:?}");
        }
        for _ in 0..2 {
            let taken = destinations
                .parse(&"http://H/a?b#c".into())
                .expect("a good URL");
            assert_eq!(taken.url.as_str(), "http://h/a?b");
            assert_eq!(taken.target.to_string(), "http://h:80");
        }
        let other = destinations
            .parse(&"https://[::1]:8443/".into())
            .expect("a good URL");
        assert_eq!(other.target.to_string(), "https://[::1]:8443");
    }
}
