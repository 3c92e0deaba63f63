//! Names to addresses, behind a trait so that a host can bring its own resolver.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::thread;

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
/// Each question has a thread of its own for as long as the system takes to answer: getaddrinfo cannot be
/// interrupted, and a runtime that owned the thread would have to wait for it at its end. When the
/// future is dropped nobody waits for the answer any more.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> ResolveFuture<'a> {
        Box::pin(async move {
            let (answer, answered) = tokio::sync::oneshot::channel();
            let name = name.to_owned();
            thread::Builder::new()
                .name("quintet-resolve".into())
                .spawn(move || {
                    let addresses = (name.as_str(), port).to_socket_addrs().map(Vec::from_iter);
                    // Nobody waits any more if the future was dropped.
                    let _ = answer.send(addresses);
                })?;
            answered
                .await
                .map_err(|_| io::Error::other("the resolver's thread broke off"))?
        })
    }
}
