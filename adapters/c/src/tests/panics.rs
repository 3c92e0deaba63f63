//! Rule S19: every entry point catches unwinding.

use std::fs;
use std::path::Path;

use crate::abi;
use crate::failure::answer;

#[test]
fn s19_a_panic_comes_back_as_an_error() {
    assert_eq!(answer(|| panic!("on purpose")), abi::QUINTET_PANIC);
    let number = 1;
    assert_eq!(
        answer(|| panic!("on purpose, with a {number}")),
        abi::QUINTET_PANIC
    );
    assert_eq!(answer(|| Ok(7)), 7);
}

#[test]
fn s19_every_entry_point_answers_through_the_one_that_catches() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/entry.rs");
    let source = fs::read_to_string(source).expect("the entry points");
    let mut caught = 0;
    let entries = source.split("#[unsafe(no_mangle)]").skip(1);
    for entry in entries {
        let (signature, body) = entry.split_once(" {\n").expect("a body");
        let body = body.trim_start();
        if signature.contains("-> *const c_char") {
            // Two give a text that is there already.
            continue;
        }
        assert!(body.starts_with("answer(|| "), "{signature} may unwind");
        caught += 1;
    }
    assert_eq!(caught, 19);
}
