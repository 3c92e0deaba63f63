//! The engine's settings, each absent unless the host says something.

use std::time::Duration;

use quintet::{DomainError, LocalFiles, Rules, Settings};

use crate::tls::TlsOptions;

/// What holds for every upload of an engine. What is absent is the engine's own default, which stands behind the name.
#[derive(Clone, Debug, Default, uniffi::Record)]
pub struct EngineSettings {
    /// Most uploads active at once: 5.
    #[uniffi(default = None)]
    pub active_max: Option<u32>,
    /// Most uploads waiting: 1,048,576. Beyond it a call fails with `queue full`.
    #[uniffi(default = None)]
    pub queue_max: Option<u32>,
    /// Most uploads active at once of one host and port: no such bound.
    #[uniffi(default = None)]
    pub active_per_host_max: Option<u32>,
    /// Whether a paused upload keeps its slot: true.
    #[uniffi(default = None)]
    pub paused_keeps_slot: Option<bool>,
    /// What becomes of active uploads when the engine is suspended: they pause.
    #[uniffi(default = None)]
    pub suspend_active: Option<SuspendActive>,
    /// Longest time to a connection, name and handshake included, in milliseconds: 30,000.
    #[uniffi(default = None)]
    pub connect_timeout_ms: Option<u64>,
    /// Longest time without a byte either way, in milliseconds: 60,000.
    #[uniffi(default = None)]
    pub stall_timeout_ms: Option<u64>,
    /// Longest time from the whole request sent to the first byte of an answer, in milliseconds: that of a stall.
    #[uniffi(default = None)]
    pub response_timeout_ms: Option<u64>,
    /// Longest time from the first byte of an answer to the end of its head, in milliseconds: 60,000.
    #[uniffi(default = None)]
    pub response_head_timeout_ms: Option<u64>,
    /// Bodies longer than this many bytes wait for the server's 100 (Continue): none.
    #[uniffi(default = None)]
    pub expect_continue_above: Option<u64>,
    /// Shortest time between two progress events of one upload, in milliseconds: 100.
    #[uniffi(default = None)]
    pub progress_interval_ms: Option<u64>,
    /// Which redirects are followed: those to the same origin.
    #[uniffi(default = None)]
    pub redirects: Option<Redirects>,
    /// Most redirects followed for one upload: 5.
    #[uniffi(default = None)]
    pub redirects_max: Option<u32>,
    /// Most bytes of bodies that all uploads together send in a second, 0 for no bound: 0.
    #[uniffi(default = None)]
    pub rate_max: Option<u64>,
    /// Retries that the engine may spend for each hundred uploads that may be retried: 20.
    #[uniffi(default = None)]
    pub retry_percent: Option<u32>,
    /// Retries that it may spend besides, from the start: 10.
    #[uniffi(default = None)]
    pub retry_reserve: Option<u32>,
    /// Most bytes of an answer's body: 33,554,432. A longer one fails with `response too large`.
    #[uniffi(default = None)]
    pub response_bytes_max: Option<u64>,
    /// Longest file that is sent, in bytes: any.
    #[uniffi(default = None)]
    pub file_bytes_max: Option<u64>,
    /// Longest time that an unused connection is kept, in milliseconds: 30,000.
    #[uniffi(default = None)]
    pub idle_timeout_ms: Option<u64>,
    /// Most unused connections kept: 8.
    #[uniffi(default = None)]
    pub idle_max: Option<u32>,
    /// `User-Agent` where a request has none, empty for none: quintet and its version.
    #[uniffi(default = None)]
    pub user_agent: Option<String>,
    /// Paths are relative to this directory, and nothing outside can be reached. Without it, any file that the process
    /// may read. Descriptors and bytes are not bound by it.
    #[uniffi(default = None)]
    pub files_beneath: Option<String>,
    /// Hosts that may be uploaded to, such as `example.com`, `*.example.com`, `https://example.com:8443`; none listed
    /// permits any.
    #[uniffi(default = [])]
    pub domains: Vec<String>,
    /// Refuses http.
    #[uniffi(default = false)]
    pub https_only: bool,
    /// Refuses to dial this device, private and local networks.
    #[uniffi(default = false)]
    pub public_addresses_only: bool,
    /// Whom https trusts: Mozilla's roots as they were compiled in.
    #[uniffi(default = None)]
    pub tls: Option<TlsOptions>,
}

/// What becomes of active uploads while an engine is suspended.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum SuspendActive {
    /// They pause, and keep their slots.
    Pause,
    /// They end, as interrupted.
    Interrupt,
    /// They go on.
    Run,
}

/// Which redirects an engine follows. One that it does not follow is the answer.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum Redirects {
    /// None.
    Off,
    /// To the same scheme, host and port, and from http to https of the same host.
    SameOrigin,
    /// To anywhere that is permitted, but never from https to http.
    Any,
}

impl EngineSettings {
    pub(crate) fn engine(&self) -> Settings {
        let mut to = Settings::default();
        set(&mut to.active_max, self.active_max.map(size));
        set(&mut to.queue_max, self.queue_max.map(size));
        to.active_per_host_max = self.active_per_host_max.map(size);
        set(&mut to.paused_keeps_slot, self.paused_keeps_slot);
        set(
            &mut to.suspend_active,
            self.suspend_active.map(|what| match what {
                SuspendActive::Pause => quintet::SuspendActive::Pause,
                SuspendActive::Interrupt => quintet::SuspendActive::Interrupt,
                SuspendActive::Run => quintet::SuspendActive::Run,
            }),
        );
        set(&mut to.connect_timeout, self.connect_timeout_ms.map(millis));
        set(&mut to.stall_timeout, self.stall_timeout_ms.map(millis));
        to.response_timeout = self.response_timeout_ms.map(millis);
        set(
            &mut to.response_head_timeout,
            self.response_head_timeout_ms.map(millis),
        );
        to.expect_continue_above = self.expect_continue_above;
        set(
            &mut to.progress_interval,
            self.progress_interval_ms.map(millis),
        );
        set(
            &mut to.redirects,
            self.redirects.map(|which| match which {
                Redirects::Off => quintet::Redirects::Off,
                Redirects::SameOrigin => quintet::Redirects::SameOrigin,
                Redirects::Any => quintet::Redirects::Any,
            }),
        );
        set(&mut to.redirects_max, self.redirects_max);
        set(&mut to.rate_max, self.rate_max);
        set(&mut to.retry_percent, self.retry_percent);
        set(&mut to.retry_reserve, self.retry_reserve);
        set(&mut to.limits.body_bytes_max, self.response_bytes_max);
        to.file_bytes_max = self.file_bytes_max;
        set(&mut to.idle_timeout, self.idle_timeout_ms.map(millis));
        set(&mut to.idle_max, self.idle_max.map(size));
        set(&mut to.user_agent, self.user_agent.clone());
        to
    }

    pub(crate) fn files(&self) -> LocalFiles {
        match &self.files_beneath {
            Some(root) => LocalFiles::beneath(root),
            None => LocalFiles::anywhere(),
        }
    }

    pub(crate) fn policy(&self) -> Result<Rules, DomainError> {
        let mut rules = Rules::new();
        if self.https_only {
            rules = rules.https_only();
        }
        if self.public_addresses_only {
            rules = rules.public_addresses_only();
        }
        self.domains
            .iter()
            .try_fold(rules, |rules, pattern| rules.domain(pattern))
    }
}

/// Changes what the host has said something about.
pub(crate) fn set<T>(setting: &mut T, said: Option<T>) {
    if let Some(said) = said {
        *setting = said;
    }
}

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// No system that this runs on has words of less than 32 bits.
fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
