//! What the shared library exports: the functions of the header, and nothing else.

use std::fs;
use std::process::Command;

use crate::support::{at, built, has, said};

#[test]
fn the_library_exports_what_the_header_declares_and_nothing_else() {
    if !has("nm") {
        return;
    }
    let library = built().join("libquintet_c.so");
    let said = said(
        Command::new("nm")
            .args(["-D", "--defined-only", "-f", "posix"])
            .arg(library),
    );
    let mut exported: Vec<_> = said
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    exported.sort_unstable();
    let list = fs::read_to_string(at("adapters/c/tests/c/symbols.txt")).expect("the list");
    assert_eq!(exported, list.lines().collect::<Vec<_>>());

    let header = fs::read_to_string(at("adapters/c/include/quintet.h")).expect("the header");
    for name in exported {
        assert!(header.contains(&format!("{name}(")), "{name}");
    }
}
