//! Uploads to servers that people run, each compared with what that server's own form parser found in it.
//!
//! `servers/README.md` says how they are installed. One that is not there is skipped with a line that says so; with
//! `QUINTET_REQUIRE_SERVERS=1` that is a failure. The axum receiver is part of the workspace and always there.
#![forbid(unsafe_code)]

#[path = "support/fault_proxy.rs"]
mod fault_proxy;
mod support;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use fault_proxy::{Fault, FaultProxy, Harm, Numbers};
use quintet::{
    Engine, ErrorKind, Event, EventKind, FilePart, Listener, Method, Outcome, UploadRequest,
    UploadSource,
};
use quintet_receiver::{Receiver, SelfMade, Tls};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};
use serde_json::Value;
use sha2::{Digest, Sha256};
use support::{Files, PATIENCE, Recorder, content};
use tempfile::TempDir;

/// Longest wait for one upload: reaching it is a failure, not a measurement. Five gibibytes on a busy machine.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(600);

#[test]
fn axum() {
    uploads_arrive(&AXUM);
}

#[test]
fn flask() {
    uploads_arrive(&FLASK);
}

#[test]
fn starlette() {
    uploads_arrive(&STARLETTE);
}

#[test]
fn aiohttp() {
    uploads_arrive(&AIOHTTP);
}

#[test]
fn express_multer() {
    uploads_arrive(&MULTER);
}

#[test]
fn formidable() {
    uploads_arrive(&FORMIDABLE);
}

#[test]
fn go() {
    uploads_arrive(&GO);
}

#[test]
fn php() {
    uploads_arrive(&PHP);
}

#[test]
fn actix() {
    uploads_arrive(&ACTIX);
}

#[test]
fn nginx() {
    let certificate = Certificate::new();
    let mut samples = None;
    for secure in [false, true] {
        let upstream = Server::Receiver(receiver(None));
        let Some(proxy) = or_skip("nginx", proxy(upstream, &certificate, secure)) else {
            return;
        };
        let samples = samples.get_or_insert_with(Samples::new);
        each_arrives(&AXUM, &proxy.url("/upload"), samples, &certificate);
        each_arrives(&AXUM, &proxy.url("/buffered/upload"), samples, &certificate);
        ten_arrive_at_once(&AXUM, &proxy.url("/upload"), samples, &certificate);
        an_early_413_is_the_outcome(&proxy.url("/small/upload"), samples, &certificate);
        in_chunks_it_arrives(&AXUM, &proxy.url("/upload"), samples, &certificate);
        in_chunks_it_arrives(&AXUM, &proxy.url("/buffered/upload"), samples, &certificate);
        if !secure {
            what_is_put_is_stored(&proxy, samples);
        }
    }
}

/// Raw bodies, with a length and in chunks, to nginx as an object store.
fn what_is_put_is_stored(proxy: &Server, samples: &Samples) {
    let engine = Engine::start(TcpConnect::new()).expect("a thread");
    for (number, sample) in samples.all.iter().enumerate() {
        let sources = [UploadSource::path(&sample.path), sample.stream()];
        for (road, source) in sources.into_iter().enumerate() {
            let path = format!("/store/deep/{number}-{road}");
            let request = UploadRequest::raw(proxy.url(&path), source).method(Method::Put);
            let outcome = engine.upload(request).wait();
            assert_eq!(outcome.status(), Some(201), "{path} {outcome:?}");
            assert_eq!(outcome.bytes_total, sample.len as u64);
            let mut got = TcpStream::connect(("127.0.0.1", proxy.port())).expect("nginx");
            write!(got, "GET {path} HTTP/1.0\r\n\r\n").expect("a request");
            let mut answer = Vec::new();
            got.read_to_end(&mut answer).expect("an answer");
            let head_end = answer.windows(4).position(|four| four == b"\r\n\r\n");
            let stored = &answer[head_end.expect("a head") + 4..];
            assert_eq!(stored.len(), sample.len);
            assert_eq!(hex(&Sha256::digest(stored)), sample.sha256);
        }
    }
}

