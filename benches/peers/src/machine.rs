//! What the figures were measured on and with, in words.

use std::collections::BTreeMap;
use std::process::Command;

use crate::clients::Client;

/// The lock file of this bench: what the clients are.
const LOCK: &str = include_str!("../Cargo.lock");

/// Processor, number of processors, kernel, memory.
pub(crate) fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or("?".into(), |(_, value)| value.trim().to_owned())
    };
    let processors = std::fs::read_to_string("/sys/devices/system/cpu/online");
    format!(
        "{}, processors {}, Linux {}, {} of memory",
        value(&read("/proc/cpuinfo"), "model name"),
        processors.as_deref().map_or("?", str::trim),
        read("/proc/sys/kernel/osrelease").trim(),
        value(&read("/proc/meminfo"), "MemTotal"),
    )
}

/// The commit that was measured, and whether there were changes upon it.
pub(crate) fn commit() -> String {
    let git = |args: &[&str]| {
        let dir = env!("CARGO_MANIFEST_DIR");
        let output = Command::new("git")
            .arg("-C")
            .arg(dir)
            .args(args)
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    match (git(&["rev-parse", "HEAD"]), git(&["status", "--porcelain"])) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit}, with changes that were not committed"),
        (None, _) => "unknown".into(),
    }
}

/// The compiler that would be asked now.
pub(crate) fn compiler() -> String {
    first_line(Command::new("rustc").arg("--version"))
}

/// Name and version of every package that belongs to these clients' figures, and of the program curl.
pub(crate) fn versions(clients: &[&'static Client]) -> BTreeMap<String, String> {
    let names = clients.iter().flat_map(|client| client.packages);
    let mut versions: BTreeMap<String, String> = names
        .map(|name| ((*name).to_owned(), locked(name)))
        .collect();
    if clients.iter().any(|client| client.name == "curl") {
        let told = first_line(Command::new("curl").arg("--version"));
        versions.insert("the program curl".into(), told);
    }
    versions
}

fn first_line(command: &mut Command) -> String {
    let output = command.output().ok();
    let text = output.and_then(|output| String::from_utf8(output.stdout).ok());
    let line = text.as_deref().and_then(|text| text.lines().next());
    line.unwrap_or("not there").to_owned()
}

/// All versions of a package in the lock file.
fn locked(name: &str) -> String {
    let quoted = format!("name = \"{name}\"");
    let versions = LOCK.split("[[package]]").filter_map(|package| {
        package.lines().find(|line| *line == quoted)?;
        let version = package
            .lines()
            .find_map(|line| line.strip_prefix("version = "))?;
        Some(version.trim_matches('"'))
    });
    versions.collect::<Vec<_>>().join(" and ")
}
