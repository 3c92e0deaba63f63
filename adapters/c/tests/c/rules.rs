//! Rule S19, as C sees it.

use crate::support::{Workshop, file, receiver, said, ways};

#[test]
fn s19_null_stale_handles_and_callbacks_that_free() {
    let receiver = receiver();
    let file = file(100);
    for way in ways() {
        let workshop = Workshop::new();
        let mut program = workshop.compile("adapters/c/tests/c/s19.c", way);
        let said = said(program.arg(receiver.url("/up")).arg(file.path()));
        assert_eq!(said, "all so\n", "{way:?}");
    }
}
