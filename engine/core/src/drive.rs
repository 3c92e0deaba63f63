//! One upload from its open file to its answer: plan, connection, request, redirects, the one free retry, and those
//! that its caller allows.

use std::borrow::Cow;
use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use quintet_proto::{Boundary, EngineName, Framing, Headers, Plan, RequestHead};
use quintet_transport::{Step, Target, Via, Watch};
use url::{Position, Url};

use crate::clock::Alarm;
use crate::error::{Error, ErrorKind};
use crate::event::EventKind;
use crate::expect::Expect;
use crate::front::Front;
use crate::holding::LocalBoxFuture;
use crate::ledger::Ledger;
use crate::pace::Lane;
use crate::planted;
use crate::pool::{Pool, Wire};
use crate::pump::{Failure, Pump};
use crate::redirect::{drop_credentials, hop};
use crate::request::Order;
use crate::retry::{Budget, Retries};
use crate::source::{Opened, Sources, check_unchanged, spent};
use crate::wait::{time_is_over, wait};
use crate::{Redirects, Response, Trace};

/// What every upload of an engine works with, on the engine's thread.
#[derive(Clone)]
pub(crate) struct Env {
    pub(crate) front: Arc<Front>,
    pub(crate) pool: Rc<RefCell<Pool>>,
    pub(crate) retry_budget: Rc<Budget>,
    /// The pace of all uploads together.
    pub(crate) lane: Rc<Lane>,
    pub(crate) expect: Option<Rc<dyn Expect>>,
}

impl Env {
    pub(crate) fn new(front: Arc<Front>) -> Self {
        let settings = &front.settings;
        let pool = Pool::new(settings.idle_max, settings.idle_timeout);
        Self {
            pool: Rc::new(RefCell::new(pool)),
            lane: Rc::default(),
            expect: None,
            retry_budget: Rc::new(Budget::new(settings)),
            front,
        }
    }
}

/// Uploads. Dropping it at any point stops everything at once: the connection and the files are closed with it.
pub(crate) async fn drive(
    env: &Env,
    order: Box<Order>,
    mut sources: Sources,
    ledger: &Ledger,
) -> Result<Response, Error> {
    let deadline = order
        .timeout
        .map(|timeout| ledger.admitted_at().saturating_add(timeout));
    if let Some(prepare) = order.prepare() {
        prepare(&mut sources, deadline, ledger).await?;
    }
    let extras = order.extras.as_ref();
    let retry = extras.and_then(|extras| Some(extras.transfer.retry.as_ref()?.1));
    let mut upload = Following {
        env,
        order,
        sources: &sources,
        ledger,
        deadline,
        with_body: true,
        hops_left: env.front.settings.redirects_max,
    };
    match retry {
        None => upload.follow().await.map_err(|failure| failure.error),
        Some(follow_and_retry) => follow_and_retry(&mut upload).await,
    }
}

/// [`follow_and_retry`], which is called only through what [`UploadRequest::retry`](crate::UploadRequest::retry) keeps of
/// it: a program that never asks for retries is linked without them.
pub(crate) type FollowAndRetry =
    for<'u> fn(&'u mut Following<'_>) -> LocalBoxFuture<'u, Result<Response, Error>>;

pub(crate) fn follow_and_retry<'u>(
    upload: &'u mut Following<'_>,
) -> LocalBoxFuture<'u, Result<Response, Error>> {
    Box::pin(upload.follow_and_retry())
}

/// An upload on its way through redirects.
pub(crate) struct Following<'a> {
    env: &'a Env,
    order: Box<Order>,
    sources: &'a [Opened],
    ledger: &'a Ledger,
    deadline: Option<Duration>,
    with_body: bool,
    hops_left: u32,
}

