//! Which servers an upload may go to: the host's decision, asked for each hop and each dial.

mod addresses;
mod rules;

use std::net::SocketAddr;

use url::Url;

pub use rules::{DomainError, Rules};

/// Decides where uploads may go. The engine's default permits everything; [`Rules`] are the usual ones.
pub trait HostPolicy: Send + Sync {
    /// Whether this URL may be uploaded to: asked at the call (on the caller's thread) and for every redirect.
    fn permits_url(&self, url: &Url) -> bool;

    /// Whether this address may be dialled for `url`: asked after resolution, just before each dial.
    fn permits_address(&self, _url: &Url, _address: &SocketAddr) -> bool {
        true
    }
}

/// Permits everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct PermitAll;

impl HostPolicy for PermitAll {
    fn permits_url(&self, _url: &Url) -> bool {
        true
    }
}
