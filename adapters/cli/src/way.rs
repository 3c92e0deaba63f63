//! The arguments that say how servers are reached and trusted.

use std::path::PathBuf;

use crate::unix_socket::UnixSocket;

// How servers are reached and trusted. (A doc comment here would become the help of the commands.)
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Way {
    /// Trust the certificates in this PEM file too, besides those that the machine trusts.
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
    /// Show this certificate to servers that ask for one: a PEM chain, leaf first.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// The key of --cert, in PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Demand that the server's key is this one; repeatable, one must match.
    #[arg(long = "pin", value_name = "sha256//BASE64")]
    pub(crate) pins: Vec<String>,
    #[command(flatten)]
    pub(crate) socket: UnixSocket,
    /// Send through this proxy, [http|https|socks5|socks5h]://[USER:PASSWORD@]HOST[:PORT]; an empty URL means none.
    /// Without a scheme it is http, without a port 1080 (https: 443). With socks5h and http the proxy resolves names.
    /// [default: the environment's]
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// Reach these hosts past the proxy: names (with all below them), addresses, networks such as 10.0.0.0/8, or *,
    /// separated by commas. [default: the environment's]
    #[arg(long, value_name = "LIST")]
    pub(crate) noproxy: Option<String>,
}
