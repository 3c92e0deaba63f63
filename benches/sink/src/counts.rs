//! What a sink has seen.

use std::fmt;
use std::str::FromStr;

/// Numbers since the start. Its text is six numbers with a space between, in the order of the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Uploads read to their end and answered.
    pub requests: u64,
    /// Bytes of their bodies.
    pub body_bytes: u64,
    /// Of these uploads, those whose body did not end as a form does.
    pub malformed: u64,
    /// Connections that ended inside a request, or broke HTTP or TLS.
    pub broken: u64,
    /// Connections accepted, those that ask for the counts included.
    pub connections: u64,
    /// TLS handshakes that resumed an earlier session.
    pub resumed: u64,
}

impl Counts {
    /// What came after `earlier`.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            requests: self.requests - earlier.requests,
            body_bytes: self.body_bytes - earlier.body_bytes,
            malformed: self.malformed - earlier.malformed,
            broken: self.broken - earlier.broken,
            connections: self.connections - earlier.connections,
            resumed: self.resumed - earlier.resumed,
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            requests,
            body_bytes,
            malformed,
            broken,
            connections,
            resumed,
        } = self;
        write!(
            f,
            "{requests} {body_bytes} {malformed} {broken} {connections} {resumed}"
        )
    }
}

impl FromStr for Counts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Result<Vec<u64>, _> = text.split_whitespace().map(str::parse).collect();
        match numbers.as_deref() {
            Ok(
                &[
                    requests,
                    body_bytes,
                    malformed,
                    broken,
                    connections,
                    resumed,
                ],
            ) => Ok(Self {
                requests,
                body_bytes,
                malformed,
                broken,
                connections,
                resumed,
            }),
            _ => Err(format!("no counts: {text:?}")),
        }
    }
}
