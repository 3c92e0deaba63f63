//! hyper's client and server over bytes in memory, polled by hand: no runtime, no clock, no socket.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::{Request, Response};

/// More polls than any input needs: whoever wants more waits for what will not come.
const POLLS_MAX: usize = 100_000;

/// Polls `future` until it is done.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..POLLS_MAX {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
    panic!("it waits for ever");
}

/// A connection on which the peer says `input` and then ends, as soon as a byte was written to it if it `listens_first`.
struct Memory<'a> {
    input: &'a [u8],
    listens_first: bool,
}

impl Read for Memory<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.listens_first {
            return Poll::Pending;
        }
        let (now, later) = self.input.split_at(self.input.len().min(buf.remaining()));
        buf.put_slice(now);
        self.input = later;
        Poll::Ready(Ok(()))
    }
}

impl Write for Memory<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.listens_first = false;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What hyper's client makes of `input` as the answer to a POST: status and body.
pub(crate) fn hyper_client(input: &[u8], headers_max: usize) -> hyper::Result<(u16, Vec<u8>)> {
    let io = Memory {
        input,
        listens_first: true,
    };
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder
        .allow_obsolete_multiline_headers_in_responses(true)
        .max_headers(headers_max);
    wait(async {
        let (mut sender, connection) = builder.handshake::<_, String>(io).await?;
        let mut connection = pin!(connection);
        let request = Request::post("/")
            .header("host", "h")
            .body("abc".to_owned());
        let request = request.expect("a request that can be sent");
        let mut exchange = pin!(async {
            let (head, mut body) = sender.send_request(request).await?.into_parts();
            Ok((head.status.as_u16(), read(&mut body).await?))
        });
        let mut running = true;
        std::future::poll_fn(|cx| {
            // Its error is the exchange's too, unless it came after the answer.
            running = running && connection.as_mut().poll(cx).is_pending();
            exchange.as_mut().poll(cx)
        })
        .await
    })
}

/// A request as hyper's server sees it.
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// Every request that hyper's server sees in `input`, and whether it took all of it for requests.
pub(crate) fn hyper_server(input: &[u8], headers_max: usize) -> (Vec<Seen>, bool) {
    let seen = std::cell::RefCell::new(Vec::new());
    let service = hyper::service::service_fn(|request: Request<Incoming>| async {
        let (head, mut body) = request.into_parts();
        let headers = head.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        let one = Seen {
            method: head.method.to_string(),
            target: head.uri.to_string(),
            headers: headers.collect(),
            body: read(&mut body).await?,
        };
        seen.borrow_mut().push(one);
        Ok::<_, hyper::Error>(Response::new(String::new()))
    });
    let io = Memory {
        input,
        listens_first: false,
    };
    let served = wait(
        hyper::server::conn::http1::Builder::new()
            .header_read_timeout(None)
            .max_headers(headers_max)
            .serve_connection(io, service),
    );
    (seen.into_inner(), served.is_ok())
}

async fn read(body: &mut Incoming) -> hyper::Result<Vec<u8>> {
    let mut whole = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        if let Some(data) = frame?.data_ref() {
            whole.extend_from_slice(data);
        }
    }
    Ok(whole)
}

/// `pieces` as a stream, for multer.
pub(crate) struct Pieces(pub(crate) std::vec::IntoIter<Bytes>);

impl futures_core::Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}