/// nginx answers on the head alone, with 60 MB still to come.
fn an_early_413_is_the_outcome(url: &str, samples: &Samples, certificate: &Certificate) {
    let engine = certificate.engine(None);
    let big = samples.all.last().expect("there are samples");
    let stopped = begin(&engine, UploadRequest::new(url, &big.path, "file")).outcome();
    assert_eq!(stopped.status(), Some(413), "{stopped:?}");
    let data = stopped.result.as_ref().expect("a success").data();
    assert!(
        data.contains("<h1>413 Request Entity Too Large</h1>"),
        "{data}"
    );
    assert!(stopped.bytes_total > big.len as u64);
    assert!(
        stopped.bytes_sent < stopped.bytes_total,
        "the body was stopped"
    );
    // What is small enough passes the same place, and the engine goes on.
    let small = UploadRequest::new(url, &samples.all[1].path, "file");
    assert_eq!(begin(&engine, small).outcome().status(), Some(200));
}

#[test]
fn five_gibibytes() {
    const LEN: u64 = 5 << 30;
    // head -c 5G /dev/zero | sha256sum
    const SHA256: &str = "7f06c62352aebd8125b2a1841e2b9e1ffcbed602f381c3dcb3200200e383d1d5";
    let files = Files::new();
    let path = files.sparse("zeros.bin", LEN);
    let server = Server::Receiver(receiver(None));
    let engine = Certificate::new().engine(None);
    let request = UploadRequest::new(server.url("/upload"), path, "file");
    let outcome = begin(&engine, request).outcome();
    let found = Found::by(&AXUM, &outcome);
    let file = &found.files[0];
    assert_eq!((file.size, file.sha256.as_str()), (LEN, SHA256));
    assert!(outcome.bytes_sent > LEN && outcome.bytes_sent == outcome.bytes_total);
}

/// What a parser turns back of the escapes in a name.
#[derive(Clone, Copy)]
enum Unescaped {
    /// It takes them for what the client said.
    Nothing,
    /// `%22` alone.
    Quotes,
    /// `%22`, `%0D` and `%0A`, as browsers write them.
    All,
}

/// A form parser, by its server's name in the answers.
struct Parser {
    name: &'static str,
    names: Unescaped,
    file_names: Unescaped,
}

const fn verbatim(name: &'static str) -> Parser {
    Parser {
        name,
        names: Unescaped::Nothing,
        file_names: Unescaped::Nothing,
    }
}

const AXUM: Parser = verbatim("axum");
const STARLETTE: Parser = verbatim("starlette");
const AIOHTTP: Parser = verbatim("aiohttp");
const GO: Parser = verbatim("go");
const PHP: Parser = verbatim("php");
const ACTIX: Parser = verbatim("actix");
/// Werkzeug undoes the browsers' escape of a quote; of line ends it knows nothing.
const FLASK: Parser = Parser {
    name: "flask",
    names: Unescaped::Quotes,
    file_names: Unescaped::Quotes,
};
/// multer undoes the browsers' three escapes.
const MULTER: Parser = Parser {
    name: "multer",
    names: Unescaped::All,
    file_names: Unescaped::All,
};
/// formidable undoes a quote where it looks for a file name, and nowhere else.
const FORMIDABLE: Parser = Parser {
    name: "formidable",
    names: Unescaped::Nothing,
    file_names: Unescaped::Quotes,
};

impl Unescaped {
    /// What becomes of `text` on its way: escaped as browsers do, then turned back as far as the parser does. That is
    /// not always `text`: who undoes `%22` does so too where the name itself had it.
    fn seen(self, text: &str) -> String {
        let text = text
            .replace('"', "%22")
            .replace('\r', "%0D")
            .replace('\n', "%0A");
        match self {
            Self::Nothing => text,
            Self::Quotes => text.replace("%22", "\""),
            Self::All => text
                .replace("%22", "\"")
                .replace("%0D", "\r")
                .replace("%0A", "\n"),
        }
    }
}

