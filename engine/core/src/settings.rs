//! The engine's settings and bounds, each with its reason.

use std::time::Duration;

use quintet_proto::Limits;

/// What holds for every upload of an engine. Start from [`Settings::default`] and change what you need.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Most uploads active at once. 5, as `tt.uploadFile` has it; 0 parks the queue.
    pub active_max: usize,
    /// Most uploads waiting. 1,048,576 by default, which bounds the queue's memory; beyond it a call fails with
    /// `queue full`.
    pub queue_max: usize,
    /// Most uploads active at once of one host and port, as the call's URL names them; no such bound by default. Who
    /// waits for another host goes first, who waits for this one keeps its place.
    pub active_per_host_max: Option<usize>,
    /// Whether an active upload that its caller pauses keeps its slot. True by default. If not, the slot is given on, and
    /// a resumed upload waits for one ahead of all that never had any; it keeps its file and its connection.
    pub paused_keeps_slot: bool,
    /// What [`Engine::suspend`](crate::Engine::suspend) does to active uploads.
    pub suspend_active: SuspendActive,
    /// From asking for a connection to having it, name and handshake included. 30 s.
    pub connect_timeout: Duration,
    /// Longest time without a byte either way. 60 s. Bytes that leave this system's own buffers count, where it tells of
    /// them; time that the upload is paused or waits for its pace does not.
    pub stall_timeout: Duration,
    /// From the whole request in the peer's hands (where the system tells what was confirmed, else from its last byte
    /// taken) to the first byte of an answer; by default bounded by `stall_timeout` alone.
    pub response_timeout: Option<Duration>,
    /// From the first byte of an answer to the end of its head: a peer that drips is not waited for. 60 s.
    pub response_head_timeout: Duration,
    /// Bodies longer than this many bytes go out only once the server has said 100 (Continue), or after a second without
    /// a word; a final answer before that means that the body is not sent. An origin that answers 417 gets the request
    /// once more without asking, and is not asked again. `None`, the default, asks nobody.
    pub expect_continue_above: Option<u64>,
    /// Shortest time between two progress events of one upload. 100 ms; 0 tells of every write.
    pub progress_interval: Duration,
    /// Which redirects are followed.
    pub redirects: Redirects,
    /// Most redirects followed for one upload. 5.
    pub redirects_max: u32,
    /// Most bytes of bodies that all uploads together send in a second; 0, the default, for as many as their connections
    /// take. Uploads that could go faster get equal shares.
    pub rate_max: u64,
    /// Retries that the engine may spend for each hundred uploads that may be [retried](crate::Retry). 20.
    pub retry_percent: u32,
    /// Retries that it may spend besides, from the start. 10.
    pub retry_reserve: u32,
    /// Limits of an answer: its head, body, interim answers, chunk lines, trailers.
    pub limits: Limits,
    /// Longest file that is sent, in bytes; for a range, how much of the file is sent. A longer one is a wrong parameter,
    /// told before anything is sent; one whose length only its end tells fails where it has too much. `None`, which is
    /// the default, sends any.
    pub file_bytes_max: Option<u64>,
    /// Longest time that an unused connection is kept. 30 s, under the 60 s and more of common servers, so
    /// that it is ours that closes first.
    pub idle_timeout: Duration,
    /// Most unused connections kept in all. 8: five uploads to one origin, and room for a second.
    pub idle_max: usize,
    /// `User-Agent` where the caller gives none; empty sends none.
    pub user_agent: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            active_max: 5,
            queue_max: 1 << 20,
            active_per_host_max: None,
            paused_keeps_slot: true,
            suspend_active: SuspendActive::Pause,
            connect_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(60),
            response_timeout: None,
            response_head_timeout: Duration::from_secs(60),
            expect_continue_above: None,
            progress_interval: Duration::from_millis(100),
            redirects: Redirects::SameOrigin,
            redirects_max: 5,
            rate_max: 0,
            retry_percent: 20,
            retry_reserve: 10,
            limits: Limits::default(),
            file_bytes_max: None,
            idle_timeout: Duration::from_secs(30),
            idle_max: 8,
            user_agent: concat!("quintet/", env!("CARGO_PKG_VERSION")).into(),
        }
    }
}

/// What becomes of active uploads while an engine is suspended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SuspendActive {
    /// They pause, and keep their slots.
    #[default]
    Pause,
    /// They end, with [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted).
    Interrupt,
    /// They go on.
    Run,
}

/// Which redirects are followed, each more than the one before. One that is not followed is the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Redirects {
    /// None.
    Off,
    /// To the same scheme, host and port, and from http to https of the same host.
    #[default]
    SameOrigin,
    /// To anywhere that the host policy permits, but never from https to http.
    Any,
}
