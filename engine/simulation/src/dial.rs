//! Simulated names, addresses and handshakes, up to the connection.

use std::future::pending;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use quintet::{ErrorKind, HostPolicy, Phase};
use quintet_transport::{
    Connect, ConnectError, ConnectErrorKind, ConnectFuture, Connection, Step, Target, Watch,
};

use crate::cell::{Cell, Fault, Stage};
use crate::link::{Link, SimulatedConnection};
use crate::scenario::{BARRED, DENIED, ORIGINS};
use crate::server::serve;
use crate::world::{World, world};

/// Milliseconds that one address is given before the next is dialled.
const SHARE: u64 = 250;

/// The transport.
#[derive(Debug)]
pub(crate) struct SimulatedNetwork;

impl Connect for SimulatedNetwork {
    fn connect<'a>(&'a self, target: &'a Target, watch: &'a dyn Watch) -> ConnectFuture<'a> {
        let upload = world().asked.take();
        Box::pin(dial(upload, target, watch))
    }
}

/// The host policy: one host may not be asked for, and one has addresses that may not be dialled.
#[derive(Debug)]
pub(crate) struct SimulatedPolicy;

impl HostPolicy for SimulatedPolicy {
    fn permits_url(&self, url: &url::Url) -> bool {
        url.host_str() != Some(ORIGINS[DENIED].host)
    }

    fn permits_address(&self, url: &url::Url, _address: &SocketAddr) -> bool {
        url.host_str() != Some(ORIGINS[BARRED].host)
    }
}

/// One dial, counted for as long as it lasts.
struct Dial {
    world: Rc<World>,
    upload: usize,
    /// What is to befall it on the way.
    fate: Option<Cell>,
}

impl Drop for Dial {
    fn drop(&mut self) {
        self.world.open_dials.set(self.world.open_dials.get() - 1);
    }
}

type Failed = Result<(), ConnectError>;

async fn dial(
    upload: Option<usize>,
    target: &Target,
    watch: &dyn Watch,
) -> Result<Box<dyn Connection>, ConnectError> {
    let world = world();
    let Some(upload) = upload else {
        world.violated("simulation", || {
            "a dial that nobody was told to ask for".into()
        });
        return Err(failed(ConnectErrorKind::Refused));
    };
    world.open_dials.set(world.open_dials.get() + 1);
    let fate = world.scenario.uploads[upload].fate;
    let dial = Dial {
        world,
        upload,
        fate,
    };
    let origin = dial.origin(target);
    if ORIGINS[origin].host.ends_with(".sim") {
        dial.resolve().await?;
    }
    watch.reached(Step::Resolved);
    dial.reach(watch).await?;
    watch.reached(Step::Connected);
    if target.secure {
        dial.secure().await?;
        watch.reached(Step::Secured);
    }
    let world = &dial.world;
    let number = world.links.borrow().len();
    let chance = world.chance.borrow_mut().fork();
    let link = Link::new(number, origin, upload, chance);
    world.links.borrow_mut().push(Rc::downgrade(&link));
    world.servers.set(world.servers.get() + 1);
    actix::spawn(serve(link.clone()));
    Ok(Box::new(SimulatedConnection::new(link)))
}

fn failed(kind: ConnectErrorKind) -> ConnectError {
    ConnectError::new(kind, "simulated")
}

impl Dial {
    fn origin(&self, target: &Target) -> usize {
        let host = target.host.to_string();
        let is = |origin: &crate::scenario::Origin| {
            (origin.secure, origin.host, origin.port) == (target.secure, &*host, target.port)
        };
        let going = self.world.uploads.borrow()[self.upload].going.origin;
        if !is(&ORIGINS[going]) {
            self.world.violated("I14", || {
                format!(
                    "upload {}: {target} is dialled, and it goes elsewhere",
                    self.upload
                )
            });
        }
        ORIGINS.iter().position(is).unwrap_or(going)
    }

    async fn takes(&self, most: u64) {
        let millis = self.world.chance.borrow_mut().in_range(0..=most);
        if millis > 0 {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
    }

    fn expect(&self, cell: Cell, end: Option<ErrorKind>) {
        let timeout = self.world.scenario.settings.connect_timeout.as_millis() as u64;
        let ends_at = self.world.uploads.borrow()[self.upload].started_at + timeout;
        let is_timeout = matches!(end, Some(ErrorKind::Timeout(_)));
        let window = is_timeout.then_some((ends_at, ends_at));
        self.world.expect(self.upload, cell, &[end], window);
    }

    /// What befalls it at `stage`, if that is where its fate waits; with the rest of the matrix's second table done.
    async fn fault_at(&self, stage: Stage) -> Option<Fault> {
        self.takes(30).await;
        let cell = self.fate.filter(|fate| fate.stage == stage)?;
        let in_second_table = cell.fault > Fault::Early;
        if !in_second_table {
            return Some(cell.fault);
        }
        // What happens in the very moment in which a file is opened and read is no change after it.
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.world.perform(self.upload, cell);
        self.takes(30).await;
        None
    }

    async fn resolve(&self) -> Failed {
        let Some(fault) = self.fault_at(Stage::Dns).await else {
            return Ok(());
        };
        let cell = Cell::new(Stage::Dns, fault);
        if fault == Fault::Stall {
            self.expect(cell, Some(ErrorKind::Timeout(Phase::Dns)));
            pending::<()>().await;
        }
        self.expect(cell, Some(ErrorKind::NoNetwork));
        Err(failed(ConnectErrorKind::NotResolved))
    }

    /// One address after another, as the host policy permits.
    async fn reach(&self, watch: &dyn Watch) -> Failed {
        let fault = self.fault_at(Stage::Connect).await;
        let flavour = self.world.scenario.uploads[self.upload].flavour;
        let addresses = 1 + flavour % 3;
        let bad = if fault.is_some() {
            1 + flavour / 3 % 3
        } else {
            0
        };
        let mut permitted = 0;
        for address in 0..addresses {
            if !watch.permit(&SocketAddr::from(([192, 0, 2, address as u8], 80))) {
                continue;
            }
            permitted += 1;
            match fault {
                Some(Fault::Stall) if address < bad => {
                    tokio::time::sleep(Duration::from_millis(SHARE)).await;
                }
                Some(_) if address < bad => self.takes(5).await,
                _ => {
                    if let Some(fault) = fault {
                        self.world
                            .mark(self.upload, Cell::new(Stage::Connect, fault));
                    }
                    return Ok(());
                }
            }
        }
        if permitted == 0 {
            return Err(failed(ConnectErrorKind::Forbidden));
        }
        let cell = Cell::new(Stage::Connect, fault.unwrap_or(Fault::Refused));
        if fault == Some(Fault::Stall) {
            self.expect(cell, Some(ErrorKind::Timeout(Phase::Connect)));
            pending::<()>().await;
        }
        self.expect(cell, Some(ErrorKind::Refused));
        Err(failed(ConnectErrorKind::Refused))
    }

    async fn secure(&self) -> Failed {
        let Some(fault) = self.fault_at(Stage::Tls).await else {
            return Ok(());
        };
        let cell = Cell::new(Stage::Tls, fault);
        if matches!(fault, Fault::Stall | Fault::Trickle) {
            self.expect(cell, Some(ErrorKind::Timeout(Phase::Tls)));
            pending::<()>().await;
        }
        self.expect(cell, Some(ErrorKind::Tls));
        Err(failed(ConnectErrorKind::Tls))
    }
}
