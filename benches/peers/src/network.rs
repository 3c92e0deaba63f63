//! The congestion control that clients send with: the system's, or another in a network of our own.

use std::process::Command;

use nix::sched::{CloneFlags, unshare};

use crate::Result;

const DEFAULT: &str = "/proc/sys/net/ipv4/tcp_congestion_control";

/// Makes every connection from now on use `congestion`. A library gives nobody its socket to set it there, and the
/// system's default is everybody's, so this process and its children get a network namespace whose loopback route
/// names it. Must be called before there is another thread; needs the right to make a namespace, and `ip`.
pub(crate) fn use_congestion(congestion: &str) -> Result<()> {
    if std::fs::read_to_string(DEFAULT)?.trim() == congestion {
        return Ok(());
    }
    unshare(CloneFlags::CLONE_NEWNET)?;
    ip("link set lo up")?;
    for range in ["127.0.0.0/8", "127.0.0.1"] {
        ip(&format!(
            "route replace local {range} dev lo table local congctl {congestion}"
        ))?;
    }
    Ok(())
}

fn ip(args: &str) -> Result<()> {
    let status = Command::new("ip").args(args.split(' ')).status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("ip {args}: {status}").into()),
    }
}
