//! Loads, and a receiver to bring them to.
#![allow(dead_code, reason = "each test uses its part")]

use std::sync::Arc;

use quintet::{FilePart, Settings, UploadRequest, UploadSource};
use quintet_bench::{Arrivals, Bench, Load, Pace, Report, Shard, Span, Stop};
use quintet_receiver::{Discard, Receiver, Think};
use quintet_tcp::TcpConnect;

pub(crate) fn load(pace: Pace, uploads: u64) -> Load {
    Load {
        clients: 2,
        slots: 5,
        threads: 2,
        pace,
        span: Span {
            uploads: Some(uploads),
            ..Span::default()
        },
        shard: Shard::WHOLE,
        seed: 3,
    }
}

pub(crate) fn open(per_second: f64) -> Pace {
    Pace::Open {
        per_second,
        arrivals: Arrivals::Poisson,
    }
}

pub(crate) fn bench(load: Load, url: &str, bytes: fn(u64) -> u64) -> Bench {
    let url: Arc<str> = url.into();
    let request = move |number| {
        let file = FilePart::new("file", UploadSource::zeros(bytes(number))).file_name("a.bin");
        UploadRequest::form(url.clone()).file(file)
    };
    Bench::new(load, TcpConnect::new(), Settings::default(), request)
}

/// Runs it to `receiver`, every upload of `bytes(number)` bytes.
pub(crate) fn run(load: Load, receiver: &Receiver, bytes: fn(u64) -> u64) -> Report {
    run_until(load, &receiver.url("/up"), bytes, &Stop::default())
}

pub(crate) fn run_until(load: Load, url: &str, bytes: fn(u64) -> u64, stop: &Stop) -> Report {
    bench(load, url, bytes).run(stop, |_| {}).unwrap()
}

pub(crate) fn receiver(settings: quintet_receiver::Settings) -> Receiver {
    Receiver::start(settings).unwrap()
}

pub(crate) fn discarding(think: Think) -> quintet_receiver::Settings {
    quintet_receiver::Settings {
        discard: Some(Discard {
            think,
            ..Discard::default()
        }),
        ..Default::default()
    }
}
