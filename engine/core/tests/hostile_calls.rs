//! Every call of `hostile_inputs.json` through the public API, its bytes read back on a real socket: what is refused
//! makes no connection, and what is sent is one request that says what was asked and no more.
#![forbid(unsafe_code)]

mod support;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use quintet::ErrorKind::{
    DomainDenied, FileDenied, FileNotFound, InvalidParameter, NotRegularFile,
};
use quintet::{
    Engine, ErrorKind, FileError, Files as FilesOfHost, HEADERS_MAX, HostPolicy, Opened, Outcome,
    Phase, UploadRequest,
};
use quintet_tcp::{Resolve, ResolveFuture};
use serde_json::Value;
use support::{PATIENCE, Peer, Recorder, RoadFiles};
use tempfile::TempDir;
use url::{Position, Url};

/// What must come of a case. Where the file leaves a choice, the row's text says what was chosen, and why.
enum How {
    /// Fails with 104, and `errMsg` names this parameter.
    Refused(&'static str),
    /// Sent: every header, field and name that was given is on the wire, escaped where the form's grammar asks for it.
    Sent,
    /// Sent without the header that was given, which the task reports as ignored.
    Ignored,
    /// The file's name is what is odd: sent when the path ends in it, and when `fileName` says it.
    Named,
    /// The path is what is odd: in a sandbox, and without one; and what fails with a slot free, so that it is opened,
    /// fails in the same way when it would have to wait, so that it is only looked at.
    Path { beneath: End, anywhere: End },
    /// The URL is what is odd: with HOST as a name, and as address and port.
    Leads { name: Lead, address: Lead },
    /// Sent with these fields: what an adapter makes of the JavaScript value.
    Fields(&'static [(&'static str, &'static str)]),
    /// As many headers as the limit and one more, and then the 10000 that the case speaks of.
    Headers,
    /// A name as long as the limit, and one byte longer.
    LongName,
    /// An adapter's: the type of the call's parameter rules it out.
    Adapter,
}

/// How a path ends.
#[derive(Clone, Copy)]
enum End {
    /// Sent under this file name.
    Sent(&'static str),
    Fails(ErrorKind),
    /// The system has no such path.
    Nowhere,
}

/// Where a URL leads.
#[derive(Clone, Copy)]
enum Lead {
    /// To this host, with this request target. HOST is the receiver here too.
    To(&'static str, &'static str),
    /// Fails with 104.
    Refused,
    /// To this address, which is not the receiver's: the host policy is asked for exactly it, and refuses.
    Elsewhere(&'static str),
}

use How::{Adapter, Fields, Headers, Ignored, Leads, LongName, Named, Refused, Sent};

const REFUSED: How = Leads {
    name: Lead::Refused,
    address: Lead::Refused,
};
const LOOPBACK_80: Lead = Lead::Elsewhere("127.0.0.1:80");
/// Of the URLs with an address but no port, the one with the receiver's port filled in.
const LOOPBACK: Lead = Lead::To("127.0.0.1:PORT", "/up");

const UNIX: bool = cfg!(unix);

const fn to(host: &'static str, target: &'static str) -> How {
    let lead = Lead::To(host, target);
    Leads {
        name: lead,
        address: lead,
    }
}

const fn fails(beneath: ErrorKind, anywhere: ErrorKind) -> How {
    How::Path {
        beneath: End::Fails(beneath),
        anywhere: End::Fails(anywhere),
    }
}

const NOWHERE: How = How::Path {
    beneath: End::Nowhere,
    anywhere: End::Nowhere,
};

const ESCAPED: &str = "escaped, as browsers do, rather than refused";
const DROPPED: &str = "dropped and reported rather than refused, whatever its case";
const NO_TOKEN: &str =
    "refused rather than dropped: a name with a space is no token, whatever it resembles";
const CONTROL: &str =
    "refused: the URL parser would drop the byte, and then other text is logged than is sent";
const SCHEME: &str = "no http: or https: URL";
const RELATIVE: &str = "no absolute URL, and there is nothing that it could be relative to";
const AUTHORITY: &str = "no authority that the URL's grammar knows";
const PARSED: &str = "one host is checked, resolved, dialled and named";
const VALUE: &str = "byte for byte: the boundary cannot be guessed";
const JAVASCRIPT: &str = "a value that is no object: UploadRequest::field takes names and values";

/// One row for each case: id, what must come of it, and why where that is a choice.
const ROWS: [(&str, How, &str); 104] = [
    ("hdr-name-CRLF", Refused("header"), ""),
    ("hdr-name-LF", Refused("header"), ""),
    ("hdr-name-NUL", Refused("header"), ""),
    ("hdr-value-CRLF", Refused("header"), ""),
    ("hdr-value-CR", Refused("header"), ""),
    ("hdr-value-LF", Refused("header"), ""),
    ("hdr-value-NUL", Refused("header"), ""),
    (
        "hdr-dup-case",
        Sent,
        "both, in order: a repeated header can be meant",
    ),
    ("hdr-nonascii", Sent, "UTF-8 as it is: obs-text is allowed"),
    ("hdr-many", Headers, "refused above 100"),
    ("forbidden-Host", Ignored, DROPPED),
    ("forbidden-host", Ignored, DROPPED),
    ("forbidden-Content-Length", Ignored, DROPPED),
    ("forbidden-content-length", Ignored, DROPPED),
    ("forbidden-Transfer-Encoding", Ignored, DROPPED),
    ("forbidden-Connection", Ignored, DROPPED),
    ("forbidden-Keep-Alive", Ignored, DROPPED),
    ("forbidden-Proxy-Connection", Ignored, DROPPED),
    ("forbidden-TE", Ignored, DROPPED),
    ("forbidden-Trailer", Ignored, DROPPED),
    ("forbidden-Upgrade", Ignored, DROPPED),
    ("forbidden-Expect", Ignored, DROPPED),
    ("forbidden-HTTP2-Settings", Ignored, DROPPED),
    ("referer-Referer", Ignored, DROPPED),
    ("referer-REFERER", Ignored, DROPPED),
    ("referer-_Referer", Refused("header"), NO_TOKEN),
    ("referer-Referer_", Refused("header"), NO_TOKEN),
    ("ctype-ContentType12e", Ignored, DROPPED),
    ("ctype-contenttype12e", Ignored, DROPPED),
    ("ctype-CONTENTTYPE12E", Ignored, DROPPED),
    ("ctype-Contenttype13 ", Refused("header"), NO_TOKEN),
    ("ctype-boundary", Ignored, DROPPED),
    ("name-CRLF", Sent, ESCAPED),
    ("name-CR", Sent, ESCAPED),
    ("name-LF", Sent, ESCAPED),
    ("name-empty", Refused("name"), ""),
    (
        "name-64k",
        LongName,
        "sent whole up to 64 KiB, refused beyond",
    ),
    ("formdata-key-CRLF", Sent, ESCAPED),
    ("formdata-key-CR", Sent, ESCAPED),
    ("formdata-key-LF", Sent, ESCAPED),
    ("formdata-key-NUL", Refused("formData"), ""),
    ("formdata-value-CRLF", Sent, VALUE),
    ("formdata-value-CR", Sent, VALUE),
    ("formdata-value-LF", Sent, VALUE),
    ("formdata-value-NUL", Sent, VALUE),
    ("filename-CRLF", Named, ESCAPED),
    ("filename-quote", Named, ESCAPED),
    ("filename-backslash-end", Named, "untouched, as browsers do"),
    (
        "filename-traversal",
        How::Path {
            beneath: End::Fails(FileDenied),
            anywhere: End::Sent("x.txt"),
        },
        "it leaves the sandbox; without one it is a path like any other, and only its last part is told",
    ),
    ("url-host-CRLF", Refused("url"), CONTROL),
    ("url-host-CR", Refused("url"), CONTROL),
    ("url-host-LF", Refused("url"), CONTROL),
    ("url-host-NUL", Refused("url"), ""),
    ("url-user-CRLF", Refused("url"), CONTROL),
    ("url-user-CR", Refused("url"), CONTROL),
    ("url-user-LF", Refused("url"), CONTROL),
    ("url-user-NUL", Refused("url"), ""),
    ("url-path-CR", Refused("url"), CONTROL),
    ("url-path-LF", Refused("url"), CONTROL),
    ("url-12", REFUSED, SCHEME),
    ("url-13", REFUSED, SCHEME),
    ("url-14", REFUSED, SCHEME),
    ("url-16", REFUSED, SCHEME),
    ("url-17", REFUSED, RELATIVE),
    ("url-18", REFUSED, RELATIVE),
    ("url-19", REFUSED, RELATIVE),
    (
        "url-20",
        to("HOST", "/up"),
        "the URL parser's rule: the slashes may be missing",
    ),
    (
        "url-21",
        to("up", "/"),
        "the URL parser's rule: any number of slashes, so that the host is up",
    ),
    ("url-22", REFUSED, AUTHORITY),
    ("url-23", REFUSED, "port 0 cannot be dialled"),
    ("url-24", REFUSED, AUTHORITY),
    ("url-26", REFUSED, AUTHORITY),
    ("url-27", REFUSED, AUTHORITY),
    ("url-28", REFUSED, AUTHORITY),
    (
        "url-31",
        to("HOST", "/up"),
        "the URL parser's rule: spaces around it are not part of it",
    ),
    (
        "url-33",
        to("HOST", "/?q"),
        "the URL parser's rule: an empty path is /",
    ),
    (
        "url-34",
        to("HOST", "/@evil/"),
        "the URL parser's rule: \\ is /, so evil is no host",
    ),
    (
        "url-36",
        Leads {
            name: LOOPBACK_80,
            address: LOOPBACK,
        },
        PARSED,
    ),
    (
        "url-37",
        Leads {
            name: LOOPBACK_80,
            address: LOOPBACK,
        },
        PARSED,
    ),
    (
        "url-38",
        Leads {
            name: LOOPBACK_80,
            address: LOOPBACK,
        },
        PARSED,
    ),
    (
        "url-39",
        Leads {
            name: Lead::Elsewhere("[::ffff:127.0.0.1]:80"),
            address: Lead::Elsewhere("[::ffff:127.0.0.1]:PORT"),
        },
        "an address of its own: a policy that means to refuse 127.0.0.1 must look into it",
    ),
    (
        "url-40",
        Leads {
            name: Lead::To("HOST.example", "/up"),
            address: Lead::Refused,
        },
        PARSED,
    ),
    ("url-41", to("host", "/up"), PARSED),
    ("url-42", REFUSED, AUTHORITY),
    (
        "url-43",
        Leads {
            name: Lead::To("HOST.", "/up"),
            address: Lead::Refused,
        },
        "the final dot is part of the name, for the check as for the Host header",
    ),
    ("file-missing-file", fails(FileNotFound, FileNotFound), ""),
    (
        "file-a-directory",
        fails(NotRegularFile, NotRegularFile),
        "",
    ),
    (
        "file-a-FIFO",
        if UNIX {
            fails(NotRegularFile, NotRegularFile)
        } else {
            NOWHERE
        },
        "",
    ),
    (
        "file-a-symlink-loop",
        if UNIX {
            fails(FileDenied, FileDenied)
        } else {
            NOWHERE
        },
        "denied rather than not found: something is there that leads to no file",
    ),
    (
        "file-dotdot-out-of-the-sandbox",
        How::Path {
            beneath: End::Fails(FileDenied),
            anywhere: End::Sent("secret"),
        },
        "without a sandbox it is a path like any other",
    ),
    (
        "file-a-device",
        if UNIX {
            fails(FileDenied, NotRegularFile)
        } else {
            NOWHERE
        },
        "an absolute path is outside of every sandbox",
    ),
    (
        "file-stdin",
        if UNIX {
            fails(FileDenied, NotRegularFile)
        } else {
            NOWHERE
        },
        "an absolute path is outside of every sandbox",
    ),
    (
        "file-an-empty-file",
        How::Path {
            beneath: End::Sent("empty.bin"),
            anywhere: End::Sent("empty.bin"),
        },
        "",
    ),
    (
        "file-a-name-that-is-not-UTF-8",
        if cfg!(target_os = "linux") {
            How::Path {
                beneath: End::Sent("bad-utf8-\u{fffd}.bin"),
                anywhere: End::Sent("bad-utf8-\u{fffd}.bin"),
            }
        } else {
            NOWHERE
        },
        "sent lossily rather than refused: the name is only told",
    ),
    (
        "file-empty-path",
        fails(InvalidParameter, InvalidParameter),
        "",
    ),
    (
        "file-NUL-in-the-path",
        fails(InvalidParameter, InvalidParameter),
        "",
    ),
    ("type-formData-0", Fields(&[]), "null is absent"),
    ("type-formData-1", Fields(&[]), "an empty string is absent"),
    ("type-formData-2", Adapter, JAVASCRIPT),
    ("type-formData-3", Adapter, JAVASCRIPT),
    ("type-formData-5", Adapter, JAVASCRIPT),
    (
        "type-formData-7",
        Fields(&[("a", "{\"b\":1}")]),
        "compact JSON",
    ),
    ("type-formData-8", Fields(&[("a", "[1,2]")]), "compact JSON"),
    ("type-formData-9", Fields(&[]), "a null field is skipped"),
];

#[test]
fn every_case_has_one_row_and_every_row_a_case() {
    let cases = cases();
    let ids: BTreeSet<_> = cases.iter().map(|case| case.id.as_str()).collect();
    let rows: BTreeSet<_> = ROWS.iter().map(|row| row.0).collect();
    assert_eq!((cases.len(), ids.len()), (104, 104));
    assert_eq!(rows.len(), ROWS.len(), "a row stands twice");
    assert_eq!(ids, rows);
}

#[test]
fn headers() {
    run(&["hdr-", "forbidden-", "referer-", "ctype-"]);
}

#[test]
fn names_and_values() {
    run(&["name-", "filename-", "formdata-"]);
}

#[test]
fn urls() {
    run(&["url-"]);
}

#[test]
fn paths() {
    run(&["file-"]);
}

#[test]
fn types() {
    run(&["type-"]);
}

/// Runs the cases of these families, each in every way that its row asks for, and tells all that failed.
fn run(families: &[&str]) {
    let mut failed = Vec::new();
    for case in cases() {
        if !families.iter().any(|family| case.id.starts_with(family)) {
            continue;
        }
        let Some((_, how, _)) = ROWS.iter().find(|row| row.0 == case.id) else {
            failed.push(format!("{}: has no row", case.id));
            continue;
        };
        let bench = Bench::new();
        for (which, trial) in case.trials(how, &bench).into_iter().enumerate() {
            let told = format!("{} in its way {which}, to {:.80}", case.id, trial.url);
            if let Err(why) = within_patience(move || trial.go()) {
                failed.push(format!("{told}: {why}"));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What `what` panicked with, or that it did not come to its end.
fn within_patience(what: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let (end, ended) = mpsc::channel();
    let thread = thread::spawn(move || {
        what();
        let _ = end.send(());
    });
    match ended.recv_timeout(PATIENCE) {
        Ok(()) => Ok(()),
        Err(mpsc::RecvTimeoutError::Timeout) => Err("never came to its end".into()),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let panicked = thread.join().expect_err("it ended without saying so");
            let literal = panicked.downcast_ref::<&str>().map(ToString::to_string);
            let formatted = || panicked.downcast_ref::<String>().cloned();
            Err(literal.or_else(formatted).unwrap_or_default())
        }
    }
}

/// A case as the file has it, its strings as Rust has them.
struct Case {
    id: String,
    url: String,
    path: PathBuf,
    name: String,
    headers: Vec<(String, String)>,
    /// `None`: not something that an adapter would hand on.
    fields: Option<Vec<(String, String)>>,
}

/// Stands for the raw byte 0xFF, which no JSON can hold: a private character that no case uses.
const RAW_FF: char = '\u{f8ff}';

fn cases() -> Vec<Case> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/tests/vectors");
    let text = std::fs::read_to_string(vectors.join("hostile_inputs.json")).expect("the vectors");
    assert!(!text.contains(RAW_FF));
    // The file's own description spells it too, as text.
    let text = text.replace("bad-utf8-\\udcff", &format!("bad-utf8-{RAW_FF}"));
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let cases = file["cases"].as_array().expect("a list");
    cases.iter().map(Case::from).collect()
}

impl From<&Value> for Case {
    fn from(case: &Value) -> Self {
        let call = &case["call"];
        let known = ["url", "filePath", "name", "header", "formData"];
        let keys = call.as_object().expect("an object").keys();
        assert!(keys.clone().all(|key| known.contains(&key.as_str())));
        let headers = call["header"].as_object().into_iter().flatten();
        Self {
            id: text(&case["id"]),
            url: text(&call["url"]),
            path: path(&text(&call["filePath"])),
            name: text(&call["name"]),
            headers: headers
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
            fields: fields(&call["formData"]),
        }
    }
}

fn text(value: &Value) -> String {
    let repeated = || {
        let repeat = value["repeat"].as_array()?;
        let times = usize::try_from(repeat[1].as_u64()?).ok()?;
        Some(repeat[0].as_str()?.repeat(times))
    };
    let plain = value.as_str().map(str::to_owned);
    plain.or_else(repeated).expect("a string, or one repeated")
}

/// What an adapter makes of `formData`: absent for nothing, fields in order for an object.
fn fields(value: &Value) -> Option<Vec<(String, String)>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::String(text) if text.is_empty() => Some(Vec::new()),
        Value::Object(members) => {
            let sent = members.iter().filter(|(_, value)| !value.is_null());
            let text = |value: &Value| match value {
                Value::String(text) => text.clone(),
                // Decimal, true or false, or compact JSON: all of them are what it prints.
                other => other.to_string(),
            };
            Some(
                sent.map(|(name, value)| (name.clone(), text(value)))
                    .collect(),
            )
        }
        _ => None,
    }
}

fn path(text: &str) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        let mut bytes = Vec::new();
        for character in text.chars() {
            match character {
                RAW_FF => bytes.push(0xff),
                other => bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        std::ffi::OsString::from_vec(bytes).into()
    }
    #[cfg(not(unix))]
    text.into()
}

/// What the trials of a case share: the files that its paths may name.
struct Bench {
    base: Arc<TempDir>,
}

const CONTENT: &[u8] = b"what is in the file\r\n--guess\r\n";

impl Bench {
    fn new() -> Self {
        let base = TempDir::new().expect("a temporary directory");
        let root = base.path().join("root");
        for directory in ["root", "root/dir", "root/sub", "etc"] {
            std::fs::create_dir(base.path().join(directory)).expect("a directory");
        }
        let write = |path: &Path, content: &[u8]| std::fs::write(path, content).expect("a file");
        for file in ["root/ok.bin", "secret", "etc/x.txt"] {
            write(&base.path().join(file), CONTENT);
        }
        write(&root.join("empty.bin"), b"");
        #[cfg(unix)]
        {
            for odd in ["we\r\nird.txt", "a\"; name=\"admin.txt", "a\\"] {
                write(&root.join(odd), CONTENT);
            }
            std::os::unix::fs::symlink("link-loop", root.join("link-loop")).expect("a link");
            let made = std::process::Command::new("mkfifo")
                .arg(root.join("fifo"))
                .status();
            assert!(made.expect("mkfifo").success());
        }
        #[cfg(target_os = "linux")]
        write(&root.join(path(&format!("bad-utf8-{RAW_FF}.bin"))), CONTENT);
        Self {
            base: Arc::new(base),
        }
    }
}

/// One call, and how it must end.
struct Trial {
    base: Arc<TempDir>,
    /// Whether the files are those beneath the root, or any.
    sandbox: bool,
    /// Whether no slot is free.
    parked: bool,
    receiver: Receiver,
    url: String,
    path: PathBuf,
    name: String,
    headers: Vec<(String, String)>,
    fields: Vec<(String, String)>,
    file_name: Option<String>,
    ends: Ends,
}

enum Ends {
    Sent(Expected),
    Refused(ErrorKind, &'static str),
    /// At the dial, by the host policy.
    Denied(SocketAddr),
}

/// What the wire must say.
struct Expected {
    host: String,
    target: String,
    ignored: bool,
    file_name: String,
    content: &'static [u8],
}

impl Case {
    fn trials(&self, how: &How, bench: &Bench) -> Vec<Trial> {
        let plain = "ok.bin";
        let spelled = |lead: Lead, named| self.lead(bench, lead, named);
        let host = Lead::To("HOST", "/up");
        let both = || vec![spelled(host, true), spelled(host, false)];
        let refused = |mut trial: Trial, kind, what| {
            trial.ends = Ends::Refused(kind, what);
            trial
        };
        let parameter = |trial, what| refused(trial, InvalidParameter, what);
        match *how {
            Refused(what) => both()
                .into_iter()
                .map(|trial| parameter(trial, what))
                .collect(),
            Sent => both(),
            Ignored => both().into_iter().map(Trial::ignoring).collect(),
            Named => {
                let name = self.path.to_str().expect("UTF-8");
                let told = both().into_iter().map(|mut trial| {
                    trial.path = plain.into();
                    trial.file_name = Some(name.to_owned());
                    trial.under(name)
                });
                let lies_there = both()
                    .into_iter()
                    .filter(|_| UNIX)
                    .map(|trial| trial.under(name));
                told.chain(lies_there).collect()
            }
            How::Path { beneath, anywhere } => {
                let ending = |end, sandbox| {
                    let trial = || {
                        let mut trial = spelled(host, true);
                        trial.sandbox = sandbox;
                        trial
                    };
                    match end {
                        End::Sent(name) => vec![trial().under(name)],
                        End::Fails(kind) => {
                            let mut waiting = refused(trial(), kind, "filePath");
                            waiting.parked = true;
                            vec![refused(trial(), kind, "filePath"), waiting]
                        }
                        End::Nowhere => Vec::new(),
                    }
                };
                let stdin_is_a_file = || std::fs::metadata(&self.path).is_ok_and(|it| it.is_file());
                if self.id == "file-stdin" && stdin_is_a_file() {
                    // Whoever runs the test gave it a file, which without a sandbox is a file like any other.
                    return ending(beneath, true);
                }
                let mut trials = ending(beneath, true);
                trials.extend(ending(anywhere, false));
                trials
            }
            Leads { name, address } => vec![spelled(name, true), spelled(address, false)],
            Fields(expected) => {
                let given = self.fields.as_ref().expect("fields");
                let given = given
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()));
                assert!(given.eq(expected.iter().copied()), "{}", self.id);
                both()
            }
            Headers => [HEADERS_MAX, HEADERS_MAX + 1, 10_000]
                .into_iter()
                .map(|count| {
                    let mut trial = spelled(host, true);
                    trial.headers = (0..count).map(|n| (format!("X-{n}"), "1".into())).collect();
                    match count <= HEADERS_MAX {
                        true => trial,
                        false => parameter(trial, "header"),
                    }
                })
                .collect(),
            LongName => {
                assert_eq!(self.name.len(), 65_536);
                let mut longer = spelled(host, true);
                longer.name.push('n');
                let longer = parameter(longer, "name");
                both().into_iter().chain([longer]).collect()
            }
            Adapter => {
                assert!(self.fields.is_none(), "{}", self.id);
                Vec::new()
            }
        }
    }

    /// This call with HOST as a name or as an address, and where it leads. A URL with an address of its own gets the
    /// receiver's port in the second spelling.
    fn lead(&self, bench: &Bench, lead: Lead, named: bool) -> Trial {
        let receiver = Receiver::start();
        let port = receiver.peer.addr.port();
        let authority = receiver.peer.addr.to_string();
        let spell = |text: &str| match named {
            true => text.to_owned(),
            false => text.replace("HOST", &authority),
        };
        let mut url = spell(&self.url);
        let has_address = |lead| match lead {
            Lead::To(host, _) => host.contains("PORT"),
            Lead::Elsewhere(_) => !named,
            Lead::Refused => false,
        };
        if has_address(lead) {
            url = url.replacen("/up", &format!(":{port}/up"), 1);
        }
        let ends = match lead {
            Lead::To(host, target) => Ends::Sent(Expected {
                host: spell(host)
                    .replace("PORT", &port.to_string())
                    .to_lowercase(),
                target: target.into(),
                ignored: false,
                file_name: "ok.bin".into(),
                content: CONTENT,
            }),
            Lead::Refused => Ends::Refused(InvalidParameter, "url"),
            Lead::Elsewhere(address) => {
                let address = address.replace("PORT", &port.to_string());
                Ends::Denied(address.parse().expect("an address"))
            }
        };
        Trial {
            base: bench.base.clone(),
            sandbox: true,
            parked: false,
            receiver,
            url,
            path: self.path.clone(),
            name: self.name.clone(),
            headers: self.headers.clone(),
            fields: self.fields.clone().unwrap_or_default(),
            file_name: None,
            ends,
        }
    }
}

impl Trial {
    fn expected(&mut self) -> &mut Expected {
        match &mut self.ends {
            Ends::Sent(expected) => expected,
            _ => panic!("it is not sent"),
        }
    }

    fn ignoring(mut self) -> Self {
        self.expected().ignored = true;
        self
    }

    fn under(mut self, file_name: &str) -> Self {
        let empty = file_name == "empty.bin";
        let expected = self.expected();
        expected.file_name = file_name.into();
        expected.content = if empty { b"" } else { CONTENT };
        self
    }

    /// Makes the call, then a plain one on the same engine: connections are accepted in the order in which they were
    /// made, so that what the call itself opened has been counted when the plain one is answered.
    fn go(self) {
        let notes = Arc::new(Notes::new(self.receiver.peer.addr));
        let root = self.base.path().join("root");
        let inner = match self.sandbox {
            true => RoadFiles::beneath(&root),
            false => RoadFiles::anywhere(),
        };
        let files = Watched {
            inner,
            notes: notes.clone(),
        };
        let engine = Engine::builder(support::transport().resolver(Names(notes.clone())))
            .files(files)
            .policy(Watched {
                inner: (),
                notes: notes.clone(),
            })
            .settings(support::settings(|settings| {
                if self.parked {
                    settings.active_max = 0;
                }
            }))
            .start()
            .expect("a thread");
        let here = |path: &Path| match self.sandbox || path.as_os_str().is_empty() {
            true => path.to_owned(),
            false => root.join(path),
        };

        let recorder = Recorder::new();
        let mut request =
            UploadRequest::new(self.url.as_str(), here(&self.path), self.name.as_str())
                .listener(recorder.clone())
                .file_name(self.file_name.as_deref().unwrap_or_default());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for (name, value) in &self.fields {
            request = request.field(name, value.clone());
        }
        let task = engine.upload(request);
        recorder.wait_for("done");
        let outcome = task.wait();
        recorder.check();
        let kind = match &self.ends {
            Ends::Sent(_) => None,
            Ends::Refused(kind, _) => Some(*kind),
            Ends::Denied(_) => Some(DomainDenied),
        };
        assert_eq!(outcome.kind(), kind, "{outcome:?}");
        let noted = notes.take();

        engine.set_active_max(1);
        let after = format!("http://{}/after", self.receiver.peer.addr);
        let plain = engine.upload(UploadRequest::new(after, here("ok.bin".as_ref()), "file"));
        assert_eq!(plain.wait().status(), Some(200), "the engine goes on");
        assert!(engine.shutdown());

        let connections = match &self.ends {
            Ends::Sent(_) => 2,
            _ => 1,
        };
        let mut heard = self.receiver.conversations(connections);
        let last = heard.pop().expect("the plain one");
        assert!(last.starts_with(b"POST /after HTTP/1.1\r\n"));
        assert_eq!(self.receiver.peer.connections(), connections);
        match &self.ends {
            Ends::Sent(expected) => {
                assert_eq!(outcome.err_msg(), "uploadFile:ok", "{outcome:?}");
                assert_eq!(outcome.status(), Some(200));
                assert_eq!(outcome.trace, *task.trace());
                let given = self.headers.iter().map(|(name, _)| name);
                let ignored: Vec<_> = given.filter(|_| expected.ignored).cloned().collect();
                assert_eq!(task.ignored_headers(), ignored);
                noted.led_to(&expected.host, self.receiver.peer.addr);
                self.is_on_the_wire(expected, &outcome, heard[0].clone());
            }
            Ends::Refused(kind, about) => {
                // A call that is wrong is not even admitted; a file's fault shows where it is opened.
                let opens = *kind != InvalidParameter && !self.parked;
                let phase = if opens { Phase::Open } else { Phase::Call };
                assert_eq!((outcome.phase, noted.opened), (phase, usize::from(opens)));
                check_refusal(&outcome, about);
                assert_eq!(recorder.names(), ["done"]);
                assert_eq!(noted.names, [""; 0], "a name was resolved");
                assert_eq!(noted.addresses, [], "an address was to be dialled");
            }
            Ends::Denied(address) => {
                assert_eq!(outcome.err_msg(), "uploadFile:fail url not in domain list");
                assert_eq!(noted.addresses, [*address]);
                assert_eq!(noted.names, [""; 0]);
            }
        }
    }

    /// Reads the request back without any of our own code.
    fn is_on_the_wire(&self, expected: &Expected, outcome: &Outcome, wire: Vec<u8>) {
        let (head, body) = split(&wire, b"\r\n\r\n").expect("a head");
        let head = std::str::from_utf8(head).expect("UTF-8");
        let mut lines = head.split("\r\n");
        assert_eq!(
            lines.next(),
            Some(format!("POST {} HTTP/1.1", expected.target).as_str())
        );
        let headers: Vec<_> = lines
            .map(|line| line.split_once(": ").expect("a header"))
            .collect();
        let clean = |text: &str| !text.chars().any(char::is_control);
        assert!(
            headers
                .iter()
                .all(|(name, value)| clean(name) && clean(value)),
            "{head:?}"
        );

        // Each of ours once, and of the caller's exactly those that were not ignored.
        let given = self.headers.iter().filter(|_| !expected.ignored);
        let given: Vec<_> = given
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let (own, theirs) = headers.split_at(headers.len() - given.len());
        assert_eq!(theirs, given);
        let mut names: Vec<_> = own.iter().map(|(name, _)| name.to_lowercase()).collect();
        names.sort();
        let expected_names = [
            "accept",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "x-request-id",
            "x-tt-logid",
        ];
        assert_eq!(names, expected_names);
        let value = |name: &str| {
            let mut all = headers
                .iter()
                .filter(|(key, _)| key.eq_ignore_ascii_case(name));
            let value = all.next().expect(name).1;
            assert!(all.next().is_none(), "{name} stands twice");
            value
        };
        assert_eq!(value("host"), expected.host);
        assert_eq!(value("content-length"), body.len().to_string());
        assert_eq!(value("x-request-id"), outcome.trace.as_str());
        assert_eq!(value("x-tt-logid"), outcome.trace.as_str());
        let boundary = value("content-type")
            .strip_prefix("multipart/form-data; boundary=")
            .expect("our content type");
        assert!(boundary.len() >= 32 && boundary.is_ascii(), "{boundary}");

        let text = |name: &str| format!("form-data; name=\"{}\"", escape(name));
        let field = |(name, value): &(String, String)| Part {
            headers: vec![("Content-Disposition".into(), text(name))],
            content: value.as_bytes().to_vec(),
        };
        let file = Part {
            headers: vec![
                (
                    "Content-Disposition".into(),
                    format!(
                        "{}; filename=\"{}\"",
                        text(&self.name),
                        escape(&expected.file_name)
                    ),
                ),
                (
                    "Content-Type".into(),
                    match expected.file_name.ends_with(".txt") {
                        true => "text/plain".into(),
                        false => "application/octet-stream".into(),
                    },
                ),
            ],
            content: expected.content.to_vec(),
        };
        let all: Vec<_> = self.fields.iter().map(field).chain([file]).collect();
        assert_eq!(parts(body, boundary), all);
        assert_eq!(outcome.bytes_total, body.len() as u64);
        assert_eq!(outcome.bytes_sent, outcome.bytes_total);
    }
}

/// Nothing was begun, and the message says what was wrong in words of ours.
fn check_refusal(outcome: &Outcome, about: &str) {
    let message = outcome.err_msg();
    let (errno, told, reason) = match outcome.kind() {
        Some(InvalidParameter) => (
            104,
            "invalid parameter",
            format!("invalid parameter: {about}"),
        ),
        Some(FileNotFound) => (104, "invalid parameter", "file not found".into()),
        Some(NotRegularFile) => (104, "invalid parameter", "not a regular file".into()),
        Some(FileDenied) => (106, "system permission denied", "permission denied".into()),
        other => panic!("{other:?}"),
    };
    assert_eq!((outcome.errno(), outcome.err_string()), (errno, told));
    let rest = message.strip_prefix("uploadFile:fail ").expect("a failure");
    // A NUL in a path is found when its last segment becomes the file name.
    let named = ["invalid parameter: name, fileName", reason.as_str()];
    assert!(
        named.iter().any(|reason| rest.starts_with(reason)),
        "{message}"
    );
    assert!(
        !message.contains("Evil") && !message.chars().any(char::is_control),
        "{message}"
    );
    assert_eq!((outcome.bytes_sent, outcome.bytes_total), (0, 0));
    assert_eq!(
        (outcome.timings.admitted, outcome.timings.started),
        (None, None)
    );
    assert!(outcome.may_retry, "no byte was handed to a transport");
}

/// What stands between the quotes, by the three rules of the WHATWG.
fn escape(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[derive(Debug, PartialEq)]
struct Part {
    headers: Vec<(String, String)>,
    content: Vec<u8>,
}

/// A parser that knows nothing but the delimiter.
fn parts(body: &[u8], boundary: &str) -> Vec<Part> {
    let mut rest = body
        .strip_prefix(format!("--{boundary}").as_bytes())
        .expect("the first delimiter");
    let delimiter = format!("\r\n--{boundary}");
    let mut parts = Vec::new();
    while rest != b"--\r\n" {
        rest = rest.strip_prefix(b"\r\n").expect("the end of a delimiter");
        let (head, after) = split(rest, b"\r\n\r\n").expect("a part's head");
        let (content, after) = split(after, delimiter.as_bytes()).expect("the next delimiter");
        let head = std::str::from_utf8(head).expect("UTF-8");
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").expect("a part's header");
            (name.to_owned(), value.to_owned())
        };
        parts.push(Part {
            headers: head.split("\r\n").map(header).collect(),
            content: content.to_vec(),
        });
        rest = after;
    }
    parts
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let found = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..found], &bytes[found + at.len()..]))
}