impl Following<'_> {
    async fn follow_and_retry(&mut self) -> Result<Response, Error> {
        let (ledger, front) = (self.ledger, &self.env.front);
        let extras = self.order.extras.as_ref();
        let asked = extras.and_then(|extras| extras.transfer.retry.clone());
        let policy = asked.map(|(policy, _)| policy).unwrap_or_default();
        let mut retries = Retries::new(
            &policy,
            &self.env.retry_budget,
            &*front.random,
            ledger.admitted_at(),
            self.deadline,
        );
        let (destination, headers) = (self.order.destination.clone(), self.order.headers.clone());
        loop {
            let ended = self.follow().await;
            let repeats = !self.with_body || can_repeat(self.sources);
            let Some((after, because)) = retries.after(&ended, repeats, ledger.look()) else {
                return ended.map_err(|failure| failure.error);
            };
            drop(ended);
            ledger.emit(EventKind::Retrying {
                attempt: ledger.attempt() + 1,
                after,
                because,
            });
            wait(ledger, ledger.now().saturating_add(after), self.deadline).await?;
            ledger.next_attempt();
            // Once the body is accepted and the answer is elsewhere, only the answer is asked for again.
            if self.with_body {
                check_unchanged(self.sources)?;
                self.order.destination = destination.clone();
                self.order.headers = headers.clone();
                self.hops_left = front.settings.redirects_max;
            }
        }
    }

    /// Sends, and follows redirects to their end.
    async fn follow(&mut self) -> Result<Response, Failure> {
        let settings = &self.env.front.settings;
        loop {
            let request = Request {
                env: self.env,
                order: &self.order,
                sources: self.sources,
                ledger: self.ledger,
            };
            let answer = request.exchange(self.with_body, self.deadline).await?;
            let allowed = if self.hops_left > 0 {
                self.order.redirects(settings.redirects)
            } else {
                Redirects::Off
            };
            let Some(hop) = hop(allowed, &self.order.destination.url, &answer.head) else {
                return Ok(answer.into());
            };
            if !self.env.front.policy.permits_url(&hop.destination.url) {
                return Err(Error::new(ErrorKind::DomainDenied).into());
            }
            let (status, new_origin) = (answer.head.status, hop.new_origin);
            self.ledger
                .emit(EventKind::Redirected { status, new_origin });
            if hop.new_origin {
                drop_credentials(&mut self.order.headers);
            }
            self.hops_left -= 1;
            self.with_body &= hop.keeps_body;
            if self.with_body {
                spent(self.sources, "a redirect asks for the body again")?;
            }
            self.order.destination = Arc::new(hop.destination);
        }
    }
}

