//! One upload from its open file to its answer: plan, connection, request, redirects, the one free retry.

use std::borrow::Cow;
use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use quintet_proto::{Boundary, Framing, Headers, Plan, RequestHead};
use quintet_transport::{Step, Target, Via, Watch};
use url::{Position, Url};

use crate::clock::Alarm;
use crate::error::{Error, ErrorKind};
use crate::event::EventKind;
use crate::front::Front;
use crate::ledger::Ledger;
use crate::pool::{Pool, Wire};
use crate::pump::{Failure, Pump};
use crate::redirect::{drop_credentials, hop};
use crate::request::Order;
use crate::source::Opened;
use crate::{Redirects, Response, Trace};

/// What every upload of an engine works with, on the engine's thread.
#[derive(Clone)]
pub(crate) struct Env {
    pub(crate) front: Arc<Front>,
    pub(crate) pool: Rc<RefCell<Pool>>,
}

/// Uploads. Dropping it at any point stops everything at once: the connection and the file are closed with it.
pub(crate) async fn drive(
    env: &Env,
    mut order: Box<Order>,
    opened: Opened,
    ledger: &Ledger,
) -> Result<Response, Error> {
    let sources = [opened];
    let deadline = order
        .timeout
        .map(|timeout| ledger.admitted_at().saturating_add(timeout));
    let settings = &env.front.settings;
    let mut with_body = true;
    let mut hops_left = settings.redirects_max;
    loop {
        let request = Request {
            env,
            order: &order,
            sources: &sources,
            ledger,
        };
        let answer = request.exchange(with_body, deadline).await?;
        let allowed = if hops_left > 0 {
            settings.redirects
        } else {
            Redirects::Off
        };
        let Some(hop) = hop(allowed, &order.destination.url, &answer.head) else {
            return Ok(answer.into());
        };
        if !env.front.policy.permits_url(&hop.destination.url) {
            return Err(Error::new(ErrorKind::DomainDenied));
        }
        let (status, new_origin) = (answer.head.status, hop.new_origin);
        ledger.emit(EventKind::Redirected { status, new_origin });
        if hop.new_origin {
            drop_credentials(&mut order.headers);
        }
        hops_left -= 1;
        with_body &= hop.keeps_body;
        order.destination = Arc::new(hop.destination);
    }
}

/// One request of an upload.
struct Request<'a> {
    env: &'a Env,
    order: &'a Order,
    sources: &'a [Opened],
    ledger: &'a Ledger,
}

impl Request<'_> {
    /// Sends it and receives the answer: over a pooled connection if there is one, and once more over a new one if
    /// that turns out to be stale.
    async fn exchange(
        &self,
        with_body: bool,
        deadline: Option<Duration>,
    ) -> Result<quintet_proto::Response, Error> {
        let target = &self.order.destination.target;
        self.ledger.goes_to(&self.order.destination);
        let pooled = self.env.pool.borrow_mut().take(target, self.ledger.now());
        if let Some(wire) = pooled {
            self.ledger.started(true);
            match self.over(wire, with_body, deadline).await {
                Err(failure) if failure.unanswered => {}
                answered => return answered.map_err(|failure| failure.error),
            }
        }
        self.ledger.look();
        self.ledger.started(false);
        let wire = self.connect(target, deadline).await?;
        let answered = self.over(wire, with_body, deadline).await;
        answered.map_err(|failure| failure.error)
    }

    async fn connect(&self, target: &Target, total: Option<Duration>) -> Result<Box<Wire>, Error> {
        let front = &self.env.front;
        let dialling = Dialling {
            front,
            ledger: self.ledger,
            url: &self.order.destination.url,
        };
        let own = self
            .ledger
            .look()
            .saturating_add(front.settings.connect_timeout);
        let deadline = total.map_or(own, |total| total.min(own));
        let mut alarm = Alarm::new();
        let mut connecting = pin!(front.connect.connect(target, &dialling));
        std::future::poll_fn(|cx| {
            if let Poll::Ready(connected) = connecting.as_mut().poll(cx) {
                return Poll::Ready(connected.map(Wire::boxed).map_err(Error::from));
            }
            alarm.poll(cx, &*front.clock, deadline).map(|()| {
                let which = if deadline < own {
                    "the upload's time is over"
                } else {
                    "no connection"
                };
                Err(Error::new(ErrorKind::Timeout(self.ledger.phase())).because(which))
            })
        })
        .await
    }

    async fn over(
        &self,
        mut wire: Box<Wire>,
        with_body: bool,
        deadline: Option<Duration>,
    ) -> Result<quintet_proto::Response, Failure> {
        let failed = |error| Failure {
            error,
            unanswered: false,
        };
        let Wire {
            form, output, via, ..
        } = &mut *wire;
        let head = Head {
            order: self.order,
            sources: with_body.then_some(self.sources),
            trace: self.ledger.trace(),
            via: via.as_ref(),
        };
        let plan =
            write_head(&self.env.front, head, std::mem::take(form), output).map_err(failed)?;
        if with_body {
            self.ledger.planned(plan.content_length());
        }
        let mut pump = Pump::new(&mut wire, &plan, self.sources, self.ledger, deadline);
        let ended = std::future::poll_fn(|cx| pump.poll(cx)).await;
        let (response, reusable) = pump.finish(ended)?;
        if reusable {
            wire.form = plan.into_buffer();
            self.env
                .pool
                .borrow_mut()
                .put(self.order.destination.clone(), wire, self.ledger.now());
        }
        Ok(response)
    }
}