/// A peer that answers one request on each connection and keeps every byte that came on it.
struct Receiver {
    peer: Peer,
    conversations: mpsc::Receiver<(usize, Vec<u8>)>,
}

impl Receiver {
    fn start() -> Self {
        let (told, conversations) = mpsc::channel();
        let told = Mutex::new(told);
        let peer = Peer::start(move |conversation, number| {
            let wire = listen(conversation.0);
            let _ = told.lock().unwrap().send((number, wire));
        });
        Self {
            peer,
            conversations,
        }
    }

    /// What came on the first `count` connections, in their order, each to its end.
    fn conversations(&self, count: usize) -> Vec<Vec<u8>> {
        let mut heard: Vec<_> = (0..count)
            .map(|_| {
                self.conversations
                    .recv_timeout(PATIENCE)
                    .expect("a conversation")
            })
            .collect();
        heard.sort();
        heard.into_iter().map(|(_, wire)| wire).collect()
    }
}

fn listen(mut stream: TcpStream) -> Vec<u8> {
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let mut wire = Vec::new();
    let mut piece = [0; 4096];
    let mut answered = false;
    while let Ok(read @ 1..) = stream.read(&mut piece) {
        wire.extend_from_slice(&piece[..read]);
        if !answered && is_whole(&wire) {
            answered = true;
            let close = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
            stream
                .write_all(close.as_bytes())
                .expect("somebody listens");
        }
    }
    wire
}

