//! What an upload would send, made by the code that sends it, without a connection.

use std::fmt;

use quintet_proto::Plan;

use crate::drive::{Head, write_head};
use crate::front::Front;
use crate::{Error, Trace, UploadRequest};

/// The first request of an upload: see [`Engine::preview`](crate::Engine::preview). Boundary and trace are new each
/// time, all else is what an upload of the same request would send.
#[non_exhaustive]
pub struct Preview {
    /// The request head, up to and with its empty line; as it goes to the origin, whatever the transport puts in between.
    pub head: Vec<u8>,
    /// The body: its segments, whose sum is the Content-Length. The file parts are the sources, counted from 0. A file
    /// whose length is not known is the last segment until it is [settled](Plan::settle).
    pub plan: Plan,
    /// What stands in the request's headers.
    pub trace: Trace,
    /// Names of given headers that are ignored because the engine owns them.
    pub ignored_headers: Vec<String>,
}

pub(crate) fn preview(front: &Front, request: UploadRequest) -> Result<Preview, Error> {
    let trace = front.traces.trace();
    let mut ignored_headers = Vec::new();
    let order = request.check(front, &mut ignored_headers)?;
    let sources = order.open(front)?;
    let mut head = Vec::new();
    let parts = Head {
        order: &order,
        sources: Some(&sources),
        expect_above: front.settings.expect_continue_above,
        trace: &trace,
        via: None,
    };
    let plan = write_head(front, parts, Vec::new(), &mut head)?;
    Ok(Preview {
        head,
        plan,
        trace,
        ignored_headers,
    })
}

impl fmt::Debug for Preview {
    /// Without the head, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preview")
            .field("head_bytes", &self.head.len())
            .field("plan", &self.plan)
            .field("trace", &self.trace)
            .finish_non_exhaustive()
    }
}
