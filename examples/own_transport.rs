//! A transport of one's own, checked by the conformance kit and then used: `own_transport URL FILE GATEWAY`.
//! Every upload goes to one address, GATEWAY, wherever its URL points.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

use std::error::Error;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use quintet::{Engine, UploadRequest};
use quintet_transport::conformance::{self, Pair};
use quintet_transport::{
    Connect, ConnectError, ConnectErrorKind, ConnectFuture, Connection, Host, Info, Step, Target,
    Unwatched, Watch,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Connects every target to one address.
struct Gateway(SocketAddr);

impl Connect for Gateway {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            if target.secure {
                let why = "a plain transport; wrap it in quintet_tls::TlsConnect";
                return Err(ConnectError::new(ConnectErrorKind::Unsupported, why));
            }
            if !watch.permit(&self.0) {
                let why = "the gateway is not permitted";
                return Err(ConnectError::new(ConnectErrorKind::Forbidden, why));
            }
            let stream = TcpStream::connect(self.0)
                .await
                .map_err(|error| ConnectError::new(ConnectErrorKind::Refused, error))?;
            watch.reached(Step::Connected);
            Ok(Box::new(Stream { stream, moved: 0 }) as _)
        })
    }
}

/// Any stream of tokio's as a connection.
struct Stream<S> {
    stream: S,
    moved: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection for Stream<S> {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let taken = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.moved += taken as u64;
        Poll::Ready(Ok(taken))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
        self.moved += buf.filled().len() as u64;
        Poll::Ready(Ok(buf.filled().len()))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn info(&self) -> Info {
        let mut info = Info::default();
        info.moved = self.moved;
        info
    }
}

/// Asks the kit. This would be a test in a crate of its own.
async fn check() -> io::Result<conformance::Report> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let gateway = Gateway(listener.local_addr()?);
    let target = Target {
        secure: false,
        host: Host::Name("upload.test".into()),
        port: 80,
    };
    let report = conformance::check(async || {
        let near = gateway.connect(&target, &Unwatched).await?;
        let (far, _) = listener.accept()?;
        Ok::<_, Box<dyn Error>>(Pair::new(near, far))
    });
    Ok(report.await)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let [url, file, gateway] = &args[..] else {
        return Err("usage: own_transport URL FILE GATEWAY".into());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let report = runtime.block_on(check())?;
    println!("{report}");
    if !report.passed() {
        return Err("the transport breaks a rule".into());
    }
    let engine = Engine::start(Gateway(gateway.parse()?))?;
    let outcome = engine
        .upload(UploadRequest::new(url.as_str(), file, "file"))
        .wait();
    println!(
        "{} {}",
        outcome.err_msg(),
        outcome.status().unwrap_or_default()
    );
    Ok(())
}
