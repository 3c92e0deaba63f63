//! The model server: one task for each connection, which answers as each upload's fate has it.

use std::rc::Rc;
use std::time::Duration;

use quintet::{ErrorKind, Phase, Redirects};

use crate::answer::{Answer, Frame, Wish};
use crate::cell::{Cell, Fault, Stage};
use crate::link::{End, Gate, Link, Request};
use crate::model::Going;
use crate::scenario::{DENIED, ORIGINS};
use crate::world::{World, world};

use ErrorKind::{Closed, Malformed, ResponseTooLarge, Timeout};

/// Serves one connection until the engine lets go of it.
pub(crate) async fn serve(link: Rc<Link>) {
    let world = world();
    let mut served = 0;
    loop {
        link.until(|state| state.begun > served || state.is_gone)
            .await;
        served += 1;
        let upload = link.state().request.as_ref().map(|request| request.upload);
        let Some(upload) = upload.filter(|_| link.state().begun == served) else {
            break;
        };
        let fate = world.scenario.uploads[upload].fate;
        let exchange = Exchange {
            world: &world,
            link: &link,
            upload,
            fate,
        };
        exchange.run().await;
        if link.state().is_gone {
            break;
        }
        idle(&world, &link, served).await;
        // A request that crosses with the end is for another connection.
        if link.has_ended() {
            break;
        }
    }
    link.gone().await;
    world.servers.set(world.servers.get() - 1);
}

/// One request and its answer.
struct Exchange<'a> {
    world: &'a World,
    link: &'a Link,
    upload: usize,
    fate: Option<Cell>,
}

