//! What every build must pass; many more seeds are for the program.
#![forbid(unsafe_code)]

use quintet_simulation::{Cell, run};

#[test]
fn the_rules_hold_and_every_cell_is_hit() {
    let mut hits = vec![0; Cell::COUNT];
    for seed in 1..=150 {
        let report = run(seed, 50, false);
        assert!(
            report.broken.is_empty(),
            "seed {seed}: {:#?}",
            report.broken
        );
        hits.iter_mut()
            .zip(&report.hits)
            .for_each(|(sum, more)| *sum += more);
    }
    for cell in Cell::all() {
        assert!(hits[cell.index()] > 0, "{cell} was never hit");
    }
}

#[test]
fn a_seed_is_the_same_run_on_any_thread() {
    let other = std::thread::spawn(|| run(5, 50, true));
    let here = run(5, 50, true);
    let there = other.join().expect("no panic");
    assert_eq!((here.hash, here.lines), (there.hash, there.lines));
    assert_ne!(here.hash, run(6, 50, false).hash);
}
