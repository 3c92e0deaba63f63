//! [`NoProxy`]: the targets that go past a proxy.

use std::net::IpAddr;
use std::str::FromStr;

use quintet_transport::{Host, Target};

/// Hosts that are connected to directly; none by default.
///
/// Read from a list as the environment's `no_proxy` holds it, separated by commas or spaces:
///
/// | entry | matches |
/// |---|---|
/// | `*` | everything |
/// | `example.com`, `.example.com`, `*.example.com` | that name and every name below it |
/// | `10.0.0.1`, `::1`, `[::1]` | that address, written as one |
/// | `10.0.0.0/8`, `fd00::/8` | every address of that network, written as one |
///
/// `:` and a port after an entry (an IPv6 address in brackets then) narrow it to that port. A name never matches by what
/// it resolves to: nothing is resolved to decide this.
///
/// ```
/// use quintet_proxy::NoProxy;
/// use quintet_transport::{Host, Target};
///
/// let no_proxy: NoProxy = "localhost, .example.com 10.0.0.0/8".parse()?;
/// let target = |host| Target { secure: false, host, port: 80 };
/// assert!(no_proxy.matches(&target(Host::Name("www.example.com".into()))));
/// assert!(no_proxy.matches(&target(Host::Ip([10, 1, 2, 3].into()))));
/// assert!(!no_proxy.matches(&target(Host::Name("notexample.com".into()))));
/// # Ok::<(), quintet_proxy::NoProxyError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// The name and what is below it, without a dot at either end.
    Below(String),
    /// The addresses that agree with this one in so many leading bits.
    Network(IpAddr, u32),
}

impl NoProxy {
    /// Whether `target` is connected to directly.
    pub fn matches(&self, target: &Target) -> bool {
        self.0.iter().any(|entry| {
            entry.port.is_none_or(|port| port == target.port) && entry.hosts.has(&target.host)
        })
    }
}

impl Hosts {
    fn has(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::All, _) => true,
            (Self::Below(name), Host::Name(host)) => {
                let host = host.strip_suffix('.').unwrap_or(host);
                let above = host.strip_suffix(name.as_str());
                above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
            (Self::Network(network, bits), Host::Ip(ip)) => {
                // A mapped IPv4 address is that address.
                let ((network, width), (ip, ip_width)) =
                    (as_bits(*network), as_bits(ip.to_canonical()));
                let rest = width - bits;
                width == ip_width && network.checked_shr(rest) == ip.checked_shr(rest)
            }
            _ => false,
        }
    }
}

/// An address as a number, and how many bits it has.
fn as_bits(ip: IpAddr) -> (u128, u32) {
    match ip {
        IpAddr::V4(ip) => (ip.to_bits().into(), 32),
        IpAddr::V6(ip) => (ip.to_bits(), 128),
    }
}

impl FromStr for NoProxy {
    type Err = NoProxyError;

    fn from_str(text: &str) -> Result<Self, NoProxyError> {
        let entries = text.split(|c: char| c == ',' || c.is_whitespace());
        let entries = entries.filter(|entry| !entry.is_empty());
        let read = |entry: &str| {
            Entry::read(entry).ok_or_else(|| NoProxyError {
                entry: entry.to_owned(),
            })
        };
        entries.map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl Entry {
    fn read(text: &str) -> Option<Self> {
        if let Some(hosts) = Hosts::read(text) {
            return Some(Self { hosts, port: None });
        }
        let (hosts, port) = text.rsplit_once(':')?;
        Some(Self {
            hosts: Hosts::read(hosts)?,
            port: Some(port.parse().ok()?),
        })
    }
}

impl Hosts {
    fn read(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        let (host, bits) = match text.split_once('/') {
            Some((host, bits)) => (host, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        if let Ok(ip) = bare.unwrap_or(host).parse::<IpAddr>() {
            let (_, width) = as_bits(ip);
            return match bits {
                // One address, whichever way it is written.
                None => Some(Self::Network(
                    ip.to_canonical(),
                    as_bits(ip.to_canonical()).1,
                )),
                Some(bits) => (bits <= width).then_some(Self::Network(ip, bits)),
            };
        }
        let name = host.strip_prefix('*').unwrap_or(host);
        let name = name.strip_prefix('.').unwrap_or(name);
        let name = name.strip_suffix('.').unwrap_or(name);
        match url::Host::parse(name) {
            Ok(url::Host::Domain(name)) if bits.is_none() => Some(Self::Below(name)),
            _ => None,
        }
    }
}

/// An entry of the list is none of those that [`NoProxy`] knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{entry}` is no name, address or network, such as example.com, 10.0.0.1, fd00::/8 or *")]
pub struct NoProxyError {
    /// The entry as it was given.
    pub entry: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(list: &str, host: &str, port: u16) -> bool {
        let host = match host.parse() {
            Ok(ip) => Host::Ip(ip),
            Err(_) => Host::Name(host.into()),
        };
        let list: NoProxy = list.parse().expect(list);
        list.matches(&Target {
            secure: false,
            host,
            port,
        })
    }

    #[test]
    fn entries_match_as_the_table_says() {
        for (list, host) in [
            ("*", "h"),
            ("*", "10.0.0.1"),
            ("a.test", "a.test"),
            ("A.Test", "a.test"),
            ("a.test", "a.test."),
            ("a.test.", "b.a.test"),
            (".a.test", "a.test"),
            (".a.test", "b.a.test"),
            ("*.a.test", "c.b.a.test"),
            ("b\u{fc}cher.test", "xn--bcher-kva.test"),
            ("x, ,y\ta.test", "a.test"),
            ("10.0.0.1", "10.0.0.1"),
            ("10.0.0.1", "::ffff:10.0.0.1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("10.0.0.0/8", "10.255.0.1"),
            ("10.9.9.9/8", "10.255.0.1"),
            ("0.0.0.0/0", "10.255.0.1"),
            ("::/0", "fd00::1"),
            ("::1", "::1"),
            ("[::1]", "::1"),
            ("fd00::/8", "fdff::1"),
            ("fe80::/10", "febf::1"),
            ("a.test:80", "a.test"),
            ("[::1]:80", "::1"),
            ("10.0.0.0/8:80", "10.0.0.1"),
        ] {
            assert!(matches(list, host, 80), "{list} {host}");
        }
        for (list, host) in [
            ("", "h"),
            (",", "h"),
            ("a.test", "ba.test"),
            ("a.test", "test"),
            ("127.0.0.1", "localhost"),
            ("localhost", "127.0.0.1"),
            ("10.0.0.1/32", "10.0.0.2"),
            ("10.0.0.0/8", "11.0.0.1"),
            ("0.0.0.0/0", "::1"),
            ("fe80::/10", "fec0::1"),
            ("a.test:81", "a.test"),
            ("[::1]:81", "::1"),
        ] {
            assert!(!matches(list, host, 80), "{list} {host}");
        }
    }

    #[test]
    fn what_is_no_entry_is_named() {
        for entry in [
            "10.0.0.0/33",
            "10.0.0.0/x",
            "::/129",
            "a.test/8",
            "h:x",
            "h:65536",
            "a:b:1",
            "http://h",
            "[::1",
            ".",
        ] {
            let error = format!("ok.test,{entry}")
                .parse::<NoProxy>()
                .expect_err(entry);
            assert_eq!(error.entry, entry);
        }
    }
}
