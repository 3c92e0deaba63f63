//! [`TcpConnect`]: from a target to a connected socket.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quintet_transport::{
    Connect, ConnectError, ConnectErrorKind, ConnectFuture, Host, Step, Target, Watch,
};
use tokio::net::TcpStream;

use crate::connection::SocketConnection;
use crate::race::{self, ATTEMPT_DELAY_DEFAULT, Lost};
use crate::{Resolve, SystemResolver};

/// Connects by TCP: resolves the name, races the addresses (RFC 8305), switches Nagle's algorithm off.
///
/// At most [`ADDRESSES_TRIED_MAX`](crate::ADDRESSES_TRIED_MAX) addresses are tried, families in
/// turns. The next attempt starts when the attempt delay is over, or at once when one has failed; the
/// first to connect wins and the others are dropped. There is no limit of time for the whole: the caller sets one.
///
/// Its connections hold no buffer of their own. On Linux and Android they send file ranges by sendfile(2), up
/// to 1 MiB a call, and [`Info::acked`](quintet_transport::Info::acked) follows the peer's
/// acknowledgements; elsewhere they decline and do not know.
///
/// | error | when |
/// |---|---|
/// | [`Unsupported`](ConnectErrorKind::Unsupported) | the target must be secured |
/// | [`NotResolved`](ConnectErrorKind::NotResolved) | the resolver failed, or knows no address |
/// | [`Forbidden`](ConnectErrorKind::Forbidden) | [`Watch::permit`] refused every address |
/// | [`NoRoute`](ConnectErrorKind::NoRoute) | the network let no attempt out; cause: [`DialError`] |
/// | [`Refused`](ConnectErrorKind::Refused) | anything else on at least one address; cause: [`DialError`] |
#[derive(Clone)]
pub struct TcpConnect {
    resolver: Arc<dyn Resolve>,
    attempt_delay: Duration,
    send_files: bool,
}

impl TcpConnect {
    /// The system's resolver, the RFC's attempt delay, files sent by the kernel.
    pub fn new() -> Self {
        Self {
            resolver: Arc::new(SystemResolver),
            attempt_delay: ATTEMPT_DELAY_DEFAULT,
            send_files: true,
        }
    }

    /// Resolves names by `resolver` instead of the system's.
    #[must_use]
    pub fn resolver(mut self, resolver: impl Resolve + 'static) -> Self {
        self.resolver = Arc::new(resolver);
        self
    }

    /// How long an attempt runs before the next one starts beside it; at least
    /// [`ATTEMPT_DELAY_MIN`](crate::ATTEMPT_DELAY_MIN).
    #[must_use]
    pub fn attempt_delay(mut self, delay: Duration) -> Self {
        self.attempt_delay = delay;
        self
    }

    /// Whether connections offer the kernel's way of sending a file range (where there is one). Off, each range
    /// is declined as on a platform without it, and the caller reads and writes.
    #[must_use]
    pub fn send_files(mut self, yes: bool) -> Self {
        self.send_files = yes;
        self
    }

    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, ConnectError> {
        match &target.host {
            Host::Ip(ip) => Ok(vec![SocketAddr::new(*ip, target.port)]),
            Host::Name(name) => {
                let found = self.resolver.resolve(name, target.port).await;
                found.map_err(|error| ConnectError::new(ConnectErrorKind::NotResolved, error))
            }
        }
    }
}

impl Default for TcpConnect {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TcpConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnect")
            .field("attempt_delay", &self.attempt_delay)
            .field("send_files", &self.send_files)
            .finish_non_exhaustive()
    }
}

impl Connect for TcpConnect {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            refuse_secure(target)?;
            let addresses = race::interleave(&self.addresses(target).await?);
            if !addresses.is_empty() {
                watch.reached(Step::Resolved);
            }
            let permit = |address: &SocketAddr| watch.permit(address);
            match race::race(addresses, self.attempt_delay, permit, dial).await {
                Ok((_, stream)) => {
                    watch.reached(Step::Connected);
                    Ok(Box::new(SocketConnection::new(stream, self.send_files)) as _)
                }
                Err(lost) => Err(connect_error(lost)),
            }
        })
    }
}

