//! Rule S19, as C sees it.

use std::process::Command;

use crate::support::{C99, Workshop, file, has, receiver, said};

#[test]
fn s19_null_stale_handles_and_callbacks_that_free() {
    if !has("gcc") {
        return;
    }
    let receiver = receiver();
    let file = file(100);
    let workshop = Workshop::new();
    let program = workshop.compile(&C99, "adapters/c/tests/c/s19.c", &[]);
    let said = said(
        Command::new(program)
            .arg(receiver.url("/up"))
            .arg(file.path()),
    );
    assert_eq!(said, "all so\n");
}
