//! The body of an upload, written where the caller wants it: the plan and the sources of an upload, without a
//! connection.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use quintet_proto::{Headers, Plan, Segment};

use crate::drive::{Head, write_head};
use crate::error::{Error, ErrorKind};
use crate::front::Front;
use crate::source::{Opened, Sources, prepared};
use crate::{Trace, UploadRequest};

/// Size of a read.
const READ_BYTES: usize = 64 * 1024;

/// What goes with a body that was written: see [`Engine::encode_to`](crate::Engine::encode_to).
#[non_exhaustive]
pub struct Encoded {
    /// The Content-Type, with its boundary.
    pub content_type: String,
    /// How many bytes were written: the Content-Length.
    pub content_length: u64,
    /// The other headers of the request, the caller's and the engine's, without those that a connection needs: Host,
    /// Content-Type, Content-Length and Transfer-Encoding are not among them.
    pub headers: Headers,
    /// What stands in the headers.
    pub trace: Trace,
    /// Names of given headers that are ignored because the engine owns them.
    pub ignored_headers: Vec<String>,
}

/// Why a body was not written, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The request or one of its files is wrong, as it would be for an upload.
    #[error(transparent)]
    Request(#[from] Error),
    /// The writer failed.
    #[error("writing the body: {0}")]
    Write(io::Error),
}

pub(crate) fn encode(
    front: &Front,
    request: UploadRequest,
    out: &mut impl Write,
) -> Result<Encoded, EncodeError> {
    let trace = front.traces.trace();
    let mut ignored_headers = Vec::new();
    let order = request.check(front, &mut ignored_headers)?;
    let mut sources = order.open(front)?;
    if let Sources::Many(sources) = &mut sources {
        wait(|cx| prepared(sources, cx))?;
    }
    let mut head = Vec::new();
    let parts = Head {
        order: &order,
        sources: Some(&sources),
        expect_above: None,
        trace: &trace,
        via: None,
    };
    let plan = write_head(front, parts, Vec::new(), &mut head)?;
    let (content_type, headers) = fields(&head);
    let content_length = write(plan, &sources, out)?;
    Ok(Encoded {
        content_type,
        content_length,
        headers,
        trace,
        ignored_headers,
    })
}

/// Writes the body; the last of it only when every file was found as it was promised. Returns its length.
fn write(mut plan: Plan, sources: &[Opened], out: &mut impl Write) -> Result<u64, EncodeError> {
    let mut room = vec![0; READ_BYTES];
    let mut at = 0;
    while let Some(segment) = plan.at(at) {
        let bytes = match segment {
            Segment::Bytes(bytes) => bytes,
            Segment::File {
                source,
                offset,
                len,
            } => {
                // One more than there should be, which tells of a file that grew.
                let wanted = usize::try_from(len.saturating_add(1)).unwrap_or(READ_BYTES);
                let wanted = &mut room[..wanted.min(READ_BYTES)];
                let read = sources[source].source.read_at(wanted, offset);
                match read.map_err(unreadable)? {
                    0 if plan.settle(source, offset) => continue,
                    0 => return Err(changed("became shorter")),
                    read if read as u64 > len => return Err(changed("became longer")),
                    read => &room[..read],
                }
            }
        };
        if at + bytes.len() as u64 == plan.content_length() {
            verify(sources)?;
        }
        out.write_all(bytes).map_err(EncodeError::Write)?;
        at += bytes.len() as u64;
    }
    if at == 0 {
        verify(sources)?;
    }
    out.flush().map_err(EncodeError::Write)?;
    Ok(at)
}

fn verify(sources: &[Opened]) -> Result<(), EncodeError> {
    for opened in sources {
        if opened.source.state().map_err(unreadable)? != opened.state {
            return Err(changed("became longer, shorter or newer"));
        }
    }
    Ok(())
}

fn unreadable(error: io::Error) -> EncodeError {
    Error::new(ErrorKind::FileUnreadable).because(error).into()
}

fn changed(how: &str) -> EncodeError {
    let why = format_args!("the file {how} while it was read");
    Error::new(ErrorKind::FileChanged).because(why).into()
}

/// The Content-Type of a head that was written here, and its other fields but those that frame and route.
fn fields(head: &[u8]) -> (String, Headers) {
    let (mut content_type, mut headers) = (String::new(), Headers::new());
    let head = head.strip_suffix(b"\r\n\r\n").unwrap_or(head);
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let name = String::from_utf8_lossy(&line[..colon]);
        let value = line[colon + 1..].trim_ascii();
        match &*name {
            "Content-Type" => content_type = String::from_utf8_lossy(value).into_owned(),
            "Host" | "Content-Length" | "Transfer-Encoding" => {}
            // It stood in a head, so that it is good.
            _ => drop(headers.push(&name, value)),
        }
    }
    (content_type, headers)
}

/// Blocks the thread until it is ready.
fn wait<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(ready) => return ready,
            Poll::Pending => thread::park(),
        }
    }
}

impl fmt::Debug for Encoded {
    /// Headers by name only: they may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded")
            .field("content_type", &self.content_type)
            .field("content_length", &self.content_length)
            .field("headers", &self.headers)
            .field("trace", &self.trace)
            .finish_non_exhaustive()
    }
}