/// A plain transport never carries what must be secured.
pub(crate) fn refuse_secure(target: &Target) -> Result<(), ConnectError> {
    match target.secure {
        false => Ok(()),
        true => Err(ConnectError::new(
            ConnectErrorKind::Unsupported,
            "a plain transport; wrap it in quintet_tls::TlsConnect",
        )),
    }
}

async fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // The engine writes whole requests: Nagle would hold their last segment back for a delayed
    // acknowledgement (40 ms). Buffer sizes stay with the system, which tunes them by itself.
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn connect_error(lost: Lost) -> ConnectError {
    let failed = match lost {
        Lost::NoAddress => {
            return ConnectError::new(ConnectErrorKind::NotResolved, "the name has no address");
        }
        Lost::Forbidden => {
            let why = "no address of the host is permitted";
            return ConnectError::new(ConnectErrorKind::Forbidden, why);
        }
        Lost::Failed(failed) => failed,
    };
    // An address that was reached and said no tells more than one that could not be reached.
    let telling = failed.iter().rposition(|(_, error)| !is_no_route(error));
    let kind = match telling {
        Some(_) => ConnectErrorKind::Refused,
        None => ConnectErrorKind::NoRoute,
    };
    let at = telling.unwrap_or(failed.len().saturating_sub(1));
    match failed.into_iter().nth(at) {
        Some((address, error)) => ConnectError::new(kind, DialError { address, error }),
        // `Failed` holds at least one; said in words rather than by a panic.
        None => ConnectError::new(kind, "no attempt was made"),
    }
}

/// Whether the network did not let the attempt out, so that no peer had a say.
fn is_no_route(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrNotAvailable, HostUnreachable, NetworkDown, NetworkUnreachable};
    // No local address to dial from is how a machine without IPv6 refuses an IPv6 address.
    matches!(
        error.kind(),
        HostUnreachable | NetworkUnreachable | NetworkDown | AddrNotAvailable
    )
}

/// The most telling failure of a race, and whose it was: the cause in [`ConnectError::source`].
#[derive(Debug)]
pub struct DialError {
    /// The address that was dialled.
    pub address: SocketAddr,
    /// What the system said.
    pub error: io::Error,
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.error)
    }
}

impl Error for DialError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nagle_is_off() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = dial(listener.local_addr().unwrap()).await.unwrap();
        assert!(stream.nodelay().unwrap());
    }

    #[test]
    fn the_most_telling_failure_decides() {
        use io::ErrorKind::{
            ConnectionRefused, HostUnreachable, NetworkUnreachable, PermissionDenied, TimedOut,
        };
        let decided = |kinds: &[io::ErrorKind]| {
            let failed = kinds
                .iter()
                .zip(1..)
                .map(|(kind, port)| (SocketAddr::from(([127, 0, 0, 1], port)), (*kind).into()));
            let error = connect_error(Lost::Failed(failed.collect()));
            let dial = error.source.downcast::<DialError>().unwrap();
            (error.kind, dial.address.port(), dial.error.kind())
        };
        use ConnectErrorKind::{NoRoute, Refused};
        for (failed, (kind, place)) in [
            (&[ConnectionRefused][..], (Refused, 1)),
            (&[NetworkUnreachable, ConnectionRefused], (Refused, 2)),
            (&[ConnectionRefused, NetworkUnreachable], (Refused, 1)),
            (
                &[TimedOut, ConnectionRefused, HostUnreachable],
                (Refused, 2),
            ),
            (&[PermissionDenied], (Refused, 1)),
            (&[NetworkUnreachable, HostUnreachable], (NoRoute, 2)),
        ] {
            let expected = (kind, place, failed[usize::from(place) - 1]);
            assert_eq!(decided(failed), expected, "{failed:?}");
        }
    }
}
