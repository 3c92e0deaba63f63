//! Behind a real engine: each ended upload is counted once, in the right place.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use quintet::{Engine, Settings, UploadRequest};
use quintet_latency::Latency;
use quintet_transport::{
    Connect, ConnectError, ConnectErrorKind, ConnectFuture, Connection, Host, Info, Step, Target,
    Watch,
};

/// `ok` answers 204, `refused` refuses, anything else never connects.
struct Scripted;

impl Connect for Scripted {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            match &target.host {
                Host::Name(name) if name == "ok" => {
                    watch.reached(Step::Connected);
                    Ok(Box::new(Answering::default()) as _)
                }
                Host::Name(name) if name == "refused" => Err(ConnectError::new(
                    ConnectErrorKind::Refused,
                    io::Error::from(io::ErrorKind::ConnectionRefused),
                )),
                _ => std::future::pending().await,
            }
        })
    }
}

/// Takes everything and answers when the closing boundary has come.
#[derive(Debug, Default)]
struct Answering {
    taken: Vec<u8>,
    answered: bool,
    reader: Option<std::task::Waker>,
}

impl Connection for Answering {
    fn poll_write(&mut self, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.taken.extend(buf);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
        if self.answered {
            return Poll::Ready(Ok(0));
        }
        if !self.taken.ends_with(b"--\r\n") {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        self.answered = true;
        buf[..ANSWER.len()].copy_from_slice(ANSWER);
        Poll::Ready(Ok(ANSWER.len()))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn info(&self) -> Info {
        Info::default()
    }
}

#[test]
fn every_ended_upload_is_counted_exactly_once() {
    let latency = Arc::new(Latency::new());
    let mut settings = Settings::default();
    settings.active_max = 1;
    let engine = Engine::builder(Scripted)
        .settings(settings)
        .listener(latency.clone())
        .start()
        .unwrap();
    let upload = |host: &str, path: &str| {
        engine.upload(UploadRequest::new(format!("http://{host}/"), path, "file"))
    };
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

    let missing = upload("ok", "/no/such/file");
    let good: Vec<_> = (0..3).map(|_| upload("ok", file)).collect();
    let refused = upload("refused", file);
    let hanging = upload("hangs", file);
    let waiting = upload("ok", file);
    assert!(waiting.abort());
    for task in good.iter().chain([&missing, &refused, &waiting]) {
        task.wait();
    }
    assert!(hanging.abort());
    hanging.wait();

    let snapshot = latency.snapshot();
    assert_eq!((snapshot.succeeded(), snapshot.failed_count()), (3, 4));
    assert_eq!(snapshot.statuses[&204], 3);
    assert_eq!(snapshot.failures["file not found"], 1);
    assert_eq!(snapshot.failures["connection refused"], 1);
    assert_eq!(snapshot.failures["abort"], 2);
    // Three successes, and two failures that had a slot: each left exactly one total.
    assert_eq!(snapshot.phase("total").unwrap().count, 3);
    assert_eq!(snapshot.failed.count, 2);
    assert_eq!(snapshot.phase("connect").unwrap().count, 3);
    assert_eq!(snapshot.phase("tls").unwrap().count, 0);
}
