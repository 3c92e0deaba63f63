//! The usual host policy: a list of domains, https alone, public addresses alone.

use std::fmt;
use std::net::SocketAddr;

use url::{Host, Url};

use super::HostPolicy;
use super::addresses::is_public;

/// A [`HostPolicy`] put together from the usual rules. Without any it permits everything.
///
/// ```
/// use quintet::{HostPolicy, Rules};
///
/// let rules = Rules::new().https_only().domain("example.com")?.domain("*.cdn.example.com:8443")?;
/// let permits = |url: &str| rules.permits_url(&url.parse().unwrap());
/// assert!(permits("https://example.com/up"));
/// assert!(!permits("https://sub.example.com/up"));
/// assert!(!permits("http://example.com/up"));
/// assert!(permits("https://a.cdn.example.com:8443/up"));
/// # Ok::<(), quintet::DomainError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Rules {
    https_only: bool,
    public_only: bool,
    /// `None` permits every host.
    domains: Option<Vec<Domain>>,
}

impl Rules {
    /// No rule.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses `http:`.
    pub fn https_only(mut self) -> Self {
        self.https_only = true;
        self
    }

    /// Refuses to dial this machine, private and local networks, and whatever else is not of the public internet. It
    /// is the address of each dial that is looked at, so a name that leads inwards is refused as well. Behind a proxy
    /// that resolves names it is the proxy's address.
    pub fn public_addresses_only(mut self) -> Self {
        self.public_only = true;
        self
    }

    /// Adds to the hosts that may be uploaded to; once there is one, every other is refused.
    ///
    /// `pattern` is a name, an address (IPv6 in brackets), or `*.` and a name for whatever is below that name, but
    /// not the name itself. A scheme before it (`https://`) permits that one alone. Without a port it permits the
    /// scheme's own, with `:8443` that one, with `:*` any.
    ///
    /// # Errors
    /// [`DomainError`], if the pattern is none of these: a path, a user, a star elsewhere.
    pub fn domain(mut self, pattern: &str) -> Result<Self, DomainError> {
        let domain = Domain::parse(pattern).map_err(|why| DomainError {
            pattern: pattern.into(),
            why,
        })?;
        self.domains.get_or_insert_default().push(domain);
        Ok(self)
    }
}

impl HostPolicy for Rules {
    fn permits_url(&self, url: &Url) -> bool {
        let scheme = !self.https_only || url.scheme() == "https";
        let domains = self.domains.as_ref();
        scheme && domains.is_none_or(|domains| domains.iter().any(|domain| domain.holds(url)))
    }

    fn permits_address(&self, _url: &Url, address: &SocketAddr) -> bool {
        !self.public_only || is_public(address.ip())
    }
}

/// One line of the list.
#[derive(Clone, Debug)]
struct Domain {
    scheme: Option<&'static str>,
    host: Host,
    /// What lies below the host, instead of the host itself.
    below: bool,
    port: Port,
}

#[derive(Clone, Copy, Debug)]
enum Port {
    OfScheme,
    Any,
    This(u16),
}

