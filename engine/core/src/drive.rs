//! One upload from its open file to its answer: plan, connection, request, redirects, the one free retry.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use quintet_proto::{Boundary, Framing, Plan, RequestHead};
use quintet_transport::{Step, Target, Watch};
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
use crate::source::{Opened, Sources, prepared, spent};
use crate::{Redirects, Response, Trace};

/// What every upload of an engine works with, on the engine's thread.
#[derive(Clone)]
pub(crate) struct Env {
    pub(crate) front: Arc<Front>,
    pub(crate) pool: Rc<RefCell<Pool>>,
}

/// Uploads. Dropping it at any point stops everything at once: the connection and the files are closed with it.
pub(crate) async fn drive(
    env: &Env,
    mut order: Box<Order>,
    mut sources: Sources,
    ledger: &Ledger,
) -> Result<Response, Error> {
    let deadline = order
        .timeout
        .map(|timeout| ledger.admitted_at().saturating_add(timeout));
    if let Sources::Many(sources) = &mut sources {
        prepare(env, sources, deadline, ledger).await?;
    }
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
        if with_body {
            spent(&sources, "a redirect asks for the body again")?;
        }
        order.destination = Arc::new(hop.destination);
    }
}

/// Waits for the sources that must be read before anything is sent.
async fn prepare(
    env: &Env,
    sources: &mut [Opened],
    deadline: Option<Duration>,
    ledger: &Ledger,
) -> Result<(), Error> {
    let mut alarm = Alarm::new();
    std::future::poll_fn(|cx| {
        if let Poll::Ready(prepared) = prepared(sources, cx) {
            return Poll::Ready(prepared);
        }
        let Some(deadline) = deadline else {
            return Poll::Pending;
        };
        alarm.poll(cx, &*env.front.clock, deadline).map(|()| {
            Err(Error::new(ErrorKind::Timeout(ledger.phase()))
                .because("the upload's time is over, and its source is not at its end"))
        })
    })
    .await
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
        let pooled = self.env.pool.borrow_mut().take(target, self.ledger.now());
        if let Some(wire) = pooled {
            self.ledger.started(true);
            match self.over(wire, with_body, deadline).await {
                Err(failure) if failure.unanswered => {
                    let why = "a connection kept from before was closed by the peer";
                    spent(if with_body { self.sources } else { &[] }, why)?;
                }
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
        let trace = self.ledger.trace();
        let bodies = with_body.then_some(self.sources);
        let (form, output) = (std::mem::take(&mut wire.form), &mut wire.output);
        let mut plan =
            write_head(&self.env.front, self.order, bodies, trace, form, output).map_err(failed)?;
        if with_body {
            self.ledger.planned(plan.content_length());
        }
        let sources = bodies.unwrap_or_default();
        let mut pump = Pump::new(&mut wire, &mut plan, sources, self.ledger, deadline);
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

/// Makes the plan of the body (`sources`; none for a request without a body) in the room of `form`, with a boundary of
/// its own, and writes the head that fits it.
pub(crate) fn write_head(
    front: &Front,
    order: &Order,
    sources: Option<&[Opened]>,
    trace: &Trace,
    form: Vec<u8>,
    output: &mut Vec<u8>,
) -> Result<Plan, Error> {
    let defect = |what: &dyn std::fmt::Display| Error::new(ErrorKind::Internal).because(what);
    let boundary;
    let (plan, framing) = match (sources, order.raw_type()) {
        (None, _) => (Plan::empty(), Framing::None),
        (Some(sources), Some(content_type)) => {
            let plan = Plan::raw(sources.first().map_or(0, |opened| opened.state.len));
            let content_length = plan.content_length();
            let framing = Framing::Raw {
                content_type,
                content_length,
            };
            (plan, framing)
        }
        (Some(sources), None) => {
            let random = front.random.bytes().map_err(|error| defect(&error))?;
            boundary = Boundary::from_random(random);
            let planned = match sources {
                [only] => Plan::new_in(form, &order.form, &boundary, &[only.state.len]),
                all => {
                    let lengths: Vec<_> = all.iter().map(|opened| opened.state.len).collect();
                    Plan::new_in(form, &order.form, &boundary, &lengths)
                }
            };
            let plan = planned.map_err(|error| Error::parameter("filePath", error))?;
            let content_length = plan.content_length();
            let framing = Framing::Multipart {
                boundary: &boundary,
                content_length,
            };
            (plan, framing)
        }
    };
    let url = &order.destination.url;
    let trace = trace.as_str();
    let agent = Some(front.settings.user_agent.as_str())
        .filter(|agent| !agent.is_empty() && order.headers.get("user-agent").is_none());
    let accept = order.headers.get("accept").is_none().then_some("*/*");
    let engine: [Option<(&str, &str)>; 4] = [
        agent.map(|agent| ("User-Agent", agent)),
        accept.map(|accept| ("Accept", accept)),
        Some(("x-request-id", trace)),
        Some(("x-tt-logid", trace)),
    ];
    let mut own = [("", ""); 4];
    let mut own_len = 0;
    for header in engine.into_iter().flatten() {
        own[own_len] = header;
        own_len += 1;
    }
    output.clear();
    let head = RequestHead {
        method: match sources {
            Some(_) => order.method().as_str(),
            None => "GET",
        },
        target: &url[Position::BeforePath..Position::AfterQuery],
        host: &url[Position::BeforeHost..Position::AfterPort],
        framing,
        engine: &own[..own_len],
        headers: &order.headers,
    };
    head.write_to(output).map_err(|error| defect(&error))?;
    Ok(plan)
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
