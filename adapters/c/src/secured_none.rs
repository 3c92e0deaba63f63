//! No https: this library was built without TLS.

use quintet_transport::Connect;

use crate::abi;
use crate::failure::Failure;

/// What a host says of TLS, which is then refused.
#[derive(Default)]
pub(crate) struct Trust {
    pub(crate) only_given: bool,
    pub(crate) root_pem: Vec<u8>,
    said_more: bool,
}

impl Trust {
    pub(crate) fn crl_pem(&mut self, _pem: &str) {
        self.said_more = true;
    }

    pub(crate) fn pin(&mut self, _pin: &str) {
        self.said_more = true;
    }

    pub(crate) fn identity(&mut self, _chain: &str, _key: &str) {
        self.said_more = true;
    }
}

pub(crate) fn over(
    transport: impl Connect + 'static,
    trust: Trust,
) -> Result<Box<dyn Connect>, Failure> {
    if trust.only_given || !trust.root_pem.is_empty() || trust.said_more {
        let says = "this library was built without TLS, and has no use for certificates";
        return Err(Failure::new(abi::QUINTET_UNSUPPORTED, says));
    }
    Ok(Box::new(transport))
}