impl Domain {
    fn parse(pattern: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = match pattern.split_once("://") {
            Some(("https", rest)) => (Some("https"), rest),
            Some(("http", rest)) => (Some("http"), rest),
            Some(_) => return Err("its scheme is neither http nor https"),
            None => (None, pattern),
        };
        let (below, rest) = match rest.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        // The last colon, but not one within the brackets of an IPv6 address.
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Self::port(port)?),
            _ => (rest, Port::OfScheme),
        };
        if host.contains(['*', '@', '/', '?', '#', '\\']) {
            return Err("it is not a host: no path, no user, and a star only in front");
        }
        let host = Host::parse(host).map_err(|_| "it is not a host")?;
        match host {
            Host::Domain(_) => {}
            _ if below => return Err("nothing is below an address"),
            _ => {}
        }
        Ok(Self {
            scheme,
            host,
            below,
            port,
        })
    }

    fn port(text: &str) -> Result<Port, &'static str> {
        if text == "*" {
            return Ok(Port::Any);
        }
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let port = text.parse().ok().filter(|port| *port > 0 && digits);
        port.map(Port::This).ok_or("its port is not 1 to 65535")
    }

    fn holds(&self, url: &Url) -> bool {
        let scheme = self.scheme.is_none_or(|scheme| scheme == url.scheme());
        let port = match self.port {
            Port::Any => true,
            // The parser leaves the scheme's own away.
            Port::OfScheme => url.port().is_none(),
            Port::This(port) => url.port_or_known_default() == Some(port),
        };
        scheme && port && url.host().is_some_and(|host| self.holds_host(&host))
    }

    fn holds_host(&self, host: &Host<&str>) -> bool {
        match (&self.host, host) {
            (Host::Domain(own), Host::Domain(name)) if self.below => name
                .strip_suffix(own.as_str())
                .and_then(|above| above.strip_suffix('.'))
                .is_some_and(|above| !above.is_empty()),
            (Host::Domain(own), Host::Domain(name)) => own == name,
            (Host::Ipv4(own), Host::Ipv4(ip)) => own == ip,
            (Host::Ipv6(own), Host::Ipv6(ip)) => own == ip,
            _ => false,
        }
    }
}

/// A pattern that [`Rules::domain`] does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainError {
    pattern: String,
    why: &'static str,
}

impl fmt::Display for DomainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "domain {:?}: {}", self.pattern, self.why)
    }
}

impl std::error::Error for DomainError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(pattern: &str, url: &str) -> bool {
        let rules = Rules::new().domain(pattern).expect("a pattern");
        rules.permits_url(&url.parse().expect("a URL"))
    }

    #[test]
    fn a_pattern_permits_its_host_and_nothing_like_it() {
        for (pattern, url, expected) in [
            ("example.com", "https://example.com/", true),
            ("example.com", "http://EXAMPLE.com/", true),
            ("Example.COM", "http://example.com/", true),
            ("example.com", "https://a.example.com/", false),
            ("example.com", "https://badexample.com/", false),
            ("example.com", "https://example.com.evil.test/", false),
            ("example.com", "https://example.com./", false),
            ("example.com", "https://example.com:8443/", false),
            ("example.com", "https://example.com:443/", true),
            ("example.com", "http://example.com:443/", false),
            ("example.com:443", "http://example.com:443/", true),
            ("example.com:8443", "https://example.com:8443/", true),
            ("example.com:8443", "https://example.com/", false),
            ("example.com:*", "https://example.com:9/", true),
            ("https://example.com", "http://example.com/", false),
            ("https://example.com", "https://example.com/", true),
            ("*.example.com", "https://a.example.com/", true),
            ("*.example.com", "https://a.b.example.com/", true),
            ("*.example.com", "https://example.com/", false),
            ("*.example.com", "https://badexample.com/", false),
            ("*.example.com", "https://.example.com/", false),
            ("bücher.example", "https://xn--bcher-kva.example/", true),
            ("127.0.0.1", "http://127.0.0.1/", true),
            ("127.0.0.1", "http://0x7f.1/", true),
            ("127.0.0.1", "http://[::ffff:127.0.0.1]/", false),
            ("[::1]:8080", "http://[0::1]:8080/", true),
            ("[::1]", "http://[::1]/", true),
        ] {
            assert_eq!(permits(pattern, url), expected, "{pattern} {url}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused_with_its_reason() {
        for pattern in [
            "",
            "*",
            "*.",
            "a.*.com",
            "**.a",
            "ftp://a",
            "a/b",
            "u@a",
            "a:0",
            "a:65536",
            "a:+1",
            "a:",
            "*.127.0.0.1",
            "a b",
            "::1",
            "https://",
            "a?b",
            "a#b",
            "a\\b",
        ] {
            let error = Rules::new().domain(pattern).expect_err(pattern);
            assert!(error.to_string().contains("domain"), "{error}");
        }
    }
}
