//! Names to addresses, behind a trait so that a host can bring its own resolver.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

/// Resolves host names. Address literals never reach it.
pub trait Resolve: Send + Sync {
    /// The addresses of `name`, each with `port`, the preferred one first. An empty list means that the name
    /// exists but has no address. Dropping the future gives up.
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> ResolveFuture<'a>;
}

/// What [`Resolve::resolve`] returns.
pub type ResolveFuture<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + 'a>>;

/// The operating system's resolver (getaddrinfo), so that VPNs, mDNS and the hosts file work.
///
/// It runs on tokio's blocking threads. When the future is dropped nobody waits for the answer any
/// more, but the thread stays busy until the system gives up: getaddrinfo cannot be interrupted.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> ResolveFuture<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, port)).await?.collect()) })
    }
}