/// By the first length that the head tells; that there is no other is looked at later.
fn is_whole(wire: &[u8]) -> bool {
    let Some((head, body)) = split(wire, b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(head).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length
        .and_then(|length| length.parse().ok())
        .is_none_or(|length: usize| body.len() >= length)
}

/// What the engine asked the host for.
struct Notes {
    receiver: SocketAddr,
    noted: Mutex<Noted>,
    opened: AtomicUsize,
}

#[derive(Clone, Default)]
struct Noted {
    /// Host and port of each URL that the policy was asked about.
    urls: Vec<String>,
    names: Vec<String>,
    addresses: Vec<SocketAddr>,
    opened: usize,
}

impl Notes {
    fn new(receiver: SocketAddr) -> Self {
        Self {
            receiver,
            noted: Mutex::default(),
            opened: AtomicUsize::new(0),
        }
    }

    fn take(&self) -> Noted {
        let noted = std::mem::take(&mut *self.noted.lock().unwrap());
        Noted {
            opened: self.opened.swap(0, Ordering::SeqCst),
            ..noted
        }
    }
}

impl Noted {
    /// The host that was checked is the one that was resolved and dialled, and nothing else was.
    fn led_to(&self, host: &str, receiver: SocketAddr) {
        assert_eq!(self.urls, [host]);
        let literal = host == receiver.to_string();
        let names: &[&str] = if literal { &[] } else { &[host] };
        assert_eq!(self.names, names);
        assert_eq!(self.addresses, [receiver]);
        assert_eq!(self.opened, 1);
    }
}

/// Files or a policy that note what they are asked.
struct Watched<T> {
    inner: T,
    notes: Arc<Notes>,
}

impl<T: std::fmt::Debug> std::fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}

