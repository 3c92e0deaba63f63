//! What the system tells of itself. Where a file is not there, nothing is told.

use std::fs;

use super::Machine;

impl Machine {
    /// This one.
    pub(crate) fn this() -> Self {
        let processors = std::thread::available_parallelism();
        Self {
            os: std::env::consts::OS.into(),
            arch: std::env::consts::ARCH.into(),
            processors: processors.map_or(1, usize::from),
            model: field("/proc/cpuinfo", "model name"),
            kernel: line("/proc/sys/kernel/osrelease"),
            congestion_control: line("/proc/sys/net/ipv4/tcp_congestion_control"),
        }
    }
}

/// The most memory that this process has had so far.
pub(super) fn memory_peak_bytes() -> Option<u64> {
    let peak = field("/proc/self/status", "VmHWM")?;
    let kib: u64 = peak.strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn line(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// The value of the first line `name: value`.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(key, _)| key.trim() == name)?;
    Some(value.trim().to_owned())
}
