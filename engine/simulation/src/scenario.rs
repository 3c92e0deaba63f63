//! What a seed decides beforehand: the engine's settings, the calls, and what is to befall each.

use std::time::Duration;

use quintet::{Redirects, Settings};

use crate::cell::{Cell, Fault, Stage};
use crate::random::Chance;

/// Everything that is known before the run begins.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) settings: Settings,
    pub(crate) uploads: Vec<Spec>,
    /// When the number of slots changes, and to what.
    pub(crate) slots: Vec<(u64, usize)>,
    /// When the engine is shut down, if it is not at the end.
    pub(crate) shut_down_at: Option<u64>,
    /// Of a hundred idle connections, how many something befalls.
    pub(crate) idle_faults: u64,
    /// Whether the histograms listen: they cost two megabytes.
    pub(crate) is_measured: bool,
}

/// One call.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) call_at: u64,
    pub(crate) mistake: Option<Mistake>,
    pub(crate) origin: usize,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) file_name: String,
    pub(crate) file_len: u64,
    pub(crate) is_cold: bool,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) hops: Vec<Hop>,
    /// What befalls it, by plan.
    pub(crate) fate: Option<Cell>,
    /// Where exactly, and in which of its ways.
    pub(crate) place: u64,
    pub(crate) flavour: u64,
    pub(crate) abort: Option<Moment>,
    /// Its own generator, for what its connections and answers draw.
    pub(crate) seed: u64,
}

/// A redirect that the server sends.
#[derive(Debug)]
pub(crate) struct Hop {
    pub(crate) status: u16,
    pub(crate) origin: usize,
    pub(crate) path: String,
}

/// What is wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    Url,
    Name,
    Header,
    Path,
    DeniedUrl,
    BarredAddress,
    Missing,
    NotRegular,
    Unreadable,
}

/// When a caller aborts, apart from the fates.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// So long after the call.
    After(u64),
    /// From inside the listener, at this event of the upload.
    InEvent(u64),
}

/// Scheme, host and port of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) secure: bool,
    pub(crate) host: &'static str,
    pub(crate) port: u16,
}

impl Origin {
    /// As it stands in a `Host` header and a URL: without the scheme's own port.
    pub(crate) fn authority(&self) -> String {
        match (self.secure, self.port) {
            (false, 80) | (true, 443) => self.host.into(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.authority())
    }
}

/// The servers that there are. The last three are special: an address instead of a name, a URL that the host policy
/// refuses, and one whose addresses it refuses.
pub(crate) const ORIGINS: [Origin; 8] = [
    origin(false, "a.sim", 80),
    origin(false, "a.sim", 8080),
    origin(false, "b.sim", 80),
    origin(true, "a.sim", 443),
    origin(true, "c.sim", 8443),
    origin(false, "192.0.2.7", 80),
    origin(false, "denied.sim", 80),
    origin(false, "barred.sim", 80),
];
const NAMED: [usize; 5] = [0, 1, 2, 3, 4];
const SECURE: [usize; 2] = [3, 4];
const ANY: [usize; 6] = [0, 1, 2, 3, 4, 5];
pub(crate) const DENIED: usize = 6;
pub(crate) const BARRED: usize = 7;

const fn origin(secure: bool, host: &'static str, port: u16) -> Origin {
    Origin { secure, host, port }
}

/// Extensions and what the table of media types says of them.
pub(crate) const EXTENSIONS: [(&str, &str); 4] = [
    ("bin", "application/octet-stream"),
    ("jpg", "image/jpeg"),
    ("txt", "text/plain"),
    ("nobody-knows", "application/octet-stream"),
];

impl Scenario {
    pub(crate) fn new(chance: &mut Chance, uploads: usize) -> Self {
        let settings = settings(chance);
        let mut at = 0;
        let uploads: Vec<Spec> = (0..uploads)
            .map(|index| {
                at += if chance.percent(70) {
                    0
                } else {
                    chance.in_range(0..=4000)
                };
                spec(chance, index, at)
            })
            .collect();
        let mut scenario = Self {
            settings,
            uploads,
            slots: Vec::new(),
            shut_down_at: None,
            idle_faults: chance.one_of(&[0, 30, 60]),
            is_measured: chance.percent(6),
        };
        scenario.change_slots(chance, at);
        scenario.shut_down(chance, at);
        scenario
    }