impl FilesOfHost for Watched<RoadFiles> {
    fn check(&self, path: &Path) -> Result<(), FileError> {
        self.inner.check(path)
    }

    fn open(&self, path: &Path) -> Result<Opened, FileError> {
        self.notes.opened.fetch_add(1, Ordering::SeqCst);
        self.inner.open(path)
    }
}

/// Permits the receiver and nobody else, so that no trial goes astray.
impl HostPolicy for Watched<()> {
    fn permits_url(&self, url: &Url) -> bool {
        let host = url[Position::BeforeHost..Position::AfterPort].to_owned();
        self.notes.noted.lock().unwrap().urls.push(host);
        true
    }

    fn permits_address(&self, _url: &Url, address: &SocketAddr) -> bool {
        self.notes.noted.lock().unwrap().addresses.push(*address);
        *address == self.notes.receiver
    }
}

/// Every name is the receiver's.
struct Names(Arc<Notes>);

impl Resolve for Names {
    fn resolve<'a>(&'a self, name: &'a str, _port: u16) -> ResolveFuture<'a> {
        self.0.noted.lock().unwrap().names.push(name.to_owned());
        Box::pin(std::future::ready(Ok(vec![self.0.receiver])))
    }
}

#[test]
fn an_address_in_disguise_is_dialled_as_what_it_is() {
    // Where the system lets IPv6 sockets speak to IPv4, the mapped address reaches the same receiver.
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = probe.local_addr().expect("bound").port();
    let mapped = format!("[::ffff:127.0.0.1]:{port}");
    if TcpStream::connect(&mapped).is_err() {
        return;
    }
    let receiver = Receiver::start();
    let files = support::Files::new();
    let url = format!("http://[::ffff:127.0.0.1]:{}/up", receiver.peer.addr.port());
    let request = UploadRequest::new(url, files.file("a", 1), "file");
    assert_eq!(support::engine().upload(request).wait().status(), Some(200));
    let wire = String::from_utf8(receiver.conversations(1).remove(0)).expect("UTF-8");
    let host = format!("[::ffff:7f00:1]:{}", receiver.peer.addr.port());
    assert_eq!(support::header(&wire, "host"), Some(host.as_str()));
}
