//! Uploads twelve files at once: five are active, seven wait. One is aborted from inside its own progress event.
//! `five_at_a_time URL FILE`
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use quintet::{Engine, Event, EventKind, UploadRequest, UploadTask};
use quintet_tcp::TcpConnect;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(file)) = (args.next(), args.next()) else {
        return Err("usage: five_at_a_time URL FILE".into());
    };
    let active = Arc::new(Active::default());
    let counts = active.clone();
    let engine = Engine::builder(TcpConnect::new())
        .listener(Arc::new(move |event: &Event| counts.count(event)))
        .start()?;

    // Number four is aborted as soon as it has sent something. Its listener learns its task through the cell.
    let fourth: Arc<OnceLock<UploadTask>> = Arc::default();
    let cell = fourth.clone();
    let abort = Arc::new(move |event: &Event| {
        if let (EventKind::Progress(_), Some(task)) = (&event.kind, cell.get()) {
            task.abort();
        }
    });
    let mut tasks = Vec::new();
    for number in 1..=12 {
        let request =
            UploadRequest::new(url.as_str(), &file, "file").field("number", number.to_string());
        match number {
            4 => drop(fourth.set(engine.upload(request.listener(abort.clone())))),
            _ => tasks.push(engine.upload(request)),
        }
    }
    for task in fourth.get().into_iter().chain(&tasks) {
        let outcome = task.wait();
        println!(
            "upload {}: {}, {} bytes",
            outcome.id,
            outcome.err_msg(),
            outcome.bytes_sent
        );
    }
    println!(
        "most active at once: {}",
        active.most.load(Ordering::Relaxed)
    );
    Ok(())
}

/// Counts admitted uploads that are not done.
#[derive(Default)]
struct Active {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Active {
    fn count(&self, event: &Event) {
        match &event.kind {
            EventKind::Admitted => {
                let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
                self.most.fetch_max(now, Ordering::Relaxed);
            }
            EventKind::Done(outcome) if outcome.timings.admitted.is_some() => {
                self.now.fetch_sub(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}
