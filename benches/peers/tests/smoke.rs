//! Every workload at a tiny scale with every client: each table has its rows, each run its line.

use std::process::Command;

const RAW_LARGE: [[&str; 4]; 2] = [
    [
        "raw-sendfile",
        "raw-splice",
        "raw-readwrite",
        "libcurl-2mib",
    ],
    ["raw-seal", "raw-rustls", "libcurl-2mib", "quintet"],
];
const EVERYWHERE: [&str; 8] = [
    "quintet",
    "quintet-events",
    "libcurl",
    "ureq",
    "awc",
    "hyper",
    "reqwest-file",
    "reqwest-stream",
];

#[test]
fn every_table_has_its_rows_and_every_run_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_quintet-peers"))
        .args(["--rounds", "1", "--scale", "1000", "--record"])
        .arg(dir.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");

    let readme = std::fs::read_to_string(dir.path().join("README.md")).unwrap();
    let chapters: Vec<&str> = readme.split("\n## ").skip(1).collect();
    assert_eq!(chapters.len(), 8, "{readme}");
    let csv = std::fs::read_to_string(dir.path().join("runs.csv")).unwrap();
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let runs: Vec<_> = lines.collect();

    for (index, chapter) in chapters.iter().enumerate() {
        let (letter, transport) = (["A", "B", "C", "D"][index / 2], ["plain", "TLS"][index % 2]);
        assert!(
            chapter.starts_with(&format!("{letter} {transport}: ")),
            "{chapter}"
        );
        let raw = match index / 2 {
            0 | 1 => &RAW_LARGE[index % 2][..],
            _ => &["raw-epoll"],
        };
        for client in raw.iter().chain(&EVERYWHERE) {
            assert!(
                chapter.contains(&format!("\n| {client} ")),
                "{client} in {chapter}"
            );
            let own = runs
                .iter()
                .filter(|run| run[..3] == [letter, transport, *client]);
            assert_eq!(own.count(), 1, "{client} in {letter} {transport}");
        }
        let picture = format!("{letter}-{transport}.svg").to_lowercase();
        let picture = std::fs::read_to_string(dir.path().join(picture)).unwrap();
        assert!(picture.starts_with("<svg"), "{picture}");
    }
    let failure = head.iter().position(|name| *name == "failure").unwrap();
    for run in &runs {
        assert_eq!(run.len(), head.len(), "{run:?}");
        assert_eq!(run[failure], "", "{run:?}");
        for (name, value) in head.iter().zip(run).skip(3).take(failure - 3) {
            assert!(value.parse::<f64>().is_ok(), "{name} of {run:?}");
        }
    }
}