#[test]
fn the_parsers_are_known_to_read_names_so() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/tests/vectors");
    let text = fs::read_to_string(vectors.join("server_decodings.json")).expect("the vectors");
    let recorded: Value = serde_json::from_str(&text).expect("JSON");
    let all = [
        AXUM, FLASK, STARLETTE, AIOHTTP, MULTER, FORMIDABLE, GO, PHP, ACTIX,
    ];
    for parser in all {
        for (case, key, how) in [
            ("wpt-form-17", "names", parser.names),
            ("wpt-form-7", "names", parser.names),
            ("wpt-file-18", "filenames", parser.file_names),
            ("wpt-form-15", "filenames", parser.file_names),
        ] {
            let case = &recorded["cases"][case];
            let sent = &case[format!("sent_{key}")];
            let differs = &case["differs"][parser.name][key];
            let found = if differs.is_null() { sent } else { differs };
            let first = |value: &Value| value[0].as_str().expect("a name").to_owned();
            assert_eq!(
                how.seen(&first(sent)),
                first(found),
                "{} {case}",
                parser.name
            );
        }
    }
}

/// The fields of every upload, in this order. No parser of ours may regroup them, so no name repeats; PHP would change
/// a dot or a space in a name.
const FIELDS: [(&str, &str); 6] = [
    ("first", "1"),
    ("empty", ""),
    ("名字é", "值 😀 \"quoted\" 100% %41 %22"),
    ("qu\"ote", "line\r\nline\nline\rline"),
    ("cr\r\nlf", "\r\n--guess--\r\n"),
    ("last", " spaces around "),
];

/// Length, file name, part name and content type of the files: nothing, a byte, the sizes at which reading, sealing
/// and sending go in pieces, and 60 MB; the names are those that parsers stumble over.
const FILES: [(usize, &str, &str, &str); 12] = [
    (0, "空.txt", "file", "text/plain"),
    (1, "照片 你好.jpg", "文件", "image/jpeg"),
    ((64 << 10) - 1, "quo\"te 'single'.txt", "file", "text/plain"),
    (
        64 << 10,
        "spa ce  two.bin",
        "fi\"le",
        "application/octet-stream",
    ),
    ((64 << 10) + 1, "😀👍🏽.png", "file", "image/png"),
    ((256 << 10) - 1, "100% %41 %25.txt", "file", "text/plain"),
    (256 << 10, "a%22b%0Ac.txt", "fi\r\nle", "text/plain"),
    ((256 << 10) + 1, "line\r\nbreak.txt", "file", "text/plain"),
    (
        (1 << 20) - 1,
        "semi;colon=, comma.bin",
        "file",
        "application/octet-stream",
    ),
    (
        1 << 20,
        "name=\"x\"; filename=\"y.txt",
        "file",
        "text/plain",
    ),
    (
        (1 << 20) + 1,
        "no extension",
        "file",
        "application/octet-stream",
    ),
    (60_000_000, "big.bin", "file", "application/octet-stream"),
];

/// The files of one test, on disk.
struct Samples {
    all: Vec<Sample>,
    _files: Files,
}

struct Sample {
    path: PathBuf,
    len: usize,
    sha256: String,
    file_name: &'static str,
    part_name: &'static str,
    content_type: &'static str,
}

