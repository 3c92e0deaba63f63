//! The bench as a program, and the receiver that it is tried with.

use serde_json::Value;

use crate::support::*;

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn what_it_counts_is_what_came() {
    let receiver = receiver();
    let folder = Folder::new();
    let (small, large) = (folder.file("a", "x"), folder.file("b", vec![0; 300_000]));
    let url = receiver.url("/up?key=secret");
    let base = ["bench", &url, "--file", &small, "--file", &large, "--json"];
    for more in [
        &["--uploads", "60"][..],
        &[
            "--uploads",
            "60",
            "--rate",
            "500/s",
            "--clients",
            "3",
            "-F",
            "a=b",
        ],
        &[
            "--uploads",
            "60",
            "--keep-alive",
            "off",
            "-q",
            "--threads",
            "1",
        ],
        &[
            "--uploads",
            "60",
            "--raw",
            "--method",
            "put",
            "--weights",
            "9,1",
            "-H",
            "X-A: b",
        ],
    ] {
        let before = receiver.stats();
        let ran = run(&[&base, more].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let report = json(&ran);
        let stats = receiver.stats();
        assert_eq!(report["uploads"]["answered"], 60);
        assert_eq!(stats.complete - before.complete, 60);
        assert_eq!(report["bytes"]["sent_bytes"], stats.bytes - before.bytes);
        assert_eq!(
            report["uploads"]["connections"],
            stats.connections - before.connections
        );
        assert!(!ran.stdout.contains("secret"));
        assert!(ran.stderr.is_empty() || !more.contains(&"-q"), "{ran:?}");
    }
}

#[test]
fn made_up_bytes_are_sent_as_asked() {
    let receiver = receiver();
    let url = receiver.url("/");
    for pattern in ["zeros", "random", "text"] {
        let ran = run(&[
            "bench",
            &url,
            "--size",
            "1000",
            "--size",
            "64KiB",
            "--pattern",
            pattern,
            "--uploads",
            "10",
            "-q",
            "-F",
            "a=b",
            "--field",
            "c=d",
        ]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(
            ran.stdout
                .contains(&format!("64KiB of {pattern}, 64.0 KiB")),
            "{ran:?}"
        );
        assert!(ran.stdout.contains("10 measured: 10 answered"), "{ran:?}");
        assert!(ran.stdout.contains("note: a closed loop"), "{ran:?}");
    }
    assert_eq!(receiver.stats().complete, 30);
}

#[test]
fn a_report_is_kept_in_every_form() {
    let receiver = receiver();
    let folder = Folder::new();
    let (out, page) = (
        folder.path().join("new/run"),
        folder.path().join("page.html"),
    );
    let (url, dir) = (receiver.url("/"), out.to_str().unwrap());
    let to = ["--out", dir, "--report", page.to_str().unwrap()];
    let what = ["--size", "1", "--uploads", "30", "--json", "-q"];
    let ran = run(&[&["bench", &url], &what[..], &to].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    assert_eq!(read("bench.json"), ran.stdout);
    assert_eq!(read("bench.html"), std::fs::read_to_string(page).unwrap());
    assert!(read("bench.txt").contains("30 measured: 30 answered"));
    assert!(read("bench.csv").starts_with("at_s,"));
    assert!(read("bench.hlog").contains("Tag=response,"));
    assert!(read("bench-response.hgrm").contains("Total count    =           30]"));
    assert!(read("bench.prom").contains("uploads_total{end=\"answered\"} 30"));

    let nowhere = folder.file("taken", "a file");
    let ran = run(&["bench", &url, "--size", "1", "--out", &nowhere]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("taken"), "{ran:?}");
}

#[test]
fn it_goes_over_tls_and_tells_the_handshakes() {
    let receiver = receiver_with_tls();
    let folder = Folder::new();
    let root = folder.file("root.pem", receiver.root_pem().unwrap());
    let (url, uploads) = (receiver.url("/"), ["--uploads", "12", "--size", "10"]);
    let args = [
        "bench",
        &url,
        "--cacert",
        &root,
        "--json",
        "-q",
        "--clients",
        "2",
    ];
    let report = json(&run(&[&args[..], &uploads].concat()));
    assert_eq!(report["uploads"]["answered"], 12);
    assert_eq!(
        report["latency"]["tls"]["count"],
        report["uploads"]["connections"]
    );
}

#[test]
fn what_makes_no_sense_is_said() {
    let folder = Folder::new();
    let file = folder.file("a", "x");
    for (args, code, told) in [
        (&["http://h/"][..], 2, "--size"),
        (&["--size", "1"], 2, "<URL>"),
        (
            &["http://h/", "--size", "1", "--rate", "5"],
            2,
            "ends in /s",
        ),
        (
            &["http://h/", "--size", "1", "--rate", "0/s"],
            2,
            "more than nothing",
        ),
        (
            &["http://h/", "--size", "1", "--clients", "0"],
            2,
            "at least 1",
        ),
        (
            &["http://h/", "--size", "1", "--arrivals", "poisson"],
            2,
            "--rate",
        ),
        (
            &["http://h/", "--size", "1", "--weights", "1,2"],
            1,
            "--weights",
        ),
        (&["http://h/", "--file", "-"], 1, "standard input"),
        (
            &["http://h/", "--file", &file, "-F", "a=@-"],
            1,
            "standard input",
        ),
    ] {
        let ran = run(&[&["bench"], args].concat());
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(told), "{args:?}: {ran:?}");
    }
}

#[test]
fn uploads_that_fail_are_the_exit_code() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let ran = run(&["bench", &url, "--size", "1", "--uploads", "5"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.stdout.contains("5 × connection refused (at connect)"),
        "{ran:?}"
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_the_report_of_what_ran() {
    use rustix::process::{Pid, Signal, kill_process};

    let receiver = receiver();
    let url = receiver.url("/");
    for pace in [&["--clients", "2"][..], &["--rate", "200/s"]] {
        let before = receiver.stats().complete;
        let args = ["bench", &url, "--size", "10", "--duration", "1h", "--json"];
        let child = start(&mut quintet(&[&args, pace].concat()));
        until("some uploads came", || {
            receiver.stats().complete > before + 40
        });
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let ran = end(child);
        assert_eq!(ran.code, 130, "{ran:?}");
        let report = json(&ran);
        assert_eq!(report["stopped"], true);
        // As many as have slots may have arrived whole, and their answers not yet.
        assert!(report["uploads"]["answered"].as_u64().unwrap() > 20);
    }
}

#[test]
fn the_receiver_to_try_it_with_does_as_it_is_told() {
    use std::io::{BufRead, BufReader};

    let mut command = quintet(&[
        "serve",
        "--discard",
        "--listen",
        "127.0.0.1:0",
        "--think",
        "1ms..2ms",
        "--stall",
        "0s,1ms",
        "--http10",
    ]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let url = line.split(' ').nth(2).unwrap().to_owned();
    let ran = run(&[
        "bench",
        &url,
        "--size",
        "1MiB",
        "--uploads",
        "20",
        "--json",
        "-q",
    ]);
    child.kill().unwrap();
    child.wait().unwrap();
    let report = json(&ran);
    assert_eq!(report["uploads"]["answered"], 20);
    // HTTP/1.0 keeps no connection.
    assert_eq!(report["uploads"]["connections"], 20);
    assert!(report["latency"]["service"]["min_us"].as_u64().unwrap() >= 1000);
    let ran = run(&["serve", "--think", "1ms"]);
    assert!(ran.code == 2 && ran.stderr.contains("--discard"), "{ran:?}");
}

#[test]
fn shards_of_several_processes_merge_into_the_whole() {
    let receiver = receiver();
    let folder = Folder::new();
    let (url, out) = (
        receiver.url("/"),
        folder.path().to_str().unwrap().to_owned(),
    );
    let load = [
        "--clients",
        "4",
        "--uploads",
        "100",
        "--rate",
        "500/s",
        "--arrivals",
        "poisson",
    ];
    let children: Vec<_> = ["0/3", "1/3", "2/3"]
        .into_iter()
        .map(|shard| {
            let what = [
                "bench", &url, "--size", "10", "-q", "--shard", shard, "--out", &out,
            ];
            start(&mut quintet(&[&what[..], &load].concat()))
        })
        .collect();
    for child in children {
        let ran = end(child);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let file = |index: u8, extension: &str| format!("{out}/bench-{index}.{extension}");
    let (a, b, c) = (file(0, "json"), file(1, "json"), file(2, "json"));
    let merged = run(&["bench", "merge", &a, &b, &c, "--json"]);
    let report = json(&merged);
    assert_eq!(report["uploads"]["answered"], 100);
    assert_eq!(report["bytes"]["sent_bytes"], receiver.stats().bytes);
    assert_eq!(report["latency"]["response"]["count"], 100);

    let gap = run(&["bench", "merge", &a, &b]);
    assert_eq!(gap.code, 1);
    assert!(gap.stderr.contains("missing: 2;"), "{gap:?}");
    let partial = run(&["bench", "merge", &a, &b, "--partial"]);
    assert!(
        partial.stdout.contains("note: 1 of 3 shards are missing"),
        "{partial:?}"
    );

    let logs = [file(0, "hlog"), file(1, "hlog"), file(2, "hlog")];
    let ran = run(&["bench", "merge", &logs[0], &logs[1], &logs[2]]);
    assert!(
        ran.code == 0 && ran.stdout.contains("Tag=response,"),
        "{ran:?}"
    );
    let mixed = run(&["bench", "merge", &logs[0], &a]);
    assert!(
        mixed.code == 1 && mixed.stderr.contains("not with reports"),
        "{mixed:?}"
    );
}

#[test]
fn runs_in_turn_are_compared_and_single_ones_not_without_a_word() {
    let (one, other) = (receiver(), receiver());
    let folder = Folder::new();
    let out = folder.path().to_str().unwrap().to_owned();
    let what = [
        "--size",
        "10",
        "--uploads",
        "20",
        "-q",
        "--rounds",
        "4",
        "--json",
        "--out",
        &out,
    ];
    let urls = [one.url("/a"), other.url("/b")];
    let ran = run(&[&["bench", &urls[0], "--vs", &urls[1]], &what[..]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let comparison = json(&ran);
    assert_eq!(comparison["runs"], serde_json::json!([4, 4]));
    assert_eq!(comparison["a"], *urls[0]);
    assert_eq!((one.stats().complete, other.stats().complete), (80, 80));

    let file = |run: &str| format!("{out}/{run}/bench.json");
    let page = format!("{out}/page.html");
    let ran = run(&[
        "bench",
        "compare",
        &file("a-1"),
        &file("b-1"),
        "--report",
        &page,
    ]);
    assert!(
        ran.stdout.contains("note: a single run is compared"),
        "{ran:?}"
    );
    assert!(std::fs::read_to_string(&page).unwrap().contains("<svg "));
    let sides = [file("a-1"), file("a-2"), file("b-1"), file("b-2")];
    let [a, b, c, d] = sides.each_ref().map(|side| &**side);
    let ran = run(&["bench", "compare", a, b, "--vs", c, d]);
    assert!(ran.stdout.contains("too few runs to tell"), "{ran:?}");
    let ran = run(&["bench", "compare", a, b, c]);
    assert!(
        ran.code == 1 && ran.stderr.contains("after --vs"),
        "{ran:?}"
    );
    let ran = run(&["bench", "compare", a, "/no/such.json"]);
    assert!(
        ran.code == 1 && ran.stderr.contains("/no/such.json"),
        "{ran:?}"
    );
}

#[test]
fn a_report_is_put_where_it_is_gathered() {
    let folder = Folder::new();
    let gathers = quintet_receiver::Receiver::start(quintet_receiver::Settings {
        dir: Some(folder.path().into()),
        ..Default::default()
    })
    .unwrap();
    let receiver = receiver();
    let (url, to) = (receiver.url("/"), gathers.url("/results/"));
    let what = [
        "--size",
        "10",
        "--uploads",
        "5",
        "-q",
        "--json",
        "--shard",
        "0/1",
    ];
    let ran = run(&[&["bench", &url, "--out", &to], &what[..]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let stats = gathers.stats();
    assert_eq!(
        (stats.complete, &*stats.arrivals[0]),
        (1, "/results/bench.json")
    );
    let stored = std::fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(std::fs::read_to_string(stored.path()).unwrap(), ran.stdout);

    // Nobody there: the report is printed all the same.
    gathers.stop();
    let ran = run(&[&["bench", &url, "--out", &to], &what[..]].concat());
    assert!(
        ran.code == 1 && ran.stderr.contains("was not kept at"),
        "{ran:?}"
    );
    assert_eq!(json(&ran)["uploads"]["answered"], 5);
    let late = ["bench", &url, "--size", "1", "--start-at", "@1"];
    assert!(run(&late).stderr.contains("s ago"));
}
