//! `--unix-socket`, where there are such.

use std::path::PathBuf;

use quintet_tcp::UnixConnect;
use quintet_transport::Connect;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct UnixSocket {
    /// Connect to this Unix socket, whatever host the URL names; past any proxy.
    #[arg(long, value_name = "PATH", conflicts_with = "proxy")]
    unix_socket: Option<PathBuf>,
}

impl UnixSocket {
    /// What connects to the socket that was named, if one was.
    pub(crate) fn connect(&self) -> Option<Box<dyn Connect>> {
        let path = self.unix_socket.as_ref()?;
        Some(Box::new(UnixConnect::new(path)))
    }
}
