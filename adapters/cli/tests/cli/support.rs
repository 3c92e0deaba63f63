//! Runs the program, never for longer than a bound, and plays servers that are no receiver.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use quintet_receiver::{Receiver, Settings, Tls};

/// Nothing here takes so long, however busy the machine: it only ends what hangs.
pub(crate) const HANGS: Duration = Duration::from_secs(120);

pub(crate) fn quintet(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quintet"));
    command.args(args).stdin(Stdio::null());
    for name in [
        "NO_COLOR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "http_proxy",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
    ] {
        command.env_remove(name);
    }
    command
}

/// What a run printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("not ended by a signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

pub(crate) fn run(args: &[&str]) -> Ran {
    end(start(&mut quintet(args)))
}

pub(crate) fn start(command: &mut Command) -> Child {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().unwrap()
}

pub(crate) fn end(child: Child) -> Ran {
    output(child).into()
}

pub(crate) fn output(child: Child) -> Output {
    let (done, wait) = mpsc::channel();
    thread::spawn(move || done.send(child.wait_with_output()));
    wait.recv_timeout(HANGS).expect("the program ends").unwrap()
}

/// Waits until it is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < HANGS, "never came: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file with these contents; its path.
    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        let path: PathBuf = self.0.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

pub(crate) fn receiver() -> Receiver {
    Receiver::start(Settings::default()).unwrap()
}

pub(crate) fn receiver_with_tls() -> Receiver {
    Receiver::start(Settings {
        tls: Some(Tls::SelfMade),
        ..Settings::default()
    })
    .unwrap()
}

/// Accepts one connection, reads one whole request, answers, and gives the request.
pub(crate) fn server(answer: Vec<u8>) -> (String, thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/up?a=b", listener.local_addr().unwrap());
    let thread = thread::spawn(move || serve(listener.accept().unwrap().0, &answer));
    (url, thread)
}

pub(crate) fn serve(mut stream: impl Conversation, answer: &[u8]) -> Vec<u8> {
    stream.bound();
    let mut request = Vec::new();
    let mut buffer = [0; 65_536];
    while request_len(&request) != Some(request.len()) {
        let len = stream.read(&mut buffer).unwrap();
        assert!(len > 0, "the request broke off");
        request.extend_from_slice(&buffer[..len]);
    }
    // The client may leave before it has read it all.
    let _ = stream.write_all(answer);
    request
}

pub(crate) trait Conversation: Read + Write {
    fn bound(&self);
}

impl Conversation for TcpStream {
    fn bound(&self) {
        self.set_read_timeout(Some(HANGS)).unwrap();
        self.set_write_timeout(Some(HANGS)).unwrap();
    }
}

#[cfg(unix)]
impl Conversation for std::os::unix::net::UnixStream {
    fn bound(&self) {
        self.set_read_timeout(Some(HANGS)).unwrap();
        self.set_write_timeout(Some(HANGS)).unwrap();
    }
}

/// How long head and body are together, once the head is there.
fn request_len(request: &[u8]) -> Option<usize> {
    let head_end = request.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&request[..head_end]).unwrap();
    let (_, after) = head.split_once("\r\nContent-Length: ").unwrap();
    let (length, _) = after.split_once("\r\n").unwrap();
    Some(head_end + length.parse::<usize>().unwrap())
}

pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
