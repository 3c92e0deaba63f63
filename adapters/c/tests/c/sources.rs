//! Every kind of source, as the server received it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{Workshop, file, receiver, said, ways};

#[test]
fn every_kind_of_source_is_sent() {
    let receiver = receiver();
    let file = file(1_000);
    for way in ways() {
        let workshop = Workshop::new();
        let mut program = workshop.compile("adapters/c/tests/c/sources.c", way);
        let said = said(program.arg(receiver.url("/up")).arg(file.path()));
        let answers = said.lines().filter_map(|line| {
            let (what, rest) = line.split_once(' ')?;
            Some((what, serde_json::from_str(rest.strip_prefix("0 ")?).ok()?))
        });
        let answers: BTreeMap<&str, Value> = answers.collect();
        let first = |what: &str| &answers[what]["files"][0];

        assert_eq!(first("bytes")["size"], 5);
        assert_eq!(first("bytes")["fileName"], "hello.json");
        assert_eq!(first("bytes")["contentType"], "application/json");
        assert_eq!(first("regular")["size"], 1_000);
        assert_eq!(first("regular")["fileName"], "a.txt");
        assert_eq!(first("pipe")["size"], 10);
        let known = first("known");
        assert_eq!(known["size"], 100_000);
        for what in ["once", "unknown"] {
            assert_eq!(first(what)["sha256"], known["sha256"], "{what}");
        }
        assert_eq!(first("raw")["size"], 5);
        assert_eq!(first("raw")["contentType"], "text/x-test");
        let several = &answers["several"];
        let names = |what: &str| -> Vec<&str> {
            let parts = several[what].as_array().expect("parts");
            parts
                .iter()
                .filter_map(|part| part["name"].as_str())
                .collect()
        };
        assert_eq!(names("files"), ["first", "second", "third"]);
        assert_eq!(names("fields"), ["before", "after"]);
        assert_eq!(several["fields"][0]["value"], "\0x");
        assert_eq!(several["files"][1]["size"], 5);
    }
}
