//! No https: this library was built without TLS.

use quintet_transport::Connect;

use crate::abi;
use crate::failure::Failure;

/// What a host says of TLS, which is then refused.
#[derive(Default)]
pub(crate) struct Trust {
    pub(crate) only_given: bool,
    pub(crate) root_pem: Vec<u8>,
    pub(crate) crl_pem: Vec<u8>,
    pub(crate) pins: Vec<String>,
    pub(crate) identity: Option<(Vec<u8>, Vec<u8>)>,
}

pub(crate) fn over(
    transport: impl Connect + 'static,
    trust: &Trust,
) -> Result<Box<dyn Connect>, Failure> {
    let Trust {
        only_given,
        root_pem,
        crl_pem,
        pins,
        identity,
    } = trust;
    let nothing = !only_given
        && root_pem.is_empty()
        && crl_pem.is_empty()
        && pins.is_empty()
        && identity.is_none();
    match nothing {
        true => Ok(Box::new(transport)),
        false => Err(Failure::new(
            abi::QUINTET_UNSUPPORTED,
            "this library was built without TLS, and has no use for certificates",
        )),
    }
}
