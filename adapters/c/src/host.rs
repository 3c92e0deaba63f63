//! An engine as a host asks for it: its settings read, its transport chosen.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use quintet::{Engine, EngineBuilder, LocalFiles, Redirects, Settings};
use quintet_tcp::TcpConnect;
use quintet_transport::Connect;

use crate::abi;
use crate::callbacks::{Events, TransportCalls};
use crate::failure::Failure;
use crate::hub::Hub;
use crate::own_transport::OwnTransport;
use crate::polled::Polled;
use crate::secured::{self, Trust};
use crate::{json, media};

/// What an engine's handle stands for.
pub(crate) struct Host {
    pub(crate) engine: Engine,
    pub(crate) hub: Arc<Hub>,
}

/// The settings, read.
pub(crate) struct Asked<'a> {
    pub(crate) numbers: &'a abi::quintet_settings,
    pub(crate) events: Events,
    pub(crate) transport: Option<TransportCalls>,
    pub(crate) root: Option<&'a str>,
    pub(crate) root_pem: &'a [u8],
    pub(crate) json: &'a [u8],
}

/// How the engine is to be, as the settings say it by name and by number.
#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) settings: Settings,
    pub(crate) trust: Trust,
    /// Sets the hosts that may be uploaded to. A function, so that a library that cannot be told of any is linked without.
    pub(crate) policy: Option<Box<dyn FnOnce(EngineBuilder) -> EngineBuilder>>,
    /// No address of this machine or its networks is dialled.
    pub(crate) only_public: bool,
}

impl Host {
    pub(crate) fn start(asked: Asked<'_>) -> Result<Self, Failure> {
        let Asked {
            numbers,
            events,
            transport,
            root,
            root_pem,
            json,
        } = asked;
        let has = |flag| numbers.flags & flag != 0;
        let mut setup = Setup::default();
        if !json.is_empty() {
            json::settings(json, &mut setup)?;
        }
        apply(numbers, &mut setup.settings)?;
        setup.trust.root_pem.extend_from_slice(root_pem);
        setup.trust.only_given |= has(abi::QUINTET_ONLY_GIVEN_ROOTS);
        if setup.only_public && transport.is_some() {
            return Err(Failure::invalid(
                "publicAddressesOnly cannot be held: the host's transport chooses addresses itself",
            ));
        }
        let polled = match has(abi::QUINTET_POLLED) {
            true => Some(Polled::new().map_err(system)?),
            false => None,
        };
        let files = root.map_or_else(LocalFiles::anywhere, LocalFiles::beneath);
        let mut builder = builder(transport, setup.trust)?
            .settings(setup.settings)
            .files(files);
        if let Some(set_policy) = setup.policy {
            builder = set_policy(builder);
        }
        let engine = builder.start().map_err(system)?;
        Ok(Self {
            engine,
            hub: Hub::new(events, has(abi::QUINTET_JSON_EVENTS), polled),
        })
    }

    /// Changes a number of it.
    pub(crate) fn set(&self, what: i32, value: i64) -> Result<(), Failure> {
        let whole = || u64::try_from(value).map_err(|_| below_zero(value));
        match (what, value) {
            (abi::QUINTET_ACTIVE_MAX, _) => {
                let active_max = usize::try_from(whole()?).unwrap_or(usize::MAX);
                self.engine.set_active_max(active_max);
            }
            (abi::QUINTET_RATE_MAX, _) => self.engine.set_rate_max(whole()?),
            (abi::QUINTET_SUSPENDED, 0) => drop(self.engine.resume()),
            (abi::QUINTET_SUSPENDED, 1) => drop(self.engine.suspend()),
            _ => return Err(no_such(what, value, "an engine")),
        }
        Ok(())
    }
}

fn system(error: io::Error) -> Failure {
    Failure::new(abi::QUINTET_SYSTEM, error)
}

/// Over the host's transport or TCP, with TLS above unless that is the host's business too.
fn builder(transport: Option<TransportCalls>, trust: Trust) -> Result<EngineBuilder, Failure> {
    let transport: Box<dyn Connect> = match transport {
        None => secured::over(TcpConnect::new(), trust)?,
        Some(calls) if calls.secures() => Box::new(OwnTransport::new(calls)),
        Some(calls) => secured::over(OwnTransport::new(calls), trust)?,
    };
    Ok(media::builder(transport))
}

fn apply(numbers: &abi::quintet_settings, settings: &mut Settings) -> Result<(), Failure> {
    let millis = |to: &mut Duration, millis: u64| {
        if millis != 0 {
            *to = Duration::from_millis(millis);
        }
    };
    millis(&mut settings.connect_timeout, numbers.connect_timeout_ms);
    millis(&mut settings.stall_timeout, numbers.stall_timeout_ms);
    millis(
        &mut settings.progress_interval,
        numbers.progress_interval_ms,
    );
    if numbers.active_max != 0 {
        settings.active_max = numbers.active_max as usize;
    }
    if numbers.response_bytes_max != 0 {
        settings.limits.body_bytes_max = numbers.response_bytes_max;
    }
    settings.redirects = match numbers.redirects {
        0 => settings.redirects,
        abi::QUINTET_REDIRECTS_OFF => Redirects::Off,
        abi::QUINTET_REDIRECTS_SAME_ORIGIN => Redirects::SameOrigin,
        abi::QUINTET_REDIRECTS_ANY => Redirects::Any,
        other => {
            return Err(Failure::invalid(format_args!(
                "quintet_settings.redirects is {other}, and is one of QUINTET_REDIRECTS_..."
            )));
        }
    };
    Ok(())
}

pub(crate) fn below_zero(value: i64) -> Failure {
    Failure::invalid(format_args!("the value is {value}, and must be 0 or more"))
}

pub(crate) fn no_such(what: i32, value: i64, of: &str) -> Failure {
    Failure::invalid(format_args!(
        "{of} has no number {what} that can be {value}"
    ))
}
