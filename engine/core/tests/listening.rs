//! The peer is listened to all through the send, also over a transport that takes everything at once.
#![forbid(unsafe_code)]

mod support;

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll};

use quintet::Engine;
use quintet_tcp::TcpConnect;
use quintet_transport::{Connect, ConnectFuture, Connection, Info, Target, Watch};
use support::*;

/// Lets the request head through and swallows the body without ever being full, but holds its first piece until the
/// answer is there to be read.
struct Swallower {
    inner: TcpConnect,
    answered: Arc<Mutex<mpsc::Receiver<()>>>,
    pieces: Arc<AtomicUsize>,
}

impl Connect for Swallower {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            Ok(Box::new(Swallowing {
                inner: self.inner.connect(target, watch).await?,
                is_head: true,
                answered: self.answered.clone(),
                pieces: self.pieces.clone(),
            }) as _)
        })
    }
}

struct Swallowing {
    inner: Box<dyn Connection>,
    is_head: bool,
    answered: Arc<Mutex<mpsc::Receiver<()>>>,
    pieces: Arc<AtomicUsize>,
}

impl Connection for Swallowing {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if std::mem::take(&mut self.is_head) {
            return self.inner.poll_write(cx, buf);
        }
        if self.pieces.fetch_add(1, Ordering::SeqCst) == 0 {
            pass(&self.answered);
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.inner.poll_read(cx, buf)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_close(cx)
    }

    fn info(&self) -> Info {
        self.inner.info()
    }
}

#[test]
fn an_answer_that_is_there_stops_the_body_within_a_few_turns() {
    let (answered, wait) = gate();
    let peer = Peer::start(move |mut conversation, _| {
        conversation.head();
        conversation.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
        let _ = answered.send(());
        conversation.drain();
    });
    let pieces = Arc::new(AtomicUsize::new(0));
    let transport = Swallower {
        inner: TcpConnect::new(),
        answered: wait,
        pieces: pieces.clone(),
    };
    let engine = Engine::builder(transport).start().expect("a thread");
    let files = Files::new();
    let (request, recorder) = recorded(&peer.url(), &files.sparse("big.bin", 1 << 30));
    let outcome = engine.upload(request).wait();
    assert_eq!(outcome.status(), Some(413), "{outcome:?}");
    recorder.check();
    // A turn is four pieces; loopback may take a moment. Left to itself, the runtime asks after sixty turns.
    let pieces = pieces.load(Ordering::SeqCst);
    assert!((1..=40).contains(&pieces), "{pieces} pieces");
}
