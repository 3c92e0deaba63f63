//! [`Proxy`]: which proxy, how it is spoken to, and who we are to it.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use quintet_proto::wipe;
use quintet_transport::{Host, Target};

use crate::NoProxy;

/// The longest user or password of SOCKS5, in bytes: one byte tells its length (RFC 1929).
const SOCKS_LOGIN_BYTES_MAX: usize = 255;

/// A proxy: kind, host, port, login, and what goes past it.
///
/// Read from a URL, or made by [`Proxy::new`]. Neither `Debug` nor `Display` nor any error shows user or password.
///
/// ```
/// use quintet_proxy::{Proxy, ProxyKind};
///
/// let proxy: Proxy = "socks5h://[::1]:9050".parse()?;
/// assert_eq!(proxy.kind(), ProxyKind::Socks5h);
/// let proxy = proxy.login("user", "p@ss")?;
/// assert_eq!(proxy.to_string(), "socks5h://[::1]:9050");
/// // In a URL, what has a meaning there is percent-encoded.
/// assert_eq!("socks5h://user:p%40ss@[::1]:9050".parse(), Ok(proxy));
/// # Ok::<(), quintet_proxy::ProxyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: ProxyKind,
    host: Host,
    port: u16,
    pub(crate) login: Option<Login>,
    pub(crate) tunnel_plain: bool,
    pub(crate) no_proxy: NoProxy,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyKind {
    /// HTTP/1.1: absolute URLs for plain targets, CONNECT for tunnels.
    Http,
    /// As [`Http`](Self::Http), over a connection that the transport below secures.
    Https,
    /// SOCKS5, names resolved on this side.
    Socks5,
    /// SOCKS5, names resolved by the proxy.
    Socks5h,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl Drop for Login {
    fn drop(&mut self) {
        wipe(&mut std::mem::take(&mut self.password).into_bytes());
    }
}

impl ProxyKind {
    fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }

    /// As curl has them.
    fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http | Self::Socks5 | Self::Socks5h => 1080,
        }
    }
}

impl Proxy {
    /// A proxy without login, for every target. Plain targets are not tunnelled if it speaks HTTP.
    ///
    /// # Errors
    ///
    /// [`ProxyError::Port`] for port 0.
    pub fn new(kind: ProxyKind, host: Host, port: u16) -> Result<Self, ProxyError> {
        if port == 0 {
            return Err(ProxyError::Port);
        }
        Ok(Self {
            kind,
            host,
            port,
            login: None,
            tunnel_plain: false,
            no_proxy: NoProxy::default(),
        })
    }

    /// Logs in by user and password: Basic authentication (RFC 7617) with HTTP, RFC 1929 with SOCKS5. Over HTTP both
    /// go in the clear, unless the proxy is reached over TLS; over SOCKS5 always.
    ///
    /// # Errors
    ///
    /// [`ProxyError::Login`] if the proxy's protocol cannot carry them.
    pub fn login(
        mut self,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<Self, ProxyError> {
        let (user, password) = (user.into(), password.into());
        let carried = match self.kind.is_http() {
            true => !user.contains(':') && !has_control(&user) && !has_control(&password),
            // An empty password is against the letter of RFC 1929, but there are proxies that have none.
            false => {
                (1..=SOCKS_LOGIN_BYTES_MAX).contains(&user.len())
                    && password.len() <= SOCKS_LOGIN_BYTES_MAX
            }
        };
        if !carried {
            return Err(ProxyError::Login);
        }
        self.login = Some(Login { user, password });
        Ok(self)
    }

    /// Whether an HTTP proxy is asked for a tunnel to plain targets too, instead of being given the requests. Off by
    /// default: many proxies open tunnels to port 443 alone.
    #[must_use]
    pub fn tunnel_plain(mut self, yes: bool) -> Self {
        self.tunnel_plain = yes;
        self
    }

    /// Which targets go past the proxy; none by default, loopback included.
    #[must_use]
    pub fn no_proxy(mut self, no_proxy: NoProxy) -> Self {
        self.no_proxy = no_proxy;
        self
    }

    /// How it is spoken to.
    pub fn kind(&self) -> ProxyKind {
        self.kind
    }

    /// What the transport below is asked for.
    pub(crate) fn target(&self) -> Target {
        Target {
            secure: self.kind == ProxyKind::Https,
            host: self.host.clone(),
            port: self.port,
        }
    }
}

fn has_control(text: &str) -> bool {
    text.contains(char::is_control)
}

impl FromStr for Proxy {
    type Err = ProxyError;

    /// Reads `scheme://[user[:password]@]host[:port]`; a `/` may end it. The scheme is `http`, `https`, `socks5` or
    /// `socks5h`; without one it is `http`. User and password are percent-encoded. The port is by default that of
    /// curl: 443 for `https`, else 1080.
    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let kind = match &*scheme.to_ascii_lowercase() {
            "http" => ProxyKind::Http,
            "https" => ProxyKind::Https,
            "socks5" => ProxyKind::Socks5,
            "socks5h" => ProxyKind::Socks5h,
            _ => return Err(ProxyError::Scheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        // Others read what comes before them as the whole authority: nobody may differ on where the host is.
        if rest.contains(['/', '\\', '?', '#']) {
            return Err(ProxyError::Path);
        }
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, rest),
        };
        let (host, port) = host_and_port(place)?;
        let proxy = Self::new(kind, host, port.unwrap_or(kind.default_port()))?;
        match login {
            None => Ok(proxy),
            Some(login) => {
                let (user, password) = login.split_once(':').unwrap_or((login, ""));
                proxy.login(decoded(user)?, decoded(password)?)
            }
        }
    }
}

