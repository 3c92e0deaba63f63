//! A sink as a process: it says where it listens and ends with its parent.

use std::io::{self, Read, Write};
use std::path::Path;

use crate::{Settings, Sink};

/// Writes the certificate to trust to `root`, prints `LISTENING <plain port> <TLS port> <root> <congestion control>` on standard
/// output and serves until standard input ends, which ends the process.
pub fn serve(settings: &Settings, root: &Path) -> io::Result<()> {
    let sink = Sink::bind(settings)?;
    std::fs::write(root, sink.root_pem())?;
    let (plain, secure) = (sink.plain_addr()?.port(), sink.tls_addr()?.port());
    let congestion = sink.congestion()?;
    let root = root.display();
    writeln!(
        io::stdout(),
        "LISTENING {plain} {secure} {root} {congestion}"
    )?;
    io::stdout().flush()?;
    std::thread::spawn(|| {
        // Whatever comes is ignored; the end is what counts.
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    sink.run()
}
