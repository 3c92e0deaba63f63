//! Uploads through proxies that people run, to a receiver on this machine whose name only the proxy resolves.
//!
//! `engine/core/tests/servers/install.sh` installs them. One that is not there is skipped with a line that says so; with
//! `QUINTET_REQUIRE_SERVERS=1` that is a failure.
#![forbid(unsafe_code)]

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use quintet::{Engine, ErrorKind, Outcome, UploadRequest};
use quintet_proxy::{Proxy, ProxyConnect};
use quintet_receiver::{Receiver, Settings, Tls};
use quintet_tcp::{Resolve, ResolveFuture, TcpConnect};
use quintet_tls::{TlsConnect, TlsSettings};
use quintet_transport::Connect;
use serde_json::Value;
use tempfile::TempDir;

/// Longest wait for something that must happen: reaching it is a failure, not a measurement.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody else may take a free port first, but not so often.
const PORTS_TRIED: usize = 5;

/// More than any buffer on the way holds.
const LEN: usize = 20_000_000;

const LOGIN: &str = "user:pass.word@";
const WRONG: &str = "user:other@";
/// Dante asks PAM, and this service knows one user and any password.
const STRANGER: &str = "other:pass.word@";
const PAM_SERVICE: &str = "quintet-danted";

#[test]
fn tinyproxy_reads_plain_requests_and_tunnels_the_others() {
    let Some(proxy) = or_skip("tinyproxy", tinyproxy("")) else {
        return;
    };
    each_arrives(&proxy, "http", "");
    let tunnelled = proxy.setting("http", "").tunnel_plain(true);
    arrives(&plain(), tunnelled);
}

#[test]
fn tinyproxy_lets_in_who_has_the_login() {
    let Some(proxy) = or_skip("tinyproxy", tinyproxy("BasicAuth user pass.word\n")) else {
        return;
    };
    each_arrives(&proxy, "http", LOGIN);
    for login in ["", WRONG] {
        let setting = proxy.setting("http", login);
        // It closes with the body unread, so that its answer may or may not outlive the reset.
        let ended = upload(&plain(), setting.clone());
        assert!(
            matches!(ended.status(), None | Some(401 | 407)),
            "{ended:?}"
        );
        refuses(&secure(), setting.clone(), ErrorKind::Refused);
        refuses(&plain(), setting.tunnel_plain(true), ErrorKind::Refused);
    }
}

#[test]
fn squid_reads_plain_requests_and_tunnels_the_others() {
    let Some(proxy) = or_skip("squid", squid(None)) else {
        return;
    };
    each_arrives(&proxy, "http", "");
    let tunnelled = proxy.setting("http", "").tunnel_plain(true);
    arrives(&plain(), tunnelled);
}

#[test]
fn squid_lets_in_who_has_the_login() {
    let Some(proxy) = or_skip("squid", squid(Some("user pass.word"))) else {
        return;
    };
    each_arrives(&proxy, "http", LOGIN);
    for login in ["", WRONG] {
        let setting = proxy.setting("http", login);
        let ended = upload(&plain(), setting.clone());
        assert!(matches!(ended.status(), None | Some(407)), "{ended:?}");
        refuses(&secure(), setting.clone(), ErrorKind::Refused);
        refuses(&plain(), setting.tunnel_plain(true), ErrorKind::Refused);
    }
}

#[test]
fn dante_lets_in_who_has_the_login() {
    let Some(proxy) = or_skip("dante", dante()) else {
        return;
    };
    each_arrives(&proxy, "socks5h", LOGIN);
    for login in ["", STRANGER] {
        refuses(
            &secure(),
            proxy.setting("socks5h", login),
            ErrorKind::Refused,
        );
    }
}

#[test]
fn microsocks_connects_to_names_and_addresses() {
    let Some(proxy) = or_skip("microsocks", microsocks(&[])) else {
        return;
    };
    each_arrives(&proxy, "socks5h", "");
    // A login that nobody asks for does no harm.
    each_arrives(&proxy, "socks5", LOGIN);
}

#[test]
fn microsocks_lets_in_who_has_the_login() {
    let proxy = microsocks(&["-u", "user", "-P", "pass.word"]);
    let Some(proxy) = or_skip("microsocks", proxy) else {
        return;
    };
    each_arrives(&proxy, "socks5h", LOGIN);
    for login in ["", WRONG] {
        refuses(
            &secure(),
            proxy.setting("socks5h", login),
            ErrorKind::Refused,
        );
    }
}

