//! Holds the list of files that may hold unsafe code, and that every crate says so at its root.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

/// Relative to the root of the workspace. What `#[napi]` makes of `adapters/node/src/door.rs` is unsafe code too, and allows
/// it to itself where it is made: none of it is written there, but its crate can only deny it, not forbid it.
const ALLOWED: [&str; 9] = [
    "adapters/c/src/callbacks.rs",
    "adapters/c/src/descriptor.rs",
    "adapters/c/src/entry.rs",
    "adapters/c/src/pointers.rs",
    "adapters/c/src/tests/own_transport.rs",
    "adapters/phone/src/descriptor.rs",
    "benches/sink/src/sys.rs",
    "benches/steady/src/counting.rs",
    "transport/tcp/src/sys.rs",
];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && name != "target" && name != "node_modules" {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn unsafe_code_stands_in_named_files_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    let mut files = Vec::new();
    for folder in ["engine", "transport", "adapters", "benches", "examples"] {
        rust_files(&root.join(folder), &mut files);
    }
    assert!(files.len() > 100, "found {} files only", files.len());
    let mut allowing = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a readable file");
        let name = file
            .strip_prefix(root)
            .expect("below it")
            .to_str()
            .expect("UTF-8")
            .to_owned();
        // Assembled, so that this file is not among them.
        if text.contains(&format!("allow({}_code)", "unsafe")) {
            allowing.push(name.clone());
        }
        if name.ends_with("src/lib.rs") || name.ends_with("src/main.rs") {
            let says = |what: &str| text.contains(&format!("#![{what}(unsafe_code)]"));
            assert!(
                says("forbid") || says("deny"),
                "{name} neither forbids nor denies unsafe code"
            );
        }
    }
    allowing.sort_unstable();
    assert_eq!(allowing, ALLOWED);
}
