//! `examples/c/upload.c`.

use std::process::Command;

use crate::support::{C99, CXX17, Workshop, file, has, receiver, said};

const UPLOAD: &str = "examples/c/upload.c";

#[test]
fn upload_c_is_c99_and_cxx17_and_uploads() {
    if !has("gcc") || !has("g++") {
        return;
    }
    let receiver = receiver();
    let file = file(100_000);
    for compiler in [&C99[..], &CXX17] {
        let workshop = Workshop::new();
        let program = workshop.compile(compiler, UPLOAD, &[]);
        let said = said(
            Command::new(program)
                .arg(receiver.url("/up"))
                .arg(file.path()),
        );
        assert!(said.starts_with("uploadFile:ok 200\n"), "{said}");
        assert!(said.contains("\"size\":100000"), "{said}");
        assert!(said.contains("\"value\":\"spring\""), "{said}");
    }
}