    fn change_slots(&mut self, chance: &mut Chance, last_call_at: u64) {
        if !chance.percent(30) {
            return;
        }
        let mut at = 0;
        for _ in 0..chance.in_range(1..=4) {
            at += chance.in_range(0..=last_call_at + 5000);
            self.slots.push((at, chance.in_range(0..=8) as usize));
        }
        // A parked queue must move again, or nothing would end.
        at += chance.in_range(0..=20_000);
        self.slots.push((at, chance.in_range(1..=8) as usize));
    }

    /// Not the same for every seed: at a time, or when some upload is at some place.
    fn shut_down(&mut self, chance: &mut Chance, last_call_at: u64) {
        let late = self.uploads.len() as u64 / 2;
        match chance.in_range(0..=9) {
            0 => self.shut_down_at = Some(chance.in_range(0..=last_call_at + 30_000)),
            1..=3 if late > 0 => {
                let whose = (late + chance.in_range(0..=late - 1)) as usize;
                let spec = &mut self.uploads[whose];
                let stage = chance.one_of(&Stage::ALL[1..10]);
                let fate = Cell::new(stage, Fault::ShutDown);
                *spec = fated(chance, whose, spec.call_at, fate);
            }
            _ => {}
        }
    }
}

fn settings(chance: &mut Chance) -> Settings {
    let seconds = Duration::from_secs;
    let mut settings = Settings::default();
    settings.active_max = chance.one_of(&[1, 2, 3, 5, 5, 5, 8]);
    settings.queue_max = chance.one_of(&[7, 1 << 20, 1 << 20, 1 << 20]);
    settings.connect_timeout = seconds(chance.in_range(10..=40));
    settings.stall_timeout = seconds(chance.in_range(5..=60));
    settings.response_head_timeout = seconds(chance.in_range(10..=40));
    settings.progress_interval = Duration::from_millis(chance.one_of(&[0, 10, 100, 1000]));
    settings.redirects = chance.one_of(&[Redirects::Off, Redirects::SameOrigin, Redirects::Any]);
    settings.redirects_max = chance.one_of(&[0, 1, 5]) as u32;
    settings.limits.head_bytes_max = chance.in_range(1000..=9000) as usize;
    settings.limits.body_bytes_max = chance.in_range(1500..=20_000);
    settings.idle_timeout = seconds(chance.in_range(1..=30));
    settings.idle_max = chance.one_of(&[0, 1, 2, 8, 8, 8]);
    settings
}

fn spec(chance: &mut Chance, index: usize, call_at: u64) -> Spec {
    if chance.percent(55) {
        let fate = loop {
            let fate = Cell::new(chance.one_of(&Stage::ALL[..10]), chance.one_of(&Fault::ALL));
            let is_planned =
                fate.fault != Fault::ShutDown && fate != Cell::new(Stage::Queued, Fault::Stall);
            if fate.can_happen() && is_planned {
                break fate;
            }
        };
        return fated(chance, index, call_at, fate);
    }
    let mut spec = plain(chance, index, call_at);
    match chance.in_range(0..=99) {
        0..=7 => spec.mistake = Some(make_mistake(chance, &mut spec)),
        8..=24 => spec.hops = hops(chance, index),
        25..=34 => {
            spec.abort = Some(match chance.percent(50) {
                true => Moment::InEvent(chance.in_range(0..=11)),
                false => Moment::After(chance.in_range(0..=6000)),
            });
        }
        _ => {}
    }
    spec
}

fn plain(chance: &mut Chance, index: usize, call_at: u64) -> Spec {
    let (extension, _) = chance.one_of(&EXTENSIONS);
    // The number comes first, so that the simulated files find what is meant; the rest is what servers choke on.
    let oddity = chance.one_of(&["", "", "", " \"q\"", "\r\n", "文件 %22"]);
    Spec {
        call_at,
        mistake: None,
        origin: chance.one_of(&ANY),
        path: chance
            .one_of(&["/", "/up", "/up?x=1&y=%20", "/a/b/../c?"])
            .into(),
        name: chance.one_of(&["file", "f\"1\r\n", "名"]).into(),
        file_name: format!("{index}{oddity}.{extension}"),
        file_len: file_len(chance),
        is_cold: chance.percent(20),
        fields: fields(chance),
        headers: headers(chance),
        timeout: None,
        hops: Vec::new(),
        fate: None,
        place: chance.number(),
        flavour: chance.in_range(0..=1 << 20),
        abort: None,
        seed: chance.number(),
    }
}

fn fated(chance: &mut Chance, index: usize, call_at: u64, fate: Cell) -> Spec {
    let mut spec = plain(chance, index, call_at);
    spec.fate = Some(fate);
    spec.origin = match fate.stage {
        Stage::Dns => chance.one_of(&NAMED),
        Stage::Tls => chance.one_of(&SECURE),
        _ => spec.origin,
    };
    match (fate.stage, fate.fault) {
        // So large that it cannot have been read before it changes.
        (Stage::Head | Stage::Body, Fault::Truncated | Fault::Grew | Fault::ReadError) => {
            spec.file_len = chance.in_range(300_000..=600_000);
        }
        (_, Fault::Truncated | Fault::ReadError) => spec.file_len = spec.file_len.max(1),
        (Stage::Head | Stage::Body | Stage::ResponseBody, Fault::Trickle)
            if spec.flavour & 1 == 0 =>
        {
            spec.timeout = Some(Duration::from_secs(10));
        }
        _ => {}
    }
    spec
}

fn file_len(chance: &mut Chance) -> u64 {
    match chance.in_range(0..=99) {
        0..=9 => 0,
        10..=64 => chance.in_range(1..=4000),
        65..=91 => chance.in_range(4000..=65_536),
        92..=95 => chance.one_of(&[65_535, 65_536, 65_537, 262_143, 262_144, 262_145]),
        _ => chance.in_range(65_537..=700_000),
    }
}

fn fields(chance: &mut Chance) -> Vec<(String, Vec<u8>)> {
    let count = chance.one_of(&[0, 0, 1, 2, 5]);
    (0..count)
        .map(|number| {
            let key = format!("{}{number}", chance.one_of(&["k", "k\"\n", "键"]));
            let value: &[u8] = chance.one_of(&[
                b"",
                b"value",
                b"--\r\n\r\n--",
                b"\xff\x00\xfe",
                "值".as_bytes(),
            ]);
            (key, value.to_vec())
        })
        .collect()
}

fn headers(chance: &mut Chance) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    for (name, value) in [
        ("Authorization", "Bearer secret"),
        ("Cookie", "session=secret"),
        ("X-Custom", "one"),
        ("x-custom", "two"),
        ("User-Agent", "simulated/1"),
        ("Accept", "text/html"),
        ("Content-Length", "5"),
        ("Referer", "http://elsewhere.sim/"),
    ] {
        if chance.percent(15) {
            headers.push((name, value.to_owned()));
        }
    }
    headers
}

fn hops(chance: &mut Chance, index: usize) -> Vec<Hop> {
    (0..chance.in_range(1..=3))
        .map(|hop| Hop {
            status: chance.one_of(&[301, 302, 303, 307, 307, 308, 308]),
            origin: chance.one_of(&[0, 0, 1, 2, 3, 3, 4, DENIED]),
            path: format!("/hop/{index}/{hop}"),
        })
        .collect()
}

fn make_mistake(chance: &mut Chance, spec: &mut Spec) -> Mistake {
    let mistake = chance.one_of(&[
        Mistake::Url,
        Mistake::Name,
        Mistake::Header,
        Mistake::Path,
        Mistake::DeniedUrl,
        Mistake::BarredAddress,
        Mistake::Missing,
        Mistake::NotRegular,
        Mistake::Unreadable,
    ]);
    match mistake {
        Mistake::Name => spec.name = String::new(),
        Mistake::Header => spec.headers.push(("X-Bad", "a\r\nX-Forged: b".into())),
        Mistake::DeniedUrl => spec.origin = DENIED,
        Mistake::BarredAddress => spec.origin = BARRED,
        _ => {}
    }
    mistake
}