impl Exchange<'_> {
    async fn run(&self) {
        let is_while_sending =
            |cell: &Cell| matches!(cell.stage, Stage::Head | Stage::Body | Stage::Closing);
        if let Some(cell) = self.fate.filter(is_while_sending) {
            self.link
                .until(|state| state.gate_reached || state.is_gone)
                .await;
            self.pause(50).await;
            if !self.while_sending(cell).await {
                return;
            }
        }
        let is_whole = |request: &Option<Request>| request.as_ref().is_some_and(Request::is_whole);
        self.link
            .until(|state| is_whole(&state.request) || state.is_gone)
            .await;
        self.pause(40).await;
        match self.fate.map(|cell| (cell.stage, cell)) {
            Some((Stage::Waiting, cell)) => self.while_waiting(cell).await,
            Some((Stage::ResponseHead, cell)) => self.in_head(cell).await,
            Some((Stage::ResponseBody, cell)) => self.in_body(cell).await,
            _ => self.answer().await,
        }
    }

    async fn pause(&self, most: u64) {
        let millis = self.link.state_mut().chance.in_range(0..=most);
        if millis > 0 {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
    }

    fn flavour(&self) -> u64 {
        self.world.scenario.uploads[self.upload].flavour
    }

    fn expect(&self, cell: Cell, end: Option<ErrorKind>) {
        self.world.expect(self.upload, cell, &[end], None);
    }

    /// It must end with a timeout when nothing has moved for as long as the setting says: twice that at most, for
    /// the engine looks at the connection's own count half-way.
    fn expect_stall(&self, cell: Cell, phase: Phase) {
        let stall = self.world.scenario.settings.stall_timeout.as_millis() as u64;
        let now = self.world.now();
        let head = self
            .world
            .scenario
            .settings
            .response_head_timeout
            .as_millis() as u64;
        let least = if phase == Phase::ResponseHead {
            stall.min(head)
        } else {
            stall
        };
        // It may have stood still for as long as this server took to come here, and a little goes on arriving.
        let window = (now + least - 200, now + 2 * stall + 200);
        self.world
            .expect(self.upload, cell, &[Some(Timeout(phase))], Some(window));
    }

    /// It must end when the upload's own time is over, or go on if it has none.
    fn expect_total(&self, cell: Cell, phase: Phase) {
        let spec = &self.world.scenario.uploads[self.upload];
        let Some(timeout) = spec.timeout else {
            return self.world.mark(self.upload, cell);
        };
        let admitted_at = self.world.uploads.borrow()[self.upload].admitted_at;
        let at = admitted_at.unwrap_or(0) + timeout.as_millis() as u64;
        // A head that trickles may be through by then.
        let ends = match phase {
            Phase::Head => vec![Some(Timeout(Phase::Head)), Some(Timeout(Phase::Body))],
            phase => vec![Some(Timeout(phase))],
        };
        self.world.expect(self.upload, cell, &ends, Some((at, at)));
    }

    /// Whether the exchange goes on after what befell it.
    async fn while_sending(&self, cell: Cell) -> bool {
        let phase = match cell.stage {
            Stage::Head => Phase::Head,
            _ => Phase::Body,
        };
        let flavour = self.flavour();
        match cell.fault {
            Fault::Reset | Fault::Fin if cell.stage != Stage::Head && flavour & 4 == 0 => {
                // A complete answer that does not stop the body, and then no more connection.
                let answer = self.make(200, Frame::Length, false);
                self.expect(cell, None);
                self.world.uploads.borrow_mut()[self.upload].may_be_partial = true;
                self.say(&answer);
                let end = match cell.fault {
                    Fault::Reset => End::Reset,
                    _ if flavour & 8 == 0 => End::Cut,
                    _ => End::Fin,
                };
                self.link.end(end, true);
            }
            Fault::Reset => {
                self.expect(cell, Some(Closed));
                self.link.end(End::Reset, true);
            }
            Fault::Fin => {
                self.expect(cell, Some(Closed));
                let end = if flavour & 8 == 0 { End::Cut } else { End::Fin };
                self.link.end(end, flavour & 16 == 0);
            }
            Fault::Stall => self.expect_stall(cell, phase),
            Fault::Trickle => {
                let left = {
                    let live = &self.world.uploads.borrow()[self.upload];
                    (live.body_len - live.body_taken).max(1)
                };
                self.expect_total(cell, phase);
                self.link.set_gate(Gate::Trickle {
                    bytes: left / 40 + 1,
                    every: 1000,
                    next_at: self.world.now(),
                });
                return true;
            }
            Fault::Garbage => {
                self.expect(cell, Some(Malformed));
                self.garbage();
            }
            Fault::Early => return self.early(cell).await,
            _ => {
                self.world.perform(self.upload, cell);
                self.pause(50).await;
                self.link.set_gate(Gate::Open);
                return true;
            }
        }
        self.link.gone().await;
        false
    }

    /// A final answer before the request was sent.
    async fn early(&self, cell: Cell) -> bool {
        let (status, closes) = match self.flavour() % 4 {
            0 => (413, false),
            1 => (200, true),
            2 => (202, false),
            _ => {
                self.expect(cell, Some(Malformed));
                self.link
                    .say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n");
                self.link.gone().await;
                return false;
            }
        };
        let frame = if closes { Frame::Close } else { Frame::Chunks };
        let answer = self.make(status, frame, closes);
        self.expect(cell, None);
        self.say(&answer);
        if answer.until_close {
            self.link.end(End::Fin, false);
        }
        if !answer.stops {
            self.pause(50).await;
            self.link.set_gate(Gate::Open);
            self.link
                .until(|state| state.is_settled() || state.is_gone)
                .await;
            self.finish(&answer).await;
            return false;
        }
        self.link.gone().await;
        false
    }

    async fn while_waiting(&self, cell: Cell) {
        match cell.fault {
            Fault::Reset if self.link.secure && self.flavour() & 4 == 0 => {
                // TLS 1.3 tells only now that a client certificate was wanted.
                self.expect(cell, Some(ErrorKind::Tls));
                self.link.end(End::Alert, true);
            }
            Fault::Reset => {
                self.expect(cell, Some(Closed));
                self.link.end(End::Reset, true);
            }
            Fault::Fin => {
                self.expect(cell, Some(Closed));
                self.link.end(End::Fin, true);
            }
            Fault::Stall => self.expect_stall(cell, Phase::Response),
            Fault::Garbage => {
                self.expect(cell, Some(Malformed));
                self.garbage();
            }
            _ => {
                self.world.perform(self.upload, cell);
                self.pause(50).await;
                return self.answer().await;
            }
        }
        self.link.gone().await;
    }

    async fn in_head(&self, cell: Cell) {
        let flavour = self.flavour();
        let answer = self.make(200, self.frame(), false);
        let cut = 1 + (self.world.scenario.uploads[self.upload].place % 12) as usize;
        match cell.fault {
            Fault::Garbage if flavour & 4 == 0 => {
                self.expect(cell, Some(Malformed));
                self.begin(&answer);
                let wrong: &[u8] = match flavour / 8 % 4 {
                    0 => b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
                    1 => b"HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n",
                    2 => b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                    _ => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                };
                self.link.say(wrong);
                return self.link.gone().await;
            }
            Fault::Garbage => {
                self.expect(cell, Some(ResponseTooLarge));
                self.begin(&answer);
                self.link.say(&self.over_a_cap());
                return self.link.gone().await;
            }
            _ => {}
        }
        if cell.fault == Fault::Trickle {
            return self.drip_head(cell).await;
        }
        self.say_part(&answer, &answer.bytes[..cut]);
        self.heard_all().await;
        match cell.fault {
            Fault::Reset => {
                self.expect(cell, Some(Closed));
                self.link.end(End::Reset, true);
            }
            Fault::Fin => {
                self.expect(cell, Some(Closed));
                self.link.end(End::Fin, true);
            }
            Fault::Stall => self.expect_stall(cell, Phase::ResponseHead),
            _ => {
                self.world.perform(self.upload, cell);
                self.pause(50).await;
                self.say_from(&answer, cut);
                return self.finish(&answer).await;
            }
        }
        self.link.gone().await;
    }

    /// A head that never ends: it is not waited for longer than the setting says, however lively it is.
    async fn drip_head(&self, cell: Cell) {
        let longest = self
            .world
            .scenario
            .settings
            .response_head_timeout
            .as_millis() as u64;
        let now = self.world.now();
        let window = (now + longest, now + longest);
        let end = [Some(Timeout(Phase::ResponseHead))];
        self.world.expect(self.upload, cell, &end, Some(window));
        let head = b"HTTP/1.1 200 OK\r\nX-Fill: "
            .iter()
            .chain(std::iter::repeat(&b'x'));
        for byte in head {
            self.link.say_now(&[*byte]);
            tokio::time::sleep(Duration::from_secs(1)).await;
            if self.link.state().is_gone {
                return;
            }
        }
    }

    /// One of the limits, by a little.
    fn over_a_cap(&self) -> Vec<u8> {
        let limits = &self.world.scenario.settings.limits;
        match self.flavour() / 8 % 3 {
            0 => {
                let mut head = b"HTTP/1.1 200 OK\r\nX-Fill: ".to_vec();
                head.resize(limits.head_bytes_max + 1, b'x');
                head
            }
            1 => b"HTTP/1.1 100 Continue\r\n\r\n".repeat(limits.interim_max as usize + 1),
            _ => {
                let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
                head.extend(b"A: b\r\n".repeat(limits.headers_max + 1));
                head.extend(b"\r\n");
                head
            }
        }
    }

    async fn in_body(&self, cell: Cell) {
        let flavour = self.flavour();
        match cell.fault {
            Fault::Garbage => return self.bad_body(cell).await,
            Fault::Fin => return self.ended_body(cell).await,
            _ => {}
        }
        let answer = self.make(200, self.frame(), false);
        let left = answer.len() - answer.head_len;
        let cut = match cell.fault {
            // Long enough for a limit of the whole to pass.
            Fault::Trickle => answer.head_len,
            _ => answer.head_len + flavour as usize % left,
        };
        self.say_part(&answer, &answer.bytes[..cut]);
        let tail = answer.tail();
        self.heard_all().await;
        match cell.fault {
            Fault::Reset => {
                self.expect(cell, Some(Closed));
                self.link.end(End::Reset, true);
            }
            Fault::Stall => self.expect_stall(cell, Phase::ResponseBody),
            Fault::Trickle => {
                self.expect_total(cell, Phase::ResponseBody);
                let slow = self.world.scenario.uploads[self.upload].timeout.is_some();
                let bytes = if slow { 1 } else { left / 20 + 1 };
                for piece in answer.bytes[cut..tail].chunks(bytes) {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    if self.link.state().is_gone {
                        return;
                    }
                    self.link.say_now(piece);
                }
                self.link.say_whole(&answer.bytes[tail..]);
                return self.finish(&answer).await;
            }
            _ => {
                self.world.perform(self.upload, cell);
                self.pause(50).await;
                self.say_from(&answer, cut);
                return self.finish(&answer).await;
            }
        }
        self.link.gone().await;
    }

    /// Broken framing, too much, or more than belongs to it.
    async fn bad_body(&self, cell: Cell) {
        let most = self.world.scenario.settings.limits.body_bytes_max;
        let (end, text) = match self.flavour() / 4 % 6 {
            0 => (
                Malformed,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX".into(),
            ),
            1 => (
                Malformed,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\n".into(),
            ),
            2 => (
                ResponseTooLarge,
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", most + 1),
            ),
            3 => {
                let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
                (ResponseTooLarge, format!("{head}{:x}\r\n", most + 1))
            }
            4 => {
                let text = "x".repeat(most as usize + 1);
                (ResponseTooLarge, format!("HTTP/1.1 200 OK\r\n\r\n{text}"))
            }
            _ => {
                let mut answer = self.make(200, Frame::Length, false);
                let surplus = b"HTTP/1.1 500 Stray\r\n\r\n";
                answer.bytes.extend_from_slice(surplus);
                answer.surplus += surplus.len();
                answer.keeps = false;
                self.expect(cell, None);
                let answer = self.say(&answer);
                return self.finish(&answer).await;
            }
        };
        self.expect(cell, Some(end));
        let answer = self.make(200, Frame::Length, false);
        self.begin(&answer);
        self.link.say(text.as_bytes());
        self.link.gone().await;
    }

    /// The connection ends within, or with, the body.
    async fn ended_body(&self, cell: Cell) {
        let flavour = self.flavour();
        let frame = match flavour / 4 % 3 {
            0 => Frame::Length,
            1 => Frame::Chunks,
            _ => Frame::Close,
        };
        let answer = self.make(200, frame, false);
        let end = if flavour & 1 == 0 { End::Cut } else { End::Fin };
        let is_cut = frame != Frame::Close || (self.link.secure && end == End::Cut);
        self.expect(cell, is_cut.then_some(Closed));
        let left = answer.len() - answer.head_len;
        let said = match frame {
            Frame::Close => answer.len(),
            _ => answer.head_len + flavour as usize % left,
        };
        self.say_part(&answer, &answer.bytes[..said]);
        self.link.end(end, true);
        self.link.gone().await;
    }

    fn garbage(&self) {
        let what: &[u8] = match self.flavour() / 4 % 4 {
            0 => b"<html>who says that HTTP has heads</html>",
            1 => b"SSH-2.0-OpenSSH_9.9\r\n",
            2 => b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
            _ => b"HTTP/2 200 OK\r\n\r\n",
        };
        self.link.say(what);
    }

    fn frame(&self) -> Frame {
        self.link.state_mut().chance.one_of(&[
            Frame::Length,
            Frame::Length,
            Frame::Chunks,
            Frame::Close,
        ])
    }

    fn make(&self, status: u16, frame: Frame, closes: bool) -> Answer {
        self.make_leading(status, frame, closes, None)
    }

    fn make_leading(
        &self,
        status: u16,
        frame: Frame,
        closes: bool,
        location: Option<&str>,
    ) -> Answer {
        let trace = self.world.uploads.borrow()[self.upload].trace.clone();
        let wish = Wish {
            trace: &trace,
            status,
            frame,
            location,
            closes,
            content_max: self.world.scenario.settings.limits.body_bytes_max,
        };
        Answer::new(&mut self.link.state_mut().chance, &wish)
    }

    /// From here on what is said is this answer.
    fn begin(&self, answer: &Answer) -> Rc<Answer> {
        self.link.answers(answer.len(), answer.keeps);
        let answer = Rc::new(answer.clone());
        self.world.uploads.borrow_mut()[self.upload].answer = Some(answer.clone());
        answer
    }

    fn say_part(&self, answer: &Answer, bytes: &[u8]) -> Rc<Answer> {
        let answer = self.begin(answer);
        self.link.say(bytes);
        answer
    }

    fn say(&self, answer: &Answer) -> Rc<Answer> {
        let answer = self.begin(answer);
        self.say_from(&answer, 0);
        answer
    }

    /// The rest of it.
    fn say_from(&self, answer: &Answer, from: usize) {
        let tail = answer.tail();
        self.link.say(&answer.bytes[from..tail]);
        self.link.say_whole(&answer.bytes[tail..]);
    }

    /// Everything that was said has been read, or nobody reads.
    async fn heard_all(&self) {
        self.link
            .until(|state| state.has_heard_all() || state.is_gone)
            .await;
    }

    /// The usual answer.
    async fn answer(&self) {
        if self.link.state().is_gone {
            return;
        }
        let hop = self.world.uploads.borrow()[self.upload].hop;
        let spec = &self.world.scenario.uploads[self.upload];
        let frame = self.frame();
        let closes = self.link.state_mut().chance.percent(10);
        let answer = match spec.hops.get(hop) {
            Some(hop) => {
                let location = ORIGINS[hop.origin].url(&hop.path);
                self.lead(hop.status, hop.origin, &hop.path);
                self.make_leading(hop.status, frame, closes, Some(&location))
            }
            None => {
                let statuses = [200, 200, 200, 201, 204, 299, 300, 304, 404, 500, 999];
                let status = self.link.state_mut().chance.one_of(&statuses);
                self.make(status, frame, closes)
            }
        };
        let answer = self.say(&answer);
        self.finish(&answer).await;
    }

    /// What the engine must make of a redirect.
    fn lead(&self, status: u16, to: usize, path: &str) {
        let settings = &self.world.scenario.settings;
        let live = &mut self.world.uploads.borrow_mut()[self.upload];
        let (from, target) = (&ORIGINS[live.going.origin], &ORIGINS[to]);
        let same = from.secure == target.secure && from.authority() == target.authority();
        let upgrade = !from.secure && target.secure && from.host == target.host;
        let downgrade = from.secure && !target.secure;
        let follows = live.hop < settings.redirects_max as usize
            && match settings.redirects {
                Redirects::Off => false,
                Redirects::SameOrigin => same || upgrade,
                Redirects::Any => !downgrade,
            };
        if !follows {
            return;
        }
        if to == DENIED {
            live.expected = vec![Some(ErrorKind::DomainDenied)];
            return;
        }
        let going = Going {
            origin: to,
            path: path.into(),
            with_body: live.going.with_body && matches!(status, 307 | 308),
            with_credentials: live.going.with_credentials && same,
        };
        live.next = Some((status, going, !same));
    }

    /// The rest of the answer is on its way: ends the connection if it must, and waits until it was read.
    async fn finish(&self, answer: &Answer) {
        if answer.until_close {
            self.link.end(End::Fin, false);
        }
        self.heard_all().await;
        if !answer.keeps {
            self.link.end(End::Fin, true);
            self.link.gone().await;
        }
    }
}