fn decoded(text: &str) -> Result<String, ProxyError> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(Into::into).map_err(|_| ProxyError::Login)
}

fn host_and_port(place: &str) -> Result<(Host, Option<u16>), ProxyError> {
    // The colons of an IPv6 address stand in brackets.
    let port_at = match place.rfind(']') {
        Some(end) => end + 1,
        None => place.find(':').unwrap_or(place.len()),
    };
    let (host, port) = place.split_at(port_at);
    let port = match port.strip_prefix(':') {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(port.parse().map_err(|_| ProxyError::Port)?)
        }
        None if port.is_empty() => None,
        _ => return Err(ProxyError::Port),
    };
    match url::Host::parse(host) {
        Ok(url::Host::Domain(name)) => Ok((Host::Name(name), port)),
        Ok(url::Host::Ipv4(ip)) => Ok((Host::Ip(ip.into()), port)),
        Ok(url::Host::Ipv6(ip)) => Ok((Host::Ip(ip.into()), port)),
        Err(_) => Err(ProxyError::Host),
    }
}

impl fmt::Display for Proxy {
    /// `scheme://host:port`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.kind.scheme(), self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("at", &format_args!("{self}"))
            .field("has_login", &self.login.is_some())
            .field("tunnel_plain", &self.tunnel_plain)
            .field("no_proxy", &self.no_proxy)
            .finish()
    }
}

/// What is wrong with the settings of a proxy. Holds nothing of what was given, so that no password gets into a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// Another scheme.
    #[error("the scheme of a proxy is http, https, socks5 or socks5h")]
    Scheme,
    /// No host, or one that is neither a name nor an address.
    #[error("the host of the proxy is missing, or is neither a name nor an address")]
    Host,
    /// No number, or 0.
    #[error("the port of the proxy is not a number from 1 to 65535")]
    Port,
    /// More than an authority.
    #[error(
        "a proxy has no path or query; in user and password `/`, `\\`, `?` and `#` are percent-encoded"
    )]
    Path,
    /// A user or password that cannot be sent.
    #[error(
        "the proxy's user or password cannot be sent: both are UTF-8, percent-encoded in a URL; to an HTTP proxy without \
         control characters and, in the user, colons; to a SOCKS5 proxy 255 bytes each at most, the user not empty"
    )]
    Login,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Proxy {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_url_says_kind_host_port_and_login() {
        for (text, shown) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("proxy:3128", "http://proxy:3128"),
            ("HTTP://PROXY", "http://proxy:1080"),
            ("http://proxy:80/", "http://proxy:80"),
            ("https://10.0.0.1", "https://10.0.0.1:443"),
            ("socks5://u:p@[::1]", "socks5://[::1]:1080"),
            ("socks5h://u@h:9050", "socks5h://h:9050"),
            (
                "http://b\u{fc}cher.example:1",
                "http://xn--bcher-kva.example:1",
            ),
        ] {
            assert_eq!(parsed(text).to_string(), shown, "{text}");
        }
        let login = parsed("http://us%20er:p%40%3Ass:@x@h:1")
            .login
            .expect("one");
        assert_eq!((&*login.user, &*login.password), ("us er", "p@:ss:@x"));
        assert!(parsed("https://h").target().secure);
    }

    #[test]
    fn a_bad_one_is_refused_without_showing_it() {
        use ProxyError::{Host, Login, Path, Port, Scheme};
        let long = format!("socks5://{}:x@h", "u".repeat(256));
        for (text, expected) in [
            ("", Host),
            ("http://", Host),
            ("http://:3128", Host),
            ("http://secret@", Host),
            ("http://h h:1", Host),
            ("http://::1", Port),
            ("http://[::1", Port),
            ("http://[::1]1", Port),
            ("http://h:", Port),
            ("http://h:0", Port),
            ("http://h:+1", Port),
            ("http://h:65536", Port),
            ("http://h/secret", Path),
            ("http://h/u:secret@x", Path),
            ("http://h?x", Path),
            ("ftp://h", Scheme),
            ("socks4://h", Scheme),
            ("http://%ff:secret@h", Login),
            ("http://a%3Ab:secret@h", Login),
            ("http://a:sec%0Aret@h", Login),
            ("socks5://:secret@h", Login),
            (&long, Login),
        ] {
            let error = text.parse::<Proxy>().expect_err(text);
            assert_eq!(error, expected, "{text}");
            assert!(!format!("{error}{error:?}").contains("secret"));
        }
        let shown = parsed("http://user:secret@h");
        let shown = format!("{shown} {shown:?}");
        assert!(
            !shown.contains("secret") && !shown.contains("user:"),
            "{shown}"
        );
    }
}
