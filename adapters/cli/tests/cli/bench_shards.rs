//! The recipes of `examples/bench-shards`: what the shards count together is what one process counts.

use std::path::{Path, PathBuf};
use std::process::Command;

use quintet_receiver::{Receiver, Settings};
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

/// The command of the manifest's container.
fn manifests_command(manifest: &str) -> Vec<&str> {
    let lines = manifest.lines().map(str::trim);
    let items = lines.skip_while(|line| *line != "command:").skip(1);
    items.map_while(|line| line.strip_prefix("- ")).collect()
}

#[test]
fn the_pods_of_the_manifest_bring_the_whole_load_and_their_reports_merge() {
    let manifest = std::fs::read_to_string(format!("{RECIPES}/job.yaml")).unwrap();
    let command = manifests_command(&manifest);
    assert_eq!(command[..2], ["quintet", "bench"]);
    let folder = Folder::new();
    let receiver = receiver();
    let gathers = Receiver::start(Settings {
        dir: Some(folder.path().into()),
        ..Settings::default()
    })
    .unwrap();
    // What is for the user to fill in is filled in, they begin when they are ready, and it is made short.
    let pod = |shard: u8, start_at: &str| {
        let mut pod = quintet(&["bench", start_at]);
        pod.args(command[2..].iter().filter_map(|arg| match *arg {
            "http://server.example/up" => Some(receiver.url("/up")),
            "--out=http://results.example/" => Some(format!("--out={}", gathers.url("/"))),
            "--duration=60s" => Some("--duration=200ms".into()),
            "--warm-up=10s" => Some("--warm-up=0s".into()),
            "--start-at=2026-11-22T12:00:00Z" => None,
            arg => Some(arg.replace("$(JOB_COMPLETION_INDEX)", &shard.to_string())),
        }));
        start(&mut pod)
    };
    // One that comes too late was told its time in a form that it takes.
    let ran = end(pod(0, "--start-at=2001-11-22T12:00:00Z"));
    assert!(ran.code == 1 && ran.stderr.contains("s ago"), "{ran:?}");
    for pod in [0, 1, 2, 3].map(|shard| pod(shard, "--seed=0")) {
        let ran = end(pod);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let reports = folder.path().read_dir().unwrap();
    let mut merge = quintet(&["bench", "merge", "--json"]);
    merge.args(reports.map(|report| report.unwrap().path()));
    let ran = end(start(&mut merge));
    assert_eq!(ran.code, 0, "{ran:?}");
    let merged: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(merged["merged"], 4);
    // A thousand a second for a fifth of one.
    assert_eq!(counts(&merged)[..2], [200, 200]);
    assert_eq!(counts(&merged)[2], receiver.stats().bytes);
}

/// The validator that `adapters/bench/install.sh` brings, which holds the schemas of Kubernetes' API. Without it the test
/// passes itself over, unless `QUINTET_REQUIRE_TOOLS` forbids it.
fn kubernetes_validate() -> Option<PathBuf> {
    let tools = std::env::var_os("QUINTET_BENCH_TOOLS_DIR").map_or_else(
        || concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/bench-tools").into(),
        PathBuf::from,
    );
    let validator = tools.join("bin/kubernetes-validate");
    let there = validator.exists();
    assert!(
        there || std::env::var_os("QUINTET_REQUIRE_TOOLS").is_none(),
        "no kubernetes-validate: adapters/bench/install.sh brings it"
    );
    there.then_some(validator)
}

#[test]
fn the_manifest_is_one_that_kubernetes_api_describes() {
    let Some(validator) = kubernetes_validate() else {
        return eprintln!("passed over: no kubernetes-validate");
    };
    let validated = |path: &str| {
        let mut command = Command::new(&validator);
        end(start(command.args(["--strict", path])))
    };
    let path = format!("{RECIPES}/job.yaml");
    let ran = validated(&path);
    assert_eq!(ran.code, 0, "{ran:?}");
    // A mistake would have been seen.
    let manifest = std::fs::read_to_string(&path).unwrap();
    let wrong = manifest.replace("completionMode: Indexed", "completionMod: Indexed");
    assert_ne!(wrong, manifest);
    let folder = Folder::new();
    let ran = validated(&folder.file("wrong.yaml", wrong));
    assert_eq!(ran.code, 1, "{ran:?}");
}

fn make_runnable(path: &str) {
    use std::os::unix::fs::PermissionsExt;

    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
