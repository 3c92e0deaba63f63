//! A way through a SOCKS5 proxy (RFC 1928), logged in by user and password if it asks for that (RFC 1929).
//!
//! ```text
//!  methods ──► method ──┬───────────────────────────► CONNECT ──► reply
//!                       └─► user, password ──► ok ──┘
//! ```

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use quintet_proto::wipe;
use quintet_transport::ConnectErrorKind;

use crate::proxy::Login;
use crate::talk::Talk;

const VERSION: u8 = 5;
const LOGIN_VERSION: u8 = 1;
const CONNECT: u8 = 1;

const METHOD_NONE: u8 = 0;
const METHOD_LOGIN: u8 = 2;
const METHOD_NO_ACCEPTABLE: u8 = 0xff;

const ADDRESS_V4: u8 = 1;
const ADDRESS_NAME: u8 = 3;
const ADDRESS_V6: u8 = 4;

/// The longest name: one byte tells its length.
pub(crate) const NAME_BYTES_MAX: usize = 255;

/// Where a proxy is asked to connect to.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    Address(SocketAddr),
    /// A name that the proxy resolves, 1 to 255 bytes.
    Name(&'a str, u16),
}

/// Asks for a way to `place`. Afterwards not one byte of the target's has been read.
pub(crate) async fn open(
    talk: &mut Talk,
    place: Place<'_>,
    login: Option<&Login>,
) -> Result<(), Failure> {
    let methods: &[u8] = match login {
        None => &[VERSION, 1, METHOD_NONE],
        Some(_) => &[VERSION, 2, METHOD_NONE, METHOD_LOGIN],
    };
    talk.write_all(methods).await?;
    let [version, method] = read(talk).await?;
    check_version(version)?;
    match (method, login) {
        (METHOD_NONE, _) => {}
        (METHOD_LOGIN, Some(login)) => log_in(talk, login).await?,
        (METHOD_NO_ACCEPTABLE, None) => return Err(Failure::WantsLogin),
        _ => return Err(Failure::Method(method)),
    }
    talk.write_all(&request(place)).await?;
    // A refusal may be cut off behind its code.
    let [version, code] = read(talk).await?;
    check_version(version)?;
    if code != 0 {
        return Err(Failure::Reply(code));
    }
    skip_bound_address(talk).await
}

async fn read<const N: usize>(talk: &mut Talk) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    talk.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn check_version(version: u8) -> Result<(), Failure> {
    match version {
        VERSION => Ok(()),
        _ => Err(Failure::NotSocks5),
    }
}

async fn log_in(talk: &mut Talk, login: &Login) -> Result<(), Failure> {
    // Once, and large enough: what grows leaves a copy behind.
    let mut request = Vec::with_capacity(3 + login.user.len() + login.password.len());
    request.push(LOGIN_VERSION);
    push_text(&mut request, &login.user);
    push_text(&mut request, &login.password);
    let written = talk.write_all(&request).await;
    wipe(&mut request);
    written?;
    // There are proxies that answer with the wrong version here; the status is what counts.
    match read(talk).await? {
        [_, 0] => Ok(()),
        [_, _] => Err(Failure::Login),
    }
}

/// The length in one byte, and the text: whoever made the text has seen to it that it is no longer than that.
fn push_text(request: &mut Vec<u8>, text: &str) {
    request.push(text.len() as u8);
    request.extend_from_slice(text.as_bytes());
}

fn request(place: Place<'_>) -> Vec<u8> {
    let mut request = vec![VERSION, CONNECT, 0];
    let port = match place {
        Place::Name(name, port) => {
            request.push(ADDRESS_NAME);
            push_text(&mut request, name);
            port
        }
        Place::Address(address) => {
            match address.ip() {
                IpAddr::V4(ip) => {
                    request.push(ADDRESS_V4);
                    request.extend_from_slice(&ip.octets());
                }
                IpAddr::V6(ip) => {
                    request.push(ADDRESS_V6);
                    request.extend_from_slice(&ip.octets());
                }
            }
            address.port()
        }
    };
    request.extend_from_slice(&port.to_be_bytes());
    request
}

/// Where the proxy connects from: nobody's business, but its length must be known.
async fn skip_bound_address(talk: &mut Talk) -> Result<(), Failure> {
    let [_reserved, kind] = read(talk).await?;
    let len = match kind {
        ADDRESS_V4 => 4,
        ADDRESS_V6 => 16,
        ADDRESS_NAME => {
            let [len] = read(talk).await?;
            usize::from(len)
        }
        _ => return Err(Failure::NotSocks5),
    };
    let mut address_and_port = [0; NAME_BYTES_MAX + 2];
    talk.read_exact(&mut address_and_port[..len + 2]).await?;
    Ok(())
}

/// Why there is no way.
#[derive(Debug)]
pub(crate) enum Failure {
    Io(io::Error),
    /// What it says is not SOCKS5.
    NotSocks5,
    /// It lets nobody in without login.
    WantsLogin,
    /// It chose a way to log in that was not offered, or none.
    Method(u8),
    /// It does not take this login.
    Login,
    /// It did not connect, by the code of RFC 1928, section 6.
    Reply(u8),
}

impl Failure {
    pub(crate) fn kind(&self) -> ConnectErrorKind {
        match self {
            // What the network beyond the proxy said; all else is the proxy's own.
            Self::Reply(3 | 4 | 6) => ConnectErrorKind::NoRoute,
            Self::Reply(5) => ConnectErrorKind::Refused,
            _ => ConnectErrorKind::Proxy,
        }
    }

    /// Whether another address of the same name may do better.
    pub(crate) fn is_of_the_address(&self) -> bool {
        matches!(self, Self::Reply(code) if !matches!(code, 2 | 7))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reply = match self {
            Self::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return f.write_str("it closed before it answered");
            }
            Self::Io(error) => return error.fmt(f),
            Self::NotSocks5 => return f.write_str("it does not speak SOCKS5"),
            Self::WantsLogin => return f.write_str("it wants a user and a password"),
            Self::Method(METHOD_NO_ACCEPTABLE) => {
                return f.write_str("it takes no login by user and password, and none without");
            }
            Self::Method(method) => {
                return write!(f, "it chose way {method} to log in, which was not offered");
            }
            Self::Login => return f.write_str("it does not take this user and password"),
            Self::Reply(1) => "general failure",
            Self::Reply(2) => "not allowed by its rules",
            Self::Reply(3) => "network unreachable",
            Self::Reply(4) => "host unreachable",
            Self::Reply(5) => "connection refused",
            Self::Reply(6) => "TTL expired",
            Self::Reply(7) => "it cannot CONNECT",
            Self::Reply(8) => "it cannot use this type of address",
            Self::Reply(code) => return write!(f, "it did not connect: unknown reply {code}"),
        };
        write!(f, "it did not connect: {reply}")
    }
}

impl std::error::Error for Failure {}
