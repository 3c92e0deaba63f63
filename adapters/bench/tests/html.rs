//! The report's page in a real browser: it is shown without a complaint, and its figures are those of the JSON.

mod common;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use common::*;
use quintet_bench::{About, Arrivals, Pace, Report, Stop, public_url};
use quintet_receiver::{Discard, Think};
use serde_json::Value;

/// As wide as a phone, and as long as the page is.
const PHONE: &str = "400,3000";
/// What the README shows of a report, in pixels.
const PICTURE: (u32, u32) = (900, 1430);

/// A bench with something of everything: both times, failures, some intervals.
fn reported() -> Report {
    let mut settings = discarding(Think::Uniform(
        Duration::from_millis(1),
        Duration::from_millis(9),
    ));
    // On connections that are new, so that nothing is tried again.
    settings.close = true;
    settings.discard = settings.discard.map(|discard| Discard {
        reset: 0.2,
        ..discard
    });
    let receiver = receiver(settings);
    let mut load = load(open(200.0), 100);
    load.span.interval = Duration::from_millis(100);
    bench(load, &receiver.url("/<b>&\"'"), |_| 100_000)
        .run(&Stop::default(), |_| {})
        .unwrap()
}

/// The figures of a page: what of the JSON they show, and its value.
fn figures(page: &str) -> Vec<(String, f64)> {
    let value = |text: &str| text.split('"').next().unwrap().to_owned();
    let pieces = page.split("data-key=\"").skip(1);
    let figures = pieces.map(|piece| {
        let (_, after) = piece.split_once("data-value=\"").unwrap();
        (value(piece), value(after).parse().unwrap())
    });
    figures.collect()
}

fn at<'a>(json: &'a Value, path: &str) -> &'a Value {
    path.split('.')
        .fold(json, |json, key| match key.parse::<usize>() {
            Ok(place) => &json[place],
            Err(_) => &json[key],
        })
}

fn same_figures(page: &str, report: &Report) {
    let json: Value = serde_json::from_str(&report.to_json()).unwrap();
    let figures = figures(page);
    assert!(figures.len() > 60, "{}", figures.len());
    for (path, told) in figures {
        assert_eq!(at(&json, &path).as_f64(), Some(told), "{path}");
    }
}

#[test]
fn the_page_needs_nothing_and_shows_the_reports_figures() {
    let report = reported();
    assert!(report.uploads.measured_failed > 0);
    let page = report.to_html();
    same_figures(&page, &report);
    for outside in ["http://", "https://", "src=", "@import", "url(", "<script>"] {
        let text = page.split("<script type=application/json").next().unwrap();
        // SVG's own name is no address.
        let text = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains(outside), "{outside}");
    }
    let (_, data) = page.split_once("id=report>\n").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    assert_eq!(Report::from_json(data).unwrap(), report);
}

/// Whether there is a Chromium. Without one the test passes itself over, unless `QUINTET_REQUIRE_TOOLS` forbids it.
fn has_chromium() -> bool {
    let there = Command::new("chromium").arg("--version").output();
    let there = there.is_ok_and(|output| output.status.success());
    assert!(
        there || std::env::var_os("QUINTET_REQUIRE_TOOLS").is_none(),
        "no chromium: adapters/bench/install.sh brings it"
    );
    there
}

/// What it prints of this page, to stdout and to stderr, in a window of this size.
fn chromium(folder: &Path, page: &Path, window: &str, what: &[&str]) -> (String, String) {
    let ran = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ])
        .args(["--enable-logging=stderr", "--v=0", "--hide-scrollbars"])
        .arg(format!("--window-size={window}"))
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .args(what)
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    (text(&ran.stdout), text(&ran.stderr))
}

#[test]
fn a_browser_shows_it_without_a_complaint() {
    if !has_chromium() {
        return eprintln!("passed over: no chromium");
    }
    let folder = tempfile::tempdir().unwrap();
    let (page, broken) = (folder.path().join("r.html"), folder.path().join("b.html"));
    let report = reported();
    std::fs::write(&page, report.to_html()).unwrap();
    let (dom, said) = chromium(folder.path(), &page, PHONE, &["--dump-dom"]);
    same_figures(&dom, &report);
    assert!(dom.matches("<svg ").count() >= 6, "a chart is missing");
    assert!(!said.contains("CONSOLE"), "{said}");
    // Complaints would have been seen.
    std::fs::write(&broken, "<script>gone()</script>").unwrap();
    let (_, said) = chromium(folder.path(), &broken, PHONE, &["--dump-dom"]);
    assert!(said.contains("CONSOLE"), "{said}");

    // Nothing sticks out of the page on a phone: what is wider scrolls within itself.
    let narrow = report.to_html().replace(
        "</body>",
        "<script>document.title = `${document.documentElement.scrollWidth} ${innerWidth}`</script></body>",
    );
    std::fs::write(&page, narrow).unwrap();
    let (dom, _) = chromium(folder.path(), &page, PHONE, &["--dump-dom"]);
    let (_, title) = dom.split_once("<title>").unwrap();
    let (title, _) = title.split_once("</title>").unwrap();
    let (content, screen) = title.split_once(' ').unwrap();
    let (content, screen): (u32, u32) = (content.parse().unwrap(), screen.parse().unwrap());
    assert!(content <= screen, "{content} of {screen} pixels");
}

/// Writes the picture of a report that the README shows:
/// `QUINTET_REPORT_PNG=$PWD/adapters/bench/report.png cargo test -p quintet-bench --test html picture`. Without that
/// variable it is a shorter run, and the picture goes away with the test.
#[test]
fn the_picture_of_a_report_is_of_a_run() {
    if !has_chromium() {
        return eprintln!("passed over: no chromium");
    }
    let folder = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("QUINTET_REPORT_PNG").map(std::path::PathBuf::from);
    let uploads = if kept.is_some() { 1000 } else { 30 };
    let picture = kept.unwrap_or_else(|| folder.path().join("report.png"));
    let receiver = receiver(discarding(Think::Either {
        usual: Duration::from_millis(10),
        rare: Duration::from_millis(60),
        share: 0.2,
    }));
    let pace = Pace::Open {
        per_second: 100.0,
        arrivals: Arrivals::Constant,
    };
    let mut load = load(pace, uploads);
    load.clients = 1;
    let url = receiver.url("/up");
    let about = About {
        url: public_url(&url),
        ..About::default()
    };
    let report = bench(load, &url, |_| 64 << 10)
        .about(about)
        .run(&Stop::default(), |_| {})
        .unwrap();
    let page = folder.path().join("r.html");
    std::fs::write(&page, report.to_html()).unwrap();
    let (width, height) = PICTURE;
    let shot = format!("--screenshot={}", picture.display());
    chromium(folder.path(), &page, &format!("{width},{height}"), &[&shot]);
    let png = std::fs::read(&picture).unwrap();
    let told: Vec<u8> = [width, height]
        .into_iter()
        .flat_map(u32::to_be_bytes)
        .collect();
    // Its signature, then its header's length and name, then how large it is.
    assert_eq!(&png[1..4], b"PNG");
    assert_eq!(png[16..24], told);
}
