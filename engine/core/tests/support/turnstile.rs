//! A peer that takes every request, tells of it, and answers those that the test lets through. Some it turns away first.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, mpsc};

use super::{OK, PATIENCE, Peer};

pub struct Turnstile {
    peer: Peer,
    arrivals: mpsc::Receiver<String>,
    open: Arc<Open>,
}

/// What may be answered: requests by their target, or all.
#[derive(Default)]
struct Open {
    targets: Mutex<HashSet<String>>,
    changed: Condvar,
    /// How the next requests are turned away, the last first.
    turned_away: Mutex<HashMap<String, Vec<TurnedAway>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnedAway {
    /// Answered with 503.
    Busy,
    /// The connection ends without an answer.
    Broken,
}

const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

const ALL: &str = "*";

impl Turnstile {
    pub fn new() -> Self {
        let (arrived, arrivals) = mpsc::channel();
        let open = Arc::<Open>::default();
        let gate = open.clone();
        let peer = Peer::start(move |mut conversation, _| {
            loop {
                let (head, _) = conversation.request();
                let Some(target) = head.split(' ').nth(1) else {
                    return;
                };
                // The test may have ended.
                let _ = arrived.send(target.to_owned());
                let turned_away = gate
                    .turned_away
                    .lock()
                    .unwrap()
                    .get_mut(target)
                    .map(Vec::pop);
                match turned_away.flatten() {
                    None => {}
                    Some(TurnedAway::Broken) => return,
                    Some(TurnedAway::Busy) => {
                        conversation.say(BUSY);
                        continue;
                    }
                }
                let may =
                    |targets: &HashSet<String>| targets.contains(target) || targets.contains(ALL);
                let targets = gate.targets.lock().unwrap();
                let waited = gate
                    .changed
                    .wait_timeout_while(targets, PATIENCE, |targets| !may(targets));
                drop(waited);
                conversation.say(OK);
            }
        });
        Self {
            peer,
            arrivals,
            open,
        }
    }

    pub fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.peer.addr)
    }

    /// Turns the first requests for this target away, in these ways.
    pub fn turn_away(&self, target: &str, ways: Vec<TurnedAway>) {
        let mut all = self.open.turned_away.lock().unwrap();
        all.insert(target.to_owned(), ways);
    }

    /// The target of the next request that has come whole.
    pub fn arrival(&self) -> String {
        self.arrivals.recv_timeout(PATIENCE).expect("a request")
    }

    /// Those that have come and were not asked for yet.
    pub fn arrived(&self) -> Vec<String> {
        self.arrivals.try_iter().collect()
    }

    /// Answers the request for this target, now or when it comes.
    pub fn let_through(&self, target: &str) {
        self.open.targets.lock().unwrap().insert(target.to_owned());
        self.open.changed.notify_all();
    }

    pub fn let_all_through(&self) {
        self.let_through(ALL);
    }
}
