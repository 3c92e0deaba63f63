//! Two sides held against each other: what is said of them, and what is not.

mod common;

use common::*;
use quintet_bench::{Comparison, Pace, Report};
use quintet_receiver::Think;

/// One real report, and others like it with another rate and another median.
fn runs(rates: &[f64]) -> Vec<Report> {
    let receiver = receiver(discarding(Think::default()));
    let report = run(load(Pace::Closed, 20), &receiver, |_| 10);
    let runs = rates.iter().map(|rate| {
        let mut run = report.clone();
        run.rate.achieved_per_s = *rate;
        run.settings.url = "http://same/".into();
        run
    });
    runs.collect()
}

fn verdict(a: &[f64], b: &[f64]) -> (String, Comparison) {
    let comparison = Comparison::of(&runs(a), &runs(b)).unwrap();
    let own = comparison.measures.iter();
    let rate = own
        .clone()
        .find(|measure| measure.key == "rate.achieved_per_s");
    (rate.unwrap().verdict.clone(), comparison.clone())
}

#[test]
fn a_difference_is_told_with_its_chance_and_no_other() {
    let a = [100.0, 101.0, 99.0, 102.0, 98.0, 100.5];
    let (told, comparison) = verdict(&a, &[110.0, 111.0, 112.0, 109.0, 113.0, 111.5]);
    assert!(told.starts_with("B has more by 11"), "{told}");
    assert!(told.contains("better (p = 0.002)"), "{told}");
    let text = comparison.to_string();
    assert!(text.contains("uploads a second\n  A median 100.25/s, between 98.00/s and 102.00/s with 96.9 % confidence"), "{text}");

    let (told, _) = verdict(&a, &[100.2, 101.5, 99.5, 98.5, 97.0, 103.0]);
    assert!(
        told.starts_with("no significant difference (p = "),
        "{told}"
    );
    // The very same: nothing can be told apart.
    assert_eq!(verdict(&a, &a).0, "no significant difference (p = 1.000)");
}

#[test]
fn single_runs_are_never_compared_without_a_word() {
    let (told, comparison) = verdict(&[100.0], &[900.0]);
    assert_eq!(told, "too few runs to tell");
    assert!(comparison.notes[0].contains("a single run is compared"));
    assert!(
        comparison
            .to_string()
            .contains("note: a single run is compared")
    );
    assert!(comparison.to_html().contains("a single run is compared"));
    let (told, comparison) = verdict(&[1.0, 2.0, 3.0], &[7.0, 8.0, 9.0]);
    assert_eq!(told, "too few runs to tell");
    assert!(comparison.notes[0].contains("fewer than 4 runs"));
    assert!(Comparison::of(&[], &runs(&[1.0])).is_err());
}

#[test]
fn what_makes_runs_unlike_is_told() {
    let (a, mut b) = (runs(&[1.0; 4]), runs(&[1.0; 4]));
    b[2].settings.slots = 7;
    b[1].machine.processors += 1;
    b[3].uploads.measured_failed = 2;
    let told = Comparison::of(&a, &b).unwrap().notes.join("\n");
    assert!(told.contains("their settings differ in slots"), "{told}");
    assert!(
        told.contains("different machines") && told.contains("some uploads failed"),
        "{told}"
    );
}

#[test]
fn the_page_has_both_and_the_figures_of_the_json() {
    let comparison = Comparison::of(&runs(&[1.5, 2.5, 3.5, 4.5]), &runs(&[2.0; 4])).unwrap();
    let (page, json) = (comparison.to_html(), comparison.to_json());
    assert!(
        page.contains("<svg ")
            && page.contains("aria-label=\"Percentiles of response time of A and B\"")
    );
    assert!(page.contains("data-key=\"measures.0.a.median\" data-value=\"3\""));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["measures"][0]["a"]["median"], 3.0);
    assert_eq!(json["schema"], "quintet-bench-compare/1");
    assert_eq!(json["runs"][0], 4);
}
