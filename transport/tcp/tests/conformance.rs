//! TCP and Unix sockets keep the rules of the conformance kit, with the kernel sending files and without.
#![forbid(unsafe_code)]
#![cfg(unix)]

use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use quintet_tcp::{TcpConnect, UnixConnect};
use quintet_transport::conformance::{self, Pair};
use quintet_transport::fault::{FaultConnect, Script, What, Where};
use quintet_transport::{Connect, ConnectError, Host, Target, Unwatched};

fn target(listener: &TcpListener) -> Target {
    let address = listener.local_addr().unwrap();
    Target {
        secure: false,
        host: Host::Ip(address.ip()),
        port: address.port(),
    }
}

async fn check_tcp(transport: impl Connect) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = target(&listener);
    let report = conformance::check(async || {
        let near = transport.connect(&target, &Unwatched).await?;
        Ok::<_, ConnectError>(Pair::new(near, listener.accept().unwrap().0))
    });
    let report = report.await;
    assert!(report.passed(), "{report}");
}

#[tokio::test]
async fn tcp_with_files_sent_by_the_kernel() {
    check_tcp(TcpConnect::new()).await;
}

#[tokio::test]
async fn tcp_with_files_declined() {
    check_tcp(TcpConnect::new().send_files(false)).await;
}

#[tokio::test]
async fn tcp_below_lawful_faults() {
    let scripts = (0..conformance::RULES.len() as u64).map(|seed| {
        Script::from([
            (Where::Connect, What::Short { seed }),
            (Where::Connect, What::WouldBlock { seed }),
        ])
    });
    check_tcp(FaultConnect::new(TcpConnect::new(), scripts)).await;
}

#[tokio::test]
async fn unix_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("upload.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let target = Target {
        secure: false,
        host: Host::Name("upload.test".into()),
        port: 80,
    };
    for send_files in [true, false] {
        let transport = UnixConnect::new(&path).send_files(send_files);
        let report = conformance::check(async || {
            let near = transport.connect(&target, &Unwatched).await?;
            Ok::<_, ConnectError>(Pair::new(near, listener.accept().unwrap().0))
        });
        let report = report.await;
        assert!(report.passed(), "{report}");
    }
}
