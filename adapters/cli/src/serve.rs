//! `quintet serve`: the receiver, and a line for each upload.

use std::fs;
use std::io::{self, Write};
use std::sync::Arc;

use quintet_receiver::{Discard, Received, Receiver, Settings, Tls};

use crate::args::Serve;
use crate::exit::Exit;
use crate::messages::one_line;
use crate::transport::read;
use crate::units::{bytes, millis};

pub(crate) fn run(args: &Serve) -> io::Result<Exit> {
    let receiver = Receiver::start(settings(args)?)
        .map_err(|error| io::Error::other(format!("cannot serve on {}: {error}", args.listen)))?;
    let root = receiver.root_pem().map(root_file).transpose()?;
    let stopper = receiver.stopper();
    let mut pressed = false;
    let stop = move || match std::mem::replace(&mut pressed, true) {
        false => stopper.stop(),
        // As with uploads: the second leaves whatever we are stuck in.
        true => std::process::exit(Exit::Aborted as i32),
    };
    ctrlc::set_handler(stop).map_err(io::Error::other)?;

    let url = receiver.url("/");
    say(&format!("listening on {url} (Ctrl-C stops)"))?;
    match &root {
        Some(root) => {
            let path = root.path().display();
            say(&format!("root certificate in {path}, until this stops"))?;
            say(&format!("try: quintet send --cacert {path} {url} FILE"))?;
        }
        None => say(&format!("try: quintet send {url} FILE"))?,
    }
    let stats = receiver.wait();
    say(&format!(
        "stopped: {} complete, {} incomplete, {} answered early, {} received",
        stats.complete,
        stats.incomplete,
        stats.early,
        bytes(stats.bytes)
    ))?;
    Ok(Exit::Ok)
}

fn settings(args: &Serve) -> io::Result<Settings> {
    if let Some(dir) = &args.dir {
        let made = fs::create_dir_all(dir);
        made.map_err(|error| io::Error::other(format!("--dir {}: {error}", dir.display())))?;
    }
    let tls = match (&args.cert, &args.key) {
        (Some(cert), Some(key)) => Some(Tls::Pem {
            cert: read("--cert", cert)?,
            key: read("--key", key)?,
        }),
        _ => args.tls.then_some(Tls::SelfMade),
    };
    Ok(Settings {
        listen: args.listen,
        dir: args.dir.clone(),
        tls,
        status: args.status,
        answer_early: args.answer_early.map(|size| size.0),
        delay: args.delay.0,
        rate: args.rate.map(|size| size.0),
        close: args.close,
        discard: args.discard.then(|| discard(args)),
        // A line that cannot be written is no reason to stop receiving.
        on_upload: match args.discard {
            true => None,
            false => Some(Arc::new(|received| drop(say(&line(received))))),
        },
        ..Settings::default()
    })
}

fn discard(args: &Serve) -> Discard {
    Discard {
        think: args.think.unwrap_or_default(),
        stall: args.stall,
        reset: args.reset.unwrap_or(0.0) / 100.0,
        http10: args.http10,
    }
}

fn root_file(pem: &str) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix("quintet-root-")
        .suffix(".pem")
        .tempfile()?;
    file.write_all(pem.as_bytes())?;
    Ok(file)
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", one_line(line))?;
    out.flush()
}

/// Who sent what, and how it was answered.
fn line(received: &Received) -> String {
    let Received {
        peer,
        connection,
        method,
        target,
        ..
    } = received;
    let mut line = format!("{peer} (connection {connection}) {method} {target}: ");
    line += &match (&received.error, received.early) {
        (Some(error), _) => format!("incomplete: {error}"),
        (None, true) => "answered early".into(),
        (None, false) => "complete".into(),
    };
    line += &format!(
        ", {} in {}, status {}",
        bytes(received.bytes),
        millis(received.took),
        received.status
    );
    for field in &received.fields {
        let value = field.value.as_deref().unwrap_or("…");
        line += &format!("; {}={value}", field.name);
    }
    for file in &received.files {
        let name = file.file_name.as_deref().unwrap_or(&file.name);
        line += &format!("; {name} {} bytes sha256 {}", file.size, file.sha256);
        if let Some(stored_as) = &file.stored_as {
            line += &format!(" as {stored_as}");
        }
    }
    line
}
