//! Where there are no Unix sockets, there is no `--unix-socket`.

use quintet_transport::Connect;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct UnixSocket {}

impl UnixSocket {
    pub(crate) fn connect(&self) -> Option<Box<dyn Connect>> {
        None
    }
}
