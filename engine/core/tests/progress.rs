//! What progress tells besides counts: how often, how fast, how long still.
#![forbid(unsafe_code)]

#[path = "support/simulated.rs"]
mod simulated;
mod support;

use std::time::Duration;

use quintet::{EventKind, Progress, Settings, UploadRequest};
use quintet_receiver::Receiver;
use simulated::{Network, pass_time, simulated};
use support::*;

const SECOND: Duration = Duration::from_secs(1);
const URL: &str = "http://peer.test/up";

fn peer() -> Network {
    Network::new(1 << 16, |mut end, _| async move {
        end.request().await;
        end.say(OK).await;
    })
}

fn heard(recorder: &Recorder) -> Vec<Progress> {
    let events = recorder.events();
    let progress = events.iter().filter_map(|event| match event.kind {
        EventKind::Progress(progress) => Some(progress),
        _ => None,
    });
    progress.collect()
}

#[test]
fn an_even_pace_is_told_as_its_speed_its_age_and_its_rest() {
    simulated(async {
        let engine = peer().engine(100_000, Settings::default());
        let (request, recorder) = recorded(URL, &"a.bin".into());
        let outcome = engine.upload(request.rate_max(10_000)).await;
        assert_eq!(outcome.status(), Some(200));
        recorder.check();
        let heard = heard(&recorder);
        assert!((95..=105).contains(&heard.len()), "{} events", heard.len());
        for progress in &heard[1..] {
            let (sent, total) = (progress.sent as f64, progress.total as f64);
            assert!(
                (progress.elapsed.as_secs_f64() - sent / 1e4).abs() < 0.1,
                "{progress:?}"
            );
            assert!(progress.speed.abs_diff(10_000) <= 500, "{progress:?}");
            assert!(
                progress.speed_average.abs_diff(10_000) <= 200,
                "{progress:?}"
            );
            let remaining = progress.remaining.unwrap().as_secs_f64();
            assert!(
                (remaining - (total - sent) / 1e4).abs() < 0.5,
                "{progress:?}"
            );
        }
        assert_eq!(heard.last().unwrap().remaining, Some(Duration::ZERO));
    });
}

#[test]
fn each_upload_may_have_its_own_interval() {
    simulated(async {
        let engine = peer().engine(100_000, Settings::default());
        for (interval, events) in [(SECOND, 9..=12), (Duration::ZERO, 400..=600)] {
            let (request, recorder) = recorded(URL, &"a.bin".into());
            let request = request.rate_max(10_000).progress_interval(interval);
            assert_eq!(engine.upload(request).await.status(), Some(200));
            let heard = heard(&recorder).len();
            assert!(events.contains(&heard), "{heard} events");
        }
    });
}

#[test]
fn a_pause_is_part_of_the_average_and_not_of_the_speed() {
    simulated(async {
        let engine = peer().engine(100_000, Settings::default());
        let (request, recorder) = recorded(URL, &"a.bin".into());
        let task = engine.upload(request.rate_max(10_000));
        pass_time(5 * SECOND).await;
        task.pause();
        pass_time(95 * SECOND).await;
        task.resume();
        assert_eq!(task.await.status(), Some(200));
        let last = *heard(&recorder).last().unwrap();
        assert!(last.speed.abs_diff(10_000) <= 1000, "{last:?}");
        assert!(last.speed_average.abs_diff(950) <= 50, "{last:?}");
    });
}

#[test]
fn on_a_socket_the_last_word_has_everything() {
    let receiver = Receiver::start(quintet_receiver::Settings::default()).unwrap();
    let files = Files::new();
    let (request, recorder) = recorded(&receiver.url("/up"), &files.file("a.bin", 5_000_000));
    let request: UploadRequest = request.progress_interval(Duration::ZERO);
    assert_eq!(engine().upload(request).wait().status(), Some(200));
    let last = *heard(&recorder).last().unwrap();
    assert_eq!(
        (last.percent(), last.remaining),
        (100, Some(Duration::ZERO))
    );
    assert!(
        last.speed_average > 0 && last.elapsed > Duration::ZERO,
        "{last:?}"
    );
}
