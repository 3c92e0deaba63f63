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
    /// From asking for a connection to having it, name and handshake included. 30 s.
    pub connect_timeout: Duration,
    /// Longest time without a byte either way. 60 s.
    pub stall_timeout: Duration,
    /// From the first byte of an answer to the end of its head: a peer that drips is not waited for. 60 s.
    pub response_head_timeout: Duration,
    /// Shortest time between two progress events of one upload. 100 ms; 0 tells of every write.
    pub progress_interval: Duration,
    /// Which redirects are followed.
    pub redirects: Redirects,
    /// Most redirects followed for one upload. 5.
    pub redirects_max: u32,
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
            connect_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(60),
            response_head_timeout: Duration::from_secs(60),
            progress_interval: Duration::from_millis(100),
            redirects: Redirects::SameOrigin,
            redirects_max: 5,
            limits: Limits::default(),
            file_bytes_max: None,
            idle_timeout: Duration::from_secs(30),
            idle_max: 8,
            user_agent: concat!("quintet/", env!("CARGO_PKG_VERSION")).into(),
        }
    }
}

/// Which redirects an engine follows. One that it does not follow is the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redirects {
    /// None.
    Off,
    /// To the same scheme, host and port, and from http to https of the same host.
    #[default]
    SameOrigin,
    /// To anywhere that the host policy permits, but never from https to http.
    Any,
}