/// The connection waits, and something may befall it.
async fn idle(world: &World, link: &Rc<Link>, begun: u32) {
    // Only from the moment on when it really waits: the request may be the one that ends last.
    link.until(|state| state.is_gone || state.begun > begun || state.is_settled())
        .await;
    let faults = [
        Fault::Reset,
        Fault::Fin,
        Fault::Trickle,
        Fault::Garbage,
        Fault::ClockJump,
        Fault::Abort,
    ];
    let (befalls, fault, after) = {
        let chance = &mut link.state_mut().chance;
        let befalls = chance.percent(world.scenario.idle_faults);
        let after = chance.one_of(&[0, 1, 20, 500, 3000]);
        (befalls, chance.one_of(&faults), after)
    };
    if befalls {
        let busy = link.until(|state| state.is_gone || state.begun > begun);
        let still = tokio::time::timeout(Duration::from_millis(after), busy)
            .await
            .is_err();
        if still && link.is_idle() {
            befall(world, link, fault).await;
        }
    }
    let longest = world.scenario.settings.idle_timeout;
    let since = link.state().busy_at;
    let limit = since + longest.as_millis() as u64;
    let moved = link.until(|state| state.is_gone || state.begun > begun);
    if tokio::time::timeout_at(world.instant(limit + 5), moved)
        .await
        .is_err()
        && link.is_idle()
    {
        world.violated("d", || {
            format!("link {} is kept beyond the idle limit", link.number)
        });
    }
    let is_gone = link.state().is_gone;
    if is_gone && world.now() >= limit && world.shut_at.get().is_none() {
        world.hit(Cell::new(Stage::Idle, Fault::Stall));
    }
}

async fn befall(world: &World, link: &Rc<Link>, fault: Fault) {
    let upload = link.state().request.as_ref().map(|request| request.upload);
    world.note(&[15, link.number as u64, fault as u64], || {
        format!("link {}: idle, {fault:?}", link.number)
    });
    world.hit(Cell::new(Stage::Idle, fault));
    link.state_mut().is_stray = true;
    match fault {
        Fault::Reset => link.end(End::Reset, true),
        Fault::Fin => link.end(End::Fin, true),
        Fault::Trickle => link.say_now(b"H"),
        Fault::Garbage => link.say_now(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        Fault::ClockJump => world.wall.set(world.now()),
        _ => {
            // Of an upload that goes on elsewhere it would be an abort like any other.
            let is_over = |upload: &usize| world.uploads.borrow()[*upload].done_at.is_some();
            if let Some(upload) = upload.filter(is_over) {
                world.abort(upload);
            }
        }
    }
    if matches!(fault, Fault::Trickle | Fault::Garbage) {
        // At once means within this turn: nothing else may take as long.
        tokio::time::sleep(Duration::from_millis(1)).await;
        if !link.state().is_gone {
            world.violated("d", || {
                format!("link {} is kept after {fault:?}", link.number)
            });
        }
    }
}
