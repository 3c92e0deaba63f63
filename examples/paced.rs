//! Uploads a file at a rate, pauses it once in the middle, and tells how exact the rate was:
//! `paced URL FILE BYTES_PER_SECOND`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

use std::error::Error;
use std::time::Duration;

use quintet::{Engine, EventKind, Retry, UploadRequest, event_stream};
use quintet_tcp::TcpConnect;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(file), Some(rate)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: paced URL FILE BYTES_PER_SECOND".into());
    };
    actix::System::new().block_on(upload(url, file, rate.parse()?))
}

async fn upload(url: String, file: String, rate: u64) -> Result<(), Box<dyn Error>> {
    let engine = Engine::start(TcpConnect::new())?;
    let (listener, mut events) = event_stream();
    let request = UploadRequest::new(url, file, "file")
        .rate_max(rate)
        .progress_interval(Duration::from_millis(250))
        .retry(Retry::default())
        .listener(listener);
    let task = engine.upload(request);
    let (mut paused_at, mut paused) = (None, Duration::ZERO);
    while let Some(event) = events.next().await {
        match event.kind {
            EventKind::Progress(progress) => {
                println!("{:3} %, {} bytes/s", progress.percent(), progress.speed);
                if progress.percent() >= 50 && paused_at.is_none() {
                    task.pause();
                }
            }
            EventKind::Paused => {
                paused_at = Some(event.at);
                task.resume();
            }
            EventKind::Resumed => paused = event.at - paused_at.unwrap_or(event.at),
            EventKind::Retrying { attempt, after, .. } => {
                println!("attempt {attempt} in {after:?}")
            }
            _ => {}
        }
    }
    let outcome = task.await;
    println!("{}", outcome.err_msg());
    let body = outcome.timings.phases().find(|(phase, _)| *phase == "body");
    if let Some((_, took)) = body {
        let seconds = (took - paused).as_secs_f64();
        let right = outcome.bytes_sent as f64 / rate as f64;
        let off = (seconds / right - 1.0) * 100.0;
        println!("{seconds:.3} s, {right:.3} s at that rate: {off:+.2} % off");
    }
    Ok(())
}
