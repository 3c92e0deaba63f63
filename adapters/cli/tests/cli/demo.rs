//! The demo with files of ours.

use crate::support::*;

#[test]
fn two_files_arrive_as_they_were_sent() {
    let folder = Folder::new();
    let (a, b) = (
        folder.file("a.bin", vec![1; 300_000]),
        folder.file("b.txt", "hello"),
    );
    let ran = run(&["demo", &a, &b]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for told in [
        "receiver  https://127.0.0.1:",
        "a.bin  has a slot\n",
        "b.txt  answered with 200\n",
        // printf hello | sha256sum
        "2cf24dba5fb0a30e… the same on both sides\n",
        "2 succeeded (2 × 200), 0 failed\n",
        "2 of 2 files arrived as they were sent\n",
    ] {
        assert!(ran.stdout.contains(told), "{told:?} in {ran:?}");
    }
    assert!(!ran.stdout.contains('\x1b'));
}

#[test]
fn a_file_that_is_not_there_is_not_passed_over() {
    let folder = Folder::new();
    let a = folder.file("a.bin", "x");
    let ran = run(&["demo", &a, "/no/such/file"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stdout.contains("failed: file not found"), "{ran:?}");
    assert!(
        ran.stdout
            .ends_with("1 of 2 files arrived as they were sent\n"),
        "{ran:?}"
    );
}
