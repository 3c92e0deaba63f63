//! The recipes of `examples/bench-shards`: what the shards count together is what one process counts.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::*;

const RECIPES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/bench-shards");
const LOAD: [&str; 12] = [
    "--size",
    "1KiB",
    "--size",
    "64KiB",
    "--weights",
    "9,1",
    "--clients",
    "6",
    "--uploads",
    "200",
    "--rate",
    "400/s",
];

fn report(path: &Path) -> Value {
    let json = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&json).unwrap()
}

fn counts(report: &Value) -> [u64; 4] {
    [
        &report["uploads"]["begun"],
        &report["uploads"]["answered"],
        &report["bytes"]["sent_bytes"],
        &report["latency"]["response"]["count"],
    ]
    .map(|count| count.as_u64().unwrap())
}

/// Whether this process may have network namespaces, and can wire them. Without them the test passes itself over, unless
/// `QUINTET_REQUIRE_TOOLS` forbids it.
fn has_namespaces() -> bool {
    let try_it = "ip link add hub type bridge && unshare --net true";
    let as_root = ["--net", "sh", "-c", try_it];
    let as_user = [&["--user", "--map-root-user"], &as_root[..]].concat();
    let tried = |args: &[&str]| Command::new("unshare").args(args).output();
    let may = [&as_root[..], &as_user]
        .iter()
        .any(|args| tried(args).is_ok_and(|output| output.status.success()));
    assert!(
        may || std::env::var_os("QUINTET_REQUIRE_TOOLS").is_none(),
        "no network namespaces: unshare and ip are needed, and root or user namespaces"
    );
    may
}

#[test]
fn shards_in_network_namespaces_count_what_one_process_counts() {
    if !has_namespaces() {
        return eprintln!("passed over: no network namespaces");
    }
    let folder = Folder::new();
    let mut command = Command::new(format!("{RECIPES}/namespaces.sh"));
    command.args([env!("CARGO_BIN_EXE_quintet"), "3"]);
    // A busy machine gets ready in no known time: each begins when it is.
    command.env("QUINTET_LEAD", "0");
    let ran = end(start(command.arg(folder.path()).args(LOAD)));
    assert_eq!(ran.code, 0, "{ran:?}");
    let merged = report(&folder.path().join("merged.json"));
    assert_eq!(merged["merged"], 3);
    let whole = report(&folder.path().join("whole.json"));
    assert_eq!(counts(&merged), counts(&whole));
    assert_eq!(counts(&merged)[0], 200);
}

#[test]
fn shards_on_machines_that_ssh_reaches_are_gathered_and_merged() {
    let receiver = receiver();
    let folder = Folder::new();
    // A machine that has `quintet` in its path, and whose shell gets what ssh would give it.
    let bin = Path::new(env!("CARGO_BIN_EXE_quintet")).parent().unwrap();
    let stub = format!(
        "#!/bin/sh\nPATH='{}':$PATH exec sh -c \"$2\"\n",
        bin.display()
    );
    let stub = folder.file("ssh", stub);
    make_runnable(&stub);
    let dir = folder.path().join("results");
    let mut command = Command::new(format!("{RECIPES}/ssh.sh"));
    command
        .args([&dir.to_string_lossy(), "one two", &*receiver.url("/a b'c")])
        .args(LOAD)
        .env("QUINTET_SSH", &stub)
        .env("QUINTET_LEAD", "0")
        .env(
            "PATH",
            format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()),
        );
    let ran = end(start(&mut command));
    assert_eq!(ran.code, 0, "{ran:?}");
    let merged = report(&dir.join("merged.json"));
    assert_eq!(merged["merged"], 2);
    let [begun, answered, sent, timed] = counts(&merged);
    assert_eq!((begun, answered, timed), (200, 200, 200));
    assert_eq!(sent, receiver.stats().bytes);
}

fn make_runnable(path: &str) {
    use std::os::unix::fs::PermissionsExt;

    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
