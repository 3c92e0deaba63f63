//! [`FaultConnect`]: a script for every connection of a transport.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::{future, io};

use super::{Did, FaultConnection, Script, What, Where};
use crate::seed::Seeded;
use crate::{Connect, ConnectError, ConnectErrorKind, ConnectFuture, Target, Watch};

/// Makes connections by another transport and lets each follow its script.
///
/// Connections are counted from 0 in the order in which they were asked for. Cloning it shares the count and what
/// [`done`](Self::done) tells.
#[derive(Clone, Debug)]
pub struct FaultConnect<C> {
    inner: C,
    scripts: Scripts,
    log: Log,
}

/// A fault that happened, and to which connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Done {
    /// Counted from 0.
    pub connection: usize,
    /// What happened to it.
    pub did: Did,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection {}, {}", self.connection, self.did)
    }
}

#[derive(Clone, Debug)]
enum Scripts {
    Listed(Arc<[Script]>),
    Seeded(u64),
}

/// Connections begun, and what happened to them.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<Mutex<(usize, Vec<Done>)>>);

impl Log {
    fn begin(&self) -> usize {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 += 1;
        state.0 - 1
    }

    pub(super) fn add(&self, connection: usize, did: Did) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.1.push(Done { connection, did });
    }
}

impl<C: Connect> FaultConnect<C> {
    /// The first connection follows the first script, and so on; those after the last script are left alone.
    pub fn new(inner: C, scripts: impl IntoIterator<Item = Script>) -> Self {
        let scripts = Scripts::Listed(scripts.into_iter().collect());
        Self {
            inner,
            scripts,
            log: Log::default(),
        }
    }

    /// Every connection follows a script drawn from `seed` and its number (see [`Script::drawn`]).
    pub fn seeded(inner: C, seed: u64) -> Self {
        Self {
            inner,
            scripts: Scripts::Seeded(seed),
            log: Log::default(),
        }
    }

    /// What has happened until now, in order. Grows with every fault, and never shrinks.
    pub fn done(&self) -> Vec<Done> {
        let state = self.log.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.1.clone()
    }

    fn script(&self, connection: usize) -> Script {
        match &self.scripts {
            Scripts::Listed(scripts) => scripts.get(connection).cloned().unwrap_or_default(),
            Scripts::Seeded(seed) => {
                Script::drawn(Seeded::new(seed.wrapping_add(connection as u64)).next())
            }
        }
    }

    /// What happens while connecting. `Ok` lets it go on.
    async fn before(&self, connection: usize, script: &Script) -> Result<(), ConnectError> {
        for did in script
            .faults()
            .iter()
            .filter(|did| did.at == Where::Connect)
        {
            let refused = |kind: io::ErrorKind| {
                ConnectError::new(ConnectErrorKind::Refused, io::Error::from(kind))
            };
            match did.what {
                What::Refuse => {
                    self.log.add(connection, *did);
                    return Err(refused(io::ErrorKind::ConnectionRefused));
                }
                What::Reset => {
                    self.log.add(connection, *did);
                    return Err(refused(io::ErrorKind::ConnectionReset));
                }
                What::Cut => {
                    self.log.add(connection, *did);
                    future::pending::<()>().await;
                }
                // The others need a connection: they happen as soon as there is one.
                _ => {}
            }
        }
        Ok(())
    }
}

impl<C: Connect> Connect for FaultConnect<C> {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        Box::pin(async move {
            let connection = self.log.begin();
            let script = self.script(connection);
            self.before(connection, &script).await?;
            let inner = self.inner.connect(target, watch).await?;
            let faulty = FaultConnection::logged(inner, &script, self.log.clone(), connection);
            Ok(Box::new(faulty) as _)
        })
    }
}