impl Samples {
    fn new() -> Self {
        let files = Files::new();
        let longest = content(FILES.iter().map(|file| file.0).max().unwrap_or(0));
        let all = FILES.iter().enumerate().map(|(number, file)| {
            let &(len, file_name, part_name, content_type) = file;
            // Elsewhere these are no names for files: there the request says them.
            let local = if cfg!(unix) {
                file_name.to_owned()
            } else {
                number.to_string()
            };
            let path = files.path(&local);
            fs::write(&path, &longest[..len]).expect("room for a file");
            let digest = Sha256::digest(&longest[..len]);
            Sample {
                path,
                len,
                sha256: hex(&digest),
                file_name,
                part_name,
                content_type,
            }
        });
        Self {
            all: all.collect(),
            _files: files,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Sample {
    /// The file as something whose length only its end tells.
    fn stream(&self) -> UploadSource {
        UploadSource::reader(fs::File::open(&self.path).expect("a file"))
    }

    fn request(&self, url: &str) -> UploadRequest {
        let mut request = UploadRequest::new(url, &self.path, self.part_name);
        if cfg!(not(unix)) {
            request = request.file_name(self.file_name);
        }
        for (name, value) in FIELDS {
            request = request.field(name, value);
        }
        request
    }

    /// What this parser must find.
    fn seen_by(&self, parser: &Parser) -> Found {
        let field = |(name, value): (&str, &str)| (parser.names.seen(name), value.to_owned());
        Found {
            fields: FIELDS.map(field).to_vec(),
            files: vec![FoundFile {
                name: parser.names.seen(self.part_name),
                file_name: parser.file_names.seen(self.file_name),
                content_type: self.content_type.to_owned(),
                size: self.len as u64,
                sha256: self.sha256.clone(),
            }],
        }
    }
}

/// What a server's parser found, as the server says.
#[derive(Debug, PartialEq)]
struct Found {
    fields: Vec<(String, String)>,
    files: Vec<FoundFile>,
}

#[derive(Debug, PartialEq)]
struct FoundFile {
    name: String,
    file_name: String,
    content_type: String,
    size: u64,
    sha256: String,
}

impl Found {
    fn by(parser: &Parser, outcome: &Outcome) -> Self {
        assert_eq!(outcome.err_msg(), "uploadFile:ok", "{outcome:?}");
        let data = outcome.result.as_ref().expect("a success").data();
        assert_eq!(outcome.status(), Some(200), "{data}");
        let answer: Value = serde_json::from_str(&data).expect("JSON");
        // The receiver does not say who it is.
        let server = answer["server"].as_str().unwrap_or(AXUM.name);
        assert_eq!(server, parser.name);
        let list = |key: &str| {
            answer[key]
                .as_array()
                .unwrap_or_else(|| panic!("{key}: {data}"))
        };
        let text = |value: &Value| {
            value
                .as_str()
                .unwrap_or_else(|| panic!("{data}"))
                .to_owned()
        };
        let field = |field: &Value| match field {
            Value::Array(pair) => (text(&pair[0]), text(&pair[1])),
            named => (text(&named["name"]), text(&named["value"])),
        };
        let file = |file: &Value| FoundFile {
            name: text(&file["name"]),
            file_name: text(&file["fileName"]),
            content_type: text(&file["contentType"]),
            size: file["size"].as_u64().unwrap_or_else(|| panic!("{data}")),
            sha256: text(&file["sha256"]),
        };
        Self {
            fields: list("fields").iter().map(field).collect(),
            files: list("files").iter().map(file).collect(),
        }
    }
}

/// Every file in the clear and secured, one after another and ten at once.
fn uploads_arrive(parser: &Parser) {
    let certificate = Certificate::new();
    let mut samples = None;
    for secure in [false, true] {
        let Some(server) = or_skip(parser.name, start(parser.name, &certificate, secure)) else {
            return;
        };
        let samples = samples.get_or_insert_with(Samples::new);
        let url = server.url("/upload");
        each_arrives(parser, &url, samples, &certificate);
        ten_arrive_at_once(parser, &url, samples, &certificate);
        // PHP's own server reads no chunks.
        if parser.name != PHP.name {
            in_chunks_it_arrives(parser, &url, samples, &certificate);
        }
        what_breaks_on_the_way_is_one_failure(parser, &server, samples, &certificate);
    }
}

/// Connections of which each breaks, or dribbles, at one byte of the request or of the answer's beginning.
fn what_breaks_on_the_way_is_one_failure(
    parser: &Parser,
    server: &Server,
    samples: &Samples,
    certificate: &Certificate,
) {
    const BROKEN: usize = 20;
    let there = SocketAddr::from(([127, 0, 0, 1], server.port()));
    let proxy = FaultProxy::start(there, || {});
    let url = server.url("/upload");
    let url = url.replace(&there.to_string(), &proxy.addr.to_string());
    let sample = &samples.all[4];
    let (up, down) = (0..sample.len as u64, 0..100);
    let mut numbers = Numbers(1);
    let drawn = std::iter::repeat_with(|| Fault::drawn(&mut numbers, &up, &down));
    let clear = |fault: &Fault| matches!(fault.harm, Harm::Cut | Harm::Reset | Harm::Trickle);
    for fault in drawn.filter(clear).take(BROKEN) {
        let engine = certificate.engine(None);
        proxy.harm_next(Some(fault));
        let outcome = begin(&engine, sample.request(&url)).outcome();
        assert!(proxy.has_struck(), "{} {fault:?}", parser.name);
        match fault.harm {
            Harm::Trickle => check(&outcome, parser, sample, &url),
            _ => assert!(
                matches!(outcome.kind(), Some(ErrorKind::Closed | ErrorKind::Tls)),
                "{} {fault:?}: {outcome:?}",
                parser.name
            ),
        }
        let next = begin(&engine, sample.request(&url)).outcome();
        check(&next, parser, sample, &url);
    }
}

/// Two files in one form, one of them of a length that only its end tells.
fn in_chunks_it_arrives(parser: &Parser, url: &str, samples: &Samples, certificate: &Certificate) {
    let engine = certificate.engine(None);
    for (index, sample) in samples.all.iter().enumerate() {
        let other = &samples.all[index / 2];
        let form = FIELDS
            .into_iter()
            .fold(UploadRequest::form(url), |form, (name, value)| {
                form.field(name, value)
            });
        let streamed = FilePart::new(sample.part_name, sample.stream());
        let form = form.file(streamed.file_name(sample.file_name));
        let known = FilePart::new(other.part_name, other.path.as_path());
        let outcome = engine
            .upload(form.file(known.file_name(other.file_name)))
            .wait();
        let mut expected = sample.seen_by(parser);
        expected.files.extend(other.seen_by(parser).files);
        assert_eq!(
            Found::by(parser, &outcome),
            expected,
            "{} {url}",
            parser.name
        );
        assert_eq!(outcome.bytes_sent, outcome.bytes_total);
    }
}

fn each_arrives(parser: &Parser, url: &str, samples: &Samples, certificate: &Certificate) {
    let engine = certificate.engine(None);
    for sample in &samples.all {
        let outcome = begin(&engine, sample.request(url)).outcome();
        check(&outcome, parser, sample, url);
    }
}

fn ten_arrive_at_once(parser: &Parser, url: &str, samples: &Samples, certificate: &Certificate) {
    let in_work = Arc::new(InWork::default());
    let engine = certificate.engine(Some(in_work.clone()));
    // All but the 60 MB, begun in the order that mixes long and short ones.
    let (_, mixed) = samples.all.split_last().expect("there are samples");
    let mixed: Vec<_> = (0..10)
        .map(|number| &mixed[number * 7 % mixed.len()])
        .collect();
    let running: Vec<_> = mixed
        .iter()
        .map(|sample| begin(&engine, sample.request(url)))
        .collect();
    for (sample, running) in mixed.iter().zip(running) {
        check(&running.outcome(), parser, sample, url);
    }
    let most = in_work.most();
    assert!((1..=5).contains(&most), "{most} were in work at once");
}

fn check(outcome: &Outcome, parser: &Parser, sample: &Sample, url: &str) {
    let found = Found::by(parser, outcome);
    assert_eq!(found, sample.seen_by(parser), "{} {url}", parser.name);
    assert_eq!(outcome.bytes_sent, outcome.bytes_total);
    assert!(outcome.bytes_total > sample.len as u64);
    if !outcome.timings.reused {
        assert_eq!(outcome.timings.secured.is_some(), url.starts_with("https:"));
    }
}

/// Counts the uploads that have a slot.
#[derive(Default)]
struct InWork(Mutex<(usize, usize)>);

impl InWork {
    fn most(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

impl Listener for InWork {
    fn on_event(&self, event: &Event) {
        let mut counts = self.0.lock().unwrap();
        match event.kind {
            EventKind::Admitted => counts.0 += 1,
            EventKind::Done(_) => counts.0 -= 1,
            _ => {}
        }
        counts.1 = counts.1.max(counts.0);
    }
}

/// An upload under way.
struct Running {
    done: mpsc::Receiver<Arc<Outcome>>,
    recorder: Arc<Recorder>,
}

fn begin(engine: &Engine, request: UploadRequest) -> Running {
    let (tell, done) = mpsc::channel();
    let recorder = Recorder::new();
    let at_the_end = move |event: &Event| {
        if let EventKind::Done(outcome) = &event.kind {
            let _ = tell.send(outcome.clone());
        }
    };
    let request = request
        .listener(recorder.clone())
        .listener(Arc::new(at_the_end));
    engine.upload(request);
    Running { done, recorder }
}

impl Running {
    fn outcome(self) -> Arc<Outcome> {
        let outcome = self.done.recv_timeout(UPLOAD_PATIENCE).expect("an outcome");
        self.recorder.check();
        outcome
    }
}

/// A certificate for this machine, its key in a file for servers to read, and its root, which the engine trusts alone.
struct Certificate {
    made: SelfMade,
    folder: TempDir,
}

impl Certificate {
    fn new() -> Self {
        let made = SelfMade::new().expect("randomness");
        let folder = TempDir::new().expect("a temporary directory");
        for (name, pem) in [("cert.pem", &made.cert_pem), ("key.pem", &made.key_pem)] {
            fs::write(folder.path().join(name), pem).expect("room for a file");
        }
        Self { made, folder }
    }

    fn arguments(&self, secure: bool) -> Vec<OsString> {
        let file = |name| self.folder.path().join(name).into_os_string();
        match secure {
            false => Vec::new(),
            true => vec![
                "--cert".into(),
                file("cert.pem"),
                "--key".into(),
                file("key.pem"),
            ],
        }
    }

    /// An engine for both schemes that trusts nobody else.
    fn engine(&self, listener: Option<Arc<InWork>>) -> Engine {
        let settings = TlsSettings::only_given_roots().add_root_pem(self.made.root_pem.as_bytes());
        let transport = TlsConnect::new(TcpConnect::new(), settings.expect("a root"));
        let mut engine = Engine::builder(transport.expect("settings that fit"));
        if let Some(listener) = listener {
            engine = engine.listener(listener);
        }
        engine.start().expect("a thread")
    }
}

/// A server at work. Dropped, it ends.
enum Server {
    Receiver(Receiver),
    Program(Program),
    /// The one in front stands first, so that it ends first.
    Proxied {
        proxy: Program,
        _upstream: Box<Server>,
    },
}

impl Server {
    fn url(&self, path: &str) -> String {
        match self {
            Self::Receiver(receiver) => receiver.url(path),
            Self::Program(program) | Self::Proxied { proxy: program, .. } => program.url(path),
        }
    }

    fn port(&self) -> u16 {
        match self {
            Self::Receiver(receiver) => receiver.addr().port(),
            Self::Program(program) | Self::Proxied { proxy: program, .. } => program.port,
        }
    }
}

fn receiver(certificate: Option<&Certificate>) -> Receiver {
    let tls = certificate.map(|certificate| Tls::Pem {
        cert: certificate.made.cert_pem.clone().into(),
        key: certificate.made.key_pem.clone().into(),
    });
    let settings = quintet_receiver::Settings {
        tls,
        ..quintet_receiver::Settings::default()
    };
    Receiver::start(settings).expect("a port")
}

/// Starts the server of this name, or says why it is not there.
fn start(name: &str, certificate: &Certificate, secure: bool) -> Result<Server, String> {
    let script = |file: &str| sources().join(file).into_os_string();
    let (program, arguments): (OsString, Vec<OsString>) = match name {
        "axum" => return Ok(Server::Receiver(receiver(secure.then_some(certificate)))),
        "flask" | "starlette" | "aiohttp" => {
            is_installed("venv/requirements.txt", "requirements.txt")?;
            let python = installed("venv/bin/python");
            (python.into(), vec![script(&format!("{name}_server.py"))])
        }
        "multer" | "formidable" => {
            is_installed("node/installed.json", "package.json")?;
            is_command("node", "--version")?;
            let file = match name {
                "multer" => "express_multer.js",
                _ => "formidable_server.js",
            };
            ("node".into(), vec![script(file)])
        }
        "go" => {
            is_installed("go/go_server.go", "go_server.go")?;
            (installed("go/go_server").into(), Vec::new())
        }
        "php" => {
            is_command("php", "--version")?;
            is_command("python3", "--version")?;
            if secure {
                // It has no TLS of its own.
                return proxy(start(name, certificate, false)?, certificate, true);
            }
            ("python3".into(), vec![script("php_server.py")])
        }
        "actix" => (actix_server()?.into(), Vec::new()),
        other => panic!("no server is called {other}"),
    };
    let arguments = [arguments, certificate.arguments(secure)].concat();
    Ok(Server::Program(Program::start(program, arguments, secure)))
}

/// nginx in front of another server.
fn proxy(upstream: Server, certificate: &Certificate, secure: bool) -> Result<Server, String> {
    is_command("nginx", "-v")?;
    is_command("python3", "--version")?;
    let mut arguments = vec![sources().join("nginx_server.py").into_os_string()];
    arguments.extend(["--upstream".into(), upstream.port().to_string().into()]);
    arguments.extend(certificate.arguments(secure));
    Ok(Server::Proxied {
        proxy: Program::start("python3".into(), arguments, secure),
        _upstream: Box::new(upstream),
    })
}

/// The server, unless it is not there and need not be.
fn or_skip(name: &str, started: Result<Server, String>) -> Option<Server> {
    let why = match started {
        Ok(server) => return Some(server),
        Err(why) => why,
    };
    let required = env::var_os("QUINTET_REQUIRE_SERVERS").is_some_and(|value| value == "1");
    assert!(!required, "{name} is required, but {why}");
    // Straight to the descriptor: what a test that passes prints otherwise is kept from the reader.
    let _ = writeln!(io::stderr(), "skipped: {name} ({why})");
    None
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers")
}

/// Where install.sh puts things.
fn installed(what: &str) -> PathBuf {
    let folder = env::var_os("QUINTET_SERVERS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/servers"),
        PathBuf::from,
    );
    folder.join(what)
}

/// Every finished installation carries a copy of what it was made from.
fn is_installed(copy: &str, source: &str) -> Result<(), String> {
    let source = fs::read(sources().join(source)).expect("a file of the sources");
    match fs::read(installed(copy)) {
        Ok(copy) if copy == source => Ok(()),
        Ok(_) => Err("what is installed is old: run engine/core/tests/servers/install.sh".into()),
        Err(_) => Err("not installed: run engine/core/tests/servers/install.sh".into()),
    }
}

fn is_command(command: &str, harmless: &str) -> Result<(), String> {
    let quiet = Command::new(command)
        .arg(harmless)
        .env("PATH", search_path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match quiet {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!("there is no command {command}")),
    }
}

/// Debian keeps nginx where users do not look.
fn search_path() -> OsString {
    let usual = env::var_os("PATH").unwrap_or_default();
    let more = cfg!(unix).then_some(["/usr/sbin", "/usr/local/sbin"]);
    let all = env::split_paths(&usual).chain(more.into_iter().flatten().map(PathBuf::from));
    env::join_paths(all).unwrap_or(usual)
}

/// cargo builds it beside this test when it tests the whole workspace.
fn actix_server() -> Result<PathBuf, String> {
    let this = env::current_exe().expect("a running program has a path");
    let beside = this.ancestors().nth(2).expect("it lies in deps");
    let program = beside.join(format!("actix_server{}", env::consts::EXE_SUFFIX));
    match program.is_file() {
        true => Ok(program),
        false => Err("not built: cargo build -p quintet-actix-server".into()),
    }
}

/// A server program under way. Dropped, it ends: by its stdin, or by force if it does not listen.
struct Program {
    child: Child,
    port: u16,
    secure: bool,
}

impl Program {
    /// Waits until it listens.
    fn start(program: OsString, arguments: Vec<OsString>, secure: bool) -> Self {
        // Some tell at length of every connection that breaks.
        let mut log = tempfile::tempfile().expect("room for a file");
        let child = Command::new(&program)
            .args(&arguments)
            .env("PATH", search_path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().expect("a descriptor"))
            .spawn();
        let child = child.unwrap_or_else(|error| panic!("{program:?}: {error}"));
        let mut server = Self {
            child,
            port: 0,
            secure,
        };
        let mut said = BufReader::new(server.child.stdout.take().expect("it is piped"));
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            let _ = said.read_line(&mut line);
            let _ = tell.send(line);
            // Whatever else it says must find a reader.
            let _ = io::copy(&mut said, &mut io::sink());
        });
        let line = told.recv_timeout(PATIENCE).unwrap_or_default();
        let port = line
            .strip_prefix("LISTENING ")
            .and_then(|port| port.trim().parse().ok());
        server.port = port.unwrap_or_else(|| {
            let mut why = String::new();
            let _ = log.rewind().and_then(|()| log.read_to_string(&mut why));
            panic!("{arguments:?} said {line:?}\n{why}")
        });
        server
    }

    fn url(&self, path: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
