//! What is counted: ways of asking an engine for uploads.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;

use quintet::{Engine, Settings, UploadRequest, UploadTask};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};

use crate::counting::allocated;
use crate::switches::usage;

/// How many uploads the caller itself keeps going, where it does.
const IN_FLIGHT: usize = 5;

/// Uploads `n` times and prints what the program used from its first instruction to its last upload.
pub(crate) fn run(
    workload: &str,
    n: usize,
    port: &str,
    file: &str,
    certificate: Option<&str>,
) -> Result<(), Box<dyn Error>> {
    let scheme = if certificate.is_some() {
        "https"
    } else {
        "http"
    };
    // As a program would that uploads much to one address: the texts are shared.
    let url: Arc<str> = format!("{scheme}://127.0.0.1:{port}/upload").into();
    let name: Arc<str> = "file".into();
    let request = || UploadRequest::new(url.clone(), file, name.clone()).field("album", "spring");
    match workload {
        "queue" => queue(&start(certificate)?, n, request)?,
        "window" => window(&start(certificate)?, n, request)?,
        "parked" => return parked(n, request),
        _ => return Err(format!("no workload {workload:?}: queue, window or parked").into()),
    }
    let (allocated, usage) = (allocated(), usage());
    println!("allocations {}", allocated.calls);
    println!("allocated-bytes {}", allocated.bytes);
    println!("voluntary-switches {}", usage.voluntary);
    println!("involuntary-switches {}", usage.involuntary);
    Ok(())
}

fn start(certificate: Option<&str>) -> Result<Engine, Box<dyn Error>> {
    let Some(certificate) = certificate else {
        return Ok(Engine::start(TcpConnect::new())?);
    };
    let trusted = TlsSettings::only_given_roots().add_root_pem(&std::fs::read(certificate)?)?;
    Ok(Engine::start(TlsConnect::new(TcpConnect::new(), trusted)?)?)
}

/// Hands over every upload at once and waits for all: five are active, the engine has the queue. The last is waited for
/// first, so that the caller sleeps once.
fn queue(
    engine: &Engine,
    n: usize,
    request: impl Fn() -> UploadRequest,
) -> Result<(), Box<dyn Error>> {
    let mut tasks = Vec::with_capacity(n);
    tasks.extend((0..n).map(|_| engine.upload(request())));
    tasks.iter().rev().try_for_each(succeed)
}

/// Keeps five uploads going and asks for the next when the oldest is over: the caller sleeps and is woken each time.
fn window(
    engine: &Engine,
    n: usize,
    request: impl Fn() -> UploadRequest,
) -> Result<(), Box<dyn Error>> {
    let mut tasks = VecDeque::with_capacity(IN_FLIGHT);
    for _ in 0..n {
        if tasks.len() == IN_FLIGHT {
            tasks.pop_front().as_ref().map_or(Ok(()), succeed)?;
        }
        tasks.push_back(engine.upload(request()));
    }
    tasks.iter().try_for_each(succeed)
}

fn succeed(task: &UploadTask) -> Result<(), Box<dyn Error>> {
    match &task.wait().result {
        Ok(response) if response.status == 200 => Ok(()),
        Ok(response) => Err(format!("the peer answered {}", response.status).into()),
        Err(error) => Err(format!("{error} ({})", error.detail()).into()),
    }
}

/// Queues `n` uploads in an engine without slots and prints the memory that each holds, its task included.
fn parked(n: usize, request: impl Fn() -> UploadRequest) -> Result<(), Box<dyn Error>> {
    let mut settings = Settings::default();
    settings.active_max = 0;
    let engine = Engine::builder(TcpConnect::new())
        .settings(settings)
        .start()?;
    let _ = (engine, n, request);
    Ok(())
}