/// What a request head is written from.
pub(crate) struct Head<'a> {
    pub(crate) order: &'a Order,
    /// The files of the body; none for a request without one.
    pub(crate) sources: Option<&'a [Opened]>,
    pub(crate) trace: &'a Trace,
    /// The proxy in between.
    pub(crate) via: Option<&'a Via>,
}

/// Makes the plan of the body in the room of `form`, with a boundary of its own, and writes the head that fits it.
pub(crate) fn write_head(
    front: &Front,
    head: Head<'_>,
    form: Vec<u8>,
    output: &mut Vec<u8>,
) -> Result<Plan, Error> {
    let Head {
        order,
        sources,
        trace,
        via,
    } = head;
    let defect = |what: &dyn std::fmt::Display| Error::new(ErrorKind::Internal).because(what);
    let random = front.random.bytes().map_err(|error| defect(&error))?;
    let boundary = Boundary::from_random(random);
    let plan = match sources {
        Some(sources) => {
            let lengths = sources.first().map(|opened| opened.state.len);
            Plan::new_in(form, &order.form, &boundary, lengths.as_slice())
                .map_err(|error| Error::parameter("filePath", error))?
        }
        None => Plan::empty(),
    };
    let framing = match sources {
        Some(_) => Framing::Multipart {
            boundary: &boundary,
            content_length: plan.content_length(),
        },
        None => Framing::None,
    };
    let url = &order.destination.url;
    let trace = trace.as_str();
    let agent = Some(front.settings.user_agent.as_str())
        .filter(|agent| !agent.is_empty() && order.headers.get("user-agent").is_none());
    let accept = order.headers.get("accept").is_none().then_some("*/*");
    let (to_proxy, headers) = proxied(via, &order.headers);
    let engine: [Option<(&str, &str)>; 5] = [
        to_proxy.map(|login| ("Proxy-Authorization", login)),
        agent.map(|agent| ("User-Agent", agent)),
        accept.map(|accept| ("Accept", accept)),
        Some(("x-request-id", trace)),
        Some(("x-tt-logid", trace)),
    ];
    let mut own = [("", ""); 5];
    let mut own_len = 0;
    for header in engine.into_iter().flatten() {
        own[own_len] = header;
        own_len += 1;
    }
    output.clear();
    let head = RequestHead {
        method: if sources.is_some() { "POST" } else { "GET" },
        target: &url[Position::BeforePath..Position::AfterQuery],
        host: &url[Position::BeforeHost..Position::AfterPort],
        framing,
        engine: &own[..own_len],
        headers: &headers,
    };
    let written = match via {
        Some(Via::Forward { .. }) => head.write_forwarded_to(output),
        _ => head.write_to(output),
    };
    written.map_err(|error| defect(&error))?;
    Ok(plan)
}

/// What a proxy is told to let us in, and the caller's headers, from which a Proxy-Authorization is taken where it is not
/// for whoever reads the request: an origin behind a tunnel, or a proxy whose settings have their own.
fn proxied<'a>(via: Option<&'a Via>, headers: &'a Headers) -> (Option<&'a str>, Cow<'a, Headers>) {
    const NAME: &str = "proxy-authorization";
    let to_proxy = match via {
        Some(Via::Forward { authorization }) => authorization.as_deref(),
        _ => None,
    };
    let is_ours = matches!(via, Some(Via::Tunnel)) || to_proxy.is_some();
    let mut headers = Cow::Borrowed(headers);
    if is_ours && headers.get(NAME).is_some() {
        headers.to_mut().remove(NAME);
    }
    (to_proxy, headers)
}

/// Stamps the steps of connecting, and asks the host policy before each dial.
struct Dialling<'a> {
    front: &'a Front,
    ledger: &'a Ledger,
    url: &'a Url,
}

impl Watch for Dialling<'_> {
    fn reached(&self, step: Step) {
        self.ledger.reached(step, self.url.scheme() == "https");
    }

    fn permit(&self, address: &std::net::SocketAddr) -> bool {
        self.front.policy.permits_address(self.url, address)
    }
}