#[test]
fn what_does_not_answer_behind_the_proxy_is_a_failure() {
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let to = Origin {
        url: format!("https://{}/up", closed.expect("a port")),
        ..secure()
    };
    if let Some(proxy) = or_skip("microsocks", microsocks(&[])) {
        refuses(&to, proxy.setting("socks5h", ""), ErrorKind::Refused);
    }
    if let Some(proxy) = or_skip("tinyproxy", tinyproxy("")) {
        refuses(&to, proxy.setting("http", ""), ErrorKind::Refused);
    }
}

/// A receiver, known as `localhost` to the proxies alone.
struct Origin {
    url: String,
    receiver: Receiver,
}

fn plain() -> Origin {
    origin(None)
}

fn secure() -> Origin {
    origin(Some(Tls::SelfMade))
}

fn origin(tls: Option<Tls>) -> Origin {
    let receiver = Receiver::start(Settings {
        tls,
        ..Settings::default()
    });
    let receiver = receiver.expect("a port");
    let scheme = match receiver.root_pem() {
        Some(_) => "https",
        None => "http",
    };
    Origin {
        url: format!("{scheme}://localhost:{}/up", receiver.addr().port()),
        receiver,
    }
}

impl Origin {
    /// The way there, TLS over it where the origin is secure.
    fn transport(&self, through: impl Connect + 'static) -> Box<dyn Connect> {
        let Some(root) = self.receiver.root_pem() else {
            return Box::new(through);
        };
        let settings = TlsSettings::only_given_roots().add_root_pem(root.as_bytes());
        let secured = TlsConnect::new(through, settings.expect("a root"));
        Box::new(secured.expect("settings that fit"))
    }
}

/// Resolves nothing.
struct Nothing;

impl Resolve for Nothing {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> ResolveFuture<'a> {
        Box::pin(async { Err(io::Error::other("no name is resolved on this side")) })
    }
}

/// Uploads through the proxy. What would go past it fails: no name is resolved below it.
fn upload(origin: &Origin, proxy: Proxy) -> Arc<Outcome> {
    let folder = TempDir::new().expect("a temporary directory");
    let path = folder.path().join("a.bin");
    fs::write(&path, vec![b'x'; LEN]).expect("room for a file");
    let through = ProxyConnect::new(TcpConnect::new().resolver(Nothing), proxy);
    let engine = Engine::start(origin.transport(through)).expect("a thread");
    let request = UploadRequest::new(origin.url.as_str(), path, "file").timeout(PATIENCE);
    engine.upload(request).wait()
}

fn arrives(origin: &Origin, proxy: Proxy) {
    let what = format!("{} through {proxy}", origin.url);
    let outcome = upload(origin, proxy);
    let response = outcome.result.as_ref();
    let response = response.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let found: Value = serde_json::from_str(&response.data()).expect(&what);
    assert_eq!(found["files"][0]["size"], LEN, "{what}: {found}");
    assert!(
        outcome
            .bytes_acked
            .is_none_or(|acked| acked <= outcome.bytes_sent)
    );
}

fn each_arrives(proxy: &RealProxy, scheme: &str, login: &str) {
    arrives(&plain(), proxy.setting(scheme, login));
    arrives(&secure(), proxy.setting(scheme, login));
}

fn refuses(origin: &Origin, proxy: Proxy, kind: ErrorKind) {
    let outcome = upload(origin, proxy);
    let error = outcome.result.as_ref().expect_err("a failure");
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(
        outcome.may_retry && error.detail().contains("proxy "),
        "{error:?}"
    );
}

/// A proxy under way. Dropped, it ends.
struct RealProxy {
    child: Child,
    address: SocketAddr,
    _folder: Option<TempDir>,
}

impl RealProxy {
    fn setting(&self, scheme: &str, login: &str) -> Proxy {
        let url = format!("{scheme}://{login}{}", self.address);
        url.parse().expect("a proxy")
    }
}

impl Drop for RealProxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tinyproxy(more: &str) -> Result<RealProxy, String> {
    start(|port| {
        let folder = TempDir::new().expect("a temporary directory");
        let (config, log) = (folder.path().join("conf"), folder.path().join("log"));
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nLogFile \"{}\"\n{more}",
            log.display()
        );
        fs::write(&config, text).expect("room for a file");
        let mut command = Command::new("tinyproxy");
        command.arg("-d").arg("-c").arg(config);
        (command, Some(folder))
    })
}

