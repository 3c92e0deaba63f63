//! No `--unix-socket`: the runtime has none on this system.

use quintet_tcp::TcpConnect;
use quintet_transport::Connect;

#[derive(Debug, clap::Args)]
pub(crate) struct UnixSocket {}

impl UnixSocket {
    /// What connects: TCP.
    pub(crate) fn connect(&self) -> Box<dyn Connect> {
        Box::new(TcpConnect::new())
    }
}
