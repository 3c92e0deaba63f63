//! A transport whose peer is a script: each connection gives the bytes it was told, cut as it was told, and then ends.

use std::collections::VecDeque;
use std::future::ready;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use quintet_transport::{Connect, ConnectFuture, Connection, Info, Secured, Step, Target, Watch};

/// What a connection gives, read by read.
pub(crate) type Answer = Vec<Vec<u8>>;

/// What the transport was asked, and what its connections were written.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// `connect` or `tunnel`, and the target.
    pub(crate) asked: Vec<String>,
    /// For each connection.
    pub(crate) written: Vec<Vec<u8>>,
}

#[derive(Clone, Default)]
pub(crate) struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    log: Arc<Mutex<Log>>,
}

impl Script {
    /// A script for one connection after another.
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = answers.into_iter().collect();
        Self {
            answers: Arc::new(Mutex::new(answers)),
            ..Self::default()
        }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.log.lock().unwrap().asked.clone()
    }

    pub(crate) fn written(&self) -> Vec<Vec<u8>> {
        self.log.lock().unwrap().written.clone()
    }

    fn made(&self, how: &str, target: &Target, watch: &dyn Watch) -> ConnectFuture<'static> {
        for step in [Step::Resolved, Step::Connected, Step::Secured] {
            watch.reached(step);
        }
        let mut log = self.log.lock().unwrap();
        log.asked.push(format!("{how} {target}"));
        let number = log.written.len();
        log.written.push(Vec::new());
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or_default();
        let scripted = Scripted {
            answer: answer.into(),
            number,
            log: self.log.clone(),
        };
        Box::pin(ready(Ok(Box::new(scripted) as Box<dyn Connection>)))
    }
}

impl Connect for Script {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        self.made("connect", target, watch)
    }

    fn tunnel<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        self.made("tunnel", target, watch)
    }
}

struct Scripted {
    answer: VecDeque<Vec<u8>>,
    number: usize,
    log: Arc<Mutex<Log>>,
}

impl Connection for Scripted {
    /// One byte a call: the shortest write there is.
    fn poll_write(&mut self, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let byte = &buf[..buf.len().min(1)];
        self.log.lock().unwrap().written[self.number].extend_from_slice(byte);
        Poll::Ready(Ok(byte.len()))
    }

    fn poll_read(&mut self, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let Some(mut piece) = self.answer.pop_front() else {
            return Poll::Ready(Ok(0));
        };
        let read = piece.len().min(buf.len());
        buf[..read].copy_from_slice(&piece[..read]);
        piece.drain(..read);
        if !piece.is_empty() {
            self.answer.push_front(piece);
        }
        Poll::Ready(Ok(read))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn info(&self) -> Info {
        let mut info = Info::default();
        info.acked = Some(self.log.lock().unwrap().written[self.number].len() as u64);
        info.secured = Some(Secured::new("TLSv1.3", "", false));
        info
    }
}

/// Runs what never waits.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut cx = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut cx) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a script never waits"),
    }
}

/// Every byte that is still to come.
pub(crate) fn rest(connection: &mut dyn Connection) -> Vec<u8> {
    let mut cx = Context::from_waker(Waker::noop());
    let (mut got, mut buf) = (Vec::new(), [0; 3]);
    loop {
        match connection.poll_read(&mut cx, &mut buf) {
            Poll::Ready(Ok(0)) => return got,
            Poll::Ready(Ok(read)) => got.extend_from_slice(&buf[..read]),
            other => panic!("{other:?}"),
        }
    }
}

/// `text` whole, byte by byte, and cut once at every place.
pub(crate) fn cuts(text: &[u8]) -> Vec<Answer> {
    let single = text.iter().map(|byte| vec![*byte]).collect();
    let cut = |at| {
        let (front, back) = text.split_at(at);
        vec![front.to_vec(), back.to_vec()]
    };
    let mut all = vec![vec![text.to_vec()], single];
    all.extend((1..text.len()).map(cut));
    all
}
