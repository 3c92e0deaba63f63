//! `--unix-socket`, where there are such.

use std::path::PathBuf;

use quintet_tcp::{TcpConnect, UnixConnect};
use quintet_transport::Connect;

#[derive(Debug, clap::Args)]
pub(crate) struct UnixSocket {
    /// Connect to this Unix socket, whatever host the URL names.
    #[arg(long, value_name = "PATH")]
    unix_socket: Option<PathBuf>,
}

impl UnixSocket {
    /// What connects: to the socket that was named, else by TCP.
    pub(crate) fn connect(&self) -> Box<dyn Connect> {
        match &self.unix_socket {
            Some(path) => Box::new(UnixConnect::new(path)),
            None => Box::new(TcpConnect::new()),
        }
    }
}