/// With a login, as its helpers are told it: user and password on a line.
fn squid(login: Option<&str>) -> Result<RealProxy, String> {
    start(|port| {
        let folder = readable_folder();
        let helper = folder.path().join("login.sh");
        let says = login.unwrap_or_default();
        let script = format!(
            "while read -r line; do [ \"$line\" = '{says}' ] && echo OK || echo ERR; done\n"
        );
        fs::write(&helper, script).expect("room for a file");
        let access = match login {
            None => "http_access allow all".into(),
            Some(_) => format!(
                "auth_param basic program /bin/sh {}\nauth_param basic children 1\n\
                 acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all",
                helper.display()
            ),
        };
        // With its buffer full, squid 5.7 reads nothing, and takes that for the end of the client: room for all.
        let text = format!(
            "http_port 127.0.0.1:{port}\n{access}\nclient_request_buffer_max_size 64 MB\n\
             pid_filename none\ncache deny all\n\
             cache_mem 0\naccess_log none\ncache_log /dev/null\npinger_enable off\n\
             max_filedescriptors 1024\ncoredump_dir {}\n",
            folder.path().display()
        );
        let config = folder.path().join("conf");
        fs::write(&config, text).expect("room for a file");
        let mut command = Command::new("squid");
        command.arg("-N").arg("-f").arg(config);
        (command, Some(folder))
    })
}

fn dante() -> Result<RealProxy, String> {
    if !Path::new("/etc/pam.d").join(PAM_SERVICE).is_file() {
        return Err("its login is not installed: run engine/core/tests/servers/install.sh".into());
    }
    start(|port| {
        let folder = readable_folder();
        let text = format!(
            "logoutput: /dev/null\ninternal: 127.0.0.1 port = {port}\nexternal: lo\n\
             clientmethod: none\nsocksmethod: pam.username\n\
             client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}\n\
             socks pass {{\n  from: 127.0.0.0/8 to: 0.0.0.0/0\n  socksmethod: pam.username\n  \
             pam.servicename: {PAM_SERVICE}\n}}\n"
        );
        let config = folder.path().join("conf");
        fs::write(&config, text).expect("room for a file");
        let mut command = Command::new("danted");
        command.arg("-f").arg(config);
        (command, Some(folder))
    })
}

/// For a program that gives up its rights before it reads what lies there.
fn readable_folder() -> TempDir {
    let folder = TempDir::new().expect("a temporary directory");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let all = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), all).expect("its own directory");
    }
    folder
}

fn microsocks(more: &[&str]) -> Result<RealProxy, String> {
    start(|port| {
        let mut command = Command::new("microsocks");
        command.args(["-i", "127.0.0.1", "-p", &port.to_string()]);
        command.args(more);
        (command, None)
    })
}

/// Starts what `command` says for a port, and waits until it listens; on another port if that one was taken meanwhile.
fn start(command: impl Fn(u16) -> (Command, Option<TempDir>)) -> Result<RealProxy, String> {
    for _ in 0..PORTS_TRIED {
        let address = free_port();
        let (mut command, folder) = command(address.port());
        let quiet = command
            .env("PATH", search_path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = match quiet.spawn() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err("there is no such command".into());
            }
            spawned => spawned.expect("a process"),
        };
        let mut proxy = RealProxy {
            child,
            address,
            _folder: folder,
        };
        if proxy.listens() {
            return Ok(proxy);
        }
    }
    panic!("it never listened");
}

/// Debian keeps some of them where users do not look.
fn search_path() -> OsString {
    let usual = env::var_os("PATH").unwrap_or_default();
    let more = cfg!(unix).then_some("/usr/sbin");
    let all = env::split_paths(&usual).chain(more.map(PathBuf::from));
    env::join_paths(all).unwrap_or(usual)
}

impl RealProxy {
    /// Waits until it does, or has ended.
    fn listens(&mut self) -> bool {
        let began = Instant::now();
        while began.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
            if TcpStream::connect(self.address).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

fn free_port() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address.expect("a port")
}

/// The proxy, unless it is not there and need not be.
fn or_skip(name: &str, started: Result<RealProxy, String>) -> Option<RealProxy> {
    let why = match started {
        Ok(proxy) => return Some(proxy),
        Err(why) => why,
    };
    let required = env::var_os("QUINTET_REQUIRE_SERVERS").is_some_and(|value| value == "1");
    assert!(!required, "{name} is required, but {why}");
    // Straight to the descriptor: what a test that passes prints otherwise is kept from the reader.
    let _ = writeln!(io::stderr(), "skipped: {name} ({why})");
    None
}
