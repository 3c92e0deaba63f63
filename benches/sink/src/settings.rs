//! What a sink is told before it starts.

/// How a sink is set up; the default is pinned nowhere, sends no tickets and keeps the system's congestion control.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The processor that [`Sink::run`](crate::Sink::run) keeps to.
    pub cpu: Option<usize>,
    /// Whether TLS sessions can be resumed.
    pub tickets: bool,
    /// The congestion control of its sockets; `cubic`, `bbr` and so on.
    pub congestion: Option<String>,
}
