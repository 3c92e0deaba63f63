//! hyper's client connection with a form by hand, its file read on the runtime's thread in pieces of 64 KiB.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::clients::{Client, Program, everything};
use crate::form::{self, Pieces};
use crate::job::Job;
use crate::work::{self, Latencies, Uploader, expect_ok};
use crate::{Result, wire};

const PIECE_BYTES: usize = 64 * 1024;

pub(crate) const CLIENT: Client = Client {
    name: "hyper",
    what: "form by hand, pread of 64 KiB on the runtime's thread",
    packages: &["hyper", "tokio", "rustls", "ring"],
    fits: everything,
    program: Program::Own(run),
};

fn run(job: &Job) -> Result<Latencies> {
    let tls = match job.is_secure() {
        true => Some(TlsConnector::from(Arc::new(wire::client_config(job)?))),
        false => None,
    };
    work::tokio_tasks(job, || {
        Ok(Posting {
            port: job.port,
            tls: tls.clone(),
            fresh: job.fresh,
            sender: None,
        })
    })
}

struct Posting {
    port: u16,
    tls: Option<TlsConnector>,
    fresh: bool,
    sender: Option<SendRequest<FormBody>>,
}

impl Posting {
    async fn connect(&self) -> Result<SendRequest<FormBody>> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => drive(TokioIo::new(stream)).await,
            Some(tls) => {
                let stream = tls.connect(wire::server_name(), stream).await?;
                drive(TokioIo::new(stream)).await
            }
        }
    }
}

async fn drive<S>(stream: S) -> Result<SendRequest<FormBody>>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + 'static,
{
    let (sender, connection) = handshake(stream).await?;
    // What goes wrong on it is told by the request.
    tokio::task::spawn_local(connection);
    Ok(sender)
}

impl Uploader for Posting {
    async fn upload(&mut self, path: &Path) -> Result<()> {
        let mut sender = match self.sender.take() {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        sender.ready().await?;
        let mut request = Request::post("/upload")
            .header("host", format!("127.0.0.1:{}", self.port))
            .header("content-type", form::content_type());
        if self.fresh {
            request = request.header("connection", "close");
        }
        let body = FormBody {
            pieces: Pieces::open(path, PIECE_BYTES)?,
            sent: 0,
        };
        let answer = sender.send_request(request.body(body)?).await?;
        let status = answer.status().as_u16();
        let mut body = answer.into_body();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            frame?;
        }
        self.sender = Some(sender).filter(|_| !self.fresh);
        expect_ok(status)
    }
}

/// The form as a body of known length.
struct FormBody {
    pieces: Pieces,
    sent: u64,
}

impl Body for FormBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        let piece = self.pieces.next().transpose();
        if let Some(Ok(piece)) = &piece {
            self.sent += piece.len() as u64;
        }
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.sent == self.pieces.len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.pieces.len() - self.sent)
    }
}