/// Whether the body can be sent from its first byte, though it may have been begun.
fn can_repeat(sources: &[Opened]) -> bool {
    sources.iter().all(|opened| opened.source.reads_again())
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
    /// that turns out to be stale. What breaks while it is paused is begun again when it goes on.
    async fn exchange(
        &self,
        with_body: bool,
        deadline: Option<Duration>,
    ) -> Result<quintet_proto::Response, Failure> {
        let target = &self.order.destination.target;
        let expect = self.env.expect.as_deref();
        let mut expect_above = expect.and_then(|expect| expect.above(target));
        let mut was_stale = false;
        loop {
            if self.ledger.is_paused()
                && let Some(holding) = self.env.front.holding.get()
            {
                (holding.wait)(self.ledger, deadline).await?;
            }
            self.ledger.goes_to(&self.order.destination);
            let pooled = match was_stale {
                true => None,
                false => self.env.pool.borrow_mut().take(target, self.ledger.now()),
            };
            let reused = pooled.is_some();
            if !reused {
                self.ledger.look();
            }
            self.ledger.started(reused);
            let wire = match pooled {
                Some(wire) => wire,
                None => self.connect(target, deadline).await?,
            };
            was_stale = false;
            match self.over(wire, with_body, expect_above, deadline).await {
                Ok(answer)
                    if answer.head.status == 417
                        && with_body
                        && can_repeat(self.sources)
                        && let Some(expect) = expect
                        && expect_above.is_some_and(|above| self.ledger.total() > above) =>
                {
                    expect.refused(target);
                    expect_above = None;
                }
                Err(failure) if failure.while_paused && can_repeat(self.sources) => {}
                Err(failure)
                    if reused
                        && (failure.is_unanswered() || planted::is("retry-after-an-answer"))
                        && !failure.while_paused =>
                {
                    let why = "a connection kept from before was closed by the peer";
                    spent(if with_body { self.sources } else { &[] }, why)?;
                    was_stale = true;
                }
                answered => return answered,
            }
        }
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
                if deadline < own {
                    return Err(time_is_over(self.ledger));
                }
                let phase = self.ledger.phase();
                Err(Error::new(ErrorKind::Timeout(phase)).because("no connection"))
            })
        })
        .await
    }

    async fn over(
        &self,
        mut wire: Box<Wire>,
        with_body: bool,
        expect_above: Option<u64>,
        deadline: Option<Duration>,
    ) -> Result<quintet_proto::Response, Failure> {
        let Wire {
            form,
            head: written,
            via,
            ..
        } = &mut *wire;
        let bodies = with_body.then_some(self.sources);
        let head = Head {
            order: self.order,
            sources: bodies,
            expect_above,
            trace: self.ledger.trace(),
            via: via.as_ref(),
        };
        let mut plan = write_head(&self.env.front, head, std::mem::take(form), written)?;
        if with_body {
            self.ledger.planned(plan.content_length());
        }
        let sources = bodies.unwrap_or_default();
        let expects = expects(expect_above, &plan);
        let lane = &*self.env.lane;
        let mut pump = Pump::new(&mut wire, &mut plan, sources, self.ledger, lane, deadline);
        if expects {
            pump.expects();
        }
        let ended = std::future::poll_fn(|cx| pump.poll(cx)).await;
        let (response, reusable) = pump.finish(ended)?;
        if reusable || planted::is("spoilt-connection-kept") {
            wire.form = plan.into_buffer();
            self.env
                .pool
                .borrow_mut()
                .put(self.order.destination.clone(), wire, self.ledger.now());
        }
        Ok(response)
    }
}

const ACCEPT: EngineName<'_> = EngineName::from_static("Accept");
const EXPECT: EngineName<'_> = EngineName::from_static("Expect");
const LOG_ID: EngineName<'_> = EngineName::from_static("x-tt-logid");
const PROXY_AUTHORIZATION: EngineName<'_> = EngineName::from_static("Proxy-Authorization");
const REQUEST_ID: EngineName<'_> = EngineName::from_static("x-request-id");
const USER_AGENT: EngineName<'_> = EngineName::from_static("User-Agent");

/// What a request head is written from.
pub(crate) struct Head<'a> {
    pub(crate) order: &'a Order,
    /// The files of the body; none for a request without one.
    pub(crate) sources: Option<&'a [Opened]>,
    /// The length of body above which the server is asked before it is sent.
    pub(crate) expect_above: Option<u64>,
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
        expect_above,
        trace,
        via,
    } = head;
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
                content_length: content_length
                    + u64::from(planted::is("content-length-off-by-one")),
            };
            (plan, framing)
        }
    };
    let url = &order.destination.url;
    let trace = trace.as_str();
    let agent = Some(front.settings.user_agent.as_str())
        .filter(|agent| !agent.is_empty() && order.headers.get("user-agent").is_none());
    let accept = order.headers.get("accept").is_none().then_some("*/*");
    let (to_proxy, headers) = proxied(via, &order.headers);
    let expect = expects(expect_above, &plan).then_some((EXPECT, "100-continue"));
    let engine = [
        to_proxy.map(|login| (PROXY_AUTHORIZATION, login)),
        agent.map(|agent| (USER_AGENT, agent)),
        accept.map(|accept| (ACCEPT, accept)),
        Some((REQUEST_ID, trace)),
        Some((LOG_ID, trace)),
        expect,
    ];
    let mut own = [(ACCEPT, ""); 6];
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

/// Whether a body is so long that the server is asked before it is sent.
fn expects(above: Option<u64>, plan: &Plan) -> bool {
    above.is_some_and(|above| plan.content_length() > above)
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
