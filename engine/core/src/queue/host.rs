//! The host that an upload counts for.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use quintet_transport::Host;

use crate::destination::Destination;

/// The destination of a call, equal to every other at the same host and port.
#[derive(Clone, Debug)]
pub(crate) struct HostPort(pub(crate) Arc<Destination>);

impl HostPort {
    fn parts(&self) -> (&Host, u16) {
        (&self.0.target.host, self.0.target.port)
    }
}

impl PartialEq for HostPort {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.parts() == other.parts()
    }
}

impl Eq for HostPort {}

impl Hash for HostPort {
    fn hash<S: Hasher>(&self, state: &mut S) {
        self.parts().hash(state);
    }
}
