//! One connection from its first byte to its last: handshake, requests, and an end that does not
//! lose the answer.

use crate::REQUEST_HEAD_BYTES_MAX;
use crate::throttle::Throttle;
use crate::upload::{Reset, Shared};
use axum::Router;
use axum::body::Body;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

/// A client has this long for its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Who is at the other end; an extension of every request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// Counted from 1.
    pub(crate) connection: u64,
}

/// Serves it until it ends.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    router: Router,
    tls: Option<TlsAcceptor>,
    stream: TcpStream,
    peer: Peer,
) {
    // An answer is one small write and must not wait for an acknowledgement; a failure to ask for
    // that costs time only.
    let _ = stream.set_nodelay(true);
    let stream = Throttle::new(stream, shared.settings.rate);
    match tls {
        None => requests(&shared, router, stream, peer).await,
        Some(tls) => {
            let accepting = tls.accept(stream).into_fallible();
            match tokio::time::timeout(HANDSHAKE, accepting).await {
                Ok(Ok(stream)) => requests(&shared, router, stream, peer).await,
                Ok(Err((_, stream))) => {
                    shared.counters.handshake_failed();
                    // The alert says why, and must get there.
                    linger(stream, shared.settings.linger).await;
                }
                Err(_) => shared.counters.handshake_failed(),
            }
        }
    }
}

async fn requests<S>(shared: &Shared, router: Router, stream: S, peer: Peer)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let http10 = shared
        .settings
        .discard
        .is_some_and(|discard| discard.http10);
    let was_reset = Arc::new(AtomicBool::new(false));
    let is_reset = was_reset.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        let (answer, is_reset) = (router.clone().call(request), is_reset.clone());
        // Boxed, because hyper moves it.
        Box::pin(async move {
            let Ok(mut response) = answer.await;
            if response.extensions().get::<Reset>().is_some() {
                is_reset.store(true, Ordering::Relaxed);
                return Err(io::Error::from(io::ErrorKind::ConnectionReset));
            }
            if http10 {
                *response.version_mut() = Version::HTTP_10;
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            Ok(response)
        })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.settings.idle)
        .max_buf_size(REQUEST_HEAD_BYTES_MAX)
        // A client may close its sending side after its request and still wants the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    // hyper has answered what can be answered, a head that it could not read included. What went
    // wrong beyond that is in the upload's report.
    let _ = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let stream = connection.into_parts().io.into_inner();
    if was_reset.load(Ordering::Relaxed) {
        // Closing a socket that has unread bytes, or still gets some, resets it.
        return drop(stream);
    }
    linger(stream, shared.settings.linger).await;
}

/// Says that nothing more comes, and discards what still does: closing a socket with unread bytes
/// resets it, and the reset would overtake the answer.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, linger: Duration) {
    if linger.is_zero() {
        return;
    }
    let discard = pin!(async {
        stream.shutdown().await?;
        let mut piece = vec![0; 16 * 1024];
        while stream.read(&mut piece).await? > 0 {}
        io::Result::Ok(())
    });
    // Whichever way it ends, the connection is over.
    let _ = tokio::time::timeout(linger, discard).await;
}
